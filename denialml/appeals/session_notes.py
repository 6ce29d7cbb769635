"""Which session note speaks for a denied line, and which would speak against it."""

import re

from denialml.appeals.case_file import CaseFile
from denialml.appeals.document_copies import SERVICE_CODE
from denialml.appeals.document_reading import labeled_date, labeled_text, stated_time
from denialml.appeals.fitness_verdict import (
    Verdict,
    another_service_date,
    leave_out,
    unsigned,
    use,
)
from denialml.appeals.session_time import minutes_contradiction, supported_minutes
from denialml.domain.denial import RootCause
from denialml.domain.document import Document
from denialml.reference import procedure_codes

_THERAPY_TIME = re.compile(
    r"\bpsychotherapy[^\n]{0,60}?\b\d{1,3} ?(?:minutes|min)\b|"
    r"\b\d{1,3} ?(?:minutes|min)\b[^\n]{0,30}\bpsychotherapy\b|"
    r"\bpsychotherapy (?:time|minutes|start)\b",
    re.IGNORECASE,
)
_TWO_SERVICES = frozenset(
    {RootCause.BUNDLING_SAME_DAY, RootCause.DUPLICATE_RESUBMISSION}
)
# Psychotherapy added to an evaluation: its time is counted apart from that service's.
_THERAPY_ADD_ONS = frozenset({"90833", "90836", "90838"})


def session_note(document: Document, case: CaseFile) -> Verdict:
    """The verdict on a progress or crisis note."""
    if document.service_date is None:
        return leave_out("It states no date of service.")
    stated = labeled_date(
        document.text, r"date of service|service date|dos|session date"
    )
    if stated is not None and stated != document.service_date:
        return leave_out("Its text states another date of service than its record.")
    early = another_service_date(document, case) or unsigned(document)
    if early is not None:
        return early
    stated_code = labeled_text(document.text, SERVICE_CODE)
    codes = re.findall(r"\b[A-Z0-9]{5}\b", stated_code[0]) if stated_code else []
    if codes and case.line.procedure_code not in codes:
        other = _other_service(document, case, codes=set(codes))
        if other is not None:
            return other
    minutes = stated_time(document.text).minutes
    contradiction = minutes_contradiction(minutes, case)
    if contradiction is not None:
        return leave_out(contradiction, refutes=True)
    recorded = supported_minutes(case)
    if minutes is not None and recorded is not None and minutes != recorded:
        return leave_out(
            f"It states {minutes} minutes and the session's record {recorded}; find "
            "out which is right before either is sent."
        )
    return use("Signed note of the denied date of service.")


def _other_service(
    document: Document, case: CaseFile, *, codes: set[str]
) -> Verdict | None:
    """The verdict on a note that states another code than the denied one.

    Beside the denied service it proves only that there were two (bundling, duplicate),
    or, for an add-on, what was added to its own service. None: the minutes decide.
    """
    code = procedure_codes().get(case.line.procedure_code)
    billed = _codes_of_the_day(case) & codes
    if billed and case.finding.root_cause in _TWO_SERVICES:
        return use("Signed note of the other service of the day.")
    primaries = set(code.primary_codes) & billed if code and code.is_add_on else set()
    if not primaries:
        return leave_out("It documents another service of the day.")
    by_minutes = any(
        procedure_codes()[one].time_basis == "minutes"
        for one in primaries
        if one in procedure_codes()
    )
    if (
        by_minutes and case.line.procedure_code not in _THERAPY_ADD_ONS
    ) or _THERAPY_TIME.search(document.text):
        return None
    return leave_out(
        f"It documents {', '.join(sorted(primaries))} and states no psychotherapy "
        f"time, which {case.line.procedure_code} needs: enclosed, it would speak "
        "against the claim."
    )


def _codes_of_the_day(case: CaseFile) -> set[str]:
    return {
        line.procedure_code
        for line in case.claim.lines
        if line.service_date == case.line.service_date
    }
