"""Taking records in: batches of new rows, whatever was already on file left alone.

One `Intake` takes one file. Records wait in memory until `BATCH` of them are there;
then those not yet on file are written and everything that shares a control number
with them is matched anew.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from denialml.domain.acknowledgment import ClaimAcknowledgment
from denialml.domain.claim import Claim
from denialml.domain.problem import Problem
from denialml.domain.record import Fact
from denialml.domain.remittance import ClaimPayment, ProviderAdjustment, Remittance
from denialml.store.columns import Base
from denialml.store.identity import Identity, encode
from denialml.store.line_matching import normal_control_number
from denialml.store.linking import LinkCounts, match_touched, write_matches
from denialml.store.practice_rows import PRACTICE_RECORDS, ContentOf, PracticeKind
from denialml.store.provisional import (
    CLAIMS,
    PAYMENTS,
    ProvisionalKind,
    complete,
    faulty_starts,
)
from denialml.store.rows import (
    ArrivedPayment,
    Row,
    claim_payment_row,
    claim_row,
    provider_adjustment_row,
    remittance_row,
)
from denialml.store.tables import (
    ClaimAcknowledgmentRow,
    ClaimPaymentRow,
    ClaimRow,
    ProviderAdjustmentRow,
    RecordAliasRow,
    RemittanceRow,
)
from denialml.store.writing import existing, insert_new, payloads_on_file, upsert

BATCH: Final = 1000


class Intake:
    """Takes the records of one file into one organization.

    After the last `flush`: `read`, `new`, `replaced` and `known` count records by type
    name, `links` what matching added. Content-identical records count once as new,
    then as known. `problems` are the reader's own and may still grow: a record with an
    error among its segments is stored as provisional.
    """

    def __init__(
        self,
        session: Session,
        organization_id: str,
        *,
        identity: Identity,
        file_id: str,
        today: date,
        content_of: ContentOf = lambda document: None,  # noqa: ARG005
        problems: Sequence[Problem] = (),
    ) -> None:
        self.read: Counter[str] = Counter()
        self.new: Counter[str] = Counter()
        self.replaced: Counter[str] = Counter()
        self.links = LinkCounts()
        self._session = session
        self._owner: Row = {"organization_id": organization_id, "file_id": file_id}
        self._organization_id = organization_id
        self._identity = identity
        self._today = today
        self._content_of = content_of
        self._problems = problems
        self._waiting = 0
        self._claims: dict[str, tuple[Claim, bytes]] = {}
        self._remittances: dict[str, tuple[Remittance, bytes]] = {}
        self._payments: dict[str, tuple[ClaimPayment, bytes, str]] = {}
        self._provider: dict[str, tuple[ProviderAdjustment, bytes, str]] = {}
        self._claim_answers: dict[str, tuple[ClaimAcknowledgment, bytes]] = {}
        self._practice: dict[PracticeKind, dict[str, tuple[Fact, bytes]]] = {}
        self._ordinals: Counter[str] = Counter()
        self._remittance: tuple[Remittance, str] | None = None
        self._remittances_on_file: set[str] = set()
        self._mended_keys: set[str] = set()

    @property
    def known(self) -> Counter[str]:
        """Records that were already on file, by type name."""
        return Counter(
            {
                kind: count - self.new[kind] - self.replaced[kind]
                for kind, count in self.read.items()
                if count > self.new[kind] + self.replaced[kind]
            }
        )

    def add(self, record: Fact) -> None:
        """Take one record; writes a batch when enough are waiting."""
        self.read[type(record).__name__] += 1
        if isinstance(record, Claim):
            payload = encode(record)
            self._claims.setdefault(
                self._identity.of_content("clm", record, payload), (record, payload)
            )
        elif isinstance(record, ClaimPayment):
            self._add_payment(record)
        elif isinstance(record, Remittance):
            self._ordinals.clear()
            self._remittance_id(record)
        elif isinstance(record, ProviderAdjustment):
            self._add_provider_adjustment(record)
        elif isinstance(record, ClaimAcknowledgment):
            payload = encode(record)
            self._claim_answers.setdefault(
                self._identity.of_content("ack", record, payload), (record, payload)
            )
        else:
            self._add_practice_record(record)
        self._waiting += 1
        if self._waiting >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what waits, and match what it touches."""
        faulty = self._faulty()
        claims = self._write_claims(faulty)
        self._write_remittances()
        payments = self._new_payments(faulty)
        self._write_provider_adjustments()
        acknowledgments = self._write_acknowledgments()
        for kind, records in self._practice.items():
            self._write_practice_records(kind, records)
        self._practice.clear()
        self._waiting = 0
        touched = acknowledgments | self._mended_keys
        self._mended_keys.clear()
        if claims or payments or touched:
            matches = match_touched(
                self._session,
                self._organization_id,
                claims=claims,
                payments=payments,
                other_keys=touched,
            )
            self._insert(
                ClaimPaymentRow,
                [payment.row for payment in payments],
                counted="ClaimPayment",
            )
            self.links += write_matches(self._session, self._organization_id, matches)

    def _add_payment(self, payment: ClaimPayment) -> None:
        payload = encode(payment)
        remittance_id = self._remittance_id(payment.remittance)
        identifier = self._identity.of_payment(
            payment, payload, remittance_id=remittance_id
        )
        ordinal = self._ordinals[identifier]
        self._ordinals[identifier] += 1
        self._payments.setdefault(
            self._identity.nth(identifier, ordinal), (payment, payload, remittance_id)
        )

    def _add_provider_adjustment(self, adjustment: ProviderAdjustment) -> None:
        payload = encode(adjustment)
        remittance_id = self._remittance_id(adjustment.remittance)
        identifier = self._identity.of_parts(
            "plb",
            remittance_id,
            adjustment.provider_id,
            adjustment.reason_code,
            adjustment.reference,
            str(adjustment.amount.normalize()),
        )
        ordinal = self._ordinals[identifier]
        self._ordinals[identifier] += 1
        self._provider.setdefault(
            self._identity.nth(identifier, ordinal),
            (adjustment, payload, remittance_id),
        )

    def _remittance_id(self, remittance: Remittance) -> str:
        if self._remittance is not None and self._remittance[0] is remittance:
            return self._remittance[1]
        remittance_id = self._identity.of_remittance(remittance)
        self._remittance = (remittance, remittance_id)
        if remittance_id not in self._remittances_on_file:
            self._remittances.setdefault(
                remittance_id, (remittance, encode(remittance))
            )
        return remittance_id

    def _add_practice_record(self, record: Fact) -> None:
        kind = PRACTICE_RECORDS[type(record)]
        payload = encode(record)
        self._practice.setdefault(kind, {})[
            kind.identify(self._identity, record, payload)
        ] = (record, payload)

    def _faulty(self) -> set[int]:
        """First segments of the waiting records that were read with a fault."""
        if not self._problems:
            return set()
        waiting: list[Claim | ClaimPayment] = [
            *(claim for claim, _ in self._claims.values()),
            *(payment for payment, _, _ in self._payments.values()),
        ]
        starts = (one.source.segment for one in waiting if one.source is not None)
        return faulty_starts(starts, self._problems)

    def _write_claims(self, faulty: set[int]) -> list[Row]:
        known = self._on_file(CLAIMS, self._claims)
        rows: list[Row] = []
        for claim_id, (claim, payload) in self._claims.items():
            if claim_id in known:
                continue
            row = claim_row(
                claim, claim_id=claim_id, payload=payload, today=self._today
            )
            row["provisional"] = _starts_in(faulty, claim)
            rows.append(row | self._owner)
        rows = self._without_mended(CLAIMS, rows, counted="Claim")
        self._insert(ClaimRow, rows, counted="Claim")
        self._claims.clear()
        return rows

    def _without_mended(
        self, kind: ProvisionalKind, rows: list[Row], *, counted: str
    ) -> list[Row]:
        """The rows that are new, after the others took a provisional one's place."""
        arrived = complete(self._session, self._organization_id, kind, rows)
        if arrived.mended:
            self.replaced[counted] += len(arrived.mended)
            self._mended_keys |= {row["control_number_key"] for row in arrived.mended}
        return arrived.fresh

    def _write_remittances(self) -> None:
        known = existing(
            self._session, RemittanceRow, "remittance_id", self._remittances
        )
        rows = [
            remittance_row(
                remittance,
                remittance_id=remittance_id,
                payload=payload,
                today=self._today,
            )
            | self._owner
            for remittance_id, (remittance, payload) in self._remittances.items()
            if remittance_id not in known
        ]
        self._insert(RemittanceRow, rows, counted="Remittance")
        self._remittances_on_file.update(self._remittances)
        self._remittances.clear()

    def _new_payments(self, faulty: set[int]) -> list[ArrivedPayment]:
        known = self._on_file(PAYMENTS, self._payments)
        records: dict[str, ClaimPayment] = {}
        rows: list[Row] = []
        for payment_id, (payment, payload, remittance_id) in self._payments.items():
            if payment_id in known:
                continue
            row = claim_payment_row(
                payment,
                payment_id=payment_id,
                remittance_id=remittance_id,
                payload=payload,
                today=self._today,
            )
            row["provisional"] = _starts_in(faulty, payment)
            rows.append(row | self._owner)
            records[payment_id] = payment
        self._payments.clear()
        return [
            ArrivedPayment(row, records[row["payment_id"]])
            for row in self._without_mended(PAYMENTS, rows, counted="ClaimPayment")
        ]

    def _write_provider_adjustments(self) -> None:
        known = existing(
            self._session, ProviderAdjustmentRow, "adjustment_id", self._provider
        )
        rows = [
            provider_adjustment_row(
                adjustment,
                adjustment_id=adjustment_id,
                remittance_id=remittance_id,
                payload=payload,
                today=self._today,
            )
            | self._owner
            for adjustment_id, (
                adjustment,
                payload,
                remittance_id,
            ) in self._provider.items()
            if adjustment_id not in known
        ]
        self._insert(ProviderAdjustmentRow, rows, counted="ProviderAdjustment")
        self._provider.clear()

    def _write_acknowledgments(self) -> set[str]:
        known = existing(
            self._session,
            ClaimAcknowledgmentRow,
            "acknowledgment_id",
            self._claim_answers,
        )
        rows = [
            {
                "acknowledgment_id": acknowledgment_id,
                "control_number_key": normal_control_number(
                    record.patient_control_number
                ),
                "accepted": record.accepted,
                "received_on": record.received_on or record.status_date or self._today,
                "payload": payload.decode(),
            }
            | self._owner
            for acknowledgment_id, (record, payload) in self._claim_answers.items()
            if acknowledgment_id not in known
        ]
        self._insert(ClaimAcknowledgmentRow, rows, counted="ClaimAcknowledgment")
        self._claim_answers.clear()
        return {str(row["control_number_key"]) for row in rows}

    def _write_practice_records(
        self, kind: PracticeKind, records: dict[str, tuple[Fact, bytes]]
    ) -> None:
        stored = payloads_on_file(self._session, kind.row, records)
        rows: list[Row] = []
        for record_id, (record, payload) in records.items():
            if record_id not in stored:
                self.new[type(record).__name__] += 1
            elif not kind.replaces or kind.same_content(
                stored[record_id], record, payload
            ):
                continue
            else:
                self.replaced[type(record).__name__] += 1
            row = kind.columns(record, payload, content_of=self._content_of)
            rows.append(row | self._owner | {"record_id": record_id})
        if kind.replaces:
            upsert(self._session, kind.row, rows, key=("record_id",))
        else:
            insert_new(self._session, kind.row, rows)

    def _on_file(
        self, kind: ProvisionalKind, records: Mapping[str, object]
    ) -> set[str]:
        found = existing(self._session, kind.row, kind.key, records)
        return found | existing(self._session, RecordAliasRow, "alias_id", records)

    def _insert(self, table: type[Base], rows: list[Row], *, counted: str) -> None:
        insert_new(self._session, table, rows)
        self.new[counted] += len(rows)


def _starts_in(faulty: set[int], record: Claim | ClaimPayment) -> bool:
    return record.source is not None and record.source.segment in faulty
