"""Does this document support the letter? One finder per kind of document.

A finder answers with a `Verdict`: use it, leave it out with a reason, or leave it
out because it refutes the claim, in which case no letter may be drafted at all. A
kind without a finder of its own is held only to its date of service.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta

from denialml.appeals.case_file import CaseFile
from denialml.appeals.covering import ELIGIBILITY_HOLDS, covering_authorization
from denialml.appeals.deadlines import filing_deadline
from denialml.appeals.document_reading import (
    labeled_date,
    labeled_text,
)
from denialml.appeals.filing import accepted_statuses, filing_limit_ends, one_year_later
from denialml.appeals.fitness_verdict import (
    Verdict,
    another_service_date,
    leave_out,
    unsigned,
    use,
)
from denialml.appeals.session_notes import session_note
from denialml.appeals.values import day_text
from denialml.domain.claim import rendering_npi
from denialml.domain.document import Document

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
_NUMBER = r"(?:prior )?auth(?:orization)?(?: (?:number|no\.?|#|id))?"
_PLAN_YEAR = re.compile(
    r"\b(?:plan|benefit|coverage|contract) year[ :]{0,3}(\d{4})\b", re.IGNORECASE
)
_COVERAGE_END = r"coverage end(?:s|ed)?|term(?:ination|inated)?(?: date)?|end(?: date)?"
_INACTIVE = re.compile(r"\binactive\b|\bnot (?:eligible|active|covered)\b", re.I)
_FROM = r"valid from|start(?: date)?|begins?(?: on)?|from|effective(?: date)?"


Finder = Callable[[Document, CaseFile], Verdict]


def judge_fitness(document: Document, case: CaseFile) -> Verdict:
    """The verdict of the finder of the document's kind."""
    payer_id = case.claim.payer.payer_id
    if document.kind in _ONE_PAYERS and document.payer_id not in ("", payer_id):
        return leave_out("It is another payer's.")
    return FINDERS.get(document.kind, _any_document)(document, case)


def _any_document(document: Document, case: CaseFile) -> Verdict:
    other_day = another_service_date(document, case)
    return other_day or use("It concerns this patient and this service.")


def _treatment_plan(document: Document, case: CaseFile) -> Verdict:
    draft = unsigned(document)
    if draft is not None:
        return draft
    service_date = case.line.service_date
    written = document.service_date or document.authored_on or document.signed_on
    if service_date is None or written is None:
        return leave_out("Its date cannot be compared with the date of service.")
    if written > service_date:
        return leave_out("It was written after the date of service.")
    ends = labeled_date(document.text, _PLAN_END)
    if ends is not None and ends < service_date:
        return leave_out("Stale: its review was due before the date of service.")
    if ends is None and service_date - written > PLAN_MAXIMUM_AGE:
        return leave_out("Stale: it is more than a year older than the service.")
    return use("Signed plan in force on the date of service.")


def _dated_before_service(document: Document, case: CaseFile) -> Verdict:
    written = document.service_date or document.authored_on or document.signed_on
    service_date = case.line.service_date
    if written is None or service_date is None:
        return leave_out("Its date cannot be compared with the date of service.")
    if written > service_date:
        return leave_out("It was written after the date of service.")
    return use("Recorded on or before the date of service.")


def _signed_before_service(document: Document, case: CaseFile) -> Verdict:
    return unsigned(document) or _dated_before_service(document, case)


def _authorization_letter(document: Document, case: CaseFile) -> Verdict:
    service_date = case.line.service_date
    if service_date is None:
        return leave_out("The line has no date of service to compare with.")
    decision = labeled_text(document.text, r"decision|determination|status")
    if decision is not None and _REFUSED.search(decision[0]):
        return leave_out("It refuses the authorization.")
    services = labeled_text(document.text, r"(?:authorized )?(?:services?|codes?)")
    codes = re.findall(r"\b[A-Z0-9]{5}\b", services[0]) if services else []
    if codes and case.line.procedure_code not in codes:
        return leave_out("It authorizes other services than the one billed.")
    begins, ends = authorized_span(document, case)
    if _is_of_another_authorization(document, case):
        return leave_out(
            "It is about another authorization than the one on record that covers the "
            "service."
        )
    if ends is not None and ends < service_date:
        return leave_out("The authorization had expired before the date of service.")
    if begins is not None and begins > service_date:
        return leave_out("The authorization begins after the date of service.")
    if ends is None and begins is None:
        return leave_out("It states no dates, so it cannot be shown to cover the day.")
    return use("Authorization in force on the date of service.")


def _is_of_another_authorization(document: Document, case: CaseFile) -> bool:
    """By its number, or by its dates where it states no number."""
    covering = covering_authorization(case)
    if covering is None:
        return False
    stated = labeled_text(document.text, _NUMBER)
    number = document.authorization_number or (stated[0] if stated else "")
    if number:
        return _bare(covering.authorization_number) != _bare(number)
    begins = labeled_date(document.text, _FROM)
    ends = labeled_date(document.text, _THROUGH)
    return (begins is not None and begins != covering.begins_on) or (
        ends is not None and covering.ends_on is not None and ends != covering.ends_on
    )


def _bare(number: str) -> str:
    return "".join(c for c in number.casefold() if c.isalnum())


def _benefit_summary(document: Document, case: CaseFile) -> Verdict:
    """The plan's terms must be those of the day: by period, plan year or own date."""
    service_date = case.line.service_date
    if service_date is None:
        return leave_out("The line has no date of service to compare with.")
    begins = labeled_date(document.text, _FROM)
    ends = labeled_date(document.text, _THROUGH)
    if begins is not None and ends is not None:
        if begins <= service_date <= ends:
            return use("The plan's terms of the date of service.")
        return leave_out("Stale: its period does not hold the date of service.")
    years = {int(year) for year in _PLAN_YEAR.findall(document.text)}
    written = document.service_date or document.authored_on
    if not years and written is not None:
        years = {written.year}
    if service_date.year in years:
        return use("The plan's terms of the year of service.")
    return leave_out(
        "It does not show to be of the plan year of the service; get the plan's page "
        "that was in force on that day."
    )


def _request_log(document: Document, case: CaseFile) -> Verdict:
    """A log of what was asked: good cause only if asked in time and not refused."""
    outcome = labeled_text(document.text, r"decision|outcome|answer|result|response")
    if outcome is not None and _REFUSED.search(outcome[0]):
        return leave_out("It records that the payer refused; it is no good cause.")
    asked = labeled_date(document.text, r"date|requested(?: on)?|called(?: on)?")
    asked = asked or document.authored_on or document.service_date
    service_date = case.line.service_date
    if asked is None or service_date is None:
        return leave_out("Its date cannot be compared with the date of service.")
    if asked > service_date:
        return leave_out("The payer was asked only after the service.")
    return use("Shows that the payer was asked on or before the date of service.")


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
        return leave_out("Its date cannot be compared with the date of service.")
    if asked > service_date:
        return leave_out("The check was made for a day after the date of service.")
    if service_date - asked > ELIGIBILITY_HOLDS:
        return leave_out(
            f"Stale: it answers for {day_text(asked)}, more than a month before the "
            "service. Check eligibility for the date of service."
        )
    ended = labeled_date(document.text, _COVERAGE_END)
    not_active = _INACTIVE.search(document.text) is not None
    if not_active or (ended is not None and ended < service_date):
        return leave_out(
            "It does not show active coverage on the date of service; find the "
            "coverage that was in force, do not appeal with it.",
            refutes=asked == service_date,
        )
    return use("Eligibility answer for the date of service.")


def _claim_acceptance(document: Document, case: CaseFile) -> Verdict:
    number = case.claim.patient_control_number
    if document.patient_control_number != number and number not in document.text:
        return leave_out("It does not name this claim.")
    accepted = accepted_statuses(document.text)
    if accepted is not True:
        return leave_out(
            "It does not show that the payer accepted the claim (status A1 or A2); a "
            "rejection is not proof of filing."
        )
    taken = acceptance_day(document)
    limit = filing_limit_ends(case)
    if taken is None:
        return leave_out("It states no date of acceptance.")
    if limit is not None and taken > limit:
        return leave_out(
            f"It proves that the claim came late: accepted {day_text(taken)}, after "
            f"the filing limit of {day_text(limit)}. Do not appeal.",
            refutes=True,
        )
    return _against_usual_limits(taken, case) or use("Acceptance of this claim.")


def _against_usual_limits(taken: date, case: CaseFile) -> Verdict | None:
    """Where the payer's limit is not set up: late under any limit, or under some."""
    service_date = case.line.service_date
    if filing_limit_ends(case) is not None or service_date is None:
        return None
    if taken > one_year_later(service_date):
        return leave_out(
            f"It shows acceptance on {day_text(taken)}, more than a year after the "
            "service: later than any filing limit known. Do not appeal.",
            refutes=True,
        )
    shortest = filing_deadline(case.claim, case.payer).due_on
    if shortest is not None and taken > shortest:
        return leave_out(
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
        return leave_out(
            "A 999 shows only that the file could be read; it is used beside the "
            "payer's acceptance of the claim (277CA), which is not on file."
        )
    return use("Shows that the file with the claim was taken.")


def _enrollment_letter(document: Document, case: CaseFile) -> Verdict:
    service_date = case.line.service_date
    npi = rendering_npi(case.claim, case.line)
    if document.clinician_npi and document.clinician_npi != npi:
        return leave_out("It is about another clinician.")
    effective = enrollment_begins(document)
    if effective is None or service_date is None:
        return leave_out("It states no effective date.")
    if effective > service_date:
        return leave_out(
            "It shows that enrollment began after the date of service; ask the payer "
            "for a retroactive effective date, do not appeal.",
            refutes=True,
        )
    return use("Enrollment effective on or before the date of service.")


def enrollment_begins(document: Document) -> date | None:
    """The effective date that the letter states."""
    return labeled_date(document.text, _EFFECTIVE) or document.service_date


def _license(document: Document, case: CaseFile) -> Verdict:
    service_date = case.line.service_date
    npi = rendering_npi(case.claim, case.line)
    if document.clinician_npi and document.clinician_npi != npi:
        return leave_out("It is about another clinician.")
    ends = labeled_date(document.text, _THROUGH)
    if ends is not None and service_date is not None and ends < service_date:
        return leave_out("The license had expired before the date of service.")
    return use("License in force on the date of service.")


FINDERS: Mapping[str, Finder] = {
    "progress_note": session_note,
    "crisis_note": session_note,
    "treatment_plan": _treatment_plan,
    "intake_evaluation": _signed_before_service,
    "level_of_care_tool": _signed_before_service,
    "phq_gad_scores": _dated_before_service,
    "auth_letter": _authorization_letter,
    "benefit_summary": _benefit_summary,
    "auth_request_log": _request_log,
    "eligibility_271": _eligibility,
    "277ca_acceptance": _claim_acceptance,
    "999_acceptance": _file_acceptance,
    "credentialing_letter": _enrollment_letter,
    "license": _license,
}
