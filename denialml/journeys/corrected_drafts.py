"""Corrected drafts of outgoing claims: the data corrections that a person asked for.

A draft is written and nothing is sent: it is a file of test data (ISA15 T) that a
billing system takes in, where a person looks at it and sends it. A claim that was read
from X12 text keeps each of its segments, the corrected elements apart; of one that was
handed in as a record, the draft has what the record holds.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import BinaryIO

import msgspec
from sqlalchemy.orm import Session

from denialml.domain.claim import Claim
from denialml.domain.fix import Edit, Fix, FixClass
from denialml.domain.record import Judgment
from denialml.domain.risk import RiskScore
from denialml.errors import InputError
from denialml.fixes.elements import (
    CHARGE,
    PROCEDURE_CODE,
    TOTAL_CHARGE,
    UNITS,
    corrected,
)
from denialml.formats.claim_editing import PlacedEdit, edit_claim
from denialml.formats.claim_segments import ClaimSegments
from denialml.journeys.draft_files import (
    FixRefused as FixRefused,
)
from denialml.journeys.draft_files import (
    segments_of,
    write_records,
    write_segments,
)
from denialml.store.audit import AuditAction, record_event
from denialml.store.identity import Identity, encode
from denialml.store.organizations import get_organization

# What another payer's answer (SVD, CAS) is about.
_ADJUDICATED = frozenset({PROCEDURE_CODE, CHARGE, UNITS})


class CorrectedDraft(Judgment, frozen=True):
    """One claim with the corrections that were asked for. Grain: claim.

    `risk_before` and `risk_after` are those of the scoring function, of the claim as it
    was handed in and of the draft; None where the model abstains. `fixes` are what was
    changed and what proves it. `keeps_segments`: the file that is written of it has
    each segment of the claim's own file; else it has what `claim` says and no more.
    """

    patient_control_number: str
    fixes: tuple[Fix, ...]
    risk_before: float | None
    risk_after: float | None
    keeps_segments: bool
    claim: Claim


def corrections_file(
    claims: Sequence[Claim],
    scores: Sequence[RiskScore],
    score_again: Callable[[Claim, date], RiskScore],
    *,
    wanted: Mapping[int, Collection[str]],
    created_at: datetime,
    stream: BinaryIO | None = None,
) -> tuple[list[CorrectedDraft], bytes]:
    """`draft_corrections`, and the drafts as one 837P file of test data.

    `stream` is the X12 file that the claims were read from, None for claims that were
    handed in as records.

    Raises
    ------
    FixRefused
        As `draft_corrections`; or the draft, read again, is not what was meant.
    """
    positions = sorted(wanted)
    segments = None
    if stream is not None:
        segments = segments_of(stream, [claims[position] for position in positions])
    drafts = draft_corrections(
        claims, scores, wanted, score_again, keeps_segments=segments is not None
    )
    try:
        return drafts, draft_file(drafts, created_at=created_at, segments=segments)
    except FixRefused as refused:
        raise FixRefused(positions[refused.position], refused.reason) from None


def draft_corrections(
    claims: Sequence[Claim],
    scores: Sequence[RiskScore],
    wanted: Mapping[int, Collection[str]],
    score_again: Callable[[Claim, date], RiskScore],
    *,
    keeps_segments: bool = False,
) -> list[CorrectedDraft]:
    """The claims at the positions of `wanted` with these fixes made, in their order.

    `wanted` names fixes by `fix_id`, or by kind for all of that kind. Each draft is
    scored again as of the day of its claim's score. `keeps_segments` where the claims'
    own segments are at hand for the file.

    Raises
    ------
    FixRefused
        A wanted fix is none of the claim's, is no data correction, or changes what
        another wanted one changes too; or the claim holds another payer's answer that
        would not fit the draft.
    """
    drafts = []
    for position in sorted(wanted):
        claim, score = claims[position], scores[position]
        fixes = _chosen(position, score, wanted[position])
        if not keeps_segments and _has_answer(claim):
            raise FixRefused(
                position,
                "a claim with another payer's answer is corrected in the billing"
                " system, or sent here as X12 text: a draft of the record would not"
                " carry all of that answer",
            )
        draft = _made(position, claim, fixes)
        after = score_again(draft, score.as_of)
        drafts.append(
            CorrectedDraft(
                patient_control_number=claim.patient_control_number,
                fixes=fixes,
                risk_before=None if score.abstains else score.probability,
                risk_after=None if after.abstains else after.probability,
                keeps_segments=keeps_segments,
                claim=draft,
            )
        )
    return drafts


def draft_file(
    drafts: Sequence[CorrectedDraft],
    *,
    created_at: datetime,
    segments: Sequence[ClaimSegments] | None = None,
) -> bytes:
    """The drafts as one 837P file of test data.

    `segments` are those of each draft's claim before its correction; None where the
    claims were handed in as records.

    Raises
    ------
    FixRefused
        A draft, by its position among them, cannot be written to read as meant.
    """
    claims = [one.claim for one in drafts]
    if segments is None:
        return write_records(claims, created_at=created_at)
    edited = []
    for position, (draft, own) in enumerate(zip(drafts, segments, strict=True)):
        edits = [edit for fix in draft.fixes for edit in fix.edits]
        changes_service = any(edit.field in _ADJUDICATED for edit in edits)
        if changes_service and (_has_answer(draft.claim) or _has_line_answer(own)):
            raise FixRefused(
                position,
                "another payer answered the service as it was billed: its answer would"
                " not fit another code, charge or number of units",
            )
        try:
            edited.append(edit_claim(own, _placed(draft.claim, edits)))
        except InputError as fault:
            raise FixRefused(position, str(fault)) from None
    return write_segments(claims, edited, created_at=created_at)


def _placed(claim: Claim, edits: Iterable[Edit]) -> list[PlacedEdit]:
    """The edits for the claim's segments; the total is what the corrected claim says,
    as it goes with each charge."""
    placed = []
    for edit in edits:
        line = None
        if edit.line_number is not None:
            numbers = [one.line_number for one in claim.lines]
            line = numbers.index(edit.line_number)
        after = edit.after
        if edit.field != TOTAL_CHARGE:
            placed.append(PlacedEdit(edit.field, after, line))
        if edit.field in (TOTAL_CHARGE, CHARGE):
            placed.append(PlacedEdit(TOTAL_CHARGE, f"{claim.total_charge:f}"))
    return placed


def _has_answer(claim: Claim) -> bool:
    return any(one.paid is not None or one.adjustments for one in claim.other_payers)


def _has_line_answer(claim: ClaimSegments) -> bool:
    separator = claim.delimiters.element
    return any(one.upper().startswith(f"SVD{separator}") for one in claim.own)


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
    draft = corrected(claim, [edit for fix in fixes for edit in fix.edits])
    return msgspec.structs.replace(draft, source=None)
