"""Fixes by a stored history: each risk is what scoring the fixed claim gives."""

from datetime import date, timedelta
from decimal import Decimal

import msgspec
import pytest

from denialml.domain.claim import Claim
from denialml.domain.coverage import EligibilityCheck, EligibilityResult, Enrollment
from denialml.domain.encounter import Encounter
from denialml.domain.facts import PracticeRecords
from denialml.domain.fix import Edit, Fix, FixClass
from denialml.domain.risk import RiskScore
from denialml.errors import InputError
from denialml.fixes.candidate import FixKind
from denialml.fixes.elements import corrected
from denialml.formats import read_bytes
from denialml.journeys.claim_fixes import MOST_TRIED_ALONE
from denialml.journeys.corrected_drafts import (
    FixRefused,
    draft_corrections,
    draft_file,
)
from denialml.journeys.score import Scorer
from denialml.modeling.risk.bundle import load_bundle
from denialml.rules.organization_rules import (
    DecisionPolicy,
    OrganizationRules,
    PracticeRules,
)
from denialml.store.database import open_session
from denialml.store.records import practice_records
from tests.journeys.simulated_store import (  # noqa: F401 (fixture)
    NOW,
    SimulatedStore,
    simulated_store,
)

STRICT = PracticeRules(
    written=OrganizationRules(decision=DecisionPolicy(accepted_risk=0.01))
)


@pytest.fixture(scope="module")
def records(simulated_store: SimulatedStore) -> PracticeRecords:  # noqa: F811
    with open_session(simulated_store.engine, read_only=True) as session:
        return practice_records(session, simulated_store.organization_id)


@pytest.fixture(scope="module")
def claims(simulated_store: SimulatedStore) -> list[Claim]:  # noqa: F811
    """Outgoing claims, and each again without what a correction would put there."""
    outgoing = simulated_store.outgoing
    bare = [
        msgspec.structs.replace(one, prior_authorization_number="")
        for one in outgoing
        if one.prior_authorization_number
    ]
    mistaken = [
        msgspec.structs.replace(
            one, total_charge=one.total_charge + 1, place_of_service="02"
        )
        for one in outgoing
    ]
    return [*outgoing[:12], *bare[:12], *mistaken[:12]]


def scorer_of(
    store: SimulatedStore, known: PracticeRecords, rules: PracticeRules = STRICT
) -> Scorer:
    bundle = load_bundle(store.serving, seal=store.seal)
    return Scorer(known, bundle, rules=rules)


@pytest.fixture(scope="module")
def scorer(simulated_store: SimulatedStore, records: PracticeRecords) -> Scorer:  # noqa: F811
    return scorer_of(simulated_store, records)


def fixes_of(score: RiskScore, *classes: FixClass) -> list[Fix]:
    assert score.fixes is not None
    return [one for one in score.fixes.fixes if one.fix_class in classes]


def told(score: RiskScore) -> float | None:
    """The risk, where the model has a word on the claim."""
    return None if score.abstains else score.probability


def test_the_risk_after_a_correction_is_the_corrected_claims_score(
    scorer: Scorer, claims: list[Claim]
) -> None:
    tried = set()
    for claim, score in zip(claims, scorer.score(claims), strict=True):
        for fix in fixes_of(score, FixClass.DATA_CORRECTION):
            [after] = scorer.score([corrected(claim, fix.edits)])
            assert fix.risk_after == told(after)
            before, later = score.expected_loss, after.expected_loss
            if score.abstains or after.abstains:
                assert fix.dollars_protected is None
            elif before is not None and later is not None:
                assert fix.dollars_protected == max(Decimal(0), before - later)
            found = {one.rule_id for one in after.findings if one.verdict == "found"}
            assert found.isdisjoint(fix.resolves)
            assert set(fix.raises) <= found
            tried.add(fix.kind)
    assert tried >= {
        FixKind.CORRECT_TOTAL_CHARGE,
        FixKind.ATTACH_AUTHORIZATION,
        FixKind.CORRECT_PLACE_OF_SERVICE,
    }


def test_the_risk_after_a_set_of_corrections_is_the_corrected_claims_score(
    scorer: Scorer, claims: list[Claim]
) -> None:
    tried = 0
    for claim, score in zip(claims, scorer.score(claims), strict=True):
        assert score.fixes is not None
        chosen = score.fixes.by_correction or score.fixes.smallest
        by_id = {one.fix_id: one for one in score.fixes.fixes}
        if chosen is None:
            continue
        if not all(by_id[one].edits for one in chosen.fix_ids):
            continue
        edits: list[Edit] = []
        for fix_id, risk in zip(chosen.fix_ids, chosen.risks_after, strict=True):
            edits += by_id[fix_id].edits
            [after] = scorer.score([corrected(claim, edits)])
            assert risk == told(after)
        tried += 1
    assert tried > 3


def test_the_risk_after_a_step_is_the_score_once_its_record_is_on_file(
    simulated_store: SimulatedStore,  # noqa: F811
    records: PracticeRecords,
    scorer: Scorer,
) -> None:
    tried = set()
    for claim in simulated_store.outgoing:
        [score] = scorer.score([claim])
        for fix in fixes_of(score, FixClass.NEEDS_ANOTHER_STEP):
            if fix.kind in tried or fix.kind not in _SUPPOSED:
                continue
            more = _SUPPOSED[FixKind(fix.kind)](claim, score.as_of, records)
            [after] = scorer_of(simulated_store, more).score([claim])
            assert fix.risk_after == told(after), fix.kind
            tried.add(fix.kind)
    assert FixKind.VERIFY_ELIGIBILITY in tried


def _with_check(claim: Claim, day: date, known: PracticeRecords) -> PracticeRecords:
    served = min(one.service_date for one in claim.lines if one.service_date)
    answer = EligibilityCheck(
        checked_on=day,
        payer_id=claim.payer.payer_id,
        member_id=claim.subscriber.member_id,
        medical_record_number=claim.medical_record_number,
        result=EligibilityResult.ACTIVE,
        service_date=served,
        mental_health_active=True,
        trace_number="ZZZ",
    )
    return msgspec.structs.replace(
        known, eligibility_checks=(*known.eligibility_checks, answer)
    )


def _with_enrollment(
    claim: Claim, day: date, known: PracticeRecords
) -> PracticeRecords:
    assert claim.rendering_provider is not None
    served = min(one.service_date for one in claim.lines if one.service_date)
    span = Enrollment(
        clinician_npi=claim.rendering_provider.npi,
        payer_id=claim.payer.payer_id,
        effective_on=served,
        recorded_on=day,
    )
    return msgspec.structs.replace(known, enrollments=(*known.enrollments, span))


_SUPPOSED = {
    FixKind.VERIFY_ELIGIBILITY: _with_check,
    FixKind.SETTLE_OTHER_PAYER: _with_check,
    FixKind.FINISH_ENROLLMENT: _with_enrollment,
}


def test_sets_hold_what_they_promise(scorer: Scorer, claims: list[Claim]) -> None:
    reached = 0
    for score in scorer.score(claims):
        assert score.fixes is not None
        by_id = {one.fix_id: one for one in score.fixes.fixes}
        assert len(by_id) == len(score.fixes.fixes), "every id names one fix"
        for chosen in filter(None, (score.fixes.smallest, score.fixes.by_correction)):
            assert chosen.fix_ids
            assert set(chosen.fix_ids) <= set(by_id)
            assert len(chosen.risks_after) == len(chosen.fix_ids)
            if chosen.reaches:
                last = chosen.risks_after[-1]
                assert (last or 0.0) <= score.fixes.accepted_risk
                assert not chosen.still_found
                reached += 1
        if score.fixes.by_correction is not None:
            assert all(by_id[one].edits for one in score.fixes.by_correction.fix_ids)
        for one in score.fixes.fixes:
            if one.fix_class is FixClass.NEVER_SUGGESTED:
                assert one.risk_after is None
                assert not one.edits
    assert reached


def test_a_claim_that_is_fit_to_send_has_nothing_to_do(
    simulated_store: SimulatedStore,  # noqa: F811
    records: PracticeRecords,
) -> None:
    lenient = PracticeRules(
        written=OrganizationRules(decision=DecisionPolicy(accepted_risk=0.999))
    )
    scored = scorer_of(simulated_store, records, lenient).score(
        simulated_store.outgoing
    )
    for score in scored:
        assert score.fixes is not None
        found = {one.rule_id for one in score.findings if one.verdict == "found"}
        if not found:
            assert score.fixes.fixes == ()
        assert score.fixes.smallest is None or any(
            one.severity in ("reject", "hold") for one in score.findings
        )


def test_a_risk_that_is_no_estimate_promises_nothing(
    simulated_store: SimulatedStore,  # noqa: F811
    scorer: Scorer,
) -> None:
    claim = simulated_store.outgoing[0]
    elsewhere = msgspec.structs.replace(
        claim,
        payer=msgspec.structs.replace(claim.payer, payer_id="NOBODY"),
        total_charge=claim.total_charge + 5,
    )
    [score] = scorer.score([elsewhere])
    assert score.abstains
    assert score.fixes is not None
    assert FixKind.CORRECT_TOTAL_CHARGE in {one.kind for one in score.fixes.fixes}
    for fix in score.fixes.fixes:
        assert fix.risk_after is None
        assert fix.dollars_protected is None


@pytest.fixture(scope="module")
def unheard_of(simulated_store: SimulatedStore, scorer: Scorer) -> list[Claim]:  # noqa: F811
    """Claims with a mistake that the model has never seen, and not without it."""
    outgoing = simulated_store.outgoing[:60]
    seen = [
        claim
        for claim, score in zip(outgoing, scorer.score(outgoing), strict=True)
        if not score.abstains
    ]
    mistaken = [
        msgspec.structs.replace(
            claim,
            lines=tuple(
                msgspec.structs.replace(line, modifiers=(*line.modifiers, "GQ"))
                for line in claim.lines
            ),
        )
        for claim in seen
    ]
    scores = scorer.score(mistaken)
    return [
        claim for claim, score in zip(mistaken, scores, strict=True) if score.abstains
    ]


def test_a_mistake_that_makes_the_model_abstain_does_not_hide_the_risk_without_it(
    scorer: Scorer, unheard_of: list[Claim]
) -> None:
    told_after = 0
    for claim, score in zip(unheard_of, scorer.score(unheard_of), strict=True):
        for fix in fixes_of(score, FixClass.DATA_CORRECTION):
            edits = fix.edits
            [draft] = draft_corrections(
                [claim],
                [score],
                {0: [fix.fix_id]},
                lambda one, day: scorer.score([one], as_of=day)[0],
            )
            [after] = scorer.score([corrected(claim, edits)])
            assert fix.risk_after == told(after)
            assert fix.dollars_protected is None, "the loss before is not known"
            if fix.risk_after is not None:
                assert draft.risk_after == fix.risk_after
                told_after += 1
    assert told_after > 5


def test_a_draft_is_the_claim_with_the_corrections_and_reads_back(
    scorer: Scorer, claims: list[Claim]
) -> None:
    scores = scorer.score(claims)
    position = next(
        place
        for place, score in enumerate(scores)
        if len(fixes_of(score, FixClass.DATA_CORRECTION)) >= 2
    )
    names = [one.fix_id for one in fixes_of(scores[position], FixClass.DATA_CORRECTION)]
    [draft] = draft_corrections(
        claims,
        scores,
        {position: names},
        lambda one, day: scorer.score([one], as_of=day)[0],
    )
    edits = [edit for fix in draft.fixes for edit in fix.edits]
    expected = corrected(claims[position], edits)
    assert draft.claim == msgspec.structs.replace(expected, source=None)
    assert draft.risk_before == scores[position].probability
    content = draft_file([draft], created_at=NOW)
    [read] = read_bytes(content, file="draft.edi").records
    assert isinstance(read, Claim)
    assert msgspec.structs.replace(read, source=None) == draft.claim
    assert content.split(b"~")[0].split(b"*")[15] == b"T", "marked as test data"


def test_only_data_corrections_are_drafted(scorer: Scorer, claims: list[Claim]) -> None:
    scores = scorer.score(claims)
    position, step = next(
        (place, fix)
        for place, score in enumerate(scores)
        for fix in fixes_of(score, FixClass.NEEDS_ANOTHER_STEP)
    )

    def again(claim: Claim, day: date) -> RiskScore:
        return scorer.score([claim], as_of=day)[0]

    with pytest.raises(FixRefused, match="no data correction"):
        draft_corrections(claims, scores, {position: [step.fix_id]}, again)
    with pytest.raises(InputError, match=f"claim {position + 1}: .*no fix of that"):
        draft_corrections(claims, scores, {position: ["change_everything"]}, again)


def test_what_is_not_tried_is_named_all_the_same(
    simulated_store: SimulatedStore,  # noqa: F811
    records: PracticeRecords,
    scorer: Scorer,
) -> None:
    claim = next(
        claim
        for claim, score in zip(
            simulated_store.outgoing,
            scorer.score(simulated_store.outgoing),
            strict=True,
        )
        if not score.abstains and claim.rendering_provider is not None
    )
    first, clinician = claim.lines[0], claim.rendering_provider
    assert first.service_date is not None
    assert clinician is not None
    lines = tuple(
        msgspec.structs.replace(
            first,
            line_number=number,
            procedure_code="90834",
            service_date=first.service_date - timedelta(days=number),
        )
        for number in range(1, 13)
    )
    notes = tuple(
        Encounter(
            encounter_id=f"ZZQNOTE{line.line_number}",
            service_date=line.service_date or first.service_date,
            clinician_npi=clinician.npi,
            medical_record_number="ZZQNEW",
            signed_on=line.service_date,
        )
        for line in lines
    )
    known = msgspec.structs.replace(records, encounters=(*records.encounters, *notes))
    new_patient = msgspec.structs.replace(
        claim,
        lines=lines,
        medical_record_number="ZZQNEW",
        subscriber=msgspec.structs.replace(claim.subscriber, member_id="ZZQNEW"),
    )
    [score] = scorer_of(simulated_store, known).score([new_patient])
    named = {one.fix_id: one for one in fixes_of(score, *FixClass)}
    assert named["file_treatment_plan:12"].risk_after is None
    tried = [one for one in named.values() if one.risk_after is not None]
    assert len(tried) <= MOST_TRIED_ALONE
    for one in named.values():
        assert one.risk_after is not None or not one.raises
