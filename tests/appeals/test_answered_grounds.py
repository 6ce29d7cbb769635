"""A letter answers the ground that the payer gave, or is not written."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from denialml.appeals.drafting import draft_letter
from denialml.domain.coverage import PayerType
from denialml.domain.denial import RootCause, Route
from denialml.domain.remittance import ClaimAdjustment
from tests.appeals.cases import (
    AUTHORIZATION,
    CLAIM,
    DENIED,
    DRAFTED,
    FACTS,
    PAYER,
    case,
    document,
    note,
    plan,
    whole_file,
)
from tests.appeals.test_drafting import letter_text


def records(reason, *, remarks=(), paid="0", **changed):
    record = case(
        RootCause.DOCUMENTATION_INSUFFICIENT, Route.RECORDS, reason=reason, **changed
    )
    contract = ClaimAdjustment(
        group_code="CO", reason_code="45", amount=Decimal("35.00")
    )
    denial = msgspec.structs.replace(
        record.denial,
        remark_codes=remarks,
        paid=Decimal(paid),
        adjustments=(contract, *record.denial.adjustments),
    )
    return draft_letter(
        msgspec.structs.replace(record, denial=denial), drafted_at=DRAFTED
    )


def test_records_that_were_asked_for_answer_the_request():
    text = letter_text(records("252", remarks=("M127",)))
    assert (
        "In answer to your request of April 6, 2026, CO-252, M127, we enclose" in text
    )
    assert "stands for" not in text


def test_records_that_nobody_asked_for_claim_no_request():
    text = letter_text(records("152"))
    assert "your request" not in text
    assert "Your answer of April 6, 2026 gives CO-152" in text
    assert (
        "documents 56 minutes (10:00 a.m. to 10:56 a.m.) (Exhibit A). 90837 stands for "
        "at least 53 minutes, so the documented time supports the code billed." in text
    )


def test_a_contractual_reduction_is_no_ground():
    assert "CO-45" not in letter_text(records("150"))


def test_a_down_coded_line_asks_to_undo_the_change():
    text = letter_text(records("150", remarks=("N22",), paid="120.00"))
    assert "you paid $120.00 of $185.00, as for a lesser service" in text
    assert "undo that change and pay the code billed" in text
    assert "lesser service" not in letter_text(records("150"))


@pytest.mark.parametrize("remark", ["N95", ""])
def test_an_enrollment_date_does_not_answer_who_may_bill(remark):
    draft = draft_letter(
        case(
            RootCause.PROVIDER_ELIGIBILITY,
            Route.ENROLLMENT_FIX,
            reason="96" if remark else "B7",
            remarks=(remark,) if remark else (),
            documents=whole_file(),
        ),
        drafted_at=DRAFTED,
    )
    assert draft.status == ("blocked" if remark else "draft")
    if remark:
        assert "type of provider may not bill" in draft.blocked_reasons[0]


@pytest.mark.parametrize("with_answer", [True, False])
def test_a_portion_of_benefits_is_answered_by_the_eligibility_answer(with_answer):
    documents = tuple(
        d for d in whole_file() if with_answer or d.kind != "eligibility_271"
    )
    draft = draft_letter(
        case(
            RootCause.BENEFIT_COVERAGE,
            reason="96",
            remarks=("N216",),
            documents=documents,
        ),
        drafted_at=DRAFTED,
    )
    assert draft.status == ("draft" if with_answer else "blocked")
    if with_answer:
        text = letter_text(draft)
        assert "please name that portion" in text
        assert "comparable medical and surgical services" in text


@pytest.mark.parametrize(
    ("payer_type", "parity"),
    [
        (PayerType.MEDICARE_ADVANTAGE, False),
        (PayerType.MEDICARE, False),
        (PayerType.UNKNOWN, False),
        (PayerType.COMMERCIAL_SELF_FUNDED, True),
    ],
)
@pytest.mark.parametrize("cause", [RootCause.BENEFIT_COVERAGE, RootCause.BENEFIT_LIMIT])
def test_parity_is_spoken_of_only_where_it_binds(payer_type, parity, cause):
    draft = draft_letter(
        case(
            cause,
            reason="119",
            documents=whole_file(),
            payer=msgspec.structs.replace(PAYER, payer_type=payer_type),
        ),
        drafted_at=DRAFTED,
    )
    assert draft.status == "draft"
    assert ("medical and surgical" in letter_text(draft)) is parity


def exceeded(**changed):
    return draft_letter(
        case(
            RootCause.AUTH_MISMATCH,
            reason="198",
            authorizations=(AUTHORIZATION,),
            documents=tuple(d for d in whole_file() if d.kind != "units_ledger"),
            **changed,
        ),
        drafted_at=DRAFTED,
    )


def test_an_amount_used_up_is_answered_with_units_or_not_at_all():
    draft = exceeded()
    assert draft.status == "blocked"
    assert "count the units used" in draft.blocked_reasons[0]
    counted = msgspec.structs.replace(
        FACTS, authorization_units_left=Decimal(7), authorization_number="AU5530021"
    )
    text = letter_text(exceeded(facts=counted))
    assert "approves 24 units, of which 7 were left before this service" in text


def test_a_referral_letter_names_who_referred_and_who_treated():
    referral = document(
        "referral_form",
        "Patient: Dana Whitfield\nMember ID: W884201937\n"
        "Referred by: Ana Ruiz, MD\nReferred to: Maya Okafor, LCSW\n",
        service_date=None,
    )
    text = letter_text(
        draft_letter(
            case(
                RootCause.NETWORK_REFERRAL, reason="242", documents=(referral, note())
            ),
            drafted_at=DRAFTED,
        )
    )
    assert "“Ana Ruiz, MD”" in text
    assert "it was rendered by Maya Okafor, LCSW" in text
    assert "answers the reason" not in text


def test_one_correction_of_two_lines_is_said_once():
    second = msgspec.structs.replace(CLAIM.lines[0], line_number=2)
    claim = msgspec.structs.replace(CLAIM, lines=(CLAIM.lines[0], second))
    cases = [
        case(
            RootCause.AUTH_MISSING,
            Route.CORRECTED_CLAIM,
            claim=claim,
            line=line,
            authorizations=(AUTHORIZATION,),
            documents=(note(), plan()),
        )
        for line in claim.lines
    ]
    draft = draft_letter(cases[0], others=cases[1:], drafted_at=DRAFTED)
    text = letter_text(draft)
    assert text.count("adds authorization number AU5530021") == 1
    assert "which replaces your claim number E26096X4471" in text


def test_minutes_are_not_cited_to_a_note_that_does_not_state_them():
    silent = note(
        text="\n".join(x for x in note().text.split("\n") if "Start" not in x)
    )
    draft = draft_letter(
        case(RootCause.CODING_TIME_UNITS, reason="151", documents=(silent,)),
        drafted_at=DRAFTED,
    )
    assert draft.status == "blocked"
    assert (
        "start and stop times, or minutes, in the signed note"
        in (draft.blocked_reasons[0])
    )


@pytest.mark.parametrize(("sent", "again"), [(date(2026, 3, 5), 0), (DENIED, 1)])
def test_a_copy_sent_after_the_acceptance_is_called_one(sent, again):
    text = letter_text(
        draft_letter(
            case(
                RootCause.TIMELY_FILING,
                reason="29",
                claim=msgspec.structs.replace(CLAIM, submitted_on=sent),
                documents=whole_file(),
            ),
            drafted_at=DRAFTED,
        )
    )
    assert text.count("after you had accepted the claim") == again
    assert text.count("We sent the claim") == 1 - again
