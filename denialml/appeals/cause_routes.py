"""The usual next step for each root cause, given what is on file."""

from collections.abc import Callable, Mapping

from denialml.appeals.route_case import (
    MEMBER_NOT_FOUND,
    NEVER_BILL,
    RouteCase,
    route_to,
    send_records,
)
from denialml.domain.coverage import EligibilityResult
from denialml.domain.denial import RootCause, Route, RouteFinding
from denialml.domain.facts import AuthorizationState
from denialml.reference import root_causes

RECORD_DISPUTES = frozenset({"150", "151", "152"})
REFERRAL_REASONS = frozenset({"165", "287", "288"})
RATE_REASONS = frozenset({"147", "256", "274"})
STATUTORY_EXCLUSION = "N425"
PRIMARY_EOB_REMARKS = frozenset({"N4", "N479", "MA04", "N8", "MA92", "N245"})
DAYS_OF_A_YEAR = 365


def route_for_cause(case: RouteCase) -> RouteFinding | None:
    """The step for the case's root cause; None where there is no cause."""
    cause = case.finding.root_cause
    if cause is None:
        return None
    fixed = _FIXED.get(cause)
    return fixed if fixed is not None else _BY_CAUSE[cause](case)


def _timely_filing(case: RouteCase) -> RouteFinding:
    lag, limit = (
        (case.facts.filing_lag_days, case.facts.filing_limit_days)
        if case.facts is not None
        else (None, None)
    )
    if case.is_medicare:
        return _medicare_filing(lag)
    if lag is not None and limit is not None and lag > limit:
        return route_to(
            Route.WRITE_OFF_REVIEW,
            f"The claim was sent {lag} days after the service, past the limit of"
            f" {limit}. Without proof of an earlier accepted claim, retroactive"
            " coverage or a delay of the payer there is nothing to appeal with.",
            NEVER_BILL,
        )
    return route_to(
        Route.APPEAL,
        "Appeal with proof that the payer accepted the claim within the limit (277CA).",
        "A 999 shows only that the file could be read; a rejection is no proof.",
        NEVER_BILL,
    )


def _medicare_filing(lag: int | None) -> RouteFinding:
    if lag is not None and lag <= DAYS_OF_A_YEAR:
        return route_to(
            Route.REOPENING,
            f"Original Medicare allows no appeal here. The claim was sent {lag} days"
            " after the service, within a calendar year: ask the contractor to reopen.",
            NEVER_BILL,
        )
    return route_to(
        Route.WRITE_OFF_REVIEW,
        "Original Medicare allows no appeal here; only an exception to the filing"
        " limit (administrative error, retroactive entitlement, State recoupment,"
        " retroactive disenrollment) helps.",
        NEVER_BILL,
    )


def _eligibility(case: RouteCase) -> RouteFinding:
    facts = case.later or case.facts
    if MEMBER_NOT_FOUND in case.reasons:
        return _member_not_found()
    active = (
        facts is not None
        and facts.eligibility_result is EligibilityResult.ACTIVE
        and not facts.coverage_ended_before_service
    )
    if active:
        return route_to(
            Route.APPEAL,
            "The payer answered that coverage was active: check again for the date of"
            " service and, if it still is, ask to reprocess with the dated answer.",
        )
    return route_to(
        Route.OTHER_PAYER,
        "Nothing on file shows active coverage on the date of service: check with the"
        " payer and find the coverage that was in force.",
        "A new payer's filing limit counts from the date of service: send at once.",
    )


def _member_not_found() -> RouteFinding:
    return route_to(
        Route.NEW_CLAIM,
        "The member was not found, so the claim was hardly adjudicated: correct the"
        " identifiers or the payer and send a new claim (frequency 1).",
        "A replacement would come back as original not found.",
    )


def _coordination(case: RouteCase) -> RouteFinding:
    if case.remarks & PRIMARY_EOB_REMARKS:
        reason = "The payer wants the primary payer's answer: bill that payer first."
    else:
        reason = "Another payer owes this claim, or owes it first: bill that payer."
    return route_to(
        Route.OTHER_PAYER,
        reason,
        "The other payer's filing limit is running: send at once.",
    )


def _authorization(case: RouteCase) -> RouteFinding:
    sent = case.facts
    now = case.later or sent
    valid = AuthorizationState.VALID
    covered = sent is not None and sent.authorization_state is valid
    numbered = sent is not None and sent.authorization_number_on_claim
    if now is not None and now.authorization_state is valid:
        if not (covered and numbered):
            return route_to(
                Route.CORRECTED_CLAIM,
                "An authorization that covers the service is on file and was not on the"
                " claim: send its number.",
            )
        return route_to(
            Route.APPEAL,
            "A valid authorization was on file and on the claim: ask the payer to link"
            " it, with the authorization letter.",
        )
    if case.finding.root_cause is RootCause.AUTH_MISSING:
        return route_to(
            Route.APPEAL,
            "Ask for a retroactive authorization or appeal with good cause (emergency,"
            " payer said none was needed, coverage not yet known).",
        )
    return route_to(
        Route.APPEAL,
        "The authorization does not cover the service: ask for an extension or"
        " amendment for the past, then for reprocessing.",
    )


def _medical_necessity(case: RouteCase) -> RouteFinding:
    if case.reasons & RECORD_DISPUTES:
        return _record_dispute()
    return route_to(
        Route.APPEAL,
        "A clinical appeal; a peer-to-peer call first where the payer offers one.",
        "Peer-to-peer windows are often 5 to 14 days from the denial.",
    )


def _record_dispute() -> RouteFinding:
    return send_records(
        "The payer says that the records do not support level, frequency or length:"
        " send the records that do.",
        "A peer-to-peer call does not help with a dispute about records.",
    )


def _benefit(case: RouteCase) -> RouteFinding:
    if case.is_medicare and STATUTORY_EXCLUSION in case.remarks:
        return route_to(
            Route.WRITE_OFF_REVIEW,
            "Medicare excludes the service by statute: review who may be charged.",
        )
    return route_to(
        Route.APPEAL,
        "Appeal the benefit decision; ask for the plan page and the criteria.",
        "Parity law applies only to some plan types: confirm the plan first.",
    )


def _time_and_units(case: RouteCase) -> RouteFinding:
    facts = case.facts
    minutes = facts.documented_minutes if facts is not None else None
    low = facts.code_minutes_minimum if facts is not None else None
    high = facts.code_minutes_maximum if facts is not None else None
    code = case.denial.procedure_code
    if low is None and high is None:
        return route_to(Route.CORRECTED_CLAIM, "Correct the code or its units.")
    if minutes is None:
        return route_to(
            Route.CORRECTED_CLAIM,
            f"No minutes on file support {code}: bill the code that the signed note"
            " supports.",
            "Never add minutes to a note after a denial.",
        )
    fits = (low is None or minutes >= low) and (high is None or minutes <= high)
    if not fits:
        return route_to(
            Route.CORRECTED_CLAIM,
            f"The note documents {minutes} minutes, which do not support {code}:"
            " correct the code, do not argue.",
        )
    if case.reasons & RECORD_DISPUTES:
        return _record_dispute()
    return route_to(
        Route.APPEAL, f"The note documents {minutes} minutes, which support {code}."
    )


def _correction(case: RouteCase) -> RouteFinding:
    cause = case.finding.root_cause
    name = root_causes()[cause.value].label if cause is not None else ""
    if MEMBER_NOT_FOUND in case.reasons:
        return _member_not_found()
    replace = " and replace it" if case.takes_replacements else ""
    return route_to(Route.CORRECTED_CLAIM, f"Correct the claim ({name}){replace}.")


def _enrollment(case: RouteCase) -> RouteFinding:
    if case.reasons & RATE_REASONS:
        return route_to(
            Route.CONTRACT_REVIEW, "Check contract and rates of clinician and group."
        )
    return route_to(
        Route.ENROLLMENT_FIX,
        "Repair the enrollment or roster, then ask the payer to reprocess from the"
        " effective date.",
        "Never bill the service under another clinician.",
    )


def _network(case: RouteCase) -> RouteFinding:
    if case.reasons & REFERRAL_REASONS:
        return route_to(
            Route.CORRECTED_CLAIM, "Get the referral and send it on a corrected claim."
        )
    return route_to(
        Route.APPEAL,
        "Ask for a network exception: gap in the network, continuity of care or a"
        " single-case agreement.",
    )


def _duplicate(case: RouteCase) -> RouteFinding:
    if case.facts is not None and case.facts.same_service_already_sent:
        return route_to(
            Route.WRITE_OFF_REVIEW,
            "The same service was sent before: follow the first claim's answer and"
            " close this one after review.",
        )
    return route_to(
        Route.CORRECTED_CLAIM,
        "If it was a second, separate session: correct the claim with the modifier"
        " that says so and both session times.",
    )


_FIXED: Mapping[RootCause, RouteFinding] = {
    RootCause.DOCUMENTATION_INSUFFICIENT: send_records(
        "The payer lacks records, or found them incomplete: send them."
    ),
    RootCause.BUNDLING_SAME_DAY: route_to(
        Route.CORRECTED_CLAIM,
        "Correct the claim: the primary code, or the modifier if two notes show two"
        " separate services.",
        "A modifier (59, XE, XP, XS, XU, 25) only where the notes show it; some pairs"
        " are never paid together.",
    ),
}
_BY_CAUSE: Mapping[RootCause, Callable[[RouteCase], RouteFinding]] = {
    RootCause.ELIGIBILITY_COVERAGE: _eligibility,
    RootCause.COB_WRONG_PAYER: _coordination,
    RootCause.BENEFIT_COVERAGE: _benefit,
    RootCause.BENEFIT_LIMIT: _benefit,
    RootCause.AUTH_MISSING: _authorization,
    RootCause.AUTH_MISMATCH: _authorization,
    RootCause.MEDICAL_NECESSITY: _medical_necessity,
    RootCause.CODING_TIME_UNITS: _time_and_units,
    RootCause.MODIFIER_POS_TELEHEALTH: _correction,
    RootCause.DIAGNOSIS_CODING: _correction,
    RootCause.PROVIDER_ELIGIBILITY: _enrollment,
    RootCause.NETWORK_REFERRAL: _network,
    RootCause.CLAIM_DATA_ERROR: _correction,
    RootCause.DUPLICATE_RESUBMISSION: _duplicate,
    RootCause.TIMELY_FILING: _timely_filing,
}
