"""Procedure codes that did not exist on the date of service."""

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.reference import procedure_codes, unit_limits
from denialml.rules.case import LineCase
from denialml.rules.rule import About, CannotTell, Found, Verdict, line_rule

# BH-071 and BH-086 say of these what came in their place.
_OF_OTHER_RULES = frozenset({"J0013", "S0013", "99441", "99442", "99443"})
# None of behavioral health, as hospital visits, but no unknown codes either.
_OTHERS = frozenset(unit_limits()) | {
    base for code in procedure_codes().values() for base in code.primary_codes
}


def _may_be_invalid(code: str) -> bool:
    """Whether it is unknown, or known to begin or end on a day."""
    known = procedure_codes().get(code)
    return known is None or not (known.valid_from is None and known.valid_to is None)


@line_rule(
    "BH-133",
    About(
        title="Procedure code not valid on the date of service",
        statement="A procedure code is billed only for days on which it existed.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2400 DTP*472"),
        reason_codes=("181",),
        remark_codes=("M20", "N56"),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Bill the code of that day for the service that the note documents.",
        source="procedure code table with its first and last days",
        support="partly-verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        review=("E75",),
        only_for=_may_be_invalid,
    ),
)
def code_not_valid(line: LineCase) -> Verdict:
    code = line.code
    if code is None:
        if not line.line.procedure_code.strip() or line.line.procedure_code in _OTHERS:
            return None
        return CannotTell(
            f"from when to when {line.line.procedure_code} is valid (no table has it)",
            MissingRecord.ELSEWHERE,
        )
    begun, ended = code.valid_from, code.valid_to
    if (begun is None and ended is None) or code.code in _OF_OTHER_RULES:
        return None
    day = line.day
    if day is None:
        return CannotTell("date of service", MissingRecord.CLAIM)
    if begun is not None and day < begun:
        return Found(says=f"{code.code} begins on {begun}; the service is of {day}.")
    if ended is not None and day > ended:
        return Found(says=f"{code.code} ended on {ended}; the service is of {day}.")
    return None
