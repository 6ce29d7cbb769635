"""Facts that only an attached exhibit states, for practices that hold the paper alone.

Read by the fixed patterns of `document_reading`, and only from documents that passed
every rule and are shown with the letter. A record of the practice comes first.
"""

import re
from collections.abc import Iterator

from denialml.appeals.case_file import CaseFile
from denialml.appeals.document_fitness import (
    acceptance_day,
    authorized_span,
    enrollment_begins,
)
from denialml.appeals.document_reading import labeled_date, labeled_text, stated_time
from denialml.appeals.evidence import EvidenceFile
from denialml.appeals.values import Value, clock, day, number, said
from denialml.domain.document import Document

Facts = dict[str, Value | None]
_MODALITIES = (
    (re.compile(r"\bin[ _-]person\b", re.IGNORECASE), "in person"),
    (re.compile(r"\b(?:audio|telephone|phone)\b", re.IGNORECASE), "by audio only"),
    (re.compile(r"\bvideo\b", re.IGNORECASE), "by live video"),
)


def session_from_note(case: CaseFile, evidence: EvidenceFile) -> Facts:
    """Minutes, clock, modality and signature of an attached note with minutes."""
    for document in attached(case, evidence, "progress_note", "crisis_note"):
        stated = stated_time(document.text)
        if stated.minutes is None:
            continue
        source = f"document:{document.document_id}"
        modality = labeled_text(document.text, "modality")
        words = modality[0] if modality else ""
        held = [name for pattern, name in _MODALITIES if pattern.search(words)]
        return {
            "session_minutes": number(stated.minutes, source),
            "session_started_at": clock(stated.started_at, source),
            "session_stopped_at": clock(stated.stopped_at, source),
            "session_signed_on": day(document.signed_on, source),
            "session_modality": said(held[0], source) if len(held) == 1 else None,
        }
    return {}


def authorization_from_letter(case: CaseFile, evidence: EvidenceFile) -> Facts:
    """Number and dates of an attached letter that names this code.

    A letter about an authorization on record adds nothing: the record was weighed.
    """
    on_record = {one.authorization_number for one in case.authorizations}
    for document in attached(case, evidence, "auth_letter"):
        begins, ends = authorized_span(document, case)
        codes = labeled_text(document.text, r"services?|codes?|procedure codes?")
        named = codes is not None and case.line.procedure_code in codes[0]
        letters_number = document.authorization_number
        is_new = letters_number and letters_number not in on_record
        if is_new and begins and ends and named:
            source = f"document:{document.document_id}"
            return {
                "authorization_number": Value(letters_number, source),
                "authorization_begins_on": day(begins, source),
                "authorization_ends_on": day(ends, source),
            }
    return {}


def eligibility_from_answer(case: CaseFile, evidence: EvidenceFile) -> Facts:
    """The day of an attached eligibility answer that says active."""
    for document in attached(case, evidence, "eligibility_271"):
        status = labeled_text(document.text, "status|result|coverage status")
        if status is None or not re.match(r"active\b", status[0], re.IGNORECASE):
            continue
        checked = (
            labeled_date(document.text, r"checked(?: on)?") or document.authored_on
        )
        source = f"document:{document.document_id}"
        return {"eligibility_checked_on": day(checked, source)}
    return {}


def enrollment_from_letter(case: CaseFile, evidence: EvidenceFile) -> Facts:
    """The effective date of an attached enrollment letter."""
    for document in attached(case, evidence, "credentialing_letter"):
        source = f"document:{document.document_id}"
        return {"enrollment_effective_on": day(enrollment_begins(document), source)}
    return {}


def acceptance_from_acknowledgment(case: CaseFile, evidence: EvidenceFile) -> Facts:
    """The day on which the payer accepted the claim."""
    for document in attached(case, evidence, "277ca_acceptance"):
        taken = acceptance_day(document)
        if taken is not None:
            source = f"document:{document.document_id}"
            sent = case.claim.submitted_on
            again = sent if sent is not None and sent > taken else None
            return {
                "claim_accepted_on": day(taken, source),
                "sent_again_on": day(again, "claim:BHT04"),
            }
    return {}


def plan_from_exhibit(case: CaseFile, evidence: EvidenceFile) -> Facts:
    """The day of the newest attached treatment plan; a plan elsewhere is not stated."""
    days = []
    for document in attached(case, evidence, "treatment_plan"):
        written = document.service_date or document.authored_on or document.signed_on
        if written is not None:
            days.append((written, f"document:{document.document_id}"))
    return {"treatment_plan_on": day(*max(days))} if days else {}


def attached(case: CaseFile, evidence: EvidenceFile, *kinds: str) -> Iterator[Document]:
    """The exhibits of these kinds, in the order of their labels."""
    by_id = {document.document_id: document for document in case.documents}
    for exhibit in evidence.exhibits:
        if exhibit.kind in kinds:
            yield by_id[exhibit.document_id]
