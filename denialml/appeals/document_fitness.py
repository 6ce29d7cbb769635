"""Does this document support the letter? One finder per kind of document.

A finder answers with a `Verdict`: use it, leave it out with a reason, or leave it
out because it refutes the claim, in which case no letter may be drafted at all. A
kind without a finder of its own is held only to its date of service.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta

from denialml.appeals.case_file import CaseFile
from denialml.appeals.deadlines import filing_deadline
from denialml.appeals.document_copies import SERVICE_CODE
from denialml.appeals.document_reading import (
    labeled_date,
    labeled_text,
    stated_time,
)
from denialml.appeals.filing import accepted_statuses, filing_limit_ends, one_year_later
from denialml.appeals.session_time import minutes_contradiction, supported_minutes
from denialml.appeals.values import day_text
from denialml.domain.claim import rendering_npi
from denialml.domain.document import Document
from denialml.domain.record import Judgment

PLAN_MAXIMUM_AGE = timedelta(days=365)
_ONE_PAYERS = frozenset(
    {
        *("auth_letter", "benefit_summary", "credentialing_letter"),
        *("eligibility_271", "277ca_acceptance", "um_denial_letter"),
    }
)
_PLAN_END = (
    r"review due(?: on)?|next review|valid (?:through|until|to)|expires?(?: on)?"
)
_REFUSED = re.compile(r"\bnot (?:approved|certified)|\bden(?:y|ied)|\bpended", re.I)
_EFFECTIVE = r"effective(?: date)?(?: of participation)?"
_THROUGH = (
    r"valid (?:through|until|to)|end(?: date)?|ends(?: on)?|expires?(?: on)?|"
    r"expiration(?: date)?|through|to"
)
_COVERAGE_END = r"coverage end(?:s|ed)?|term(?:ination|inated)?(?: date)?|end(?: date)?"
_INACTIVE = re.compile(r"\binactive\b|\bnot (?:eligible|active|covered)\b", re.I)
_FROM = r"valid from|start(?: date)?|begins?(?: on)?|from|effective(?: date)?"


class Verdict(Judgment, frozen=True):
    """Use the document or not; `reason` says why in billing words either way."""

    use: bool
    reason: str
    refutes: bool = False


Finder = Callable[[Document, CaseFile], Verdict]


def judge_fitness(document: Document, case: CaseFile) -> Verdict:
    """The verdict of the finder of the document's kind."""
    payer_id = case.claim.payer.payer_id
    if document.kind in _ONE_PAYERS and document.payer_id not in ("", payer_id):
        return _leave_out("It is another payer's.")
    return FINDERS.get(document.kind, _any_document)(document, case)


def _use(reason: str) -> Verdict:
    return Verdict(use=True, reason=reason)


def _leave_out(reason: str, *, refutes: bool = False) -> Verdict:
    return Verdict(use=False, reason=reason, refutes=refutes)


def _any_document(document: Document, case: CaseFile) -> Verdict:
    other_day = _another_service_date(document, case)
    return other_day or _use("It concerns this patient and this service.")


def _another_service_date(document: Document, case: CaseFile) -> Verdict | None:
    service_date = case.line.service_date
    if document.service_date is None or document.service_date == service_date:
        return None
    return _leave_out("It documents another date of service than the one denied.")


def _unsigned(document: Document) -> Verdict | None:
    if document.signed_on is not None:
        return None
    return _leave_out(
        "It is unsigned; an unsigned draft supports nothing. Have its author review "
        "and sign it first."
    )


def _session_note(document: Document, case: CaseFile) -> Verdict:
    if document.service_date is None:
        return _leave_out("It states no date of service.")
    stated = labeled_date(
        document.text, r"date of service|service date|dos|session date"
    )
    if stated is not None and stated != document.service_date:
        return _leave_out("Its text states another date of service than its record.")
    early = _another_service_date(document, case) or _unsigned(document)
    if early is not None:
        return early
    stated_code = labeled_text(document.text, SERVICE_CODE)
    codes = re.findall(r"\b[A-Z0-9]{5}\b", stated_code[0]) if stated_code else []
    if codes and not _codes_of_the_day(case) & set(codes):
        return _leave_out("It documents another service of the day.")
    if codes and case.line.procedure_code not in codes:
        return _use("Signed note of the denied date of service.")
    minutes = stated_time(document.text).minutes
    contradiction = minutes_contradiction(minutes, case)
    if contradiction is not None:
        return _leave_out(contradiction, refutes=True)
    recorded = supported_minutes(case)
    if minutes is not None and recorded is not None and minutes != recorded:
        return _leave_out(
            f"It states {minutes} minutes and the session's record {recorded}; find "
            "out which is right before either is sent."
        )
    return _use("Signed note of the denied date of service.")


def _codes_of_the_day(case: CaseFile) -> set[str]:
    return {
        line.procedure_code
        for line in case.claim.lines
        if line.service_date == case.line.service_date
    }


def _treatment_plan(document: Document, case: CaseFile) -> Verdict:
    unsigned = _unsigned(document)
    if unsigned is not None:
        return unsigned
    service_date = case.line.service_date
    written = document.service_date or document.authored_on or document.signed_on
    if service_date is None or written is None:
        return _leave_out("Its date cannot be compared with the date of service.")
    if written > service_date:
        return _leave_out("It was written after the date of service.")
    ends = labeled_date(document.text, _PLAN_END)
    if ends is not None and ends < service_date:
        return _leave_out("Stale: its review was due before the date of service.")
    if ends is None and service_date - written > PLAN_MAXIMUM_AGE:
        return _leave_out("Stale: it is more than a year older than the service.")
    return _use("Signed plan in force on the date of service.")


def _dated_before_service(document: Document, case: CaseFile) -> Verdict:
    written = document.service_date or document.authored_on or document.signed_on
    service_date = case.line.service_date
    if written is None or service_date is None:
        return _leave_out("Its date cannot be compared with the date of service.")
    if written > service_date:
        return _leave_out("It was written after the date of service.")
    return _use("Recorded on or before the date of service.")


def _signed_before_service(document: Document, case: CaseFile) -> Verdict:
    return _unsigned(document) or _dated_before_service(document, case)


def _authorization_letter(document: Document, case: CaseFile) -> Verdict:
    service_date = case.line.service_date
    if service_date is None:
        return _leave_out("The line has no date of service to compare with.")
    decision = labeled_text(document.text, r"decision|determination|status")
    if decision is not None and _REFUSED.search(decision[0]):
        return _leave_out("It refuses the authorization.")
    services = labeled_text(document.text, r"(?:authorized )?(?:services?|codes?)")
    codes = re.findall(r"\b[A-Z0-9]{5}\b", services[0]) if services else []
    if codes and case.line.procedure_code not in codes:
        return _leave_out("It authorizes other services than the one billed.")
    begins, ends = authorized_span(document, case)
    if ends is not None and ends < service_date:
        return _leave_out("The authorization had expired before the date of service.")
    if begins is not None and begins > service_date:
        return _leave_out("The authorization begins after the date of service.")
    if ends is None and begins is None:
        return _leave_out("It states no dates, so it cannot be shown to cover the day.")
    return _use("Authorization in force on the date of service.")


def _request_log(document: Document, case: CaseFile) -> Verdict:
    """A log of what was asked: good cause only if asked in time and not refused."""
    outcome = labeled_text(document.text, r"decision|outcome|answer|result|response")
    if outcome is not None and _REFUSED.search(outcome[0]):
        return _leave_out("It records that the payer refused; it is no good cause.")
    asked = labeled_date(document.text, r"date|requested(?: on)?|called(?: on)?")
    asked = asked or document.authored_on or document.service_date
    service_date = case.line.service_date
    if asked is None or service_date is None:
        return _leave_out("Its date cannot be compared with the date of service.")
    if asked > service_date:
        return _leave_out("The payer was asked only after the service.")
    return _use("Shows that the payer was asked on or before the date of service.")


def authorized_span(
    document: Document, case: CaseFile
) -> tuple[date | None, date | None]:
    """First and last day, of the letter or else of the authorization it names."""
    begins = labeled_date(document.text, _FROM)
    ends = labeled_date(document.text, _THROUGH)
    for authorization in case.authorizations:
        if (
            document.authorization_number
            and authorization.authorization_number == document.authorization_number
        ):
            begins = begins or authorization.begins_on
            ends = ends or authorization.ends_on
    return begins, ends


def _eligibility(document: Document, case: CaseFile) -> Verdict:
    service_date = case.line.service_date
    asked = document.service_date or document.authored_on
    if service_date is None or asked is None:
        return _leave_out("Its date cannot be compared with the date of service.")
    if asked > service_date:
        return _leave_out("The check was made for a day after the date of service.")
    ended = labeled_date(document.text, _COVERAGE_END)
    not_active = _INACTIVE.search(document.text) is not None
    if not_active or (ended is not None and ended < service_date):
        return _leave_out(
            "It does not show active coverage on the date of service; find the "
            "coverage that was in force, do not appeal with it.",
            refutes=asked == service_date,
        )
    return _use("Eligibility answer for the date of service.")


def _claim_acceptance(document: Document, case: CaseFile) -> Verdict:
    number = case.claim.patient_control_number
    if document.patient_control_number != number and number not in document.text:
        return _leave_out("It does not name this claim.")
    accepted = accepted_statuses(document.text)
    if accepted is not True:
        return _leave_out(
            "It does not show that the payer accepted the claim (status A1 or A2); a "
            "rejection is not proof of filing."
        )
    taken = acceptance_day(document)
    limit = filing_limit_ends(case)
    if taken is None:
        return _leave_out("It states no date of acceptance.")
    if limit is not None and taken > limit:
        return _leave_out(
            f"It proves that the claim came late: accepted {day_text(taken)}, after "
            f"the filing limit of {day_text(limit)}. Do not appeal.",
            refutes=True,
        )
    return _against_usual_limits(taken, case) or _use("Acceptance of this claim.")


def _against_usual_limits(taken: date, case: CaseFile) -> Verdict | None:
    """Where the payer's limit is not set up: late under any limit, or under some."""
    service_date = case.line.service_date
    if filing_limit_ends(case) is not None or service_date is None:
        return None
    if taken > one_year_later(service_date):
        return _leave_out(
            f"It shows acceptance on {day_text(taken)}, more than a year after the "
            "service: later than any filing limit known. Do not appeal.",
            refutes=True,
        )
    shortest = filing_deadline(case.claim, case.payer).due_on
    if shortest is not None and taken > shortest:
        return _leave_out(
            f"It shows acceptance on {day_text(taken)}; under the shortest usual limit "
            f"the claim was due {day_text(shortest)}, and this payer's limit is not "
            "set up. Confirm the limit in the contract first: the page may prove the "
            "claim late."
        )
    return None


def acceptance_day(document: Document) -> date | None:
    """The day of acceptance as the document states it, else the day it is of."""
    stated = labeled_date(
        document.text,
        r"accepted(?: on)?|acceptance date|received(?: by payer)?(?: on)?|status date|"
        r"date of acceptance|date",
    )
    return stated or document.authored_on or document.service_date


def _file_acceptance(_document: Document, case: CaseFile) -> Verdict:
    usable = any(
        other.kind == "277ca_acceptance" and _claim_acceptance(other, case).use
        for other in case.documents
    )
    if not usable:
        return _leave_out(
            "A 999 shows only that the file could be read; it is used beside the "
            "payer's acceptance of the claim (277CA), which is not on file."
        )
    return _use("Shows that the file with the claim was taken.")


def _enrollment_letter(document: Document, case: CaseFile) -> Verdict:
    service_date = case.line.service_date
    npi = rendering_npi(case.claim, case.line)
    if document.clinician_npi and document.clinician_npi != npi:
        return _leave_out("It is about another clinician.")
    effective = enrollment_begins(document)
    if effective is None or service_date is None:
        return _leave_out("It states no effective date.")
    if effective > service_date:
        return _leave_out(
            "It shows that enrollment began after the date of service; ask the payer "
            "for a retroactive effective date, do not appeal.",
            refutes=True,
        )
    return _use("Enrollment effective on or before the date of service.")


def enrollment_begins(document: Document) -> date | None:
    """The effective date that the letter states."""
    return labeled_date(document.text, _EFFECTIVE) or document.service_date


def _license(document: Document, case: CaseFile) -> Verdict:
    service_date = case.line.service_date
    npi = rendering_npi(case.claim, case.line)
    if document.clinician_npi and document.clinician_npi != npi:
        return _leave_out("It is about another clinician.")
    ends = labeled_date(document.text, _THROUGH)
    if ends is not None and service_date is not None and ends < service_date:
        return _leave_out("The license had expired before the date of service.")
    return _use("License in force on the date of service.")


FINDERS: Mapping[str, Finder] = {
    "progress_note": _session_note,
    "crisis_note": _session_note,
    "treatment_plan": _treatment_plan,
    "intake_evaluation": _signed_before_service,
    "level_of_care_tool": _signed_before_service,
    "phq_gad_scores": _dated_before_service,
    "auth_letter": _authorization_letter,
    "auth_request_log": _request_log,
    "eligibility_271": _eligibility,
    "277ca_acceptance": _claim_acceptance,
    "999_acceptance": _file_acceptance,
    "credentialing_letter": _enrollment_letter,
    "license": _license,
}
