"""Which patient a record is about, as the audit trail names them: by a keyed id.

An act on one claim, denial or letter is an act on one patient's record. The door that
does it says which record; whose it is, is found here when the event is written.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Column, FromClause, Select, bindparam, select
from sqlalchemy.orm import Session

from denialml.store.identity import Identity
from denialml.store.membership import one_of
from denialml.store.organizations import get_organization
from denialml.store.tables import AppealDraftRow, ClaimRow, DenialRow
from denialml.store.writing import run, table_of

_CLAIMS = table_of(ClaimRow)
_DENIALS = table_of(DenialRow)
_DRAFTS = table_of(AppealDraftRow)


def patients_of_records(
    session: Session, organization_id: str, record_ids: Collection[str]
) -> dict[str, str]:
    """The patient's id of each of these claims, denials and letters that is on file.

    Any other id is left out, and so is a claim that does not say whose it is.
    """
    numbers: dict[str, str] = {}
    for prefix, statement in _PATIENT_NUMBERS.items():
        asked = sorted(one for one in set(record_ids) if one.startswith(prefix))
        if asked:
            found: Any = run(
                session, statement, organization=organization_id, ids=asked
            )
            numbers.update((record_id, number) for record_id, number in found)
    if not numbers:
        return {}
    organization = get_organization(session, organization_id)
    identity = Identity(organization.fingerprint_key)
    return {
        record_id: identity.of_patient_number(number)
        for record_id, number in numbers.items()
        if number
    }


def _asking(record_id: Column[str], found_in: FromClause) -> Select[tuple[str, str]]:
    """The question for the numbers of these records' patients."""
    return (
        select(record_id, _CLAIMS.c.patient_key)
        .select_from(found_in)
        .where(
            _CLAIMS.c.organization_id == bindparam("organization"),
            one_of(record_id, "ids"),
        )
    )


_DENIED = _DENIALS.join(_CLAIMS, _CLAIMS.c.claim_id == _DENIALS.c.claim_id)
_DRAFTED = _DRAFTS.join(_DENIED, _DENIALS.c.denial_id == _DRAFTS.c.denial_id)
# By what an id begins with: records of other kinds are about no patient alone.
_PATIENT_NUMBERS = {
    "clm_": _asking(_CLAIMS.c.claim_id, _CLAIMS),
    "den_": _asking(_DENIALS.c.denial_id, _DENIED),
    "drf_": _asking(_DRAFTS.c.draft_id, _DRAFTED),
}
