"""The training table: labels, censoring and the arrow of time."""

from datetime import date, timedelta

import msgspec
import numpy as np

from denialml.domain.acknowledgment import ClaimAcknowledgment
from denialml.domain.adjudication import LineOutcome
from denialml.domain.coverage import EligibilityCheck, EligibilityResult
from denialml.domain.encounter import Encounter
from denialml.domain.facts import PracticeRecords, SubmittedClaim
from denialml.modeling.risk.frames import NEVER, Frame, build_frame
from tests.modeling.small_practice import answer, make_claim, make_practice

DAY = date(2024, 3, 4)
CUT = date(2023, 9, 1)


def sent(claim_id: str, day: date, **claim: object) -> SubmittedClaim:
    made = make_claim(claim_id.upper(), day=day, **claim)  # type: ignore[arg-type]
    assert made.submitted_on is not None
    return SubmittedClaim(claim_id=claim_id, submitted_on=made.submitted_on, claim=made)


def keys(frame: Frame) -> list[tuple[str, int]]:
    return [(one.claim_id, one.line.line_number) for one in frame.lines]


def test_one_row_per_line_of_each_original_submission() -> None:
    records = PracticeRecords(
        submitted_claims=(
            sent("c1", DAY, codes=("90837", "90785")),
            sent("c2", DAY, frequency_code="7"),
        ),
        adjudications=(
            answer("c1", received_on=DAY + timedelta(days=9)),
            answer(
                "c1",
                received_on=DAY + timedelta(days=9),
                line_number=2,
                reason_code="97",
            ),
        ),
    )
    frame = build_frame(records)
    assert keys(frame) == [("c1", 1), ("c1", 2)]
    assert frame.denied.tolist() == [0, 1]
    assert keys(build_frame(records, originals_only=False))[2] == ("c2", 1)


def test_labels_are_initial_and_the_undecided_are_censored() -> None:
    later = DAY + timedelta(days=60)
    first = answer("c1", received_on=DAY + timedelta(days=9), reason_code="197")
    records = PracticeRecords(
        submitted_claims=tuple(sent(f"c{at}", DAY) for at in range(1, 6)),
        adjudications=(
            first,
            msgspec.structs.replace(
                answer("c1", received_on=later), sequence=1, payment_id="second"
            ),
            answer(
                "c2",
                received_on=DAY + timedelta(days=9),
                reason_code="133",
                outcome=LineOutcome.PENDING,
            ),
            answer(
                "c3",
                received_on=DAY + timedelta(days=9),
                reason_code="45",
                outcome=LineOutcome.UNKNOWN,
            ),
            answer(
                "c4",
                received_on=DAY + timedelta(days=9),
                reason_code="150",
                outcome=LineOutcome.PARTIAL,
            ),
        ),
    )
    frame = build_frame(records)
    # denied then overturned, pending, unknown, down-coded, not answered
    assert frame.denied.tolist() == [1, -1, -1, 1, -1]
    assert frame.answered_on[4] == NEVER


def test_an_answer_is_a_label_only_once_it_was_received() -> None:
    records = PracticeRecords(
        submitted_claims=(sent("c1", DAY),),
        adjudications=(answer("c1", received_on=DAY + timedelta(days=9)),),
    )
    frame = build_frame(records)
    received = DAY + timedelta(days=9)
    assert frame.labels(known_by=received).tolist() == [-1]
    assert frame.labels(known_by=received + timedelta(days=1)).tolist() == [0]


def test_a_rejected_submission_is_not_waited_for() -> None:
    records = PracticeRecords(
        submitted_claims=(sent("c1", DAY),),
        acknowledgments=(
            ClaimAcknowledgment(
                patient_control_number="C1",
                accepted=False,
                statuses=(),
                received_on=DAY + timedelta(days=5),
            ),
        ),
    )
    frame = build_frame(records)
    assert frame.rejected_on.tolist() == [(DAY + timedelta(days=5)).toordinal()]


def test_what_comes_later_changes_no_row() -> None:
    """Point in time: a practice that stopped on the cut day has the same rows."""
    whole = make_practice(patients=16, weeks=50)
    # Everything that could be known on the cut day, the day itself left out.
    until = PracticeRecords(
        payers=whole.payers,
        enrollments=whole.enrollments,
        authorizations=tuple(a for a in whole.authorizations if a.issued_on < CUT),
        eligibility_checks=tuple(
            c for c in whole.eligibility_checks if c.checked_on < CUT
        ),
        encounters=tuple(
            e for e in whole.encounters if e.signed_on and e.signed_on < CUT
        ),
        submitted_claims=tuple(
            s for s in whole.submitted_claims if s.submitted_on < CUT
        ),
        adjudications=tuple(a for a in whole.adjudications if a.received_on < CUT),
    )
    more = msgspec.structs.replace(
        whole,
        eligibility_checks=(
            *whole.eligibility_checks,
            *(
                EligibilityCheck(
                    checked_on=CUT,
                    payer_id=payer,
                    member_id=f"M-R{at}",
                    result=EligibilityResult.INACTIVE,
                    coverage_end=date(2023, 1, 1),
                )
                for at in range(16)
                for payer in ("P1", "P2")
            ),
        ),
        encounters=(
            *whole.encounters,
            *(
                Encounter(
                    encounter_id=f"late-{at}",
                    service_date=date(2023, 6, 5),
                    clinician_npi="1888888885",
                    medical_record_number=f"R{at}",
                    minutes=5,
                    signed_on=CUT,
                )
                for at in range(16)
            ),
        ),
    )
    last = CUT - timedelta(days=1)
    then, now = build_frame(until), build_frame(more, to_day=last)
    assert keys(then) == keys(now)
    assert len(then.matrix) > 300
    np.testing.assert_array_equal(then.matrix, now.matrix)


def test_known_by_keeps_later_answers_out_of_history_and_labels() -> None:
    whole = make_practice(patients=16, weeks=50)
    frame = build_frame(whole, known_by=CUT)
    days = [one.submitted_on for one in frame.lines]
    assert max(days) < CUT
    assert frame.answered_on[frame.answered_on < NEVER].max() < CUT.toordinal()


def test_no_column_is_the_label() -> None:
    """A leak canary: no feature alone separates the outcomes of the small practice."""
    frame = build_frame(make_practice(patients=20, weeks=40))
    denied = frame.denied == 1
    for column in frame.matrix.T:
        known = ~np.isnan(column)
        if known.sum() < 200 or len(np.unique(column[known])) < 2:
            continue
        correlation = np.corrcoef(column[known], denied[known])[0, 1]
        assert not abs(correlation) > 0.97
