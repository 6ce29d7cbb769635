"""Changes that would silence a finding and that no record proves: named, not made."""

from collections.abc import Iterator, Sequence

from denialml.domain.denial import RootCause
from denialml.domain.edit import EditFinding
from denialml.fixes.candidate import Candidate, FixKind, never

_DATE_RULES = frozenset({"BH-009", "BH-010", "BH-024", "BH-110"})
_CLINICIAN_RULES = frozenset(
    {"BH-095", "BH-097", "BH-098", "BH-099", "BH-100", "BH-104", "BH-105"}
)


def refusals(found: Sequence[EditFinding]) -> Iterator[Candidate]:
    """What is not suggested, each kind once, with the lines it would be tempting on."""
    for kind, statement, meant in (
        (
            FixKind.CHANGE_DIAGNOSIS,
            "Another diagnosis is not suggested: only the clinician's signed record"
            " says which was treated.",
            [one for one in found if one.root_cause is RootCause.DIAGNOSIS_CODING],
        ),
        (
            FixKind.CHANGE_DATE,
            "Another date of service is not suggested: only the signed note of the"
            " session says on which day it was held.",
            [one for one in found if one.rule_id in _DATE_RULES],
        ),
        (
            FixKind.CHANGE_CLINICIAN,
            "Billing under another clinician's NPI is not suggested: the claim names"
            " who delivered the service.",
            [one for one in found if one.rule_id in _CLINICIAN_RULES],
        ),
    ):
        if meant:
            lines = {number for one in meant for number in one.line_numbers}
            yield never(kind, statement, tuple(sorted(lines)))
