"""The one answer about an outgoing claim: findings, decision and fixes on its risk."""

import msgspec

from denialml.domain.claim import Claim
from denialml.domain.risk import RiskScore
from denialml.journeys.claim_fixes import FixFinder
from denialml.journeys.claim_rules import case_of
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.cut_offs import find_cut_off
from denialml.rules.decision import decide
from denialml.rules.engine import Engine
from denialml.rules.organization_rules import PracticeRules

USUAL_ACCEPTED_RISK = 0.15


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

    def checked(
        self, claim: Claim, score: RiskScore, history: History | None
    ) -> RiskScore:
        """The score with what the rules find on its day, the decision on both, and
        what can be done about it. History stands at that day; None: no fixes."""
        case = case_of(claim, self._facts, self._engine, as_of=score.as_of)
        found = self._engine.judge(case)
        judged = msgspec.structs.replace(
            score,
            findings=found,
            decision=decide(score, found, self._policy, cut_off=self._cut_off),
        )
        if history is None:
            return judged
        return msgspec.structs.replace(
            judged, fixes=self._fixes.fixes_of(case, judged, history)
        )
