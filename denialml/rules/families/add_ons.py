"""Add-on codes and the service that each rests on."""

from datetime import date, timedelta

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.reference import procedure_codes
from denialml.rules.case import LineCase
from denialml.rules.code_sets import (
    EMERGENCY_VISITS,
    NOT_UNDER_COMPLEXITY,
    NURSE_VISIT,
    PSYCHOTHERAPY_WITH_VISIT,
    TELEMEDICINE_VISITS,
    VISITS,
    VISITS_OF_ADD_ONS,
)
from denialml.rules.medicare_edits import binds_payer
from denialml.rules.other_services import (
    NO_CLINICIAN,
    NO_DAY,
    OtherService,
    all_of_same_clinician,
    bases_between,
    lines_of,
    month_of,
    named,
    rests_on,
)
from denialml.rules.rule import About, CannotTell, Found, Verdict, line_rule
from denialml.rules.words import listed

_FIELDS = ("2400 SV101-2", "2400 DTP*472", "2310B/2420A NM109", "claims sent before")
# Bases that the table does not list: CPT's prolonged visits beyond the office, G2212
# with cognitive assessment, and G2211 with home visits from 2026 on (physician fee
# schedule rule of 2026). Taken for every day: a base too many is no false alarm.
_FURTHER_BASES = {
    "99417": frozenset({"99245", "99345", "99350", "99483"}),
    "G2212": frozenset({"99483"}),
    "G2211": frozenset(
        {"99341", "99342", "99344", "99345", "99347", "99348", "99349", "99350"}
    ),
}
# 90833, 90836 and 90838 are BH-050, the primary care bundle's BH-074.
_OF_OTHER_RULES = PSYCHOTHERAPY_WITH_VISIT | {"G0568", "G0569", "G0570"}
_BASES = {
    code.code: frozenset(code.primary_codes)
    | _FURTHER_BASES.get(code.code, frozenset())
    for code in procedure_codes().values()
    if code.is_add_on and code.primary_codes and code.code not in _OF_OTHER_RULES
}
# Review E19: these count a month, or later days of one testing episode.
_MONTHLY = frozenset({"99494", "G2088", "G0554"})
_OF_EPISODE = frozenset({"96121", "96131", "96133", "96137", "96139"})
# Testing of one episode rarely reaches over more than three months.
_EPISODE = timedelta(days=92)
_COMPLEXITY = "90785"
_ONE_PROVIDER = CannotTell(
    "whether the add-on's clinician and the base's bill as one (group and specialty)",
    MissingRecord.ELSEWHERE,
)
_NO_HISTORY = CannotTell(
    "claims sent before for the patient, where the base may stand",
    MissingRecord.EARLIER_CLAIM,
)


@line_rule(
    "BH-049",
    About(
        title="Add-on without its base",
        statement="An add-on code rests on its base by the same clinician: of the same"
        " day, month or testing episode, on this claim or on one sent before.",
        severity=Severity.HOLD,
        fields=_FIELDS,
        reason_codes=("B15", "107"),
        remark_codes=("N122",),
        root_cause=RootCause.BUNDLING_SAME_DAY,
        fix="Add the base service where the note documents it; else take the add-on"
        " off.",
        source="RARC N122, rulebook BH-049",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=frozenset(_BASES),
        review=("E19", "E23", "E49"),
    ),
)
def add_on_without_base(line: LineCase) -> Verdict:
    code = line.line.procedure_code
    if line.day is None:
        return NO_DAY
    bases = _BASES[code]
    first, last = _span(code, line.day)
    found = bases_between(line, bases, first, last)
    if found:
        return _of_one_provider(line, found)
    if code == _COMPLEXITY and _complexity_excluded(line, line.day) is not None:
        return None
    period = ""
    if code in _MONTHLY or code in _OF_EPISODE:
        if not line.records.sent:
            return _NO_HISTORY
        period = " in the month" if code in _MONTHLY else " of the testing episode"
        if code in _OF_EPISODE and bases_between(line, bases, date.min, first):
            return CannotTell(
                "whether an older base is of the same testing episode",
                MissingRecord.ELSEWHERE,
            )
    return Found(
        says=f"{code} of {line.day} stands without a base service{period} ("
        f"{listed(sorted(bases))})."
    )


@line_rule(
    "BH-050",
    About(
        title="Psychotherapy add-on without a visit",
        statement="90833, 90836 and 90838 rest on a visit of the same day by the same"
        " clinician; 90791, 90792 and a nurse's 99211 are not one.",
        severity=Severity.HOLD,
        fields=_FIELDS,
        reason_codes=("B15",),
        remark_codes=("N122",),
        root_cause=RootCause.BUNDLING_SAME_DAY,
        fix="Add the visit where the note documents one; without a visit, psychotherapy"
        " is 90832, 90834 or 90837 by its minutes.",
        source="Novitas 00026768, AAPC 143420, rulebook BH-050",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=PSYCHOTHERAPY_WITH_VISIT,
        review=("E23", "E48", "E49"),
    ),
)
def psychotherapy_add_on_without_visit(line: LineCase) -> Verdict:
    day = line.day
    if day is None:
        return NO_DAY
    found = bases_between(line, VISITS, day, day)
    visits = [
        one
        for one in found
        if one.code in VISITS_OF_ADD_ONS and one.code != NURSE_VISIT
    ]
    if visits:
        return _of_one_provider(line, visits)
    code = line.line.procedure_code
    for one in found:
        if one.code in TELEMEDICINE_VISITS:
            return CannotTell(
                f"whether the payer takes {one.code} as the visit of {code}",
                MissingRecord.ELSEWHERE,
            )
    for one in found:
        if one.code in EMERGENCY_VISITS and binds_payer(
            line, line.policy.applies_ncci_pairs
        ):
            # A pair that no modifier opens: the add-on is not paid.
            return Found(
                says=f"{code} of {day} has only {one.code} ({one.where}) as its visit,"
                " beside which it is never paid.",
                lines=lines_of(line, one),
            )
        if one.code == NURSE_VISIT or one.code in EMERGENCY_VISITS:
            return Found(
                says=f"{code} of {day} has only {one.code} ({one.where}) as its visit,"
                " which payers may not take for one.",
                severity=Severity.WARN,
                lines=lines_of(line, one),
            )
    return Found(says=f"{code} of {day} stands without a visit by the same clinician.")


@line_rule(
    "BH-058",
    About(
        title="90785 with a service that takes none",
        statement="90785 rests on an intake, individual or group psychotherapy; never"
        " on crisis or family psychotherapy, a visit alone or behavior analysis.",
        severity=Severity.DENY_LIKELY,
        fields=_FIELDS,
        reason_codes=("B15", "97"),
        remark_codes=("N122",),
        root_cause=RootCause.BUNDLING_SAME_DAY,
        fix="Take 90785 off, unless the note documents an intake or psychotherapy that"
        " the claim lacks.",
        source="NGS 675774, BCBSIL policy, rulebook BH-058",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=frozenset({_COMPLEXITY}),
        review=("E23",),
    ),
)
def complexity_with_excluded_service(line: LineCase) -> Verdict:
    day = line.day
    # Without a date of service BH-049 asks for it.
    if day is None or bases_between(line, _BASES[_COMPLEXITY], day, day):
        return None
    others = _complexity_excluded(line, day)
    if not isinstance(others, list):
        return others
    return Found(
        says=f"90785 of {day} stands with {listed(named(others))} and with no service"
        " that takes it.",
        lines=lines_of(line, *others),
    )


def _complexity_excluded(
    line: LineCase, day: date
) -> list[OtherService] | CannotTell | None:
    return all_of_same_clinician(
        line, bases_between(line, NOT_UNDER_COMPLEXITY, day, day)
    )


def _of_one_provider(line: LineCase, bases: list[OtherService]) -> Verdict:
    rests = rests_on(line, bases)
    if rests:
        return None
    return NO_CLINICIAN if rests is None else _ONE_PROVIDER


def _span(code: str, day: date) -> tuple[date, date]:
    """First and last day on which the base may stand."""
    if code in _MONTHLY:
        return month_of(day)
    if code in _OF_EPISODE:
        return day - _EPISODE, day + _EPISODE
    return day, day
