"""The payers' letters on file, as judging reads them; the reading is audited."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy.orm import Session

from denialml.appeals.protected_notes import may_be_protected
from denialml.modeling.root_cause.payer_letters import PAYER_LETTER, PayerLetters
from denialml.store.audit import AuditAction, record_event
from denialml.store.payer_letters import (
    letters_between,
    letters_of_file,
    payer_letters,
    replaced_by_file,
)
from denialml.store.touched import Touched, patients_of


def read_letters(
    session: Session,
    organization_id: str,
    *,
    until: date,
    control_numbers: Collection[str] | None = None,
) -> PayerLetters:
    """Letters known on `until`: all, or those about some control numbers' patients.

    A letter whose words say anywhere that it may be a psychotherapy or counseling note
    is passed over, whatever it was filed as.
    """
    about = Touched()
    if control_numbers is not None:
        about = patients_of(session, organization_id, control_numbers)
    found = payer_letters(
        session,
        organization_id,
        kind=PAYER_LETTER,
        until=until,
        control_numbers=control_numbers,
        record_numbers=about.record_numbers - {""},
        member_ids=about.member_ids - {""},
    )
    return PayerLetters(one for one in found if not may_be_protected(one))


def note_letters_read(
    session: Session, organization_id: str, count: int, *, actor: str, now: datetime
) -> None:
    """Audit that so many letters were read to judge denials; nothing for none."""
    if count:
        record_event(
            session,
            organization_id,
            actor=actor,
            action=AuditAction.LETTERS_READ,
            record_kind="document",
            record_id="",
            record_count=count,
            now=now,
        )


def letters_touch(
    session: Session,
    organization_id: str,
    *,
    file_id: str,
    letter_ids: Collection[str],
) -> tuple[Touched, frozenset[str]]:
    """Whom a file's letters are about, and which of `letter_ids` it brought again.

    A document that is replaced may have been a letter about another claim before: the
    denials that it was read for are to be judged again as well.
    """
    return (
        letters_of_file(session, organization_id, kind=PAYER_LETTER, file_id=file_id),
        replaced_by_file(session, organization_id, letter_ids, file_id=file_id),
    )


def letters_known_between(
    session: Session, organization_id: str, *, first: date, last: date
) -> Touched:
    """Whom letters are about that became known on these days, both included."""
    return letters_between(
        session, organization_id, kind=PAYER_LETTER, first=first, last=last
    )
