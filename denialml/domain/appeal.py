"""A drafted letter and the packet that a person reviews, signs and sends."""

from datetime import date, datetime
from typing import Literal

from denialml.domain.denial import Deadline, RootCauseFinding, RouteFinding
from denialml.domain.record import Judgment


class LetterBlock(Judgment, frozen=True):
    """One block of a letter: a heading, paragraph, list or table.

    `sources` names the record, document or authority behind it (for example
    ``document:doc_...``, ``claim:CLM05``, ``authority:...``); a statement of fact
    without a source is a fault.
    """

    kind: Literal["heading", "paragraph", "list", "table", "address", "notice"]
    text: str = ""
    items: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    sources: tuple[str, ...] = ()


class Exhibit(Judgment, frozen=True):
    """A document that the letter attaches, and why it may leave.

    `fingerprint` is the SHA-256 of the document as it was when the letter was drafted:
    a packet with another content is never made.
    """

    label: str
    document_id: str
    kind: str
    title: str
    service_date: date | None
    reason: str
    fingerprint: str = ""


class WithheldDocument(Judgment, frozen=True):
    """A document on file that was not attached, and why."""

    document_id: str
    kind: str
    reason: str
    refutes: bool = False


class MissingEvidence(Judgment, frozen=True):
    """What the letter would need and the file does not hold; who can supply it."""

    kind: str
    why: str
    supplied_by: str


class Citation(Judgment, frozen=True):
    """An authority the letter relies on, in force for this plan type and date."""

    authority_id: str
    citation: str
    statement: str
    support: str


DraftStatus = Literal["draft", "blocked"]


class AppealDraft(Judgment, frozen=True):
    """One drafted letter. Never sent by denialml: a person reviews and sends it.

    One letter answers one answer of the payer: `denial_ids` are the denied lines of the
    claim that it covers, in line order, `denial_id` the first of them, under which it
    is kept. (Drafts of before letters covered several lines have none.)
    `blocked` means that the record does not support a letter (or refutes the
    claim); `blocked_reasons` say why and what to do instead.
    """

    draft_id: str
    denial_id: str
    template: str
    template_version: str
    status: DraftStatus
    drafted_at: datetime
    subject: str
    blocks: tuple[LetterBlock, ...]
    exhibits: tuple[Exhibit, ...]
    withheld: tuple[WithheldDocument, ...]
    missing: tuple[MissingEvidence, ...]
    citations: tuple[Citation, ...]
    finding: RootCauseFinding
    route: RouteFinding
    deadline: Deadline
    blocked_reasons: tuple[str, ...] = ()
    denial_ids: tuple[str, ...] = ()
