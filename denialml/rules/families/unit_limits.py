"""Units against Medicare's limits (medically unlikely edits)."""

from decimal import ROUND_HALF_UP, Decimal

from denialml.domain.claim import ServiceLine
from denialml.domain.coverage import PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.reference import UnitLimit, unit_limits
from denialml.rules.case import LineCase
from denialml.rules.families.testing import testing_hours_counted_twice
from denialml.rules.medicare_edits import as_the_payer_applies_it, sent_that_day
from denialml.rules.other_services import NO_CLINICIAN, clinician_of
from denialml.rules.rule import (
    MEDICAID,
    MEDICARE_AND_ADVANTAGE,
    About,
    CannotTell,
    Found,
    Verdict,
    line_rule,
)
from denialml.rules.words import plain

_NO_SETTING = CannotTell(
    "the payer's applies_medicare_unit_limits setting",
    MissingRecord.PAYER_SETTING,
    "applies_medicare_unit_limits",
)
_BY_DAY = frozenset({"2", "3"})
# Medicaid's own limit where it is known to be another (rulebook BH-042).
_MEDICAID_UNITS = {"97151": Decimal(32)}
_FIXES = {
    "1": "Bill the units that the record supports; those above the limit go on a line"
    " of their own with the modifier that says why, such as 59 or 76.",
    "2": "Correct the units: the limit follows from the code or from law, and no"
    " appeal lifts it.",
    "3": "Correct the units; if the record supports all of them, send it and appeal"
    " the denial with it.",
    "": "Correct the units to what the record supports.",
}


@line_rule(
    "BH-042",
    About(
        title="More units than Medicare's limit",
        statement="The units of a code by one clinician in a day stay within Medicare's"
        " limit, or on one line where the limit counts lines.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2400 SV104", "2400 DTP*472"),
        reason_codes=("151",),
        remark_codes=("N362",),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Correct the units to what the record supports.",
        source="CMS MUE practitioner table, mid-2024, rulebook BH-042",
        support="partly-verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=frozenset(unit_limits()),
        review=("E21", "E49"),
    ),
)
def units_over_limit(line: LineCase) -> Verdict:
    limit = unit_limits()[line.line.procedure_code]
    if line.day is not None and not limit.is_valid_on(line.day):
        return None
    most = _most(limit, line.of_claim.payer_type)
    if most is None or line.line.unit_basis != "UN":
        return None
    units = _units_a_day(line.line)
    lines: tuple[int, ...] = (line.line.line_number,)
    if (
        limit.adjudication_indicator in _BY_DAY
        and line.day is not None
        and (len(line.of_claim.lines) > 1 or line.facts.same_service_already_sent)
    ):
        units, lines = _whole_day(line, units)
    if units <= most or lines[0] != line.line.line_number:
        return None
    if line.line.procedure_code in testing_hours_counted_twice.codes and isinstance(
        testing_hours_counted_twice.judge(line), Found
    ):
        # It says of the same units which code they belong to.
        return None
    verdict: Found | CannotTell = Found(
        says=_says(line, units=units, most=most),
        lines=lines,
        fix=_FIXES[limit.adjudication_indicator],
    )
    if not clinician_of(line) and _units_a_day(line.line) <= most:
        verdict = NO_CLINICIAN
    return as_the_payer_applies_it(
        line,
        verdict,
        setting=line.policy.applies_medicare_unit_limits,
        missing=_NO_SETTING,
    )


def _most(limit: UnitLimit, payer_type: PayerType) -> Decimal | None:
    """The limit for this type of payer; None: Medicare's says nothing about it."""
    own = _MEDICAID_UNITS.get(limit.code)
    if own is not None and payer_type in MEDICAID:
        return own
    # A zero says that Medicare does not cover the code; others may.
    if not limit.units and payer_type not in MEDICARE_AND_ADVANTAGE:
        return None
    return limit.units


def _whole_day(line: LineCase, units: Decimal) -> tuple[Decimal, tuple[int, ...]]:
    """The code's units of the clinician's day, and the claim's lines they stand on."""
    code = line.line.procedure_code
    lines = [line.line.line_number]
    for other in line.same_session_lines:
        if other.line.procedure_code == code and other.line.unit_basis == "UN":
            units += _units_a_day(other.line)
            lines.append(other.line.line_number)
    if line.facts.same_service_already_sent:
        for sent in sent_that_day(line):
            if sent.procedure_code == code:
                units += sent.units
    return units, tuple(sorted(lines))


def _units_a_day(line: ServiceLine) -> Decimal:
    """A line over several days counts with its rounded share of a day."""
    first, last = line.service_date, line.service_date_end
    if first is None or last is None or last <= first:
        return line.units
    days = (last - first).days + 1
    return (line.units / days).to_integral_value(rounding=ROUND_HALF_UP)


def _says(line: LineCase, *, units: Decimal, most: Decimal) -> str:
    code = line.line.procedure_code
    if not most:
        return f"Medicare's limit for {code} is 0 units: it is never paid."
    day = f" on {line.day}" if line.day is not None else ""
    return f"{code} counts {plain(units)} units{day}; the limit is {plain(most)}."
