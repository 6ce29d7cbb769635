"""Of several copies of one record, which is attached: minimum necessary.

A clinical record is one per kind, date of service, author and service: a second one
is a copy or a version, and the one filed under the claim's own member number goes.
Other documents are copies only where their content is the same.
"""

import re

from denialml.appeals.case_file import CaseFile
from denialml.appeals.document_gate import member_number_agrees
from denialml.appeals.document_reading import labeled_text
from denialml.appeals.plain_words import plain_words
from denialml.domain.appeal import WithheldDocument
from denialml.domain.document import Document

Chosen = list[tuple[Document, str]]
CLINICAL = frozenset(
    {
        *("progress_note", "crisis_note", "treatment_plan", "intake_evaluation"),
        *("phq_gad_scores", "level_of_care_tool"),
    }
)
SERVICE_CODE = r"(?:service|procedure|cpt|billing) codes?|cpt"
_A_COPY = "A copy of an exhibit that is already attached."
OTHER_WORDS = (
    "A version of an attached exhibit: same kind, day, author and service, but other "
    "words. Compare the two before the letter goes."
)
_OTHER_NUMBER = (
    "It carries another member number than the claim, and a copy under the claim's own "
    "number is attached."
)


def without_copies(
    chosen: Chosen, case: CaseFile
) -> tuple[Chosen, list[WithheldDocument]]:
    """The documents to attach, and those left out as copies with the reason.

    `chosen` are documents that may leave and fit, each with why it is used.
    """
    agrees = {
        document.document_id: member_number_agrees(document, case)
        for document, _ in chosen
    }
    ranked = sorted(chosen, key=lambda pair: _rank(agrees[pair[0].document_id]))
    kept: Chosen = []
    repeated: list[WithheldDocument] = []
    seen: set[tuple[str, ...]] = set()
    own: set[tuple[str, str]] = set()
    for document, why in ranked:
        reason = _repeats(document, agrees[document.document_id], seen=seen, own=own)
        if reason:
            repeated.append(
                WithheldDocument(
                    document_id=document.document_id,
                    kind=document.kind,
                    reason=reason,
                )
            )
            continue
        seen |= _names(document)
        if agrees[document.document_id] is not False:
            own.add((document.kind, _day(document)))
        kept.append((document, why))
    return kept, repeated


def _rank(agrees: bool | None) -> int:
    """Under the claim's number first, then without one, then under another one."""
    return {True: 0, None: 1, False: 2}[agrees]


def _repeats(
    document: Document,
    agrees: bool | None,
    *,
    seen: set[tuple[str, ...]],
    own: set[tuple[str, str]],
) -> str:
    is_others = document.kind in CLINICAL and agrees is False
    if is_others and (document.kind, _day(document)) in own:
        return _OTHER_NUMBER
    if _content(document) in seen:
        return _A_COPY
    return OTHER_WORDS if _names(document) & seen else ""


def _content(document: Document) -> tuple[str, ...]:
    """Its words, or its file where it has none; layout makes no other record."""
    return document.kind, plain_words(document.text) or document.content_sha256


def _names(document: Document) -> set[tuple[str, ...]]:
    """What makes another document the same record as this one."""
    names: set[tuple[str, ...]] = {_content(document)}
    if document.kind in CLINICAL:
        author = document.clinician_npi or " ".join(
            re.findall(r"\w+", document.author.casefold())
        )
        stated = labeled_text(document.text, SERVICE_CODE)
        codes = re.findall(r"\b[A-Z0-9]{5}\b", stated[0]) if stated else []
        names.add((document.kind, _day(document), author, *sorted(codes)))
    return names


def _day(document: Document) -> str:
    written = document.service_date or document.authored_on or document.signed_on
    return written.isoformat() if written is not None else ""
