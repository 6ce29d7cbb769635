"""Claim rules over a practice's records, and the decision that follows from them."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import msgspec

from denialml.domain.claim import Claim
from denialml.domain.coverage import Payer
from denialml.domain.edit import EditFinding
from denialml.domain.risk import RiskScore
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.risk.cut_offs import find_cut_off
from denialml.rules.case import ClaimCase
from denialml.rules.decision import decide
from denialml.rules.engine import Engine
from denialml.rules.organization_rules import PracticeRules

if TYPE_CHECKING:  # loads lightgbm, which judging by rules does without
    from denialml.modeling.risk.bundle import Bundle


class ClaimRules:
    """One organization's rules, ready for any number of claims."""

    def __init__(
        self, fact_book: FactBook, rules: PracticeRules, bundle: "Bundle"
    ) -> None:
        self._facts = fact_book
        self._engine = Engine(rules.written, measures=rules.measures)
        self._policy = rules.written.decision
        precision = self._policy.precision
        self._cut_off = (
            None
            if precision is None
            else find_cut_off(bundle.facts.calibration.cut_offs, precision)
        )

    def judged(self, claim: Claim, score: RiskScore) -> RiskScore:
        """The score with what the rules find on its day, and the decision on both."""
        found = findings_of(claim, self._facts, self._engine, as_of=score.as_of)
        return msgspec.structs.replace(
            score,
            findings=found,
            decision=decide(score, found, self._policy, cut_off=self._cut_off),
        )


def findings_of(
    claim: Claim, fact_book: FactBook, engine: Engine, *, as_of: date
) -> tuple[EditFinding, ...]:
    """What the rules say of a claim, by what was on file on the day `as_of`."""
    payers: Mapping[str, Payer] = fact_book.payers
    payer_id = claim.payer.payer_id
    return engine.judge(
        ClaimCase(
            claim,
            as_of=as_of,
            payer=payers.get(payer_id),
            about_lines=[
                (
                    fact_book.line_facts(claim, line, as_of=as_of, own_note_only=True),
                    fact_book.line_records(claim, line, as_of=as_of),
                )
                for line in claim.lines
            ],
            policy=engine.settings.policy_of(payer_id),
        )
    )
