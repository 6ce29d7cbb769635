"""Two codes of a day of which Medicare pays one (NCCI procedure-to-procedure edits)."""

from datetime import date
from functools import lru_cache
from typing import Literal

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.reference import CodePairs, code_pairs
from denialml.rules.case import LineCase
from denialml.rules.medicare_edits import as_the_payer_applies_it
from denialml.rules.other_services import (
    NO_CLINICIAN,
    OtherService,
    clinician_of,
    services_between,
)
from denialml.rules.rule import About, CannotTell, Found, Verdict, line_rule
from denialml.rules.words import listed

_NO_SETTING = CannotTell("the payer's applies_ncci_pairs setting")
# The modifiers that open a pair of indicator 1, on either line (review E22).
_OPENING = frozenset(
    {"24", "25", "27", "57", "58", "59", "78", "79", "91", "XE", "XP", "XS", "XU"}
    | {"LT", "RT", "E1", "E2", "E3", "E4", "FA", "TA", "LC", "LD", "RC", "LM", "RI"}
    | {f"{side}{digit}" for side in "FT" for digit in range(1, 10)}
)


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
        review=("E22", "E23"),
    ),
)
def pair_without_modifier(line: LineCase) -> Verdict:
    return _judged(line, "1")


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
        fix="Take the line off; no modifier opens the pair.",
        source="CMS NCCI practitioner pairs, mid-2024, rulebook BH-066",
        support="partly-verified",
        review=("E22", "E23"),
    ),
)
def pair_never_paid(line: LineCase) -> Verdict:
    return _judged(line, "0")


def _judged(line: LineCase, indicator: Literal["0", "1"]) -> Verdict:
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
    ]
    if not services:
        return None
    clinician = clinician_of(line)
    same = [one for one in services if clinician and one.clinician_npi == clinician]
    if not same and clinician and all(one.clinician_npi for one in services):
        return None
    return as_the_payer_applies_it(
        line,
        _found(line, same, indicator) if same else NO_CLINICIAN,
        setting=line.policy.applies_ncci_pairs,
        missing=_NO_SETTING,
    )


def _found(
    line: LineCase, others: list[OtherService], indicator: Literal["0", "1"]
) -> Found:
    beside = listed(dict.fromkeys(f"{one.code} ({one.where})" for one in others))
    unless = (
        "whatever the modifier"
        if indicator == "0"
        else "without a modifier that says they are distinct"
    )
    on_claim = [one.line_number for one in others if one.line_number is not None]
    return Found(
        says=f"{line.line.procedure_code} and {beside} of {line.day} are a pair of"
        f" which one is paid, {unless}.",
        # What became of a line that was sent before is not known.
        severity=None if on_claim else Severity.WARN,
        lines=tuple(sorted([line.line.line_number, *on_claim])),
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
