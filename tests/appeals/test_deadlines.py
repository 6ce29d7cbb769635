"""Windows count as the law counts them; what is not set up is said to be so."""

from datetime import date
from decimal import Decimal

import pytest

from denialml.appeals.deadlines import (
    FIXED_BY_LAW,
    appeal_deadline,
    filing_deadline,
    plausible_payer_types,
    reopening_deadline,
)
from denialml.domain.claim import (
    Claim,
    ClaimPayer,
    OtherPayer,
    Provider,
    ServiceLine,
    Subscriber,
)
from denialml.domain.counting import (
    add_business_days,
    add_months,
    count_window,
    is_business_day,
    last_business_day,
    next_business_day,
)
from denialml.domain.coverage import Payer, PayerType
from denialml.domain.denial import Denial
from denialml.domain.remittance import ClaimAdjustment
from denialml.reference import deadline_rules


def denied(on: date, reason: str = "197", *remarks: str) -> Denial:
    """A denial of 90837 known on a day."""
    return Denial(
        denial_id="d1",
        claim_id="c1",
        payment_id="p1",
        line_number=1,
        patient_control_number="PCN1",
        payer_id="P1",
        payer_name="Northgate",
        payer_claim_control_number="ICN1",
        procedure_code="90837",
        modifiers=(),
        service_date=date(2025, 3, 4),
        denied_on=on,
        charge=Decimal(180),
        paid=Decimal(0),
        denied_amount=Decimal(180),
        adjustments=(
            ClaimAdjustment(group_code="CO", reason_code=reason, amount=Decimal(180)),
        ),
        remark_codes=remarks,
    )


def payer(payer_type: PayerType, name: str = "Northgate", **settings: int) -> Payer:
    return Payer(payer_id="P1", name=name, payer_type=payer_type, **settings)


def claim(*days: date, filing_code: str = "", responsibility: str = "P", others=()):
    return Claim(
        patient_control_number="PCN1",
        total_charge=Decimal(180),
        payer=ClaimPayer(payer_id="P1"),
        subscriber=Subscriber(
            member_id="M1",
            claim_filing_code=filing_code,
            payer_responsibility_code=responsibility,
        ),
        billing_provider=Provider(name="Clinic"),
        lines=tuple(
            ServiceLine(
                line_number=number,
                procedure_code="90837",
                charge=Decimal(180),
                service_date=day,
            )
            for number, day in enumerate(days, start=1)
        ),
        other_payers=tuple(others),
    )


def rule(rule_id: str):
    return next(one for one in deadline_rules() if one.rule_id == rule_id)


@pytest.mark.parametrize(
    ("start", "months", "forward", "end"),
    [
        ("2025-10-30", 4, True, "2026-03-01"),
        ("2025-10-31", 4, True, "2026-03-01"),
        ("2025-10-28", 4, True, "2026-02-28"),
        ("2023-10-29", 4, True, "2024-02-29"),
        ("2025-10-31", 4, False, "2026-02-28"),
        ("2024-02-29", 12, False, "2025-02-28"),
        ("2027-06-01", 12, False, "2028-06-01"),
        ("2025-12-15", 1, False, "2026-01-15"),
    ],
)
def test_months_are_calendar_months(start, months, forward, end):
    counted = add_months(date.fromisoformat(start), months, forward=forward)
    assert counted == date.fromisoformat(end)


@pytest.mark.parametrize(
    ("rule_id", "start", "safe", "statutory"),
    [
        # E15: one calendar year, not 365 days; Palmetto: Mar 31 -> Mar 31.
        ("medicare_filing", "2027-06-01", "2028-06-01", "2028-06-01"),
        ("medicare_filing", "2024-02-29", "2025-02-28", "2025-02-28"),
        ("medicare_filing", "2025-03-31", "2026-03-31", "2026-03-31"),
        ("tricare_filing", "2024-03-22", "2025-03-22", "2025-03-22"),
        # E13: the first of the fifth month; 2026-03-01 is a Sunday.
        ("external_review", "2025-10-31", "2026-03-01", "2026-03-02"),
        # E14: 5 + 120 days; 2025-07-05 is a Saturday.
        ("medicare_redetermination", "2025-03-02", "2025-07-05", "2025-07-07"),
        # ... and 2025-07-04 a holiday on a Friday.
        ("medicare_redetermination", "2025-03-01", "2025-07-04", "2025-07-07"),
        # E61: 5 + 60 days.
        (
            "medicare_advantage_reconsideration",
            "2025-01-01",
            "2025-03-07",
            "2025-03-07",
        ),
        # E63: no presumed receipt, no roll: 2025-09-27 is a Saturday.
        ("erisa_internal", "2025-03-31", "2025-09-27", "2025-09-27"),
        # E60: 30 business days over Memorial Day and Juneteenth.
        ("surprise_billing_negotiation", "2025-05-15", "2025-06-30", "2025-06-30"),
    ],
)
def test_windows_of_the_table_end_as_the_law_counts(rule_id, start, safe, statutory):
    counted = count_window(rule(rule_id), date.fromisoformat(start))
    assert counted.safe_on == date.fromisoformat(safe)
    assert counted.statutory_on == date.fromisoformat(statutory)


@pytest.mark.parametrize(
    ("day", "business"),
    [
        ("2025-07-03", True),
        ("2025-07-04", False),
        ("2025-07-05", False),
        ("2021-12-31", False),
        ("2025-11-11", False),
        ("2025-11-12", True),
    ],
)
def test_business_days_leave_out_weekends_and_observed_federal_holidays(day, business):
    assert is_business_day(date.fromisoformat(day)) is business


def test_business_days_move_both_ways_and_do_not_count_the_first():
    saturday = date(2025, 7, 5)
    assert next_business_day(saturday) == date(2025, 7, 7)
    assert last_business_day(saturday) == date(2025, 7, 3)
    assert add_business_days(date(2025, 7, 3), 1) == date(2025, 7, 7)


def test_the_payers_own_window_decides_where_it_is_set_up():
    found = appeal_deadline(
        denied(date(2025, 4, 1)),
        payer=payer(PayerType.COMMERCIAL, appeal_window_days=90),
    )
    assert (found.status, found.due_on) == ("configured", date(2025, 6, 30))
    assert found.bases[0].length == "90 days from the remittance"
    assert found.note == ""


def test_a_last_day_on_a_weekend_is_shown_with_the_business_day_before():
    found = appeal_deadline(
        denied(date(2025, 4, 6)),
        payer=payer(PayerType.COMMERCIAL, appeal_window_days=90),
    )
    assert found.due_on == date(2025, 7, 5)
    assert found.note == "2025-07-05 is no business day: send it by 2025-07-03."


@pytest.mark.parametrize(
    ("payer_type", "due_on", "rules"),
    [
        (
            PayerType.MEDICARE_ADVANTAGE,
            "2025-05-31",
            {
                "plan dispute (contracted provider)",
                "plan reconsideration (enrollee, physician or non-contract provider"
                " with waiver of liability)",
            },
        ),
        (
            PayerType.COMMERCIAL,
            "2025-05-31",
            {
                "provider dispute (contracted provider)",
                "internal (member or authorized representative)",
            },
        ),
        (
            PayerType.MEDICAID_MANAGED_CARE,
            "2025-05-31",
            {
                "plan appeal (enrollee or provider with written consent)",
                "provider claim dispute (contracted provider)",
            },
        ),
        (PayerType.VETERANS, "2025-06-30", {"reconsideration (provider)"}),
        (
            PayerType.UNKNOWN,
            "2025-05-01",
            {"unknown payer type (provider)"},
        ),
    ],
)
def test_not_configured_lists_what_could_apply_and_shows_the_earliest(
    payer_type, due_on, rules
):
    found = appeal_deadline(denied(date(2025, 4, 1)), payer=payer(payer_type))
    assert found.status == "not_configured"
    assert found.due_on == date.fromisoformat(due_on)
    assert found.due_on == min(basis.due_on for basis in found.bases)
    assert {basis.rule for basis in found.bases} == rules
    assert "appeal_window_days" in found.note


@pytest.mark.parametrize(
    ("payer_type", "filing_code", "due_on", "source"),
    [
        # 2025-04-01 + 5 days presumed receipt + 120: 42 CFR 405.942.
        (PayerType.MEDICARE, "", "2025-08-04", "42 CFR 405.942"),
        (PayerType.UNKNOWN, "MB", "2025-08-04", "42 CFR 405.942"),
        (PayerType.TRICARE, "", "2025-06-30", "tricare-west-provider-pages"),
        (PayerType.UNKNOWN, "CH", "2025-06-30", "tricare-west-provider-pages"),
    ],
)
def test_a_window_that_law_fixes_is_the_basis(payer_type, filing_code, due_on, source):
    found = appeal_deadline(
        denied(date(2025, 4, 1)),
        payer=payer(payer_type),
        claim=claim(date(2025, 3, 4), filing_code=filing_code),
    )
    assert (found.status, found.due_on) == ("statutory", date.fromisoformat(due_on))
    assert {(basis.source, basis.support) for basis in found.bases} == {
        (source, "verified")
    }
    assert "not configured" not in found.note


def test_law_is_quoted_with_presumed_receipt_and_what_filed_means():
    found = appeal_deadline(denied(date(2025, 4, 1)), payer=payer(PayerType.MEDICARE))
    assert found.bases[0].length == (
        "120 days from the notice, presumed received after 5 days"
    )
    assert "filed means received by the contractor" in found.note


@pytest.mark.parametrize(
    ("days", "status", "due_on"),
    [(120, "configured", "2025-07-30"), (180, "statutory", "2025-08-04")],
)
def test_a_practices_setting_may_be_earlier_than_the_law_but_never_later(
    days, status, due_on
):
    found = appeal_deadline(
        denied(date(2025, 4, 1)),
        payer=payer(PayerType.MEDICARE, appeal_window_days=days),
    )
    assert (found.status, found.due_on) == (status, date.fromisoformat(due_on))
    assert ("ends later and is not used" in found.note) is (status == "statutory")


@pytest.mark.parametrize(
    ("payer_type", "service", "due_on", "source"),
    [
        (PayerType.MEDICARE, "2024-02-29", "2025-02-28", "42 CFR 424.44"),
        (
            PayerType.TRICARE,
            "2024-03-22",
            "2025-03-22",
            "TRICARE Operations Manual chapter 8",
        ),
    ],
)
def test_the_year_to_file_is_law(payer_type, service, due_on, source):
    found = filing_deadline(claim(date.fromisoformat(service)), payer(payer_type))
    assert (found.status, found.due_on) == ("statutory", date.fromisoformat(due_on))
    assert found.bases[0].source == source


def test_e02_tricare_after_other_insurance_has_the_later_of_the_two():
    primary = OtherPayer(payer_id="P0", adjudicated_on=date(2026, 2, 1))
    sent = claim(date(2025, 3, 4), responsibility="S", others=[primary])
    found = filing_deadline(sent, payer(PayerType.TRICARE))
    assert (found.status, found.due_on) == ("statutory", date(2026, 5, 2))


def test_a_filing_code_that_allows_two_types_fixes_nothing():
    found = appeal_deadline(
        denied(date(2025, 4, 1)),
        payer=None,
        claim=claim(date(2025, 3, 4), filing_code="MC"),
    )
    assert found.status == "not_configured"


def test_every_rule_said_to_be_law_is_verified():
    rules = {one.rule_id: one for one in deadline_rules()}
    for payer_type, fixed in FIXED_BY_LAW.items():
        for rule_id in fixed:
            assert payer_type.value in rules[rule_id].payer_types
            if rule_id != "tricare_other_insurance":
                assert rules[rule_id].support == "verified"


def test_a_rule_that_names_the_payer_joins_the_general_ones():
    found = appeal_deadline(
        denied(date(2025, 4, 1)), payer=payer(PayerType.COMMERCIAL, "Aetna Life")
    )
    lengths = {basis.length for basis in found.bases}
    assert "180 days from the remittance" in lengths
    assert found.due_on == date(2025, 5, 31)


def test_e01_original_medicare_has_no_appeal_of_timely_filing():
    found = appeal_deadline(
        denied(date(2025, 4, 1), "29"), payer=payer(PayerType.MEDICARE)
    )
    assert (found.status, found.due_on, found.bases) == ("no_appeal_right", None, ())
    assert "exception to the filing limit" in found.note
    assert "Never bill the patient" in found.note


def test_other_payers_keep_their_window_for_timely_filing():
    found = appeal_deadline(
        denied(date(2025, 4, 1), "29"), payer=payer(PayerType.COMMERCIAL)
    )
    assert found.status == "not_configured"


@pytest.mark.parametrize(
    ("payer_type", "remark", "status"),
    [
        (PayerType.MEDICARE, "MA130", "no_appeal_right"),
        (PayerType.COMMERCIAL, "MA130", "not_configured"),
        (PayerType.COMMERCIAL, "N211", "no_appeal_right"),
        (PayerType.MEDICARE, "MA01", "statutory"),
    ],
)
def test_remarks_that_take_the_appeal_right_away(payer_type, remark, status):
    found = appeal_deadline(
        denied(date(2025, 4, 1), "16", remark), payer=payer(payer_type)
    )
    assert found.status == status


@pytest.mark.parametrize(
    ("filing_code", "types"),
    [
        ("MB", {PayerType.MEDICARE}),
        ("MC", {PayerType.MEDICAID, PayerType.MEDICAID_MANAGED_CARE}),
        ("16", {PayerType.MEDICARE_ADVANTAGE}),
        ("ZZ", {PayerType.UNKNOWN}),
    ],
)
def test_the_filing_code_stands_in_for_a_payer_type_not_set_up(filing_code, types):
    sent = claim(date(2025, 3, 4), filing_code=filing_code)
    assert plausible_payer_types(None, sent) == types
    medicare = payer(PayerType.TRICARE)
    assert plausible_payer_types(medicare, sent) == {PayerType.TRICARE}


def test_filing_counts_from_the_earliest_line():
    found = filing_deadline(
        claim(date(2025, 3, 9), date(2025, 3, 4)),
        payer(PayerType.COMMERCIAL, filing_limit_days=90),
    )
    assert (found.status, found.due_on) == ("configured", date(2025, 6, 2))


def test_e02_medicare_secondary_does_not_start_again_with_the_primary():
    primary = OtherPayer(payer_id="P0", adjudicated_on=date(2025, 12, 1))
    sent = claim(date(2025, 3, 4), responsibility="S", others=[primary])
    found = filing_deadline(sent, payer(PayerType.MEDICARE))
    assert found.due_on == date(2026, 3, 4)
    assert {basis.counted_from for basis in found.bases} == {date(2025, 3, 4)}


def test_a_secondary_commercial_claim_also_lists_the_primary_answer():
    primary = OtherPayer(payer_id="P0", adjudicated_on=date(2025, 12, 1))
    sent = claim(date(2025, 3, 4), responsibility="S", others=[primary])
    found = filing_deadline(sent, payer(PayerType.COMMERCIAL))
    assert date(2025, 12, 1) in {basis.counted_from for basis in found.bases}


def test_correcting_counts_from_the_remittance():
    sent = claim(date(2025, 3, 4))
    limited = payer(PayerType.COMMERCIAL, corrected_claim_limit_days=120)
    found = filing_deadline(sent, limited, remitted_on=date(2025, 4, 1))
    assert (found.status, found.due_on) == ("configured", date(2025, 7, 30))
    unset = filing_deadline(
        sent, payer(PayerType.COMMERCIAL), remitted_on=date(2025, 4, 1)
    )
    assert (unset.status, unset.due_on) == ("not_configured", date(2025, 5, 31))


def test_e03_correcting_for_medicare_is_a_new_claim_within_the_filing_year():
    found = filing_deadline(
        claim(date(2025, 3, 4)),
        payer(PayerType.MEDICARE),
        remitted_on=date(2025, 4, 1),
    )
    assert found.due_on == date(2026, 3, 4)


def test_a_claim_without_a_date_of_service_gets_no_invented_day():
    found = filing_deadline(claim(), payer(PayerType.COMMERCIAL, filing_limit_days=90))
    assert (found.due_on, found.bases) == (None, ())


@pytest.mark.parametrize(
    ("denied_on", "due_on"),
    [("2025-04-01", "2026-04-01"), ("2024-02-29", "2025-02-28")],
)
def test_e57_a_reopening_is_asked_for_within_a_calendar_year(denied_on, due_on):
    found = reopening_deadline(denied(date.fromisoformat(denied_on), "4"))
    assert found.due_on == date.fromisoformat(due_on)
    assert "four years for good cause" in found.note


def test_bases_cite_the_law_and_no_internal_reference():
    for payer_type in PayerType:
        found = appeal_deadline(denied(date(2025, 4, 1)), payer=payer(payer_type))
        for basis in found.bases:
            assert basis.source
            assert "review" not in basis.source
