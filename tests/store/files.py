"""X12 files made from records, and the stored rows of an organization to compare."""

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from denialml.domain.acknowledgment import ClaimAcknowledgment
from denialml.domain.claim import Claim
from denialml.domain.remittance import ClaimPayment
from denialml.formats import (
    Envelope,
    write_claim_acknowledgments,
    write_claims,
    write_remittances,
)
from denialml.journeys.ingest import IngestReport, ingest_file
from denialml.store.columns import Base
from tests.store.samples import NOW, claim, line, payment, remittance, service

CLAIMS = [
    claim("A1", line(1), line(2, "90785", "20")),
    claim("A2"),
    claim("A3", line(1, charge="150.50")),
]
ADVICE = remittance(payment="130")
PAID = payment(
    "A1",
    service(paid="110", cas="CO-45 40"),
    service("90785", "20", "20", ""),
    remittance=ADVICE,
)
DENIED = payment("A2", service(cas="CO-197 150"), status="4", remittance=ADVICE)
SAME_REMITTANCE = [PAID, DENIED]

# What may differ between two ways of sending the same records: where they came from.
PROVENANCE = {"file_id", "source_files", "problems", "audit_events", "records_version"}


def envelope(number: int = 1, *, created_at: datetime = NOW) -> Envelope:
    return Envelope(
        sender_id="SENDER",
        receiver_id="RECEIVER",
        control_number=number,
        created_at=created_at,
        usage="T",
    )


def claims_file(claims: Sequence[Claim], **options: Any) -> bytes:
    return write_claims(claims, envelope=envelope(), **options)


def remittance_file(*transactions: Sequence[ClaimPayment], number: int = 1) -> bytes:
    """One ST for each sequence of payments, received on its remittance's day."""
    day = transactions[0][0].remittance.received_on
    assert day is not None
    created_at = NOW.replace(year=day.year, month=day.month, day=day.day)
    return write_remittances(
        [(payments[0].remittance, payments, ()) for payments in transactions],
        envelope=envelope(number, created_at=created_at),
    )


def acknowledgment_file(acknowledgments: Sequence[ClaimAcknowledgment]) -> bytes:
    day = acknowledgments[0].received_on
    assert day is not None
    created_at = NOW.replace(year=day.year, month=day.month, day=day.day)
    return write_claim_acknowledgments(
        acknowledgments, envelope=envelope(created_at=created_at)
    )


def ingest(
    session: Session, organization_id: str, data: bytes, *, file: str = "file.edi"
) -> IngestReport:
    return ingest_file(
        session, organization_id, io.BytesIO(data), file=file, now=NOW, actor="key_1"
    )


def stored(session: Session, organization_id: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the organization, by table, without its place and provenance."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for table in Base.metadata.sorted_tables:
        if table.name in PROVENANCE or table.name == "organizations":
            continue
        columns = [each for each in table.columns if each.name not in PROVENANCE]
        statement = select(*columns).where(table.c.organization_id == organization_id)
        found[table.name] = sorted(
            (
                tuple(_without_place(value) for value in row)
                for row in session.execute(statement)
            ),
            key=str,
        )
    return found


def _without_place(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("{"):
        # Payloads differ by where they were read, and by nothing else.
        return str(_strip(msgspec.json.decode(value)))
    return value


def _strip(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _strip(item)
            for name, item in sorted(value.items())
            if name not in {"source", "transaction_control_number"}
        }
    if isinstance(value, list):
        return [_strip(item) for item in value]
    return value


def rows_of(session: Session, organization_id: str) -> dict[str, int]:
    """How many rows each table holds, empty ones left out."""
    return {
        name: len(rows)
        for name, rows in stored(session, organization_id).items()
        if rows
    }


def shuffled_files(
    claims: Iterable[Claim],
    payments: Iterable[ClaimPayment],
    acknowledgments: Iterable[ClaimAcknowledgment],
) -> list[bytes]:
    """Every record in a file of its own, in the order given."""
    return [
        *(claims_file([each]) for each in claims),
        *(remittance_file([each]) for each in payments),
        *(acknowledgment_file([each]) for each in acknowledgments),
    ]
