"""A file read with a fault, then the mended one: nothing counts twice."""

from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from denialml.domain.problem import Problem
from denialml.store.claims import answers_to, unmatched_payments
from denialml.store.provisional import faulty_starts
from denialml.store.records import practice_records
from denialml.store.tables import ClaimPaymentRow
from tests.store.files import (
    CLAIMS,
    SAME_REMITTANCE,
    claims_file,
    ingest,
    remittance_file,
    rows_of,
)

GOOD = remittance_file(SAME_REMITTANCE)
# The amount of A2's only adjustment is no number.
FAULTY = GOOD.replace(b"CAS*CO*197*150", b"CAS*CO*197*15O")


def paid(session: Session, organization_id: str) -> Decimal:
    records = practice_records(session, organization_id)
    return sum((each.paid for each in records.adjudications), Decimal(0))


def test_a_mended_answer_takes_the_place_of_the_faulty_one(
    session: Session, organization_id: str
) -> None:
    ingest(session, organization_id, claims_file(CLAIMS))
    assert FAULTY != GOOD
    faulty = ingest(session, organization_id, FAULTY, file="faulty.835")
    assert faulty.records_new == {"Remittance": 1, "ClaimPayment": 2}
    assert [each.element for each in faulty.problems if each.severity == "error"] == [
        "CAS03"
    ]
    before = {
        row.patient_control_number: row.payment_id
        for row in session.execute(
            select(
                ClaimPaymentRow.control_number_key.label("patient_control_number"),
                ClaimPaymentRow.payment_id,
            )
        )
    }

    mended = ingest(session, organization_id, GOOD, file="mended.835")

    assert mended.records_new == {}
    assert mended.records_replaced == {"ClaimPayment": 1}
    assert mended.records_known == {"Remittance": 1, "ClaimPayment": 1}
    assert rows_of(session, organization_id)["claim_payments"] == 2
    (answer,) = [
        each
        for each in practice_records(session, organization_id).adjudications
        if each.payment_id == before["A2"]
    ]
    assert [str(each.amount) for each in answer.adjustments] == ["150"]
    assert paid(session, organization_id) == 130

    again = ingest(session, organization_id, GOOD, file="again.835")
    assert again.records_new == again.records_replaced == {}
    ingest(session, organization_id, FAULTY, file="late.835")
    assert rows_of(session, organization_id)["claim_payments"] == 2
    assert paid(session, organization_id) == 130


def test_a_faulty_copy_of_an_answer_on_file_adds_nothing(
    session: Session, organization_id: str
) -> None:
    ingest(session, organization_id, claims_file(CLAIMS))
    ingest(session, organization_id, GOOD, file="good.835")
    before = practice_records(session, organization_id)
    report = ingest(session, organization_id, FAULTY, file="copy.835")
    assert report.records_new == report.records_replaced == {}
    assert practice_records(session, organization_id) == before


def test_two_faulty_answers_alike_are_two_mended_answers(
    session: Session, organization_id: str
) -> None:
    twice = remittance_file([*SAME_REMITTANCE, SAME_REMITTANCE[1]])
    ingest(session, organization_id, claims_file(CLAIMS))
    ingest(session, organization_id, twice.replace(b"*197*150", b"*197*15O"))
    assert rows_of(session, organization_id)["claim_payments"] == 3
    report = ingest(session, organization_id, twice, file="mended.835")
    assert report.records_new == {}
    assert report.records_replaced == {"ClaimPayment": 2}
    assert rows_of(session, organization_id)["claim_payments"] == 3


def test_a_mended_claim_takes_the_place_of_the_faulty_one(
    session: Session, organization_id: str
) -> None:
    good = claims_file(CLAIMS)
    faulty = good.replace(b"DTP*472*D8*2026", b"DTP*472*D8*2O26", 1)
    assert faulty != good
    ingest(session, organization_id, faulty, file="faulty.837")
    ingest(session, organization_id, GOOD, file="answers.835")
    report = ingest(session, organization_id, good, file="mended.837")

    assert report.records_new == {}
    assert report.records_replaced == {"Claim": 1}
    records = practice_records(session, organization_id)
    days = {
        line.service_date
        for one in records.submitted_claims
        for line in one.claim.lines
    }
    assert None not in days
    assert len(records.submitted_claims) == 3
    assert unmatched_payments(session, organization_id) == ()
    claim_ids = {one.claim_id for one in records.submitted_claims}
    assert len(answers_to(session, organization_id, claim_ids)) == 3


@pytest.mark.parametrize(
    ("segment", "loop", "found"),
    [
        (10, "2100", {10}),
        (14, "2110", {10}),
        (19, "2110", {10}),
        (20, "2100", {20}),
        (18, "2010BA", {20}),
        (99, "2110", {30}),
        (3, "1000", set()),
        (99, "2010BA", set()),
    ],
)
def test_a_fault_belongs_to_the_record_it_is_in_or_above(
    segment: int, loop: str, found: set[int]
) -> None:
    problem = Problem(
        severity="error",
        code="bad-date",
        file="a.837",
        message="",
        expected="",
        fix="",
        segment=segment,
        loop=loop,
    )
    assert faulty_starts([30, 10, 20], [problem]) == found
