"""Appeals are decided by what was attached, and the law of it is what is recorded."""

from collections import Counter

import numpy as np
import pytest

from denialml.domain.denial import RootCause
from denialml.simulation import SimulatedPractice
from denialml.simulation.appealing import (
    REQUIRED_EVIDENCE,
    evidence_score,
    win_chance,
)

NECESSITY = RootCause.MEDICAL_NECESSITY
ALL_FOUR = ["progress_note", "treatment_plan", "intake_evaluation", "phq_gad_scores"]


@pytest.mark.parametrize(
    ("serving", "harmful", "expected"),
    [
        ([], 0, 0.0),
        (["progress_note"], 0, 0.25),
        (["progress_note", "crisis_note"], 0, 0.25),
        (["level_of_care_tool"], 0, 0.5),
        (ALL_FOUR, 0, 1.0),
        (ALL_FOUR, 1, 0.7),
        (["progress_note"], 2, 0.0),
        (["license"], 0, 0.0),
    ],
    ids=[
        "nothing attached",
        "one of four",
        "a group counts once",
        "one document for two groups",
        "all four",
        "all four and a trap",
        "never below nothing",
        "beside the point",
    ],
)
def test_evidence_score(serving: list[str], harmful: int, expected: float) -> None:
    score = evidence_score(NECESSITY, serving=serving, harmful=harmful)
    assert score == pytest.approx(expected)


@pytest.mark.parametrize(
    ("evidence", "payer_error", "leniency", "late", "level", "expected"),
    [
        (0.6, False, 0.0, False, 1, 1 / (1 + np.exp(0.4))),
        (1.0, False, 0.0, False, 1, 1 / (1 + np.exp(0.4 - 0.88))),
        (0.6, True, 0.0, False, 1, 1 / (1 + np.exp(-1.6))),
        (0.6, False, 0.9, False, 1, 1 / (1 + np.exp(-0.5))),
        (0.6, False, 0.0, True, 1, 1 / (1 + np.exp(2.9))),
        (0.6, False, 9.0, False, 2, 1 / (1 + np.exp(-0.25))),
    ],
    ids=["some", "all evidence", "payer's error", "lenient", "late", "second level"],
)
def test_win_chance(
    evidence: float,
    payer_error: bool,
    leniency: float,
    late: bool,
    level: int,
    expected: float,
) -> None:
    chance = win_chance(
        NECESSITY,
        evidence=evidence,
        payer_error=payer_error,
        leniency=leniency,
        late=late,
        level=level,
    )
    assert chance == pytest.approx(expected)


def test_every_cause_has_required_evidence() -> None:
    assert set(REQUIRED_EVIDENCE) == set(RootCause)


def test_appeals_are_won_as_often_as_their_chance(
    two_years: SimulatedPractice,
) -> None:
    decided = [one for one in two_years.appeals if one.won is not None]
    chances = np.array([one.win_probability for one in decided])
    won = np.array([float(bool(one.won)) for one in decided])
    spread = float(np.sqrt((chances * (1 - chances)).sum()))
    assert len(decided) > 150
    assert abs(float((won - chances).sum())) < 3 * spread


def test_the_score_follows_from_documents_on_file(
    two_years: SimulatedPractice,
) -> None:
    kinds = {one.document_id: one.kind for one in two_years.documents}
    for appeal in two_years.appeals:
        assert set(appeal.harmful) <= set(appeal.evidence)
        serving = [
            kinds[one] for one in appeal.evidence if one not in set(appeal.harmful)
        ]
        expected = evidence_score(
            appeal.root_cause, serving=serving, harmful=len(appeal.harmful)
        )
        assert appeal.evidence_score == pytest.approx(expected)


def test_documents_attached_are_about_the_patient_of_the_claim(
    two_years: SimulatedPractice,
) -> None:
    patients = {
        one.patient_control_number: one.medical_record_number
        for one in two_years.claims
    }
    documents = {one.document_id: one for one in two_years.documents}
    for appeal in two_years.appeals:
        for document_id in appeal.evidence:
            filed = documents[document_id].medical_record_number
            assert filed in ("", patients[appeal.patient_control_number])


def test_harmful_documents_are_labeled_traps(two_years: SimulatedPractice) -> None:
    """But for plans and authorizations, whose fault depends on the service day."""
    refused = {one.document_id for one in two_years.document_truth if not one.attach}
    kinds = {one.document_id: one.kind for one in two_years.documents}
    for appeal in two_years.appeals:
        for document_id in appeal.harmful:
            by_day = kinds[document_id] in ("treatment_plan", "auth_letter")
            assert by_day or document_id in refused


def test_won_appeals_are_reversed_and_paid(two_years: SimulatedPractice) -> None:
    answers = Counter(
        (payment.payer_claim_control_number, payment.status_code == "22")
        for advice in (*two_years.remittances, *two_years.newest)
        for payment in advice.payments
    )
    paid_on = {
        (payment.patient_control_number, advice.remittance.received_on)
        for advice in (*two_years.remittances, *two_years.newest)
        for payment in advice.payments
        if payment.status_code != "22"
    }
    for appeal in two_years.appeals:
        reversed_ = answers[appeal.payer_claim_control_number, True]
        if appeal.won:
            assert reversed_
            assert (appeal.patient_control_number, appeal.decided_on) in paid_on
    lost = [one for one in two_years.appeals if one.won is False]
    assert lost


def test_a_second_level_follows_a_lost_first(two_years: SimulatedPractice) -> None:
    first = {
        one.payer_claim_control_number: one
        for one in two_years.appeals
        if one.level == 1
    }
    second = [one for one in two_years.appeals if one.level == 2]
    assert second
    for one in second:
        before = first[one.payer_claim_control_number]
        assert before.won is False
        assert before.decided_on is not None
        assert before.decided_on < one.filed_on
