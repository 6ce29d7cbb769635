"""Corrected drafts of outgoing claims: the data corrections that a person asked for.

A draft is written and nothing is sent: it is a file of test data (ISA15 T) that a
billing system takes in, where a person looks at it and sends it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy.orm import Session

from denialml.domain.claim import Claim
from denialml.domain.fix import Fix, FixClass
from denialml.domain.record import Judgment
from denialml.domain.risk import RiskScore
from denialml.errors import InputError
from denialml.fixes.elements import corrected
from denialml.formats import Envelope, write_claims
from denialml.store.audit import AuditAction, record_event
from denialml.store.identity import Identity, encode
from denialml.store.organizations import get_organization

# The billing system that takes the draft in puts its own in their place.
_NOBODY = "DRAFT"


class FixRefused(InputError):
    """A fix that was asked for cannot be made: `reason`, and of which claim."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"claim {position + 1}: {reason}")
        self.position = position
        self.reason = reason


class CorrectedDraft(Judgment, frozen=True):
    """One claim with the corrections that were asked for. Grain: claim.

    `risk_before` and `risk_after` are those of the scoring function, of the claim as it
    was handed in and of the draft; None where the model abstains. `fixes` are what was
    changed and what proves it.
    """

    patient_control_number: str
    fixes: tuple[Fix, ...]
    risk_before: float | None
    risk_after: float | None
    claim: Claim


def draft_corrections(
    claims: Sequence[Claim],
    scores: Sequence[RiskScore],
    wanted: Mapping[int, Collection[str]],
    score_again: Callable[[Claim, date], RiskScore],
) -> list[CorrectedDraft]:
    """The claims at the positions of `wanted` with these fixes made, in their order.

    `wanted` names fixes by `fix_id`, or by kind for all of that kind. Each draft is
    scored again as of the day of its claim's score.

    Raises
    ------
    FixRefused
        A wanted fix is none of the claim's, is no data correction, or changes what
        another wanted one changes too.
    """
    drafts = []
    for position in sorted(wanted):
        claim, score = claims[position], scores[position]
        fixes = _chosen(position, score, wanted[position])
        draft = _made(position, claim, fixes)
        after = score_again(draft, score.as_of)
        drafts.append(
            CorrectedDraft(
                patient_control_number=claim.patient_control_number,
                fixes=fixes,
                risk_before=None if score.abstains else score.probability,
                risk_after=None if after.abstains else after.probability,
                claim=draft,
            )
        )
    return drafts


def draft_file(drafts: Sequence[CorrectedDraft], *, created_at: datetime) -> bytes:
    """The drafts as one 837P file of test data.

    Raises
    ------
    InputError
        An identifier holds an X12 separator.
    """
    return _written([draft.claim for draft in drafts], created_at=created_at)


def claim_text(claim: Claim, *, created_at: datetime) -> str:
    """A claim as 837P text of test data, from which it can be read again.

    Raises
    ------
    InputError
        An identifier holds an X12 separator.
    """
    return _written([claim], created_at=created_at).decode()


def _written(claims: Sequence[Claim], *, created_at: datetime) -> bytes:
    envelope = Envelope(
        sender_id=_NOBODY,
        receiver_id=_NOBODY,
        control_number=1,
        created_at=created_at,
        usage="T",
        sender_name=_NOBODY,
        receiver_name=_NOBODY,
        contact_name=_NOBODY,
        contact_phone="0000000000",
    )
    return write_claims(claims, envelope=envelope)


def claim_ids_of(
    session: Session, organization_id: str, claims: Sequence[Claim]
) -> tuple[str, ...]:
    """The ids that these claims have, or would have, once they are on file."""
    key = get_organization(session, organization_id).fingerprint_key
    identity = Identity(key)
    return tuple(identity.of_content("clm", one, encode(one)) for one in claims)


def record_drafts(
    session: Session,
    organization_id: str,
    originals: Sequence[Claim],
    drafts: Sequence[CorrectedDraft],
    *,
    actor: str,
    now: datetime,
) -> None:
    """Audit each correction made: its kind, on the claim as it was handed in."""
    for claim_id, kind in drafted_events(session, organization_id, originals, drafts):
        record_event(
            session,
            organization_id,
            actor=actor,
            action=AuditAction.CORRECTION_DRAFTED,
            record_kind=kind,
            record_id=claim_id,
            now=now,
        )


def drafted_events(
    session: Session,
    organization_id: str,
    originals: Sequence[Claim],
    drafts: Sequence[CorrectedDraft],
) -> list[tuple[str, str]]:
    """The id of the claim and the kind of fix of each correction that was made."""
    ids = claim_ids_of(session, organization_id, originals)
    return [
        (claim_id, fix.kind)
        for claim_id, draft in zip(ids, drafts, strict=True)
        for fix in draft.fixes
    ]


def _chosen(
    position: int, score: RiskScore, wanted: Collection[str]
) -> tuple[Fix, ...]:
    offered = score.fixes.fixes if score.fixes is not None else ()
    chosen: dict[str, Fix] = {}
    for name in wanted:
        found = [one for one in offered if name in (one.fix_id, one.kind)]
        if not found:
            raise FixRefused(position, "a score of it offers no fix of that name")
        for one in found:
            if one.fix_class is not FixClass.DATA_CORRECTION:
                raise FixRefused(
                    position,
                    f"{one.kind} is no data correction: nothing on file proves what the"
                    " claim should say",
                )
            chosen[one.fix_id] = one
    return tuple(chosen.values())


def _made(position: int, claim: Claim, fixes: Sequence[Fix]) -> Claim:
    touched: set[tuple[str, int | None]] = set()
    for fix in fixes:
        elements = {(edit.field, edit.line_number) for edit in fix.edits}
        if touched & elements:
            raise FixRefused(
                position,
                f"{fix.kind} changes what another chosen fix changes too; choose one",
            )
        touched |= elements
    if any(one.paid is not None or one.adjustments for one in claim.other_payers):
        raise FixRefused(
            position,
            "a claim with another payer's answer is corrected in the billing system:"
            " a draft would not carry all of that answer",
        )
    draft = corrected(claim, [edit for fix in fixes for edit in fix.edits])
    return msgspec.structs.replace(draft, source=None)
