"""Lines by another clinician than the claim's, for rules that bind one clinician."""

from typing import Any

from denialml.domain.claim import Provider, ServiceLine
from denialml.rules.case import ClaimCase
from tests.rules.cases import case, line

OTHER_NPI = "1999020013"


def others_line(code: str, number: int = 2, **fields: Any) -> ServiceLine:
    """A line that names another clinician as rendering."""
    provider = Provider(name="Fernhollow", first_name="Ash", npi=OTHER_NPI)
    return line(code, number, rendering_provider=provider, **fields)


def nobody_named(*lines: ServiceLine, **fields: Any) -> ClaimCase:
    """A claim that names no rendering clinician, only the organization."""
    return case(*lines, rendering_provider=None, **fields)
