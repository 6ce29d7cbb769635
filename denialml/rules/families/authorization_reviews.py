"""What an authorization approved beyond code and day, and what comes after it."""

from datetime import timedelta
from decimal import Decimal

from denialml.domain.coverage import Authorization, AuthorizationDecision, PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.facts import AuthorizationState
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.families.authorizations import (
    LEVEL_OF_CARE,
    VALID,
    best_on_file,
    is_certified,
    needs_none,
    on_the_day,
    units_of,
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
# These plans go by referrals most often (rulebook BH-030).
_REFERRING_PAYERS = frozenset(
    {
        PayerType.MEDICAID,
        PayerType.MEDICAID_MANAGED_CARE,
        PayerType.VETERANS,
    }
)
_HMO = "HM"
# An enum's member costs ten times a module's name, and every line asks.
_NONE = AuthorizationState.NONE
_DENIED = AuthorizationState.DENIED
_MEDICARE = PayerType.MEDICARE
_UNDECIDED = (AuthorizationDecision.PENDED, AuthorizationDecision.UNKNOWN)


@line_rule(
    "BH-027",
    About(
        title="Authorization for another clinician",
        statement="The authorization names the clinician who delivered the service, the"
        " practice, or nobody.",
        severity=Severity.DENY_LIKELY,
        fields=("2310B NM109", "2010AA NM109", "authorizations on file"),
        reason_codes=("296", "15"),
        remark_codes=("N54",),
        root_cause=RootCause.AUTH_MISMATCH,
        fix="Ask the payer to change the authorization to the clinician who delivered"
        " the service; never bill under the other clinician's NPI.",
        source="rulebook BH-027",
        support="expertise",
        review=("E12",),
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
        return CannotTell("the rendering clinician's NPI")
    ours = (npi, line.claim.billing_provider.npi)
    if any(
        one.clinician_npi in ours or not one.clinician_npi
        for one in line.records.authorizations
        if _covers(one, line)
    ):
        return None
    return Found(
        says=f"Authorization {authorization.authorization_number} for"
        f" {line.line.procedure_code} names NPI {authorization.clinician_npi}; the line"
        f" is by {npi}."
    )


def _covers(authorization: Authorization, line: LineCase) -> bool:
    codes = authorization.procedure_codes
    return (
        is_certified(authorization)
        and (not codes or line.line.procedure_code in codes)
        and on_the_day(authorization, line)
    )


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
        fix="Bill the level that was approved and delivered; ask the payer to review"
        " the level of care for the rest.",
        source="rulebook BH-028, remark code N188",
        support="verified",
        codes=frozenset(LEVEL_OF_CARE),
    ),
)
def other_level_approved(line: LineCase) -> Verdict:
    if needs_none(line):
        return None
    level = LEVEL_OF_CARE[line.line.procedure_code]
    others: list[Authorization] = []
    for one in line.records.authorizations:
        if not is_certified(one) or not on_the_day(one, line):
            continue
        if not one.procedure_codes:
            return CannotTell(
                f"the level of care that authorization {one.authorization_number}"
                " approved"
            )
        if any(LEVEL_OF_CARE.get(code) == level for code in one.procedure_codes):
            return None
        others.append(one)
    if not others:
        return None
    approved = others[-1]
    return Found(
        says=f"{line.line.procedure_code} is {level}; authorization"
        f" {approved.authorization_number} approved {listed(approved.procedure_codes)}."
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
        review=("E07",),
    ),
)
def authorization_denied(line: LineCase) -> Verdict:
    state = line.facts.authorization_state
    if state is _DENIED:
        return Found(
            says=f"The payer refused authorization {line.facts.authorization_number}"
            f" for {line.line.procedure_code}."
        )
    if state is not _NONE:
        return None
    for one in line.records.authorizations:
        codes = one.procedure_codes
        if one.decision in _UNDECIDED and (
            not codes or line.line.procedure_code in codes
        ):
            return CannotTell(
                f"the payer's decision on authorization {one.authorization_number}"
            )
    return None


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
        fix="Get the referral from the plan's primary care provider and put its number"
        " and the provider on the claim.",
        source="rulebook BH-030",
        support="verified",
    ),
)
def referral_missing(case: ClaimCase) -> Verdict:
    wanted = case.policy.referral_required
    claim = case.claim
    if wanted is False:
        return None
    referred = claim.referring_provider is not None and claim.referring_provider.npi
    if claim.referral_number and referred:
        return None
    if wanted is None:
        if (
            case.payer_type in _REFERRING_PAYERS
            or claim.subscriber.claim_filing_code == _HMO
        ):
            return CannotTell("the payer's referral_required setting")
        return None
    missing = [] if claim.referral_number else ["referral number (REF*9F)"]
    if not referred:
        missing.append("referring provider (2310A)")
    return Found(says=f"The plan wants a referral; the claim has no {listed(missing)}.")


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
    ),
)
def running_out(case: ClaimCase) -> Verdict:
    if case.payer_type is _MEDICARE:
        return None
    unsure: CannotTell | None = None
    seen: set[str] = set()
    for line in case.lines:
        facts = line.facts
        number = facts.authorization_number
        if facts.authorization_state is not VALID or number in seen:
            continue
        seen.add(number)
        authorization = best_on_file(line)
        if authorization is None or needs_none(line):
            continue
        if authorization.ends_on is None and authorization.units is None:
            unsure = CannotTell("the units and the last day of the authorization")
            continue
        ends = authorization.ends_on
        if ends is not None and ends < case.as_of:
            continue
        why = _little_left(case, line, authorization)
        if why and not _renewed(line, authorization):
            return Found(
                says=f"Authorization {number} for {line.line.procedure_code} {why}.",
                lines=(line.line.line_number,),
            )
    return unsure


def _little_left(case: ClaimCase, line: LineCase, authorization: Authorization) -> str:
    left, units = line.facts.authorization_units_left, authorization.units
    if left is not None and units is not None:
        number = authorization.authorization_number
        for other in case.lines:
            if other.facts.authorization_number == number:
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
