"""What an authorization approved beyond code and day, and what comes after it."""

from datetime import timedelta
from decimal import Decimal

from denialml.domain.coverage import Authorization, AuthorizationDecision, PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.facts import AuthorizationState
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.circumstances import Circumstance
from denialml.rules.code_sets import BEHAVIOR_ANALYSIS, SEVERE_BEHAVIOR
from denialml.rules.earlier_answers import has_paid_in_year, times_paid
from denialml.rules.families.authorizations import (
    LEVEL_OF_CARE,
    VALID,
    best_on_file,
    called,
    covers,
    is_certified,
    needs_none,
    on_the_day,
    units_of,
    uses_up,
)
from denialml.rules.rule import (
    About,
    CannotTell,
    Found,
    Verdict,
    claim_rule,
    line_rule,
)
from denialml.rules.words import listed, plain

_FEW_UNITS = Decimal(2)
_SMALL_SHARE = Decimal("0.2")
_SOON = timedelta(days=14)
_HMO = "HM"
# A course of tests or one assessment uses its authorization up, and that is that.
_ONCE = frozenset(
    {
        *("90791", "90792", "96116", "96121", "96130", "96131", "96132", "96133"),
        *("96136", "96137", "96138", "96139", "96146", "97151", "97152", "0362T"),
        *("H0001", "H0031", "H0032"),
    }
)
_VOID = "8"
_DIRECTED = BEHAVIOR_ANALYSIS | SEVERE_BEHAVIOR
# An enum's member costs ten times a module's name, and every line asks.
_NONE = AuthorizationState.NONE
_EXHAUSTED = AuthorizationState.EXHAUSTED
_MEDICARE = PayerType.MEDICARE
_VETERANS = PayerType.VETERANS
_REFUSED = AuthorizationDecision.DENIED
_UNDECIDED = (AuthorizationDecision.PENDED, AuthorizationDecision.UNKNOWN)


@line_rule(
    "BH-027",
    About(
        title="Authorization for another clinician",
        statement="The authorization names the clinician who delivered the service, the"
        " clinician's supervisor, the practice or its site, or nobody.",
        severity=Severity.DENY_LIKELY,
        fields=(
            "2310B NM109",
            "2310C NM109",
            "2310D NM109",
            "2010AA NM109",
            "authorizations on file",
        ),
        reason_codes=("296", "15"),
        remark_codes=("N54",),
        root_cause=RootCause.AUTH_MISMATCH,
        fix="Ask the payer to change the authorization to the clinician who delivered"
        " the service; never bill under the other clinician's NPI.",
        source="rulebook BH-027",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.AUTHORIZATIONS,
        review=("E12",),
        only_where=frozenset({Circumstance.AUTHORIZATIONS}),
    ),
)
def other_clinician_authorized(line: LineCase) -> Verdict:
    if line.facts.authorization_state is not VALID or needs_none(line):
        return None
    authorization = best_on_file(line)
    if authorization is None or not authorization.clinician_npi:
        return None
    npi = line.rendering_npi
    if not npi:
        return CannotTell("the rendering clinician's NPI", MissingRecord.CLAIM)
    claim = line.claim
    places = (claim.billing_provider, claim.service_facility)
    ours = {npi, *(one.npi for one in places if one is not None)}
    named = [
        one.clinician_npi for one in line.records.authorizations if covers(one, line)
    ]
    if any(not one or one in ours for one in named):
        return None
    supervised = not _supervisors(line).isdisjoint(named)
    if supervised and line.line.procedure_code in _DIRECTED:
        # Issued to the analyst who directs the technicians.
        return None
    return Found(
        says=f"{called(authorization, first=True)} for"
        f" {line.line.procedure_code} names NPI {authorization.clinician_npi}; the line"
        f" is by {npi}.",
        severity=Severity.WARN if supervised else None,
    )


def _supervisors(line: LineCase) -> set[str]:
    """NPIs under which the line's clinician works, by the claim and on file."""
    provider, clinician = line.claim.supervising_provider, line.clinician
    found = {
        provider.npi if provider is not None else "",
        clinician.supervisor_npi if clinician is not None else "",
    }
    return found - {""}


@line_rule(
    "BH-028",
    About(
        title="Level of care other than approved",
        statement="Intensive outpatient, partial hospitalization and residential care"
        " are billed at the level that was approved.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "authorizations on file"),
        reason_codes=("186", "284"),
        remark_codes=("N188",),
        root_cause=RootCause.AUTH_MISMATCH,
        fix="Ask the payer to review the level of care; the claim says the level that"
        " was delivered.",
        source="rulebook BH-028, remark code N188",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.AUTHORIZATIONS,
        codes=frozenset(LEVEL_OF_CARE),
        only_where=frozenset({Circumstance.AUTHORIZATIONS}),
    ),
)
def other_level_approved(line: LineCase) -> Verdict:
    if needs_none(line):
        return None
    level = LEVEL_OF_CARE[line.line.procedure_code]
    approved: Authorization | None = None
    unnamed: Authorization | None = None
    for one in line.records.authorizations:
        if not is_certified(one) or not on_the_day(one, line):
            continue
        if any(LEVEL_OF_CARE.get(code) == level for code in one.procedure_codes):
            return None
        if one.procedure_codes:
            approved = one
        else:
            unnamed = one
    if unnamed is not None:
        return CannotTell(
            f"the level of care that {called(unnamed)} approved",
            MissingRecord.AUTHORIZATION,
            "procedure_codes",
        )
    if approved is None:
        return None
    return Found(
        says=f"{line.line.procedure_code} is {level}; {called(approved)} approved"
        f" {listed(approved.procedure_codes)}."
    )


@line_rule(
    "BH-029",
    About(
        title="Authorization denied, claim sent all the same",
        statement="The payer has not refused to authorize the service.",
        severity=Severity.WARN,
        fields=("2400 SV101-2", "authorizations on file"),
        reason_codes=("39", "50"),
        root_cause=RootCause.MEDICAL_NECESSITY,
        fix="Appeal the refused authorization before the claim or with it.",
        source="rulebook BH-029",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.AUTHORIZATIONS,
        review=("E07",),
        only_where=frozenset({Circumstance.AUTHORIZATIONS}),
    ),
)
def authorization_denied(line: LineCase) -> Verdict:
    state = line.facts.authorization_state
    if state is VALID or state is _EXHAUSTED:
        return None
    code = line.line.procedure_code
    unnamed: CannotTell | None = None
    for one in reversed(line.records.authorizations):
        codes = one.procedure_codes
        if (codes and code not in codes) or not on_the_day(one, line):
            continue
        if one.decision is _REFUSED:
            if times_paid(line, after=one.issued_on):
                continue
            if codes:
                return Found(says=f"The payer refused {called(one)} for {code}.")
            unnamed = CannotTell(
                f"for what the payer refused {called(one)}",
                MissingRecord.AUTHORIZATION,
                "procedure_codes",
            )
        elif one.decision in _UNDECIDED and state is _NONE:
            if needs_none(line) or line.policy.authorization_codes is not None:
                # Of a code that the payer lists, rule BH-022 says it.
                return None
            return CannotTell(
                f"the payer's decision on {called(one)}",
                MissingRecord.AUTHORIZATION,
                "decision",
            )
    return None if needs_none(line) else unnamed


@claim_rule(
    "BH-030",
    About(
        title="Referral missing",
        statement="Where the plan wants a referral, the claim names the referring"
        " provider and the referral's number.",
        severity=Severity.DENY_LIKELY,
        fields=("2310A NM109", "2300 REF*9F", "payer settings"),
        reason_codes=("288", "287", "243"),
        remark_codes=("N286", "N475"),
        root_cause=RootCause.NETWORK_REFERRAL,
        fix="Get the referral from the plan, or from the patient's primary care"
        " provider, and put on the claim what it says.",
        source="rulebook BH-030; bulletins of the Department of Veterans Affairs",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.FRONT_DESK,
    ),
)
def referral_missing(case: ClaimCase) -> Verdict:
    wanted = case.policy.referral_required
    claim = case.claim
    if wanted is False:
        return None
    of_veterans = case.payer_type is _VETERANS
    if of_veterans and (claim.referral_number or _authorized(case)):
        # The Department numbers its referrals itself, in REF*9F or REF*G1.
        return None
    number = claim.referral_number
    provider = claim.referring_provider is not None and claim.referring_provider.npi
    if number and provider:
        return None
    if wanted is None:
        by_referral = of_veterans or claim.subscriber.claim_filing_code == _HMO
        if by_referral and not all(has_paid_in_year(line) for line in case.lines):
            return CannotTell(
                "the payer's referral_required setting",
                MissingRecord.PAYER_SETTING,
                "referral_required",
            )
        return None
    missing = [] if number else ["referral number (REF*9F)"]
    if not (provider or of_veterans):
        missing.append("referring provider (2310A)")
    return Found(
        says=f"The plan wants a referral; the claim has no {' and no '.join(missing)}."
    )


def _authorized(case: ClaimCase) -> bool:
    return bool(case.claim.prior_authorization_number) or all(
        line.line.prior_authorization_number for line in case.lines
    )


@claim_rule(
    "BH-132",
    About(
        title="Authorization about to run out",
        statement="After this claim the authorization has more than two units and more"
        " than a fifth of its units left, and more than 14 days to go.",
        severity=Severity.WARN,
        fields=("2400 SV104", "authorizations on file", "claims sent before"),
        reason_codes=("198", "197"),
        root_cause=RootCause.AUTH_MISMATCH,
        fix="Ask for the next authorization before the next sessions.",
        source="rulebook BH-025",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.AUTHORIZATIONS,
        only_where=frozenset({Circumstance.AUTHORIZATIONS}),
    ),
)
def running_out(case: ClaimCase) -> Verdict:
    if case.payer_type is _MEDICARE or case.claim.frequency_code == _VOID:
        return None
    seen: set[str] = set()
    for line in case.lines:
        facts = line.facts
        number = facts.authorization_number
        if facts.authorization_state is not VALID or number in seen:
            continue
        if line.line.procedure_code in _ONCE:
            continue
        seen.add(number)
        authorization = best_on_file(line)
        if authorization is None or needs_none(line):
            continue
        ends = authorization.ends_on
        if ends is not None and ends < case.as_of:
            continue
        why = _little_left(case, line, authorization)
        if why and not _renewed(line, authorization):
            return Found(
                says=f"{called(number, first=True)} for {line.line.procedure_code}"
                f" {why}.",
                lines=(line.line.line_number,),
            )
    # What an authorization leaves open, BH-024 and BH-025 say.
    return None


def _little_left(case: ClaimCase, line: LineCase, authorization: Authorization) -> str:
    left, units = line.facts.authorization_units_left, authorization.units
    if left is not None and units is not None:
        number = authorization.authorization_number
        for other in case.lines:
            if uses_up(other, number):
                left -= units_of(other)
        if left < 0:
            # Rule BH-025 says it.
            return ""
        if left <= _FEW_UNITS or left <= units * _SMALL_SHARE:
            return f"has {plain(left)} of {plain(units)} units left after this claim"
    ends = authorization.ends_on
    if ends is not None and ends - case.as_of <= _SOON:
        return f"ends on {ends}"
    return ""


def _renewed(line: LineCase, authorization: Authorization) -> bool:
    """Whether another one on file goes on where this one ends."""
    code, ends = line.line.procedure_code, authorization.ends_on
    return any(
        one.authorization_number != authorization.authorization_number
        and is_certified(one)
        and (not one.procedure_codes or code in one.procedure_codes)
        and (one.ends_on is None or (ends is not None and one.ends_on > ends))
        for one in line.records.authorizations
    )
