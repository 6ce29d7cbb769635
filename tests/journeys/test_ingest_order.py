"""Any order of arrival ends with the same records: claims, answers, verdicts."""

import random
from datetime import date, timedelta

import msgspec
import pytest
from sqlalchemy.orm import Session

from denialml.domain.claim import Claim
from denialml.domain.remittance import ClaimPayment
from denialml.store.claims import unmatched_payments
from denialml.store.organizations import create_organization
from denialml.store.records import practice_records
from tests.store.files import (
    CLAIMS,
    SAME_REMITTANCE,
    acknowledgment_file,
    claims_file,
    ingest,
    remittance_file,
    rows_of,
    shuffled_files,
    stored,
)
from tests.store.samples import (
    NOW,
    acknowledgment,
    claim,
    line,
    payment,
    remittance,
    service,
)


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_arrival_ends_with_the_same_records(
    session: Session,
    organization_id: str,
    seed: int,
) -> None:
    files = shuffled_files(*_life_of_many_claims())
    for data in files:
        ingest(session, organization_id, data)
    expected = stored(session, organization_id)
    session.rollback()
    organization = create_organization(session, "Practice", now=NOW)
    reference = _reference(session, organization.organization_id, files)
    assert {name: len(rows) for name, rows in expected.items()} == {
        name: len(rows) for name, rows in reference.items()
    }

    random.Random(seed).shuffle(files)
    for data in files + files[: seed * 3]:
        ingest(session, organization.organization_id, data)
    assert stored(session, organization.organization_id) == reference


def _reference(
    session: Session,
    organization_id: str,
    files: list[bytes],
) -> dict[str, list[tuple[object, ...]]]:
    """The rows after the files in their order; taken back again afterwards."""
    with session.begin_nested() as savepoint:
        for data in files:
            ingest(session, organization_id, data)
        rows = stored(session, organization_id)
        savepoint.rollback()
    assert rows_of(session, organization_id) == {}
    return rows


def _life_of_many_claims() -> tuple[list[Claim], list[ClaimPayment], list]:
    """Originals, resends, corrections, reversals and a number the payer cut short."""
    claims, payments, verdicts = [], [], []
    day = date(2026, 3, 3)

    def answer(number: str, days: int, *services, status: str = "1", **fields) -> None:
        advice = remittance(f"T{days}", day + timedelta(days=days))
        payments.append(
            payment(number, *services, status=status, remittance=advice, **fields)
        )

    claims += [claim("RESENT-1"), claim("RESENT-1", submitted_on=date(2026, 3, 12))]
    verdicts.append(
        acknowledgment("RESENT-1", accepted=False, received=date(2026, 3, 5))
    )
    verdicts.append(
        acknowledgment("RESENT-1", accepted=True, received=date(2026, 3, 13))
    )
    answer("RESENT-1", 20, service(paid="110", cas="CO-45 40"))

    claims.append(claim("CORRECTED-1"))
    claims.append(
        claim(
            "CORRECTED-1",
            frequency_code="7",
            original_payer_claim_control_number="ICN1",
            submitted_on=date(2026, 4, 10),
        )
    )
    icn = {"payer_claim_control_number": "ICN1"}
    answer("corrected-1", 20, service(cas="CO-197 150"), status="4", **icn)
    answer(
        "CORRECTED-1",
        50,
        service(charge="-150", cas="CO-197 -150"),
        status="22",
        **icn,
    )
    answer(
        "CORRECTED-1",
        50,
        service(paid="110", cas="CO-45 40"),
        payer_claim_control_number="ICN2",
    )

    claims.append(claim("TRUNCATED-LONG-1", line(1, charge="333")))
    answer("TRUNCATED-LO", 30, service(charge="333", paid="333"))

    claims.append(claim("AMBIGUOUS-77", line(1, charge="444")))
    claims.append(claim("AMBIGUOUS-78", line(1, charge="444")))
    answer("AMBIGUOUS-7", 30, service(charge="444", paid="444"))

    claims.append(claim("SHORT", line(1, charge="555")))
    claims.append(claim("SHORT-EXACT", line(1, charge="555")))
    answer("SHORT-EXACT", 31, service(charge="555", paid="500", cas="CO-45 55"))
    return claims, payments, verdicts


def test_truncated_numbers_match_only_when_unambiguous(
    session: Session,
    organization_id: str,
) -> None:
    for data in shuffled_files(*_life_of_many_claims()):
        ingest(session, organization_id, data)
    ((_, left),) = unmatched_payments(session, organization_id)
    assert left.patient_control_number == "AMBIGUOUS-7"
    answered = {
        each.claim_id
        for each in practice_records(session, organization_id).adjudications
    }
    numbers = {
        each.claim.patient_control_number
        for each in practice_records(session, organization_id).submitted_claims
        if each.claim_id in answered
    }
    assert numbers == {"RESENT-1", "CORRECTED-1", "TRUNCATED-LONG-1", "SHORT-EXACT"}


def test_payments_that_come_before_their_claim_are_matched_when_it_comes(
    session: Session,
    organization_id: str,
) -> None:
    first = ingest(session, organization_id, remittance_file(SAME_REMITTANCE))
    assert (first.payments_matched, first.payments_unmatched) == (0, 2)
    second = ingest(session, organization_id, claims_file(CLAIMS))
    assert (second.payments_matched, second.lines_answered) == (2, 3)
    assert unmatched_payments(session, organization_id) == ()


def test_an_acknowledgment_sets_the_verdict_of_its_submission(
    session: Session,
    organization_id: str,
) -> None:
    again = msgspec.structs.replace(CLAIMS[1], submitted_on=date(2026, 3, 12))
    ingest(session, organization_id, claims_file([CLAIMS[1], again]))
    verdicts = [
        acknowledgment("a2", accepted=False, received=date(2026, 3, 5)),
        acknowledgment("A2", accepted=True, received=date(2026, 3, 12)),
    ]
    for each in verdicts:
        ingest(session, organization_id, acknowledgment_file([each]))
    records = practice_records(session, organization_id)
    assert {each.submitted_on: each.accepted for each in records.submitted_claims} == {
        date(2026, 3, 3): False,
        date(2026, 3, 12): True,
    }
