"""What one judgment of a practice's denials leaves for the next, and what it spares.

Judging everything after each file would cost the same for ten claims as for ten
thousand. `after_file` notes about whom a file brought something, `scope_of` says whose
denials could be judged otherwise now, and when that cannot be told.
"""

from datetime import date
from decimal import Decimal

import msgspec
from sqlalchemy.orm import Session

from denialml.domain.record import Judgment
from denialml.journeys.ingest import IngestReport
from denialml.journeys.judging import JudgedLine, control_numbers_of
from denialml.journeys.letters import letters_known_between, letters_touch
from denialml.modeling.root_cause.practice_learning import CauseModel
from denialml.store.audit import AuditAction, latest_sequence
from denialml.store.organizations import get_organization
from denialml.store.touched import (
    Touched,
    UnsettledPayment,
    patients_of,
    touched_between,
    touched_by_file,
    unsettled_payments,
)


class Judgments(Judgment, frozen=True):
    """What a run of `denials.judge_denials` leaves for the next, kept in memory.

    It stands only while nothing else changed the practice: `records_version` is that of
    the records it knows, `event_id` that of the run in the audit trail. `touched` is
    about whom files brought something since. `unexplained` are lines not paid for no
    known reason, by claim and line, with their control number and charge.
    """

    as_of: date
    records_version: int
    event_id: int
    lines: tuple[JudgedLine, ...]
    unexplained: dict[tuple[str, int], tuple[str, Decimal]]
    unsettled: frozenset[UnsettledPayment]
    touched: Touched = Touched()
    model: CauseModel | None = None
    model_version: str = ""

    @property
    def letter_ids(self) -> frozenset[str]:
        """The documents that were read as payers' letters."""
        return frozenset(one.letter_id for one in self.lines if one.letter_id)


def after_file(
    session: Session,
    organization_id: str,
    last: Judgments,
    report: IngestReport,
    *,
    records_version: int,
) -> Judgments | None:
    """`last` with what this file touched; None where that cannot be told.

    Call it in the transaction that ingested the file; `records_version` is that of the
    practice before, read under its lock.
    """
    if last.records_version != records_version:
        return None
    version = get_organization(session, organization_id).records_version
    if version == records_version:
        return last
    if set(report.records_replaced) - {"Document"}:
        return None  # whom the older version was about is not on file any more
    touched = last.touched | touched_by_file(
        session,
        organization_id,
        file_id=report.file_id,
        kinds=report.records_new.keys(),
    )
    if "Document" in {*report.records_new, *report.records_replaced}:
        touched |= _touched_by_documents(session, organization_id, last, report.file_id)
    unsettled = last.unsettled
    # Reading them costs by how many there are; nothing else that arrives moves one.
    if {"Claim", "ClaimPayment"} & report.records_new.keys():
        unsettled = unsettled_payments(session, organization_id)
    moved = {
        number
        for _, *numbers, _ in unsettled ^ last.unsettled
        for number in numbers
        if number is not None
    }
    return msgspec.structs.replace(
        last,
        records_version=version,
        unsettled=unsettled,
        touched=touched | Touched(control_numbers=frozenset(moved)),
    )


def brings_letters(
    session: Session, organization_id: str, report: IngestReport
) -> bool:
    """Whether a file brought payers' letters, so that denials can be judged anew."""
    if "Document" not in {*report.records_new, *report.records_replaced}:
        return False
    about, _ = letters_touch(
        session, organization_id, file_id=report.file_id, letter_ids=()
    )
    return about != Touched()


def _touched_by_documents(
    session: Session, organization_id: str, last: Judgments, file_id: str
) -> Touched:
    about, replaced = letters_touch(
        session, organization_id, file_id=file_id, letter_ids=last.letter_ids
    )
    read_for = {one.control_number for one in last.lines if one.letter_id in replaced}
    return about | Touched(control_numbers=frozenset(read_for))


def scope_of(
    session: Session,
    organization_id: str,
    last: Judgments | None,
    *,
    as_of: date,
    model_version: str,
) -> frozenset[str] | None:
    """Control numbers whose denials could be judged otherwise now; None: all."""
    if (
        last is None
        or as_of < last.as_of
        or last.model_version != model_version
        or last.records_version
        != get_organization(session, organization_id).records_version
        or last.event_id
        != latest_sequence(session, organization_id, AuditAction.DENIALS_FOUND)
    ):
        return None
    touched, dateless = last.touched, set[str]()
    if as_of > last.as_of:
        touched |= touched_between(
            session, organization_id, first=last.as_of, last=as_of
        )
        touched |= letters_known_between(
            session, organization_id, first=last.as_of, last=as_of
        )
        # Without a date of service a line is looked at as of today.
        dateless = {one.control_number for one in last.lines if not one.service[2]}
    if touched.everything:
        return None
    touched |= patients_of(session, organization_id, touched.control_numbers)
    patients = control_numbers_of(
        last.lines,
        record_numbers=touched.record_numbers,
        member_ids=touched.member_ids,
    )
    return touched.control_numbers | patients | dateless
