"""`--engine` and `--scheduler`: who does the heavy work of a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from importlib.util import find_spec
from typing import Annotated

import typer

from denialml.errors import EngineError, InputError
from denialml.journeys.engines.addresses import Certificates
from denialml.journeys.engines.engine import Engine, LocalEngine
from denialml.settings import Settings


class EngineName(StrEnum):
    """What can be named with ``--engine``."""

    LOCAL = "local"
    DASK = "dask"


EngineOption = Annotated[
    EngineName,
    typer.Option("--engine", help="who does the work: this process or a Dask cluster"),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler", help="the cluster's scheduler, e.g. tcp://127.0.0.1:8786"
    ),
]


@contextmanager
def chosen_engine(
    settings: Settings, engine: EngineName, *, scheduler: str | None
) -> Iterator[Engine]:
    """The engine asked for, connected for as long as the block lasts.

    Raises:
        InputError: the options do not go together, or the address would send
            patients' data in the clear.
        EngineError: Dask is not installed, or the cluster cannot be used.
    """
    if engine is EngineName.LOCAL:
        if scheduler is not None:
            raise InputError("--scheduler goes with --engine dask")
        yield LocalEngine()
        return
    if scheduler is None:
        raise InputError(
            "--engine dask needs --scheduler ADDRESS, e.g. tcp://127.0.0.1:8786"
        )
    if any(find_spec(name) is None for name in ("distributed", "dask", "pandas")):
        raise EngineError(
            "Dask is not installed: `pip install denialml[distributed]`, or use"
            " --engine local"
        )
    from denialml.journeys.engines.dask_engine import open_dask_engine

    with open_dask_engine(
        scheduler,
        certificates=_certificates(settings),
        plain_network=settings.dask_plain_network,
        spill=settings.dask_spill,
    ) as found:
        yield found


def _certificates(settings: Settings) -> Certificates | None:
    authority, certificate = settings.dask_tls_ca, settings.dask_tls_certificate
    key = settings.dask_tls_key
    if authority is None or certificate is None or key is None:
        return None
    return Certificates(
        authority=str(authority), certificate=str(certificate), key=str(key)
    )
