"""Two codes of a day of which Medicare pays one (NCCI procedure-to-procedure edits).

Of a pair that a rule of its own speaks of, as of an intake with psychotherapy, nothing
is said here: that rule says what to do about it, unless it is switched off.
"""

from datetime import date
from functools import lru_cache
from typing import Literal, NamedTuple

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.reference import CodePairs, code_pairs
from denialml.rules.case import LineCase
from denialml.rules.circumstances import Circumstance
from denialml.rules.code_sets import (
    CARE_OF_A_MONTH,
    CRISIS,
    EMERGENCY_VISITS,
    FAMILY_PSYCHOTHERAPY,
    INDIVIDUAL_PSYCHOTHERAPY,
    INTAKES,
    NOT_UNDER_COMPLEXITY,
    NOT_WITH_CRISIS,
    PSYCHOTHERAPY_WITH_VISIT,
    STAND_ALONE_PSYCHOTHERAPY,
    VISITS,
)
from denialml.rules.families.add_ons import (
    complexity_with_excluded_service,
    psychotherapy_add_on_without_visit,
)
from denialml.rules.families.care_management import second_service_of_month
from denialml.rules.families.crisis import crisis_with_other_service
from denialml.rules.families.same_day import (
    family_with_and_without_patient,
    family_with_individual,
    group_with_individual,
    intake_with_psychotherapy,
    intake_with_visit,
    visit_with_stand_alone_psychotherapy,
)
from denialml.rules.medicare_edits import as_the_payer_applies_it
from denialml.rules.other_services import (
    NO_CLINICIAN,
    OtherService,
    all_of_same_clinician,
    are_sent,
    lines_of,
    named,
    services_between,
)
from denialml.rules.rule import About, CannotTell, Found, Rule, Verdict, line_rule
from denialml.rules.words import listed

_NO_SETTING = CannotTell(
    "the payer's applies_ncci_pairs setting",
    MissingRecord.PAYER_SETTING,
    "applies_ncci_pairs",
)
# The modifiers that open a pair of indicator 1, on either line (review E22).
_OPENING = frozenset(
    {"24", "25", "27", "57", "58", "59", "78", "79", "91", "XE", "XP", "XS", "XU"}
    | {"LT", "RT", "E1", "E2", "E3", "E4", "FA", "TA", "LC", "LD", "RC", "LM", "RI"}
    | {f"{side}{digit}" for side in "FT" for digit in range(1, 10)}
)


class OwnRule(NamedTuple):
    """A rule that speaks of one of `codes` with one of `others`."""

    rule: Rule
    codes: frozenset[str]
    others: frozenset[str]


OWN_RULES = (
    OwnRule(visit_with_stand_alone_psychotherapy, STAND_ALONE_PSYCHOTHERAPY, VISITS),
    OwnRule(intake_with_psychotherapy, INTAKES, INDIVIDUAL_PSYCHOTHERAPY),
    OwnRule(intake_with_visit, INTAKES, VISITS),
    OwnRule(crisis_with_other_service, CRISIS, NOT_WITH_CRISIS),
    OwnRule(
        psychotherapy_add_on_without_visit, PSYCHOTHERAPY_WITH_VISIT, EMERGENCY_VISITS
    ),
    OwnRule(
        complexity_with_excluded_service, frozenset({"90785"}), NOT_UNDER_COMPLEXITY
    ),
    OwnRule(
        family_with_and_without_patient, frozenset({"90847"}), frozenset({"90846"})
    ),
    OwnRule(family_with_individual, FAMILY_PSYCHOTHERAPY, STAND_ALONE_PSYCHOTHERAPY),
    OwnRule(group_with_individual, frozenset({"90853"}), INDIVIDUAL_PSYCHOTHERAPY),
    OwnRule(second_service_of_month, CARE_OF_A_MONTH, CARE_OF_A_MONTH),
)

_YIELDS_TO = frozenset(own.rule.id for own in OWN_RULES)
_NONE_OFF: frozenset[str] = frozenset()


@line_rule(
    "BH-065",
    About(
        title="Pair of codes without the modifier that opens it",
        statement="Two codes of an NCCI pair by one clinician in a day carry a modifier"
        " that says they were distinct, where the pair allows one.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2400 SV101-3", "2400 DTP*472"),
        reason_codes=("236", "97"),
        remark_codes=("M80",),
        root_cause=RootCause.BUNDLING_SAME_DAY,
        fix="Add the modifier that fits (59 or an X modifier; 25 on an evaluation"
        " visit) only if the record shows a distinct service, else take the line off.",
        source="CMS NCCI practitioner pairs, mid-2024, rulebook BH-065",
        support="partly-verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        review=("E22", "E23"),
        yields_to=_YIELDS_TO,
        only_where=frozenset({Circumstance.OTHER_SERVICES}),
    ),
)
def pair_without_modifier(
    line: LineCase, *, off: frozenset[str] = _NONE_OFF
) -> Verdict:
    return _judged(line, "1", off)


@line_rule(
    "BH-066",
    About(
        title="Pair of codes that no modifier opens",
        statement="Two codes of an NCCI pair that no modifier opens are not billed by"
        " one clinician for one day.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2400 DTP*472"),
        reason_codes=("236", "97"),
        remark_codes=("M80",),
        root_cause=RootCause.BUNDLING_SAME_DAY,
        fix="Keep the one of the two that the notes support; no modifier opens the"
        " pair.",
        source="CMS NCCI practitioner pairs, mid-2024, rulebook BH-066",
        support="partly-verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        review=("E22", "E23"),
        yields_to=_YIELDS_TO,
        only_where=frozenset({Circumstance.OTHER_SERVICES}),
    ),
)
def pair_never_paid(line: LineCase, *, off: frozenset[str] = _NONE_OFF) -> Verdict:
    return _judged(line, "0", off)


def _judged(
    line: LineCase, indicator: Literal["0", "1"], off: frozenset[str]
) -> Verdict:
    """Of a pair on the claim the line with the column-2 code is at fault.

    Beside a line sent before, either may be the one that is not paid.
    """
    day = line.day
    nearby = line.facts.other_codes_same_day
    if not nearby or day is None:
        return None
    if indicator == "1" and not _OPENING.isdisjoint(line.line.modifiers):
        return None
    own = line.line.procedure_code
    paired = {
        code: pairs.column_1
        for code in nearby
        if (pairs := _in_force(own, code, day)) is not None
        and pairs.modifier_indicator == indicator
    }
    if not paired:
        return None
    services = [
        one
        for one in services_between(line, frozenset(paired), day, day)
        if (one.sent_on is not None or paired[one.code] != own)
        and (indicator == "0" or _OPENING.isdisjoint(one.modifiers))
        and not _has_own_rule(line, one, off)
    ]
    same = all_of_same_clinician(line, services)
    if same is None:
        return None
    if isinstance(same, list):
        is_column_2 = all(paired[one.code] != own for one in same)
        verdict: Found | CannotTell = _found(
            line, same, indicator, is_column_2=is_column_2
        )
    else:
        verdict = same
    return as_the_payer_applies_it(
        line, verdict, setting=line.policy.applies_ncci_pairs, missing=_NO_SETTING
    )


def _found(
    line: LineCase,
    others: list[OtherService],
    indicator: Literal["0", "1"],
    *,
    is_column_2: bool,
) -> Found:
    """`is_column_2`: the line is at fault beside each of the others."""
    code = line.line.procedure_code
    beside = listed(named(others))
    unless = (
        "whatever the modifier"
        if indicator == "0"
        else "without a modifier that says they are distinct"
    )
    says = (
        f"{code} of {line.day} is not paid beside {beside}, {unless}."
        if is_column_2
        else f"Of {code} and {beside} of {line.day} one is not paid, {unless}."
    )
    fix = (
        f"Take {code} off, unless the records show that the services were of different"
        " days; no modifier opens the pair."
        if is_column_2 and indicator == "0"
        else ""
    )
    return Found(
        says=says,
        # What became of a line that was sent before is not known.
        severity=Severity.WARN if are_sent(others) else None,
        lines=lines_of(line, *others),
        fix=fix,
    )


def _has_own_rule(line: LineCase, other: OtherService, off: frozenset[str]) -> bool:
    """Whether a rule of their own that is not `off` speaks of the two services, from
    either line."""
    for own in _own_rules_of(line.line.procedure_code, other.code):
        if own.rule.id in off:
            continue
        for one in (line, *_lines_of(other, line)):
            if one.line.procedure_code not in own.rule.codes:
                continue
            verdict = own.rule.judge(one)
            if isinstance(verdict, Found) or verdict is NO_CLINICIAN:
                return True
    return False


def _lines_of(other: OtherService, line: LineCase) -> list[LineCase]:
    """The line of the claim that the other service is, if it is one."""
    return [
        one
        for one in line.of_claim.lines
        if one.line.line_number == other.line_number
        and one.line.procedure_code == other.code
    ]


@lru_cache(maxsize=1 << 14)
def _own_rules_of(one: str, other: str) -> tuple[OwnRule, ...]:
    return tuple(
        own
        for own in OWN_RULES
        if (one in own.codes and other in own.others)
        or (other in own.codes and one in own.others)
    )


def _in_force(one: str, other: str, day: date) -> CodePairs | None:
    """What pairs the two codes on the day, whichever is column 1; None: nothing.

    One order has taken the place of the other, or one listing of an earlier: of those
    not ended by the day, the first to end was in force.
    """
    for pairs in _listings(one, other):
        if pairs.valid_to is None or day <= pairs.valid_to:
            return pairs
    return None


@lru_cache(maxsize=1 << 14)
def _listings(one: str, other: str) -> tuple[CodePairs, ...]:
    """All that the table says of two codes, first ended first.

    Cached: each line asks for the same few codes, and most are no pair.
    """
    found = [
        pairs
        for column_1, column_2 in ((one, other), (other, one))
        for pairs in code_pairs().get(column_1, ())
        if column_2 in pairs.column_2
    ]
    found.sort(key=lambda pairs: (pairs.valid_to or date.max, pairs.column_1))
    return tuple(found)
