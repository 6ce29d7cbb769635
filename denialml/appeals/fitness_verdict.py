"""Whether to use a document, with the reason; what every kind is asked alike."""

from denialml.appeals.case_file import CaseFile
from denialml.domain.document import Document
from denialml.domain.record import Judgment


class Verdict(Judgment, frozen=True):
    """Use the document or not; `reason` says why in billing words either way."""

    use: bool
    reason: str
    refutes: bool = False


def use(reason: str) -> Verdict:
    """The document is shown."""
    return Verdict(use=True, reason=reason)


def leave_out(reason: str, *, refutes: bool = False) -> Verdict:
    """The document stays; `refutes` where it speaks against the claim itself."""
    return Verdict(use=False, reason=reason, refutes=refutes)


def another_service_date(document: Document, case: CaseFile) -> Verdict | None:
    """Why a document of another day is left out; None where its day fits."""
    service_date = case.line.service_date
    if document.service_date is None or document.service_date == service_date:
        return None
    return leave_out("It documents another date of service than the one denied.")


def unsigned(document: Document) -> Verdict | None:
    """Why an unsigned document is left out; None where it is signed."""
    if document.signed_on is not None:
        return None
    return leave_out(
        "It is unsigned; an unsigned draft supports nothing. Have its author review "
        "and sign it first."
    )
