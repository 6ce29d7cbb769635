"""Many denied lines of one practice judged together, from the practice's records."""

from datetime import date, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from denialml.appeals.routing import choose_route
from denialml.domain.claim import Claim
from denialml.domain.coverage import (
    Authorization,
    EligibilityCheck,
    EligibilityResult,
    Payer,
    PayerType,
)
from denialml.domain.denial import RootCause, Route
from denialml.domain.facts import (
    AuthorizationState,
    EnrollmentState,
    PracticeRecords,
    SubmittedClaim,
)
from denialml.modeling.root_cause.root_cause_book import DeniedLine, RootCauseBook
from denialml.reference import adjustment_reasons, remark_codes
from tests.appeals.test_deadlines import denied
from tests.modeling.test_root_cause import CLAIM, LINE, answer, finding


def denied_line(codes: str, claim: Claim = CLAIM, received: int = 1) -> DeniedLine:
    adjudicated = msgspec.structs.replace(
        answer(codes), received_on=date(2025, 4, received)
    )
    return DeniedLine(
        adjudicated=adjudicated, claim=claim, line=LINE, submitted_on=date(2025, 3, 8)
    )


def records(**kept: tuple) -> PracticeRecords:
    sent = SubmittedClaim(claim_id="c1", submitted_on=date(2025, 3, 8), claim=CLAIM)
    return PracticeRecords(submitted_claims=(sent,), **kept)


def test_findings_come_in_the_order_of_the_lines():
    found = RootCauseBook(records()).find([denied_line("CO-29"), denied_line("CO-50")])
    assert [one.root_cause for one in found] == [
        RootCause.TIMELY_FILING,
        RootCause.MEDICAL_NECESSITY,
    ]


def test_the_books_facts_are_those_of_the_day_the_claim_was_sent():
    authorization = Authorization(
        authorization_number="A1",
        payer_id="P1",
        member_id="M1",
        issued_on=date(2025, 3, 20),
        procedure_codes=("90837",),
        begins_on=date(2025, 1, 1),
        ends_on=date(2025, 12, 31),
    )
    late = RootCauseBook(records(authorizations=(authorization,)))
    assert late.find([denied_line("CO-197")])[0].root_cause is RootCause.AUTH_MISSING
    in_hand = msgspec.structs.replace(
        authorization, issued_on=date(2025, 3, 1), ends_on=date(2025, 3, 3)
    )
    book = RootCauseBook(records(authorizations=(in_hand,)))
    found = book.find([denied_line("CO-197")])[0]
    assert found.root_cause is RootCause.AUTH_MISMATCH
    assert "The authorization on file had expired before the service." in found.basis


def test_an_inactive_answer_tells_under_a_general_code():
    check = EligibilityCheck(
        checked_on=date(2025, 3, 1),
        payer_id="P1",
        member_id="M1",
        result=EligibilityResult.INACTIVE,
    )
    found = RootCauseBook(records(eligibility_checks=(check,))).find(
        [denied_line("CO-16")]
    )[0]
    assert found.root_cause is RootCause.ELIGIBILITY_COVERAGE
    assert "The last eligibility answer was inactive." in found.basis


@pytest.mark.parametrize(
    ("checked_on", "as_of", "cause"),
    [
        pytest.param(20, None, "eligibility_coverage", id="before-the-answer"),
        pytest.param(20, date(2025, 4, 10), "eligibility_coverage", id="by-today"),
        pytest.param(45, None, "claim_data_error", id="after-the-answer-unseen"),
        pytest.param(45, date(2025, 5, 1), "eligibility_coverage", id="seen-by-then"),
    ],
)
def test_an_eligibility_answer_that_came_later_counts_once_it_is_known(
    checked_on, as_of, cause
):
    check = EligibilityCheck(
        checked_on=date(2025, 3, 1) + timedelta(days=checked_on),
        payer_id="P1",
        member_id="M1",
        result=EligibilityResult.INACTIVE,
        coverage_end=date(2025, 2, 28),
    )
    book = RootCauseBook(records(eligibility_checks=(check,)), as_of=as_of)
    found = book.find([denied_line("CO-31")])[0]
    assert found.root_cause == RootCause(cause)
    later = "A later eligibility answer showed coverage ending before the service."
    assert (later in found.basis) is (cause == "eligibility_coverage")


def test_an_upheld_answer_takes_the_cause_of_the_first_of_the_same_service():
    first, upheld = RootCauseBook(records()).find(
        [denied_line("CO-197"), denied_line("CO-193", received=20)]
    )
    assert upheld.root_cause is first.root_cause is RootCause.AUTH_MISSING
    other = msgspec.structs.replace(CLAIM, patient_control_number="PCN2")
    _, unrelated = RootCauseBook(records()).find(
        [denied_line("CO-197"), denied_line("CO-193", other, received=20)]
    )
    assert not unrelated.basis[0].startswith("The payer upheld")


def test_no_lines_no_findings():
    assert RootCauseBook(records()).find([]) == []


REASONS = st.sampled_from([*sorted(adjustment_reasons()), "ZZZ"])
REMARKS = st.sampled_from([*sorted(remark_codes()), "N9999"])
OPTIONAL_DAYS = st.none() | st.integers(-30, 900)


@settings(max_examples=150, deadline=None)
@given(
    groups=st.lists(
        st.tuples(st.sampled_from(["CO", "PR", "OA", "PI"]), REASONS),
        max_size=4,
    ),
    remarks=st.lists(REMARKS, max_size=4),
    payer_type=st.sampled_from(list(PayerType)),
    changes=st.fixed_dictionaries(
        {},
        optional={
            "authorization_state": st.sampled_from(list(AuthorizationState)),
            "enrollment_state": st.sampled_from(list(EnrollmentState)),
            "documented_minutes": st.none() | st.integers(0, 200),
            "filing_lag_days": OPTIONAL_DAYS,
            "filing_limit_days": st.none() | st.integers(30, 365),
            "eligibility_age_days": OPTIONAL_DAYS,
            "visits_remaining": st.none() | st.integers(0, 40),
            "same_service_already_sent": st.booleans(),
            "is_telehealth": st.booleans(),
            "other_payer_named": st.booleans(),
            "diagnosis_codes": st.sampled_from([(), ("F329",), ("Z630",), ("F411",)]),
        },
    ),
)
def test_any_codes_and_facts_give_a_sound_finding_and_a_route(
    groups, remarks, payer_type, changes
):
    codes = " ".join(f"{group}-{reason}" for group, reason in groups)
    found = finding(codes, *remarks, **changes)
    shares = [one.probability for one in found.probabilities]
    assert sum(shares) <= 1.0 + 1e-9
    assert all(0.0 < share <= 1.0 for share in shares)
    assert found.basis
    if found.root_cause is None:
        assert shares == []
    else:
        assert found.probability == max(shares)
        assert found.runner_up is not found.root_cause
    denial = msgspec.structs.replace(
        denied(date(2025, 4, 1)),
        adjustments=answer(codes).adjustments,
        remark_codes=tuple(remarks),
        paid=Decimal(0),
    )
    payer = Payer(payer_id="P1", name="Northgate", payer_type=payer_type)
    chosen = choose_route(denial, found, payer=payer)
    assert chosen.reason
    if payer_type is PayerType.MEDICARE:
        assert chosen.route is not Route.CORRECTED_CLAIM
        if "29" in {reason for _, reason in groups} and (
            found.root_cause is RootCause.TIMELY_FILING
        ):
            assert chosen.route is not Route.APPEAL


@pytest.mark.parametrize("codes", ["CO-16", "CO-96", "CO-A1", "CO-252"])
def test_the_broadest_codes_alone_leave_the_cause_in_doubt(codes: str):
    assert finding(codes).probability < 0.75
