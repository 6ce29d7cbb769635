"""Payers' letters about denials: read for the denials they are about, none besides.

Only documents of the one kind are read, and of those that are filed as a psychotherapy
or counseling note nothing but the filing (45 CFR 164.501, 42 CFR 2.11).
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session

from denialml.domain.document import PROTECTED_NOTES, Document, Sensitivity
from denialml.store.membership import one_of
from denialml.store.payloads import payload_decoder
from denialml.store.tables import DocumentRow
from denialml.store.touched import Touched
from denialml.store.writing import run, table_of

_DOCUMENTS = table_of(DocumentRow).c


class _Filing(msgspec.Struct, frozen=True):
    sensitivity: Sensitivity


def payer_letters(
    session: Session,
    organization_id: str,
    *,
    kind: str,
    until: date,
    control_numbers: Collection[str] | None = None,
    record_numbers: Collection[str] = (),
    member_ids: Collection[str] = (),
) -> tuple[Document, ...]:
    """Letters known on `until`, by document id; undated ones count as known.

    With `control_numbers` (normalized) only those that name one of them, and those
    that name none and are about one of the patients.
    """
    mine = {"organization_id": organization_id, "kind": kind, "until": until}
    if control_numbers is None:
        rows = list(run(session, ALL_LETTERS, **mine))
    else:
        rows = list(run(session, LETTERS_OF_CLAIMS, **mine, keys=control_numbers))
        rows += run(session, LETTERS_OF_PATIENTS, **mine, keys=record_numbers)
        rows += [
            row
            for row in run(session, LETTERS_OF_PATIENTS, **mine, keys=("",))
            if row.member_id and row.member_id in member_ids
        ]
    return tuple(
        sorted(_readable(row.payload for row in rows), key=lambda it: it.document_id)
    )


def letters_of_file(
    session: Session, organization_id: str, *, kind: str, file_id: str
) -> Touched:
    """Whom the letters are about that one file brought, or brought again."""
    return _about(
        run(
            session,
            select(*_WHOM).where(
                _DOCUMENTS.organization_id == organization_id,
                _DOCUMENTS.kind == kind,
                _DOCUMENTS.file_id == file_id,
            ),
        )
    )


def replaced_by_file(
    session: Session,
    organization_id: str,
    document_ids: Collection[str],
    *,
    file_id: str,
) -> frozenset[str]:
    """Those of these documents whose version on file is that of one file."""
    rows = run(session, OF_IDS, organization_id=organization_id, keys=document_ids)
    return frozenset(row.document_id for row in rows if row.file_id == file_id)


def letters_between(
    session: Session, organization_id: str, *, kind: str, first: date, last: date
) -> Touched:
    """Whom letters are about that became known on these days, both included."""
    return _about(
        run(
            session,
            select(*_WHOM).where(
                _DOCUMENTS.organization_id == organization_id,
                _DOCUMENTS.kind == kind,
                _DOCUMENTS.known_on.between(first, last),
            ),
        )
    )


_WHOM = (
    _DOCUMENTS.control_number_key,
    _DOCUMENTS.medical_record_number,
    _DOCUMENTS.member_id,
)


def _question(*conditions: Any) -> Select[Any]:
    return select(_DOCUMENTS.member_id, _DOCUMENTS.payload).where(
        _DOCUMENTS.organization_id == bindparam("organization_id"),
        _DOCUMENTS.kind == bindparam("kind"),
        or_(
            _DOCUMENTS.known_on.is_(None),
            _DOCUMENTS.known_on <= bindparam("until"),
        ),
        *conditions,
    )


OF_IDS = select(_DOCUMENTS.document_id, _DOCUMENTS.file_id).where(
    _DOCUMENTS.organization_id == bindparam("organization_id"),
    one_of(_DOCUMENTS.document_id, "keys"),
)
ALL_LETTERS = _question()
LETTERS_OF_CLAIMS = _question(one_of(_DOCUMENTS.control_number_key, "keys"))
LETTERS_OF_PATIENTS = _question(
    _DOCUMENTS.control_number_key == "",
    one_of(_DOCUMENTS.medical_record_number, "keys"),
)


def _about(rows: Iterable[Any]) -> Touched:
    """Control numbers; the patients of letters that name none."""
    found = list(rows)
    nameless = [row for row in found if not row.control_number_key]
    return Touched(
        control_numbers=frozenset(
            row.control_number_key for row in found if row.control_number_key
        ),
        record_numbers=frozenset(
            row.medical_record_number for row in nameless if row.medical_record_number
        ),
        member_ids=frozenset(row.member_id for row in nameless if row.member_id),
    )


def _readable(payloads: Iterable[str]) -> Iterator[Document]:
    decode, filing = payload_decoder(Document).decode, _filing_decoder().decode
    for payload in payloads:
        if filing(payload).sensitivity not in PROTECTED_NOTES:
            yield decode(payload)


@lru_cache(maxsize=1)
def _filing_decoder() -> msgspec.json.Decoder[_Filing]:
    return msgspec.json.Decoder(_Filing)
