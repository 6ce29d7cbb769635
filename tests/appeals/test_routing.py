"""Routes: the payer's codes first, then the cause and what is on file."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from denialml.appeals.routing import choose_route
from denialml.domain.coverage import EligibilityResult, Payer, PayerType
from denialml.domain.denial import RootCause, RootCauseFinding, Route
from denialml.domain.facts import AuthorizationState
from denialml.domain.remittance import ClaimAdjustment
from tests.appeals.test_deadlines import denied
from tests.modeling.test_root_cause import PLAIN


def found(cause: str | None, probability: float = 0.9) -> RootCauseFinding:
    return RootCauseFinding(
        root_cause=RootCause(cause) if cause else None,
        probability=probability if cause else 0.0,
        runner_up=RootCause.CLAIM_DATA_ERROR if cause else None,
        runner_up_probability=1.0 - probability if cause else 0.0,
        probabilities=(),
        basis=(),
    )


def route(
    cause: str | None,
    codes: str = "CO-197",
    *remarks: str,
    payer_type: PayerType = PayerType.COMMERCIAL,
    accepts_frequency_7: bool | None = None,
    control_number: str = "ICN1",
    probability: float = 0.9,
    **facts: object,
):
    """The route of a denial with codes such as ``CO-45 CO-197``."""
    adjustments = tuple(
        ClaimAdjustment(group_code=group, reason_code=reason, amount=Decimal(90))
        for group, reason in (code.split("-") for code in codes.split())
    )
    denial = msgspec.structs.replace(
        denied(date(2025, 4, 1)),
        adjustments=adjustments,
        remark_codes=remarks,
        payer_claim_control_number=control_number,
    )
    payer = Payer(
        payer_id="P1",
        name="Northgate",
        payer_type=payer_type,
        accepts_frequency_7=accepts_frequency_7,
    )
    return choose_route(
        denial,
        found(cause, probability),
        payer=payer,
        facts=msgspec.structs.replace(PLAIN, **facts),
    )


MEDICARE = {"payer_type": PayerType.MEDICARE}
VALID = {"authorization_state": AuthorizationState.VALID}


@pytest.mark.parametrize(
    ("cause", "codes", "remarks", "options", "expected"),
    [
        pytest.param("cob_wrong_payer", "OA-B11", (), {}, "verify_forwarded", id="E08"),
        pytest.param(
            "cob_wrong_payer", "CO-22", ("MA18",), {}, "verify_forwarded", id="E08-MA18"
        ),
        pytest.param(
            "duplicate_resubmission",
            "CO-18",
            ("N522",),
            {},
            "verify_forwarded",
            id="E58-crossover",
        ),
        pytest.param("cob_wrong_payer", "CO-109", (), {}, "other_payer", id="109-now"),
        pytest.param(
            "claim_data_error", "CO-16", ("MA130",), {}, "new_claim", id="MA130"
        ),
        pytest.param(
            "claim_data_error", "CO-16", ("N142",), {}, "new_claim", id="N142"
        ),
        pytest.param(
            "claim_data_error", "CO-16", ("N380",), {}, "corrected_claim", id="E54-N380"
        ),
        pytest.param(None, "CO-45", (), {}, "contract_review", id="E80-full-charge"),
        pytest.param(None, "CO-24", (), {}, "contract_review", id="E04-commercial"),
        pytest.param(
            "cob_wrong_payer", "CO-24", (), MEDICARE, "other_payer", id="E04-medicare"
        ),
        pytest.param(
            "documentation_insufficient", "CO-252", ("M127",), {}, "records", id="E09"
        ),
        pytest.param(
            "cob_wrong_payer",
            "CO-252",
            ("N479",),
            {},
            "other_payer",
            id="252-wants-eob",
        ),
        pytest.param("medical_necessity", "CO-50", (), {}, "appeal", id="clinical"),
        pytest.param("medical_necessity", "CO-151", (), {}, "records", id="E56-151"),
        pytest.param("claim_data_error", "CO-31", (), {}, "new_claim", id="E55"),
        pytest.param(
            "eligibility_coverage", "CO-31", (), {}, "new_claim", id="E55-elig"
        ),
        pytest.param(
            "modifier_pos_telehealth", "CO-4", (), {}, "corrected_claim", id="modifier"
        ),
        pytest.param(
            "modifier_pos_telehealth", "CO-4", (), MEDICARE, "reopening", id="E03"
        ),
        pytest.param(
            "diagnosis_coding",
            "CO-11",
            (),
            {"accepts_frequency_7": False},
            "new_claim",
            id="payer-takes-no-replacement",
        ),
        pytest.param(
            "timely_filing",
            "CO-29",
            (),
            {**MEDICARE, "filing_lag_days": 400},
            "write_off_review",
            id="E01-late",
        ),
        pytest.param(
            "timely_filing",
            "CO-29",
            (),
            {**MEDICARE, "filing_lag_days": 40},
            "reopening",
            id="E01-counted-wrongly",
        ),
        pytest.param("timely_filing", "CO-29", (), {}, "appeal", id="29-in-time"),
        pytest.param(
            "timely_filing",
            "CO-29",
            (),
            {"filing_lag_days": 120},
            "write_off_review",
            id="29-really-late",
        ),
        pytest.param(
            "eligibility_coverage", "CO-27", (), {}, "appeal", id="active-271"
        ),
        pytest.param(
            "eligibility_coverage",
            "CO-27",
            (),
            {"eligibility_result": EligibilityResult.INACTIVE},
            "other_payer",
            id="inactive-271",
        ),
        pytest.param("auth_missing", "CO-197", (), {}, "appeal", id="retro"),
        pytest.param(
            "auth_mismatch", "CO-15", (), VALID, "corrected_claim", id="number-left-off"
        ),
        pytest.param(
            "auth_mismatch",
            "CO-15",
            (),
            {**VALID, "authorization_number_on_claim": True},
            "appeal",
            id="number-was-sent",
        ),
        pytest.param(
            "coding_time_units", "CO-96", (), {}, "appeal", id="minutes-support"
        ),
        pytest.param(
            "coding_time_units", "CO-150", (), {}, "records", id="E56-150-with-minutes"
        ),
        pytest.param(
            "coding_time_units",
            "CO-150",
            (),
            {"documented_minutes": 44},
            "corrected_claim",
            id="minutes-refute",
        ),
        pytest.param(
            "coding_time_units",
            "CO-96",
            (),
            {"documented_minutes": None},
            "corrected_claim",
            id="no-minutes",
        ),
        pytest.param(
            "provider_eligibility", "CO-B7", (), {}, "enrollment_fix", id="enrollment"
        ),
        pytest.param("network_referral", "CO-288", (), {}, "corrected_claim", id="ref"),
        pytest.param("network_referral", "CO-242", (), {}, "appeal", id="network-gap"),
        pytest.param(
            "duplicate_resubmission",
            "CO-18",
            (),
            {"same_service_already_sent": True},
            "write_off_review",
            id="really-sent-twice",
        ),
        pytest.param(
            "duplicate_resubmission", "CO-18", (), {}, "corrected_claim", id="distinct"
        ),
        pytest.param("benefit_limit", "PR-119", (), {}, "appeal", id="parity"),
        pytest.param(
            "benefit_coverage",
            "PR-96",
            ("N425",),
            MEDICARE,
            "write_off_review",
            id="statutory-exclusion",
        ),
        pytest.param(
            "bundling_same_day", "CO-97", (), {}, "corrected_claim", id="bundled"
        ),
        pytest.param(None, "CO-ZZZ", (), {}, "unknown", id="nothing-known"),
    ],
)
def test_route_of_a_denial(cause, codes, remarks, options, expected):
    chosen = route(cause, codes, *remarks, **options)
    assert chosen.route == Route(expected)
    assert chosen.reason.endswith(".")


def test_a_later_eligibility_answer_decides_over_the_earlier_one():
    later = msgspec.structs.replace(PLAIN, coverage_ended_before_service=True)
    chosen = choose_route(
        denied(date(2025, 4, 1), "27"),
        found("eligibility_coverage"),
        payer=None,
        facts=PLAIN,
        later=later,
    )
    assert chosen.route is Route.OTHER_PAYER
    assert "Nothing on file shows active coverage" in chosen.reason


@pytest.mark.parametrize("cause", ["auth_missing", "auth_mismatch"])
def test_an_authorization_that_came_later_goes_on_a_corrected_claim(cause):
    later = msgspec.structs.replace(PLAIN, authorization_state=AuthorizationState.VALID)
    chosen = choose_route(
        denied(date(2025, 4, 1)), found(cause), payer=None, facts=PLAIN, later=later
    )
    assert chosen.route is Route.CORRECTED_CLAIM
    assert "send its number" in chosen.reason


def test_every_cause_has_a_route_at_every_payer_type():
    for cause in RootCause:
        for payer_type in PayerType:
            chosen = route(cause.value, "CO-A1", payer_type=payer_type)
            assert chosen.route is not Route.UNKNOWN
            if payer_type is PayerType.MEDICARE:
                assert chosen.route is not Route.CORRECTED_CLAIM


def test_e09_records_keep_the_appeal_clock_in_sight():
    chosen = route("documentation_insufficient", "CO-252", "M127")
    assert any("does not stop the appeal clock" in told for told in chosen.warnings)


def test_e56_no_peer_to_peer_for_a_dispute_about_records():
    chosen = route("medical_necessity", "CO-151")
    assert any("peer-to-peer call does not help" in told for told in chosen.warnings)


def test_e12_enrollment_never_suggests_another_clinician():
    chosen = route("provider_eligibility", "CO-185")
    assert "Never bill the service under another clinician." in chosen.warnings


def test_a_replacement_without_the_payers_claim_number_is_warned_of():
    chosen = route("modifier_pos_telehealth", "CO-4", control_number="")
    assert any("REF*F8" in told for told in chosen.warnings)
    known = route("modifier_pos_telehealth", "CO-4")
    assert not any("REF*F8" in told for told in known.warnings)


def test_contractual_obligation_is_never_the_patients():
    told = "Never bill the patient for this amount."
    assert told in route("auth_missing", "CO-197").warnings
    assert told not in route("benefit_limit", "PR-119").warnings


def test_qualified_medicare_beneficiaries_are_never_billed():
    chosen = route("benefit_coverage", "PR-204", "N781")
    assert "Qualified Medicare Beneficiary: never bill the patient." in chosen.warnings


def test_a_doubtful_cause_is_named_with_its_runner_up():
    chosen = route("auth_missing", "CO-197", probability=0.5)
    assert any(
        "not certain (50%)" in told and "Claim data error" in told
        for told in chosen.warnings
    )


def test_no_route_proposes_billing_the_patient_or_another_clinician():
    for cause in RootCause:
        reason = route(cause.value, "CO-A1").reason.lower()
        assert "bill the patient" not in reason
        assert "another clinician" not in reason


@pytest.mark.parametrize(
    ("payer_type", "words"),
    [
        (PayerType.MEDICARE_ADVANTAGE, "waiver of liability"),
        (PayerType.MEDICAID_MANAGED_CARE, "written consent"),
        (PayerType.COMMERCIAL, "follows the contract"),
    ],
)
def test_an_appeal_says_whose_right_it_is(payer_type, words):
    chosen = route("medical_necessity", "CO-50", payer_type=payer_type)
    assert any(words in told for told in chosen.warnings)


@pytest.mark.parametrize(
    ("options", "says_replace"),
    [
        ({}, True),
        (MEDICARE, False),
        ({**MEDICARE, "accepts_frequency_7": True}, True),
        ({"accepts_frequency_7": False}, False),
    ],
)
def test_a_replacement_is_advised_only_where_the_payer_takes_one(options, says_replace):
    chosen = route("diagnosis_coding", "CO-11", **options)
    assert ("replace it" in chosen.reason) is says_replace
    assert "takes no replacement" not in chosen.reason or not says_replace


@pytest.mark.parametrize("cause", ["medical_necessity", "timely_filing"])
def test_what_may_not_be_appealed_is_reviewed_and_not_appealed(cause):
    chosen = route(cause, "CO-50", "N211")
    assert chosen.route is Route.WRITE_OFF_REVIEW
    assert "no appeal right (N211)" in chosen.reason
    assert "Never bill the patient for this amount." in chosen.warnings


def test_no_appeal_right_leaves_other_steps_alone():
    assert route("diagnosis_coding", "CO-11", "N211").route is Route.CORRECTED_CLAIM
