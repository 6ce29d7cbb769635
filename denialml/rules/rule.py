"""The rule: a function over a claim's case, and all that is said about it.

A module of `denialml.rules.families` defines rules with `line_rule` and `claim_rule`.
The function gives None where the claim passes, `Found` where it does not and
`CannotTell` where a fact is missing. It is asked only about lines of its codes, payers
and days.
"""

from collections.abc import Callable
from datetime import date
from typing import Literal

import msgspec

from denialml.domain.coverage import PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.reference import Support
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.circumstances import Circumstance

ANY_PAYER: frozenset[PayerType] = frozenset()
ANYWHERE: frozenset[Circumstance] = frozenset()
MEDICARE = frozenset({PayerType.MEDICARE})
MEDICARE_AND_ADVANTAGE = frozenset({PayerType.MEDICARE, PayerType.MEDICARE_ADVANTAGE})
MEDICAID = frozenset({PayerType.MEDICAID, PayerType.MEDICAID_MANAGED_CARE})
COMMERCIAL = frozenset(
    {
        PayerType.COMMERCIAL,
        PayerType.COMMERCIAL_INSURED,
        PayerType.COMMERCIAL_SELF_FUNDED,
        PayerType.MARKETPLACE,
    }
)


class Found(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The claim breaks the rule. `says` it with the claim's codes and numbers, as a
    sentence without names of people.

    `severity` only where this case is milder or worse than the rule's own. `lines`
    are LX01 of the lines meant by a claim rule. `by_default`: a setting of the payer
    is not configured and a specialist's default stood in.
    """

    says: str
    severity: Severity | None = None
    lines: tuple[int, ...] = ()
    by_default: bool = False
    fix: str = ""


class CannotTell(msgspec.Struct, frozen=True, gc=False):
    """A fact is missing: `missing` names it, as in "documented minutes".

    `record` is where a practice would have it and `field` the attribute of that record,
    or the key of the payer's settings; empty: the whole record is missing. `severity`
    only where what is left open is milder or worse than the rule's own.
    """

    missing: str
    record: MissingRecord
    field: str = ""
    severity: Severity | None = None


Verdict = Found | CannotTell | None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule and all that is said about it. Grain: rule.

    `payer_types` empty: all payers. `codes` empty: lines of every procedure code; a
    claim rule is asked where any line has one of its codes. `valid_from`, `valid_to`:
    dates of service. `fields` are the places it reads. `review` names rows of the
    rulebook's review that it follows. `fix_class` and `fix_by`: what kind of work its
    fix is, and whose, where no record on file proves the right value by itself.
    `yields_to` are rules that it leaves cases to; where some are switched off, its
    function is handed their ids as `off`. `only_where` and `only_for` save time: of a
    line or claim in none of these circumstances, and of a line whose code is not one
    of these, it says nothing anyway and is not asked.
    """

    id: str
    title: str
    statement: str
    severity: Severity
    grain: Literal["line", "claim"]
    family: str
    fields: tuple[str, ...]
    reason_codes: tuple[str, ...]
    remark_codes: tuple[str, ...]
    root_cause: RootCause
    fix: str
    fix_class: FixClass
    fix_by: FixBy
    source: str
    support: Support
    judge: Callable[..., Verdict]
    payer_types: frozenset[PayerType] = ANY_PAYER
    codes: frozenset[str] = frozenset()
    valid_from: date | None = None
    valid_to: date | None = None
    review: tuple[str, ...] = ()
    yields_to: frozenset[str] = frozenset()
    only_where: frozenset[Circumstance] = ANYWHERE
    only_for: Callable[[str], bool] | None = None

    def is_of_day(self, day: date | None) -> bool:
        """Whether the rule was in force on a date of service; None: not known, yes."""
        if day is None:
            return True
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What is said about a rule, apart from how it judges; see `Rule`."""

    title: str
    statement: str
    severity: Severity
    fields: tuple[str, ...]
    root_cause: RootCause
    fix: str
    source: str
    support: Support
    fix_class: FixClass
    fix_by: FixBy
    reason_codes: tuple[str, ...] = ()
    remark_codes: tuple[str, ...] = ()
    payer_types: frozenset[PayerType] = ANY_PAYER
    codes: frozenset[str] = frozenset()
    valid_from: date | None = None
    valid_to: date | None = None
    review: tuple[str, ...] = ()
    yields_to: frozenset[str] = frozenset()
    only_where: frozenset[Circumstance] = ANYWHERE
    only_for: Callable[[str], bool] | None = None


LineJudge = Callable[[LineCase], Verdict]
ClaimJudge = Callable[[ClaimCase], Verdict]


def line_rule(rule_id: str, about: About) -> Callable[[LineJudge], Rule]:
    """A rule that is asked of each line."""

    def made(judge: LineJudge) -> Rule:
        return _rule(rule_id, about, judge, grain="line")

    return made


def claim_rule(rule_id: str, about: About) -> Callable[[ClaimJudge], Rule]:
    """A rule that is asked once of the whole claim."""

    def made(judge: ClaimJudge) -> Rule:
        return _rule(rule_id, about, judge, grain="claim")

    return made


def _rule(
    rule_id: str,
    about: About,
    judge: Callable[..., Verdict],
    *,
    grain: Literal["line", "claim"],
) -> Rule:
    family = judge.__module__.rsplit(".", 1)[-1]
    return Rule(
        id=rule_id,
        grain=grain,
        family=family,
        judge=judge,
        **msgspec.structs.asdict(about),
    )
