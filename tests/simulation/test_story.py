"""What happens to a simulated practice, and when it is known."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from stdnum import luhn

from denialml.domain.claim import Claim
from denialml.domain.coverage import EligibilityResult
from denialml.domain.remittance import ClaimPayment
from denialml.simulation import SimulatedPractice, simulate_practice
from tests.simulation.conftest import is_decision


def payments_of(practice: SimulatedPractice) -> Iterator[ClaimPayment]:
    for advice in (*practice.remittances, *practice.newest):
        yield from advice.payments


def sent_on(claim: Claim) -> date:
    assert claim.submitted_on is not None
    return claim.submitted_on


def test_the_same_arguments_give_the_same_practice() -> None:
    first, again = (
        simulate_practice(
            seed=3, claims=200, starts_on=date(2025, 1, 1), ends_on=date(2025, 4, 30)
        )
        for _ in range(2)
    )
    assert first == again


def test_practices_of_one_world_meet_the_same_payers() -> None:
    one, other = (
        simulate_practice(
            seed=seed,
            world=9,
            claims=100,
            starts_on=date(2025, 1, 1),
            ends_on=date(2025, 4, 30),
        )
        for seed in (1, 2)
    )
    assert one.payers == other.payers
    assert one.clinicians != other.clinicians


@pytest.mark.parametrize(
    ("claims", "ends_on", "said"),
    [(0, date(2025, 12, 31), "at least 1"), (10, date(2025, 1, 31), "60 days")],
    ids=["no claims", "too short"],
)
def test_impossible_requests_are_refused(claims: int, ends_on: date, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        simulate_practice(
            seed=1, claims=claims, starts_on=date(2025, 1, 1), ends_on=ends_on
        )


@pytest.mark.parametrize("difficulty", ["easy", "medium", "hard"])
def test_every_difficulty_runs(difficulty: str) -> None:
    practice = simulate_practice(
        seed=6,
        claims=400,
        starts_on=date(2024, 1, 1),
        ends_on=date(2025, 12, 31),
        difficulty=difficulty,  # type: ignore[arg-type]
    )
    sessions = {
        (claim.medical_record_number, line.service_date)
        for claim in practice.claims
        for line in claim.lines
    }
    notes = {
        (one.medical_record_number, one.service_date) for one in practice.encounters
    }
    # Only hard worlds lose notes on export.
    missing = len(sessions - notes) / len(sessions)
    assert 0.02 < missing < 0.09 if difficulty == "hard" else missing == 0


def test_about_as_many_claims_as_asked_for(two_years: SimulatedPractice) -> None:
    originals = {
        claim.patient_control_number
        for claim in (*two_years.claims, *two_years.outgoing)
    }
    assert 0.85 * 8000 < len(originals) < 1.1 * 8000


def test_nothing_is_known_after_the_last_day(two_years: SimulatedPractice) -> None:
    last = two_years.ends_on
    assert max(map(sent_on, two_years.claims)) <= last
    for advice in (*two_years.remittances, *two_years.newest):
        received = advice.remittance.received_on
        assert received is not None
        assert received <= last
    newest = min(advice.remittance.received_on for advice in two_years.newest)  # type: ignore[type-var]
    older = max(advice.remittance.received_on for advice in two_years.remittances)  # type: ignore[type-var]
    assert older < newest  # type: ignore[operator]


def test_outgoing_claims_are_not_sent_and_not_answered(
    two_years: SimulatedPractice,
) -> None:
    assert len(two_years.outgoing) > 20
    # New Year's Day is a holiday; claims go out the day after.
    assert {sent_on(claim) for claim in two_years.outgoing} == {date(2026, 1, 2)}
    answered = {p.patient_control_number for p in payments_of(two_years)}
    assert not answered & {c.patient_control_number for c in two_years.outgoing}


def test_claims_still_pending_have_no_answer(two_years: SimulatedPractice) -> None:
    decisions = filter(is_decision, payments_of(two_years))
    answered = {payment.patient_control_number for payment in decisions}
    submissions = Counter(claim.patient_control_number for claim in two_years.claims)
    pending = {
        row.patient_control_number
        for row in two_years.truth
        if row.status == "pending" and submissions[row.patient_control_number] == 1
    }
    assert len(pending) > 50
    assert not pending & answered


def test_remittances_come_after_their_claims(two_years: SimulatedPractice) -> None:
    first_sent: dict[str, date] = {}
    for claim in two_years.claims:
        first_sent.setdefault(claim.patient_control_number, sent_on(claim))
    for payment in payments_of(two_years):
        received = payment.remittance.received_on
        assert received is not None
        assert received > first_sent[payment.patient_control_number]


def test_every_remittance_balances(two_years: SimulatedPractice) -> None:
    """835 balance at line, claim and payment level (X221 section 1.10.2)."""
    for advice in (*two_years.remittances, *two_years.newest):
        for payment in advice.payments:
            of_lines = Decimal(0)
            for service in payment.service_payments:
                taken = sum((one.amount for one in service.adjustments), Decimal(0))
                assert service.charge == service.paid + taken
                of_lines += taken
            of_claim = sum((one.amount for one in payment.adjustments), Decimal(0))
            assert payment.charge == payment.paid + of_claim + of_lines
        paid = sum((one.paid for one in advice.payments), Decimal(0))
        moved = sum((one.amount for one in advice.adjustments), Decimal(0))
        assert advice.remittance.payment == paid - moved
        assert advice.remittance.payment >= 0


def test_reversals_undo_what_was_answered(two_years: SimulatedPractice) -> None:
    answers = {
        one.payer_claim_control_number: one
        for one in payments_of(two_years)
        if one.status_code != "22"
    }
    reversals = [one for one in payments_of(two_years) if one.status_code == "22"]
    assert len(reversals) > 20
    for one in reversals:
        undone = answers[one.payer_claim_control_number]
        assert (one.charge, one.paid) == (-undone.charge, -undone.paid)
        assert undone.remittance.received_on is not None
        assert one.remittance.received_on is not None
        assert undone.remittance.received_on < one.remittance.received_on


def test_corrected_claims_name_what_they_replace(
    two_years: SimulatedPractice,
) -> None:
    answers = {one.payer_claim_control_number for one in payments_of(two_years)}
    corrected = [one for one in two_years.claims if one.frequency_code == "7"]
    assert len(corrected) > 100
    for claim in corrected:
        assert claim.original_payer_claim_control_number in answers
    # Original Medicare takes no replacement claims (corrections E03).
    assert all(claim.payer.payer_id != "SIM08" for claim in corrected)


def test_rejected_claims_are_sent_again_and_are_no_denials(
    two_years: SimulatedPractice,
) -> None:
    rejected = [one for one in two_years.acknowledgments if one.accepted is False]
    assert 0.01 < len(rejected) / len(two_years.acknowledgments) < 0.08
    rows = [row for row in two_years.truth if row.status == "rejected"]
    assert rows
    assert all(row.denied is None and row.root_cause is None for row in rows)


def test_paid_zero_is_not_always_a_denial(two_years: SimulatedPractice) -> None:
    """In January and February many claims go to the deductible (PR-1)."""
    to_deductible = [
        payment
        for payment in payments_of(two_years)
        if payment.paid == 0
        and payment.status_code == "1"
        and all(
            any(one.reason_code == "1" for one in service.adjustments)
            for service in payment.service_payments
        )
    ]
    early = [
        one
        for one in to_deductible
        if one.statement_from and one.statement_from.month <= 2
    ]
    assert len(to_deductible) > 200
    assert len(early) > len(to_deductible) / 3


@pytest.mark.parametrize(
    ("what", "found"),
    [
        (
            "one line denied, another paid",
            lambda payment: (
                payment.status_code == "1"
                and len({service.paid > 0 for service in payment.service_payments}) == 2
            ),
        ),
        (
            "denied as a whole, without lines",
            lambda payment: payment.status_code == "4" and payment.adjustments,
        ),
        (
            "paid as a shorter session",
            lambda payment: any(
                service.submitted_procedure_code == "90837"
                and service.procedure_code == "90834"
                and service.paid > 0
                for service in payment.service_payments
            ),
        ),
        (
            "forwarded to the supplemental plan",
            lambda payment: (
                payment.status_code == "19"
                and payment.crossover_payer_id == "SIM11"
                and payment.remark_codes == ("MA18",)
            ),
        ),
        (
            "pended for review",
            lambda payment: (
                payment.status_code == "1"
                and all(
                    one.reason_code == "133"
                    for service in payment.service_payments
                    for one in service.adjustments
                )
            ),
        ),
        (
            "written off and denied in one line",
            lambda payment: any(
                {"45", "197"} == {one.reason_code for one in service.adjustments}
                for service in payment.service_payments
            ),
        ),
        (
            "answered by the supplemental plan",
            lambda payment: (
                payment.status_code == "2"
                and payment.remittance.payer_id == "SIM11"
                and payment.paid > 0
            ),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_answers_of_every_kind_occur(
    two_years: SimulatedPractice, what: str, found: object
) -> None:
    assert any(found(payment) for payment in payments_of(two_years)), what  # type: ignore[operator]


def test_second_plans_pay_what_the_first_left(two_years: SimulatedPractice) -> None:
    """The second claim carries the first payer's answer (2320), which balances."""
    sent = {claim.patient_control_number: claim for claim in two_years.claims}
    second = [
        claim
        for claim in two_years.claims
        if claim.subscriber.payer_responsibility_code == "S"
    ]
    assert len(second) > 20
    for claim in second:
        (first,) = claim.other_payers
        assert first.paid is not None
        assert first.adjudicated_on is not None
        assert first.adjudicated_on < sent_on(claim)
        taken = sum((one.amount for one in first.adjustments), Decimal(0))
        assert claim.total_charge == first.paid + taken
        stem = claim.patient_control_number.removesuffix("S")
        assert sent[stem].payer.payer_id == first.payer_id != claim.payer.payer_id
    shares = {
        claim.patient_control_number: sum(
            (
                one.amount
                for one in claim.other_payers[0].adjustments
                if one.group_code == "PR"
            ),
            Decimal(0),
        )
        for claim in second
    }
    answers = [
        payment
        for payment in payments_of(two_years)
        if payment.patient_control_number in shares and payment.status_code == "2"
    ]
    assert answers
    whole = [
        payment
        for payment in answers
        if payment.paid == shares[payment.patient_control_number]
    ]
    assert len(whole) > 0.9 * len(answers)


def test_coverage_dated_back_is_recouped(two_years: SimulatedPractice) -> None:
    """Paid first, then reversed and denied for coverage that had ended (CARC 27)."""
    recouped = 0
    paid: dict[str, bool] = {}
    for payment in payments_of(two_years):
        number = payment.patient_control_number
        reasons = {
            one.reason_code
            for service in payment.service_payments
            for one in service.adjustments
        }
        if payment.status_code == "22" and payment.paid < 0:
            paid[number] = True
        elif paid.get(number) and payment.status_code == "4" and "27" in reasons:
            recouped += 1
    assert recouped > 0


def test_money_is_taken_back_outside_claims(two_years: SimulatedPractice) -> None:
    reasons = Counter(
        one.reason_code
        for advice in (*two_years.remittances, *two_years.newest)
        for one in advice.adjustments
    )
    assert reasons["WO"] > 0
    assert reasons["L6"] > 0  # interest on late payments


def test_nothing_is_sent_on_weekends_and_holidays(
    two_years: SimulatedPractice,
) -> None:
    closed = {date(2024, 12, 25), date(2025, 7, 4), date(2025, 11, 27)}
    days = set(map(sent_on, two_years.claims))
    assert not days & closed
    assert all(day.weekday() < 5 for day in days)


def test_some_patients_see_two_clinicians(two_years: SimulatedPractice) -> None:
    seen: dict[str, set[str]] = {}
    for claim in two_years.claims:
        assert claim.rendering_provider is not None
        seen.setdefault(claim.medical_record_number, set()).add(
            claim.rendering_provider.npi
        )
    several = sum(len(npis) > 1 for npis in seen.values())
    assert 0.01 < several / len(seen) < 0.12


def test_children_are_billed_under_a_parent(two_years: SimulatedPractice) -> None:
    dependents = [claim for claim in two_years.claims if claim.patient is not None]
    assert dependents
    for claim in dependents:
        assert claim.patient is not None
        assert claim.patient.relationship_code == "19"
        assert claim.subscriber.relationship_code == ""
        assert claim.patient.first_name != "" != claim.subscriber.first_name


def test_identifiers_are_invented_and_well_formed(
    two_years: SimulatedPractice,
) -> None:
    for clinician in two_years.clinicians:
        assert clinician.npi.startswith("1999")
        assert luhn.is_valid(f"80840{clinician.npi}")
    for claim in two_years.claims[:200]:
        assert claim.subscriber.member_id.startswith("ZZ")
        assert claim.medical_record_number
        assert claim.payer.payer_id.startswith("SIM")


def test_some_payers_are_configured_and_some_are_not(
    two_years: SimulatedPractice,
) -> None:
    limits = [payer.filing_limit_days for payer in two_years.payers]
    assert None in limits
    assert any(limit is not None for limit in limits)


def test_coverage_that_ended_is_shown_as_inactive(
    two_years: SimulatedPractice,
) -> None:
    inactive = [
        check
        for check in two_years.eligibility_checks
        if check.result is EligibilityResult.INACTIVE
    ]
    assert inactive
    assert all(
        check.coverage_end is not None and check.coverage_end < check.checked_on
        for check in inactive
    )


def test_denials_are_worked(two_years: SimulatedPractice) -> None:
    """About four in ten denied claims are paid in the end, new coverage included."""
    first: dict[str, bool] = {}
    ever: dict[str, bool] = {}
    until = two_years.ends_on - timedelta(days=200)
    for payment in payments_of(two_years):
        number, paid = payment.patient_control_number, payment.paid > 0
        received = payment.remittance.received_on
        assert received is not None
        if payment.status_code == "4" and received <= until:
            first.setdefault(number, False)
        # Claims billed again to new coverage keep the stem of their number.
        ever[number[:8]] = ever.get(number[:8], False) or paid
    recovered = [ever[number[:8]] for number in first]
    assert 0.25 < sum(recovered) / len(recovered) < 0.65
