"""What a file or a span of days touched, and what is on file around it.

Judging every denial of a practice anew after each file would read all of its records
each time. These questions find the control numbers and the patients about whom
something changed, and read the records of those only.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import Session

from denialml.domain.acknowledgment import ClaimAcknowledgment
from denialml.domain.adjudication import LineAdjudication
from denialml.domain.claim import Claim
from denialml.domain.coverage import (
    Authorization,
    Clinician,
    EligibilityCheck,
    Enrollment,
    Payer,
)
from denialml.domain.encounter import Encounter
from denialml.domain.facts import PracticeRecords, SubmittedClaim
from denialml.store.payloads import payload_decoder
from denialml.store.tables import (
    AuthorizationRow,
    ClaimAcknowledgmentRow,
    ClaimPaymentRow,
    ClaimRow,
    ClinicianRow,
    EligibilityCheckRow,
    EncounterRow,
    EnrollmentRow,
    LineAdjudicationRow,
    PayerRow,
    PracticeRecordColumns,
)
from denialml.store.writing import chunks

T = TypeVar("T")

_OF_PATIENTS: Final[dict[str, Any]] = {
    "EligibilityCheck": EligibilityCheckRow,
    "Authorization": AuthorizationRow,
    "Encounter": EncounterRow,
}
_OF_THE_PRACTICE: Final[dict[str, Any]] = {
    "Payer": PayerRow,
    "Clinician": ClinicianRow,
    "Enrollment": EnrollmentRow,
}
# An answer without a claim, or filed under another number than its own.
UnsettledPayment = tuple[str, str, str, str | None]


class _PatientIds(msgspec.Struct, frozen=True):
    medical_record_number: str = ""
    member_id: str = ""


class _ClaimPatient(msgspec.Struct, frozen=True):
    subscriber: _PatientIds
    medical_record_number: str = ""


@dataclass(frozen=True, slots=True)
class Touched:
    """About whom something changed: control numbers (normalized) and patients.

    A patient is touched by medical record number or by member number. `everything`:
    what belongs to no patient (a payer, a clinician) changed.
    """

    control_numbers: frozenset[str] = frozenset()
    record_numbers: frozenset[str] = frozenset()
    member_ids: frozenset[str] = frozenset()
    everything: bool = False

    def __or__(self, other: "Touched") -> "Touched":
        return Touched(
            self.control_numbers | other.control_numbers,
            self.record_numbers | other.record_numbers,
            self.member_ids | other.member_ids,
            self.everything or other.everything,
        )


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The records around some control numbers, and which claim has which number."""

    records: PracticeRecords
    control_numbers: dict[str, str]


def touched_by_file(
    session: Session, organization_id: str, *, file_id: str, kinds: Collection[str]
) -> Touched:
    """What the new records of one file are about; `kinds` are their type names.

    A claim that arrives can also move answers between other control numbers: compare
    `unsettled_payments` before and after.
    """
    if set(kinds) & set(_OF_THE_PRACTICE):
        return Touched(everything=True)
    numbers: set[str] = set()
    for kind, row, columns in (
        ("Claim", ClaimRow, ("control_number_key",)),
        ("ClaimPayment", ClaimPaymentRow, ("control_number_key", "chain_key")),
        ("ClaimAcknowledgment", ClaimAcknowledgmentRow, ("control_number_key",)),
    ):
        if kind in kinds:
            table: Any = row
            statement = select(*(getattr(table, name) for name in columns)).where(
                table.organization_id == organization_id, table.file_id == file_id
            )
            numbers.update(key for keys in session.execute(statement) for key in keys)
    patients = [
        ids
        for kind, row in _OF_PATIENTS.items()
        if kind in kinds
        for ids in _patients(session, organization_id, row, row.file_id == file_id)
    ]
    return _touched(numbers, patients)


def touched_between(
    session: Session, organization_id: str, *, first: date, last: date
) -> Touched:
    """What became known on these days, both included, by the records' own dates."""
    for row in _OF_THE_PRACTICE.values():
        known = exists().where(
            row.organization_id == organization_id, row.known_on.between(first, last)
        )
        if session.scalar(select(known)):
            return Touched(everything=True)
    numbers: set[str] = set()
    of_claims: Select[Any] = select(ClaimRow.control_number_key).where(
        ClaimRow.organization_id == organization_id,
        ClaimRow.submitted_on.between(first, last),
    )
    of_answers: Select[Any] = (
        select(ClaimRow.control_number_key)
        .join(LineAdjudicationRow, LineAdjudicationRow.claim_id == ClaimRow.claim_id)
        .where(
            LineAdjudicationRow.organization_id == organization_id,
            LineAdjudicationRow.received_on.between(first, last),
        )
    )
    of_verdicts: Select[Any] = select(ClaimAcknowledgmentRow.control_number_key).where(
        ClaimAcknowledgmentRow.organization_id == organization_id,
        ClaimAcknowledgmentRow.received_on.between(first, last),
    )
    for statement in (of_claims, of_answers, of_verdicts):
        numbers.update(session.scalars(statement))
    patients = [
        ids
        for row in _OF_PATIENTS.values()
        for ids in _patients(
            session, organization_id, row, row.known_on.between(first, last)
        )
    ]
    return _touched(numbers, patients)


def unsettled_payments(
    session: Session, organization_id: str
) -> frozenset[UnsettledPayment]:
    """Answers that the arrival of a claim may move: id, number, filed under, claim."""
    statement = select(
        ClaimPaymentRow.payment_id,
        ClaimPaymentRow.control_number_key,
        ClaimPaymentRow.chain_key,
        ClaimPaymentRow.claim_id,
    ).where(
        ClaimPaymentRow.organization_id == organization_id,
        or_(
            ClaimPaymentRow.claim_id.is_(None),
            ClaimPaymentRow.chain_key != ClaimPaymentRow.control_number_key,
        ),
    )
    return frozenset((a, b, c, d) for a, b, c, d in session.execute(statement))


def patients_of(
    session: Session, organization_id: str, control_numbers: Collection[str]
) -> Touched:
    """The patients of all claims under these control numbers, with the numbers."""
    found: list[_PatientIds] = []
    decode = msgspec.json.Decoder(_ClaimPatient).decode
    for chunk in chunks(sorted(control_numbers)):
        statement = select(ClaimRow.payload).where(
            ClaimRow.organization_id == organization_id,
            ClaimRow.control_number_key.in_(chunk),
        )
        found += [_ids_of(decode(payload)) for payload in session.scalars(statement)]
    return _touched(control_numbers, found)


def records_around(
    session: Session,
    organization_id: str,
    control_numbers: Collection[str],
    *,
    until: date,
) -> Surroundings:
    """What was known on `until` about the patients of these control numbers.

    All claims under the numbers and all records of their patients, with every payer,
    clinician and enrollment. Ordered like `practice_records`; what is read beyond
    the patients does no harm.
    """
    touched = patients_of(session, organization_id, control_numbers)
    claims = _claims_around(session, organization_id, touched)
    keys = {row.claim_id: row.control_number_key for row in claims}
    decode = payload_decoder(Claim).decode

    def everyone(row: Any, kind: type[T]) -> tuple[T, ...]:
        return tuple(_known(session, organization_id, row, kind, until=until))

    def theirs(row: Any, kind: type[T]) -> tuple[T, ...]:
        found = _known(
            session, organization_id, row, kind, until=until, touched=touched
        )
        return tuple(found)

    return Surroundings(
        records=PracticeRecords(
            payers=everyone(PayerRow, Payer),
            clinicians=everyone(ClinicianRow, Clinician),
            enrollments=everyone(EnrollmentRow, Enrollment),
            eligibility_checks=theirs(EligibilityCheckRow, EligibilityCheck),
            authorizations=theirs(AuthorizationRow, Authorization),
            encounters=theirs(EncounterRow, Encounter),
            submitted_claims=tuple(
                SubmittedClaim(
                    claim_id=row.claim_id,
                    submitted_on=row.submitted_on,
                    claim=decode(row.payload),
                    accepted=row.accepted,
                )
                for row in claims
                if row.submitted_on <= until
            ),
            adjudications=_answers(session, organization_id, keys, until=until),
            acknowledgments=_verdicts(
                session, organization_id, set(keys.values()), until=until
            ),
        ),
        control_numbers=keys,
    )


def _claims_around(session: Session, organization_id: str, touched: Touched) -> Any:
    """Rows of the claims under the numbers and of their patients, by claim id.

    A claim without a medical record number is linked by member number to claims that
    have one, which no column holds: then every claim's identifiers are looked at.
    """
    mine = ClaimRow.organization_id == organization_id
    wanted: set[str] = set()
    for column, values in (
        (ClaimRow.control_number_key, touched.control_numbers),
        (ClaimRow.patient_key, (touched.record_numbers | touched.member_ids) - {""}),
    ):
        for chunk in chunks(sorted(values)):
            wanted.update(
                session.scalars(
                    select(ClaimRow.claim_id).where(mine, column.in_(chunk))
                )
            )
    if "" in touched.record_numbers:
        decode = msgspec.json.Decoder(_ClaimPatient).decode
        statement = select(ClaimRow.claim_id, ClaimRow.payload).where(mine)
        wanted.update(
            claim_id
            for claim_id, payload in session.execute(statement)
            if decode(payload).subscriber.member_id in touched.member_ids
        )
    rows: list[Any] = []
    for chunk in chunks(sorted(wanted)):
        statement_of_rows = (
            select(
                ClaimRow.claim_id,
                ClaimRow.control_number_key,
                ClaimRow.submitted_on,
                ClaimRow.accepted,
                ClaimRow.payload,
            )
            .where(mine, ClaimRow.claim_id.in_(chunk))
            .order_by(ClaimRow.claim_id)
        )
        rows += session.execute(statement_of_rows).all()
    return rows


def _answers(
    session: Session, organization_id: str, claim_ids: Iterable[str], *, until: date
) -> tuple[LineAdjudication, ...]:
    decode = payload_decoder(LineAdjudication).decode
    found: list[LineAdjudication] = []
    for chunk in chunks(sorted(claim_ids)):
        statement = (
            select(LineAdjudicationRow.payload)
            .where(
                LineAdjudicationRow.organization_id == organization_id,
                LineAdjudicationRow.claim_id.in_(chunk),
                LineAdjudicationRow.received_on <= until,
            )
            .order_by(
                LineAdjudicationRow.claim_id,
                LineAdjudicationRow.line_number,
                LineAdjudicationRow.sequence,
            )
        )
        found += [decode(payload) for payload in session.scalars(statement)]
    return tuple(found)


def _verdicts(
    session: Session, organization_id: str, numbers: Collection[str], *, until: date
) -> tuple[ClaimAcknowledgment, ...]:
    decode = payload_decoder(ClaimAcknowledgment).decode
    found: list[tuple[str, ClaimAcknowledgment]] = []
    for chunk in chunks(sorted(numbers)):
        statement = select(
            ClaimAcknowledgmentRow.acknowledgment_id, ClaimAcknowledgmentRow.payload
        ).where(
            ClaimAcknowledgmentRow.organization_id == organization_id,
            ClaimAcknowledgmentRow.control_number_key.in_(chunk),
            ClaimAcknowledgmentRow.received_on <= until,
        )
        found += [(one, decode(payload)) for one, payload in session.execute(statement)]
    found.sort(key=lambda pair: pair[0])
    return tuple(one for _, one in found)


def _known(
    session: Session,
    organization_id: str,
    row: type[PracticeRecordColumns],
    kind: type[T],
    *,
    until: date,
    touched: Touched | None = None,
) -> Iterator[T]:
    """The practice's own records by id; those of touched patients where given."""
    decode = payload_decoder(kind).decode
    identify = msgspec.json.Decoder(_PatientIds).decode
    statement = (
        select(row.payload)
        .where(
            row.organization_id == organization_id,
            or_(row.known_on.is_(None), row.known_on <= until),
        )
        .order_by(row.record_id)
    )
    for payload in session.scalars(statement):
        if touched is None or _is_touched(identify(payload), touched):
            yield decode(payload)


def _patients(
    session: Session, organization_id: str, row: Any, condition: Any
) -> list[_PatientIds]:
    identify = msgspec.json.Decoder(_PatientIds).decode
    statement = select(row.payload).where(
        row.organization_id == organization_id, condition
    )
    return [identify(payload) for payload in session.scalars(statement)]


def _ids_of(claim: _ClaimPatient) -> _PatientIds:
    return _PatientIds(claim.medical_record_number, claim.subscriber.member_id)


def _is_touched(ids: _PatientIds, touched: Touched) -> bool:
    return bool(
        (
            ids.medical_record_number
            and ids.medical_record_number in touched.record_numbers
        )
        or (ids.member_id and ids.member_id in touched.member_ids)
    )


def _touched(numbers: Iterable[str], patients: Collection[_PatientIds]) -> Touched:
    return Touched(
        control_numbers=frozenset(numbers),
        record_numbers=frozenset(one.medical_record_number for one in patients),
        member_ids=frozenset(one.member_id for one in patients),
    )
