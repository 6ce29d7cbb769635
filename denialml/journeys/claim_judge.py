"""Claims as they might be sent, judged by the rules and the model."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from denialml.domain.edit import EditFinding, Severity
from denialml.domain.encounter import Encounter
from denialml.domain.facts import PracticeRecords
from denialml.fixes.candidate import Candidate
from denialml.fixes.elements import corrected
from denialml.fixes.search import Assessment
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.rule_outcomes import broken_in_case, case_of
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.denial_risk import SupposedClaim, supposed_risks
from denialml.rules.case import ClaimCase
from denialml.rules.engine import Engine

GRAVE = (Severity.REJECT, Severity.HOLD, Severity.DENY_LIKELY)
"""Findings that hold the claim, have it sent back or are likely to have it denied."""


class ClaimJudge:
    """Judges copies of one organization's claims, each with some fixes made."""

    def __init__(self, fact_book: FactBook, engine: Engine, bundle: Bundle) -> None:
        self._facts = fact_book
        self._engine = engine
        self._bundle = bundle

    def assess(
        self,
        claims: Sequence[SupposedClaim],
        history: History,
    ) -> list[Assessment]:
        """Each claim judged again by the rules and the model.

        A risk that the model abstains on is not told: whether it does is asked of the
        claim as it would be sent, which may be like others where the mistaken one is
        like none.
        """
        day = history.as_of
        cases = [
            case_of(one.claim, one.fact_book, self._engine, as_of=day) for one in claims
        ]
        judged = [self._engine.judge(case) for case in cases]
        if self._bundle.with_rules:
            claims = [
                msgspec.structs.replace(
                    one, broken=broken_in_case(case, found, self._engine)
                )
                for one, case, found in zip(claims, cases, judged, strict=True)
            ]
        risks = supposed_risks(claims, history=history, bundle=self._bundle, as_of=day)
        return [
            self.assessment(
                found,
                risk=None if risk.abstains else risk.probability,
                expected_loss=None if risk.abstains else risk.expected_loss,
            )
            for found, risk in zip(judged, risks, strict=True)
        ]

    def assessment(
        self,
        findings: Sequence[EditFinding],
        *,
        risk: float | None,
        expected_loss: Decimal | None,
    ) -> Assessment:
        """What was found, by rule, beside the risk."""
        found = [one for one in findings if one.verdict == "found"]
        hold = self._engine.settings.decision.hold
        return Assessment(
            risk=risk,
            found=frozenset(one.rule_id for one in found),
            holding=frozenset(one.rule_id for one in found if one.severity in hold),
            grave=frozenset(one.rule_id for one in found if one.severity in GRAVE),
            expected_loss=expected_loss,
        )

    def supposed(
        self, case: ClaimCase, candidates: Sequence[Candidate]
    ) -> SupposedClaim:
        """The claim with these candidates, and the records that they suppose."""
        edits = [edit for one in candidates for edit in one.edits]
        claim = corrected(case.claim, edits)
        for one in candidates:
            if one.suppose_claim is not None:
                claim = one.suppose_claim(claim)
        more = _records(candidates)
        return SupposedClaim(
            claim=claim,
            fact_book=self._facts if more is None else self._facts.supposing(more),
            clinician_confirmed=any("clinician" in one.proves for one in candidates),
        )


def _records(candidates: Sequence[Candidate]) -> PracticeRecords | None:
    """What the candidates suppose to be on file; None: nothing."""
    notes: dict[str, Encounter] = {}
    for one in candidates:
        for note, change in one.note_changes:
            held = notes.get(note.encounter_id, note)
            notes[note.encounter_id] = msgspec.structs.replace(held, **change)
    checks = [it for one in candidates for it in one.supposed.eligibility_checks]
    granted = [it for one in candidates for it in one.supposed.authorizations]
    enrolled = [it for one in candidates for it in one.supposed.enrollments]
    if not (notes or checks or granted or enrolled):
        return None
    return PracticeRecords(
        encounters=tuple(notes.values()),
        eligibility_checks=tuple(checks),
        authorizations=tuple(granted),
        enrollments=tuple(enrolled),
    )
