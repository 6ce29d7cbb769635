"""The option that names a training specification, and whose models it names."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from denialml.modeling.risk.specification import (
    TrainingSpecification,
    load_specification,
)
from denialml.store.organizations import Organization

SpecificationOption = Annotated[
    Path | None,
    typer.Option(
        "--spec",
        "--specification",
        help="a models/*.toml",
        exists=True,
        dir_okay=False,
    ),
]


def specification_of(
    practice: Organization, path: Path | None
) -> TrainingSpecification:
    """The specification under the practice's own name.

    Models are registered per practice: practices never see each other, also not
    through an alias of the registry.
    """
    found = load_specification(path) if path is not None else TrainingSpecification()
    return msgspec.structs.replace(
        found, name=f"{found.name}-{practice.organization_id}"
    )
