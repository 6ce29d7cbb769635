"""The authorization and the eligibility answer on record that cover a denied line."""

from datetime import date, timedelta

from denialml.appeals.case_file import CaseFile
from denialml.domain.claim import rendering_npi
from denialml.domain.coverage import (
    Authorization,
    AuthorizationDecision,
    EligibilityCheck,
    EligibilityResult,
)
from denialml.domain.facts import AuthorizationState

# Coverage is granted by the month: an older answer says nothing of the day.
ELIGIBILITY_HOLDS = timedelta(days=31)


def covering_authorization(case: CaseFile) -> Authorization | None:
    """An approved authorization of this payer whose dates and codes fit the line."""
    service_date, code = case.line.service_date, case.line.procedure_code
    if service_date is None:
        return None
    fitting = [
        one
        for one in case.authorizations
        if one.payer_id == case.claim.payer.payer_id
        and one.decision
        in (AuthorizationDecision.APPROVED, AuthorizationDecision.MODIFIED)
        and one.begins_on is not None
        and one.begins_on <= service_date
        and (one.ends_on is None or service_date <= one.ends_on)
        and (not one.procedure_codes or code in one.procedure_codes)
        and one.clinician_npi in ("", rendering_npi(case.claim, case.line))
        and not _exhausted(one, case)
    ]
    fitting.sort(key=lambda a: (a.issued_on, a.authorization_number))
    return fitting[-1] if fitting else None


def _exhausted(one: Authorization, case: CaseFile) -> bool:
    """Whether claims sent before had used up this authorization's units."""
    facts = case.facts
    return (
        facts is not None
        and facts.authorization_state is AuthorizationState.EXHAUSTED
        and facts.authorization_number == one.authorization_number
    )


def covering_check(case: CaseFile) -> EligibilityCheck | None:
    """The active answer for the date of service, or one of the month before it."""
    service_date = case.line.service_date
    if service_date is None:
        return None
    fitting = [
        check
        for check in case.eligibility_checks
        if check.payer_id == case.claim.payer.payer_id
        and check.result is EligibilityResult.ACTIVE
        and (check.service_date == service_date or _is_recent(check, service_date))
        and (check.coverage_begin is None or check.coverage_begin <= service_date)
        and (check.coverage_end is None or service_date <= check.coverage_end)
    ]
    fitting.sort(key=lambda c: (c.service_date == service_date, c.checked_on))
    return fitting[-1] if fitting else None


def _is_recent(check: EligibilityCheck, service_date: date) -> bool:
    age = service_date - check.checked_on
    return timedelta() <= age <= ELIGIBILITY_HOLDS
