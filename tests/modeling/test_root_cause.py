"""Root causes of denied lines: codes anchor, what is on file decides, doubt is kept."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from denialml.domain.adjudication import LineAdjudication, LineOutcome
from denialml.domain.claim import (
    Claim,
    ClaimPayer,
    Diagnosis,
    Provider,
    ServiceLine,
    Subscriber,
)
from denialml.domain.coverage import EligibilityResult, Payer, PayerType
from denialml.domain.denial import RootCause, RootCauseFinding
from denialml.domain.encounter import Modality
from denialml.domain.facts import AuthorizationState, EnrollmentState, LineFacts
from denialml.domain.remittance import ClaimAdjustment
from denialml.modeling import root_cause
from denialml.modeling.root_cause.cause_signs import find_signs
from denialml.modeling.root_cause.cause_tendencies import learn_tendencies
from denialml.modeling.root_cause.judgment import (
    conclude,
    dictionary_cause,
    find_root_cause,
    weigh_line,
)
from denialml.modeling.root_cause.sign import SignContext
from denialml.reference import cause_signs, root_causes

LINE = ServiceLine(
    line_number=1,
    procedure_code="90837",
    charge=Decimal("180.00"),
    service_date=date(2025, 3, 4),
    place_of_service="11",
)
CLAIM = Claim(
    patient_control_number="PCN1",
    total_charge=Decimal("180.00"),
    payer=ClaimPayer(payer_id="P1", name="Northgate"),
    subscriber=Subscriber(member_id="M1"),
    billing_provider=Provider(name="Clinic", npi="1234567893"),
    lines=(LINE,),
    diagnoses=(Diagnosis(code="F411", qualifier="ABK"),),
    submitted_on=date(2025, 3, 8),
)
# A line with nothing remarkable on file: settled patient, checked, in person, on time.
PLAIN = LineFacts(
    as_of=date(2025, 3, 8),
    service_date=date(2025, 3, 4),
    filing_lag_days=4,
    filing_limit_days=90,
    authorization_state=AuthorizationState.NONE,
    authorization_number="",
    authorization_number_on_claim=False,
    authorization_units_left=None,
    authorization_days_left=None,
    visits_this_year=8,
    visit_number=20,
    encounter_on_file=True,
    note_signed=True,
    documented_minutes=56,
    code_minutes_minimum=53,
    code_minutes_maximum=None,
    modality=Modality.IN_PERSON,
    treatment_plan_age_days=40,
    eligibility_result=EligibilityResult.ACTIVE,
    eligibility_age_days=3,
    coverage_ended_before_service=False,
    other_payer_named=False,
    mental_health_active=True,
    visits_remaining=None,
    enrollment_state=EnrollmentState.ENROLLED,
    enrollment_age_days=800,
    license_valid=True,
    is_telehealth=False,
    place_of_service_expected="",
    telehealth_modifier_expected="",
    same_service_already_sent=False,
    other_codes_same_day=(),
    diagnosis_codes=("F411",),
    days_since_patient_paid=7,
    days_since_patient_denied=None,
    patient_last_denial_reasons=(),
)


def answer(codes: str, *remarks: str, paid: str = "0") -> LineAdjudication:
    """A denying answer from ``CO-197:180 CO-45:20`` and remark codes."""
    adjustments = []
    for word in codes.split():
        group_and_reason, _, amount = word.partition(":")
        group, _, reason = group_and_reason.partition("-")
        adjustments.append(
            ClaimAdjustment(
                group_code=group, reason_code=reason, amount=Decimal(amount or "180")
            )
        )
    return LineAdjudication(
        claim_id="c1",
        line_number=1,
        payment_id="p1",
        received_on=date(2025, 4, 1),
        outcome=LineOutcome.DENIED,
        charge=Decimal("180"),
        paid=Decimal(paid),
        allowed=None,
        adjustments=tuple(adjustments),
        remark_codes=remarks,
    )


def finding(codes: str, *remarks: str, payer: Payer | None = None, **changes: object):
    facts = msgspec.structs.replace(PLAIN, **changes)
    return find_root_cause(
        answer(codes, *remarks), claim=CLAIM, line=LINE, payer=payer, facts=facts
    )


@pytest.mark.parametrize(
    ("codes", "remarks", "changes", "cause"),
    [
        pytest.param("CO-197", (), {}, "auth_missing", id="no-authorization"),
        pytest.param(
            "CO-197",
            (),
            {"authorization_state": AuthorizationState.EXHAUSTED},
            "auth_mismatch",
            id="197-but-units-used-up",
        ),
        pytest.param(
            "CO-197", ("M62",), {}, "auth_missing", id="E06-M62-with-nothing-on-file"
        ),
        pytest.param(
            "CO-16",
            ("MA130",),
            {"filing_lag_days": 120},
            "timely_filing",
            id="general-code-after-the-limit",
        ),
        pytest.param(
            "CO-16", ("N290",), {}, "claim_data_error", id="E06-N290-decides-under-16"
        ),
        pytest.param("CO-16", ("M76",), {}, "diagnosis_coding", id="16-with-M76"),
        pytest.param(
            "CO-96",
            ("N130",),
            {"documented_minutes": 40},
            "coding_time_units",
            id="96-but-minutes-below-code",
        ),
        pytest.param("CO-29", ("N130",), {}, "timely_filing", id="E06-29-with-any"),
        pytest.param(
            "CO-29",
            (),
            {"filing_limit_days": None},
            "timely_filing",
            id="29-although-sent-within-days",
        ),
        pytest.param(
            "CO-18", (), {}, "duplicate_resubmission", id="18-although-sent-once"
        ),
        pytest.param(
            "CO-97", (), {}, "bundling_same_day", id="97-although-nothing-else-that-day"
        ),
        pytest.param("CO-252", ("N443",), {}, "coding_time_units", id="time-asked-for"),
        pytest.param(
            "CO-16",
            ("M62",),
            {"authorization_state": AuthorizationState.VALID},
            "auth_mismatch",
            id="M62-with-one-on-file",
        ),
        pytest.param("CO-146", ("M84",), {}, "diagnosis_coding", id="E06-146-M84"),
        pytest.param("PR-119", ("N362",), {}, "benefit_limit", id="E06-119-N362"),
        pytest.param("CO-151", ("N362",), {}, "coding_time_units", id="E51-151-N362"),
        pytest.param("CO-50", ("N130",), {}, "medical_necessity", id="E06-50-N130"),
        pytest.param("CO-50", ("M25",), {}, "medical_necessity", id="E06-50-M25"),
        pytest.param("CO-18", ("M86",), {}, "duplicate_resubmission", id="E06-18-M86"),
        pytest.param("CO-97", ("N130",), {}, "bundling_same_day", id="E06-97-N130"),
        pytest.param("CO-27", (), {}, "eligibility_coverage", id="after-coverage"),
        pytest.param(
            "CO-A1",
            ("N448",),
            {"enrollment_state": EnrollmentState.NOT_YET, "enrollment_age_days": -9},
            "provider_eligibility",
            id="A1-before-enrollment",
        ),
        pytest.param(
            "CO-31",
            (),
            {"coverage_ended_before_service": True},
            "eligibility_coverage",
            id="member-not-found-after-coverage",
        ),
        pytest.param(
            "CO-252",
            ("M127",),
            {"other_payer_named": True, "days_since_patient_paid": None},
            "cob_wrong_payer",
            id="records-asked-but-other-coverage",
        ),
        pytest.param(
            "CO-252",
            ("M127",),
            {"note_signed": False, "documented_minutes": None},
            "documentation_insufficient",
            id="records-asked-and-note-unsigned",
        ),
        pytest.param(
            "CO-45:20 CO-B7:160", (), {}, "provider_eligibility", id="several-triplets"
        ),
    ],
)
def test_cause_of_codes_and_what_is_on_file(codes, remarks, changes, cause):
    assert finding(codes, *remarks, **changes).root_cause == RootCause(cause)


def test_capitation_code_means_wrong_payer_at_original_medicare_only():
    medicare = Payer(payer_id="P1", name="Medicare", payer_type=PayerType.MEDICARE)
    assert finding("CO-24", payer=medicare).root_cause is RootCause.COB_WRONG_PAYER
    assert finding("CO-24").root_cause is None
    sent = msgspec.structs.replace(
        CLAIM, subscriber=Subscriber(member_id="M1", claim_filing_code="MB")
    )
    by_filing_code = find_root_cause(answer("CO-24"), claim=sent, line=LINE)
    assert by_filing_code.root_cause is RootCause.COB_WRONG_PAYER


def test_probabilities_are_ordered_and_add_up_to_at_most_one():
    found = finding("CO-16")
    shares = [one.probability for one in found.probabilities]
    assert shares == sorted(shares, reverse=True)
    assert all(share > 0.01 for share in shares)
    assert 0.9 < sum(shares) <= 1.0 + 1e-12
    assert (found.root_cause, found.runner_up) == (
        found.probabilities[0].root_cause,
        found.probabilities[1].root_cause,
    )


def test_a_general_code_leaves_more_doubt_than_a_specific_one():
    assert finding("CO-A1").probability < finding("CO-197").probability


@pytest.mark.parametrize("codes", ["CO-45", "CO-ZZZ", "OA-133", ""])
def test_abstains_when_no_reason_is_known_and_nothing_points_anywhere(codes: str):
    found = finding(codes)
    assert (found.root_cause, found.probability) == (None, 0.0)
    assert found.probabilities == ()
    assert "nothing on file points" in found.basis[0]


def test_unknown_code_is_decided_by_what_is_on_file_where_that_is_strong():
    found = finding("CO-ZZZ", filing_lag_days=200)
    assert found.root_cause is RootCause.TIMELY_FILING
    assert found.basis == (
        "The claim was sent 200 days after the service;"
        " the limit set up for this payer is 90.",
    )


def test_upheld_decision_inherits_the_cause_of_the_first_denial():
    first = finding("CO-197")
    second = find_root_cause(
        answer("CO-193"), claim=CLAIM, line=LINE, facts=PLAIN, first_finding=first
    )
    assert (second.root_cause, second.probability) == (
        first.root_cause,
        first.probability,
    )
    assert second.basis[0].startswith("The payer upheld")


def test_basis_names_the_code_and_the_strongest_fact_in_billing_words():
    found = finding("CO-197", authorization_state=AuthorizationState.EXPIRED)
    assert found.root_cause is RootCause.AUTH_MISMATCH
    assert found.basis == (
        "The payer's reason 197 (Authorization/precert absent) can mean:"
        " Authorization does not fit.",
        "The authorization on file had expired before the service.",
    )


def test_without_facts_only_the_codes_speak():
    found = find_root_cause(answer("CO-197"), claim=CLAIM, line=LINE)
    assert found.root_cause is RootCause.AUTH_MISSING
    assert len(found.basis) == 1


def test_a_tendency_shifts_a_general_code():
    weighed = weigh_line(
        answer("CO-16"), claim=CLAIM, line=LINE, payer=None, facts=PLAIN
    )
    tendency = [0.0] * 17
    tendency[list(RootCause).index(RootCause.BENEFIT_LIMIT)] = 9.0
    assert conclude(weighed).root_cause is not RootCause.BENEFIT_LIMIT
    shifted = conclude(weighed, tendency=tendency)
    assert shifted.root_cause is RootCause.BENEFIT_LIMIT


def weighed_many(codes: str, count: int, payer_id: str = "P1", **changes: object):
    """Evidence of so many equal denied lines at one payer."""
    claim = msgspec.structs.replace(CLAIM, payer=ClaimPayer(payer_id=payer_id))
    facts = msgspec.structs.replace(PLAIN, **changes)
    one = weigh_line(answer(codes), claim=claim, line=LINE, payer=None, facts=facts)
    return [one] * count


def concluded(weighed):
    """Findings of lines judged together."""
    tendencies = learn_tendencies([one.evidence for one in weighed])
    return [
        conclude(one, tendency=tendency)
        for one, tendency in zip(weighed, tendencies, strict=True)
    ]


def share(found: RootCauseFinding, cause: RootCause) -> float:
    """The probability a finding shows for a cause, 0 below one percent."""
    shares = {one.root_cause: one.probability for one in found.probabilities}
    return shares.get(cause, 0.0)


def test_lines_that_are_alike_help_those_whose_code_says_nothing():
    # One payer denies this service as not necessary (50), another for authorization
    # (197); both sometimes print a code that says nothing (A1).
    lines = (
        weighed_many("CO-50", 200, "P1")
        + weighed_many("CO-A1", 30, "P1")
        + weighed_many("CO-197", 200, "P2")
        + weighed_many("CO-A1", 30, "P2")
    )
    found = concluded(lines)
    first, second = found[229], found[459]
    for cause, more, less in (
        (RootCause.MEDICAL_NECESSITY, first, second),
        (RootCause.AUTH_MISSING, second, first),
    ):
        assert share(more, cause) > 2 * share(less, cause)
    assert "Denials of this practice that are alike lean to this cause." in second.basis


def test_a_handful_of_lines_changes_little():
    vague = weighed_many("CO-A1", 1)
    alone = concluded(vague)[0]
    few = concluded(weighed_many("CO-50", 3) + vague)[-1]
    assert few.root_cause is alone.root_cause
    assert few.probability == pytest.approx(alone.probability, abs=0.1)


def test_order_of_the_lines_changes_no_finding():
    lines = weighed_many("CO-50", 40) + weighed_many("CO-A1", 30, "P2", visit_number=3)
    forward, backward = concluded(lines), concluded(lines[::-1])
    for one, other in zip(forward, backward[::-1], strict=True):
        assert one.root_cause is other.root_cause
        assert one.probability == pytest.approx(other.probability, abs=1e-9)


def test_nothing_on_file_teaches_nothing():
    one = weigh_line(answer("CO-16"), claim=CLAIM, line=LINE, payer=None, facts=None)
    assert not learn_tendencies([one.evidence, one.evidence]).any()
    assert learn_tendencies([]).shape == (0, 17)


def test_same_input_gives_the_same_finding():
    assert finding("CO-16", "N130") == finding("CO-16", "N130")


@pytest.mark.parametrize(
    ("codes", "cause"),
    [("CO-197", "auth_missing"), ("CO-45:1 CO-50:2", "medical_necessity")],
)
def test_dictionary_takes_the_table_row_of_the_largest_denial(codes: str, cause: str):
    assert dictionary_cause(answer(codes).adjustments) == RootCause(cause)


def test_every_sign_of_the_table_is_read_somewhere_and_the_reverse():
    folder = Path(next(iter(root_cause.__path__)))
    source = "".join(
        (folder / name).read_text(encoding="utf-8")
        for name in ("coverage_signs.py", "service_signs.py")
    )
    quoted = set(re.findall(r'"([a-z0-9_]+)"', source))
    assert set(cause_signs()) <= quoted
    # And each sign found on varied lines has its row.
    for state in AuthorizationState:
        for enrollment in EnrollmentState:
            facts = msgspec.structs.replace(
                PLAIN,
                authorization_state=state,
                enrollment_state=enrollment,
                documented_minutes=None,
                is_telehealth=True,
                filing_limit_days=None,
                filing_lag_days=400,
            )
            context = SignContext(claim=CLAIM, line=LINE, payer=None, facts=facts)
            assert all(sign.id in cause_signs() for sign in find_signs(context))


def test_sign_weights_have_a_reason_and_a_known_cause():
    for rows in cause_signs().values():
        for row in rows:
            assert row.reason.endswith(".")
            assert row.root_cause in {cause.value for cause in RootCause}
            assert 0.0 < abs(row.weight) <= 4.5


def test_general_shares_add_up_to_one():
    assert sum(row.base_share for row in root_causes().values()) == pytest.approx(1.0)


def test_sentences_hold_no_identifier_of_the_patient():
    found = finding("CO-197")
    assert all("M1" not in sentence for sentence in found.basis)
