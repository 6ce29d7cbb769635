"""A simulated practice as the store would hand it out, without files or a database.

For benchmarks and tests that need many worlds quickly. Matching is the store's own.
"""

from collections import defaultdict
from datetime import date

from denialml.domain.adjudication import LineAdjudication
from denialml.domain.facts import PracticeRecords, SubmittedClaim
from denialml.simulation import SimulatedPractice
from denialml.store.line_matching import normal_control_number
from denialml.store.matching import Answer, match_group


def records_of(practice: SimulatedPractice) -> PracticeRecords:
    """All records of the practice; claim ids are running numbers."""
    submissions: dict[str, list[SubmittedClaim]] = defaultdict(list)
    submitted = []
    for position, claim in enumerate(practice.claims):
        assert claim.submitted_on is not None
        one = SubmittedClaim(
            claim_id=f"claim-{position:07}",
            submitted_on=claim.submitted_on,
            claim=claim,
        )
        submitted.append(one)
        key = normal_control_number(claim.patient_control_number)
        submissions[key].append(one)
    return PracticeRecords(
        payers=practice.payers,
        clinicians=practice.clinicians,
        enrollments=practice.enrollments,
        eligibility_checks=practice.eligibility_checks,
        authorizations=practice.authorizations,
        encounters=practice.encounters,
        submitted_claims=tuple(submitted),
        adjudications=_adjudications(practice, submissions),
        acknowledgments=practice.acknowledgments,
    )


def _adjudications(
    practice: SimulatedPractice, submissions: dict[str, list[SubmittedClaim]]
) -> tuple[LineAdjudication, ...]:
    answers: dict[str, list[Answer]] = defaultdict(list)
    position = 0
    for advice in (*practice.remittances, *practice.newest):
        received_on = advice.remittance.received_on
        assert received_on is not None
        for payment in advice.payments:
            key = normal_control_number(payment.patient_control_number)
            answers[key].append(Answer(f"payment-{position:07}", received_on, payment))
            position += 1
    matched: list[LineAdjudication] = []
    for key, group in answers.items():
        matched.extend(match_group(submissions[key], group).adjudications)
    return tuple(matched)


def first_day_of(practice: SimulatedPractice) -> date:
    """The first submission day."""
    return min(claim.submitted_on for claim in practice.claims if claim.submitted_on)
