"""The one answer about an outgoing claim: findings, decision and fixes on its risk."""

from datetime import date

import msgspec

from denialml.domain.claim import Claim
from denialml.domain.edit import EditFinding
from denialml.domain.risk import RiskScore
from denialml.journeys.claim_fixes import FixFinder
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.rule_outcomes import (
    Broken,
    broken_in_case,
    case_of,
)
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.cut_offs import find_cut_off
from denialml.rules.case import ClaimCase
from denialml.rules.decision import decide
from denialml.rules.engine import Engine
from denialml.rules.organization_rules import PracticeRules

USUAL_ACCEPTED_RISK = 0.15


class JudgedClaim(msgspec.Struct, frozen=True):
    """A claim with what was on file about it, and what the rules find on it."""

    case: ClaimCase
    findings: tuple[EditFinding, ...]


class ClaimCheck:
    """One organization's rules and fixes, ready for any number of claims."""

    def __init__(
        self, fact_book: FactBook, rules: PracticeRules, bundle: Bundle
    ) -> None:
        self._facts = fact_book
        self._engine = Engine(rules.written, measures=rules.measures)
        self._policy = policy = rules.written.decision
        cut_offs = bundle.facts.calibration.cut_offs
        self._cut_off = (
            None
            if policy.precision is None
            else find_cut_off(cut_offs, policy.precision)
        )
        accepted = policy.accepted_risk
        if accepted is None:
            cut_off = self._cut_off
            accepted = USUAL_ACCEPTED_RISK if cut_off is None else cut_off.risk
        self._fixes = FixFinder(fact_book, self._engine, bundle, accepted_risk=accepted)

    def judged(self, claim: Claim, day: date) -> JudgedClaim:
        """The claim as of a day, judged by the organization's rules."""
        case = case_of(claim, self._facts, self._engine, as_of=day)
        return JudgedClaim(case, self._engine.judge(case))

    def broken(self, judged: JudgedClaim) -> dict[int, Broken]:
        """What each line breaks of the rules as they come, which the model reads."""
        return broken_in_case(judged.case, judged.findings, self._engine)

    def checked(
        self, judged: JudgedClaim, score: RiskScore, history: History | None
    ) -> RiskScore:
        """The score with what the rules find on its day, the decision on both, and
        what can be done about it. History stands at that day; None: no fixes."""
        case, found = judged.case, judged.findings
        decided = msgspec.structs.replace(
            score,
            findings=found,
            decision=decide(score, found, self._policy, cut_off=self._cut_off),
        )
        if history is None:
            return decided
        return msgspec.structs.replace(
            decided, fixes=self._fixes.fixes_of(case, decided, history)
        )
