"""Whether the payer knows the clinician and may pay for the clinician's work."""

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache

from denialml.domain.claim import Claim, Provider
from denialml.domain.coverage import PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.facts import EnrollmentState
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.circumstances import Circumstance
from denialml.rules.other_services import clinician_of
from denialml.rules.rule import (
    COMMERCIAL,
    MEDICAID,
    MEDICARE_AND_ADVANTAGE,
    About,
    CannotTell,
    Found,
    Verdict,
    claim_rule,
    line_rule,
)
from denialml.rules.words import listed

_RENEWAL_AHEAD = timedelta(days=60)
# Emergency or urgent care by a clinician who has opted out of Medicare.
_EMERGENCY_AFTER_OPT_OUT = "GJ"
# NUCC: three digits, six letters and digits, and an X.
_TAXONOMY = re.compile(r"[0-9]{3}[0-9A-Z]{6}X\Z")
# An enum's member costs ten times a module's name, and every line asks.
_ENROLLED = EnrollmentState.ENROLLED
_NO_RECORDS = EnrollmentState.NO_RECORDS
_NEVER = EnrollmentState.NONE
_MEDICAID = PayerType.MEDICAID
_NO_ENROLLMENT = CannotTell(
    "the clinician's enrollment with the payer", MissingRecord.ENROLLMENT
)
# The enrollments on file are of clinicians (see `Enrollment`).
_OF_AN_ORGANIZATION = CannotTell(
    "the organization's own enrollment with the payer (no clinician is named)",
    MissingRecord.ENROLLMENT,
)
_NO_RENEWAL = CannotTell(
    "the clinician's next recredentialing day",
    MissingRecord.CLINICIAN,
    "recredentialing_due_on",
)
_NOT_ENROLLED = {
    EnrollmentState.NONE: "no enrollment with the payer is on file",
    EnrollmentState.NOT_YET: "the enrollment with the payer began later",
    EnrollmentState.ENDED: "the enrollment with the payer had ended",
}


@claim_rule(
    "BH-004",
    About(
        title="Taxonomy code missing or malformed",
        statement="Billing and rendering provider carry a taxonomy code in NUCC's form,"
        " where the payer wants it.",
        severity=Severity.DENY_LIKELY,
        fields=("2000A PRV03", "2310B PRV03", "2420A PRV03"),
        reason_codes=("16", "8"),
        remark_codes=("N255", "N288", "N94"),
        root_cause=RootCause.PROVIDER_ELIGIBILITY,
        fix="Look up the taxonomy codes that the payer has enrolled and send exactly"
        " those.",
        source="rulebook BH-004, remark codes N94, N255, N288",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.CREDENTIALING,
    ),
)
def taxonomy_missing(case: ClaimCase) -> Verdict:
    claim = case.claim
    missing: list[str] = []
    for role, provider in _providers(claim):
        code = provider.taxonomy_code
        if not code:
            missing.append(role)
        elif not _is_formed(code):
            return Found(
                says=f"The {role} provider's taxonomy code {code} does not have the"
                " form of one (ten signs, the last an X)."
            )
    wanted = case.policy.requires_taxonomy
    if not missing or wanted is False:
        return None
    by_default = wanted is None
    if by_default and case.payer_type not in MEDICAID:
        return CannotTell(
            "the payer's requires_taxonomy setting",
            MissingRecord.PAYER_SETTING,
            "requires_taxonomy",
        )
    roles = list(dict.fromkeys(missing))
    return Found(
        says=f"The {listed(roles)} provider {'carry' if len(roles) > 1 else 'carries'}"
        " no taxonomy code.",
        # Most Medicaid payers want it (rulebook BH-004).
        severity=Severity.WARN if by_default else None,
        by_default=by_default,
    )


def _providers(claim: Claim) -> Iterator[tuple[str, Provider]]:
    yield "billing", claim.billing_provider
    if claim.rendering_provider is not None:
        yield "rendering", claim.rendering_provider
    for line in claim.lines:
        if line.rendering_provider is not None:
            yield "rendering", line.rendering_provider


@lru_cache(maxsize=4096)
def _is_formed(taxonomy: str) -> bool:
    return _TAXONOMY.match(taxonomy.upper()) is not None


@line_rule(
    "BH-095",
    About(
        title="Clinician not enrolled on the date of service",
        statement="The clinician was enrolled with the payer on the date of service.",
        severity=Severity.DENY_LIKELY,
        fields=("2310B NM109", "2400 DTP*472", "enrollments on file"),
        reason_codes=("B7", "185"),
        remark_codes=("N570", "N198", "N767"),
        root_cause=RootCause.PROVIDER_ELIGIBILITY,
        fix="Hold the claim and ask the payer to date the enrollment back; never bill"
        " under another clinician's NPI.",
        source="rulebook BH-095, reason 185, remark code N198",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.CREDENTIALING,
        review=("E12",),
        only_where=frozenset({Circumstance.NOT_ENROLLED}),
    ),
)
def not_enrolled(line: LineCase) -> Verdict:
    state = line.facts.enrollment_state
    if state is _ENROLLED:
        return None
    payer_type = line.of_claim.payer_type
    if payer_type is _MEDICAID:
        # Rule BH-097 says it.
        return None
    if state is _NO_RECORDS:
        return _NO_ENROLLMENT
    if state is _NEVER and not clinician_of(line):
        return _OF_AN_ORGANIZATION
    if state is _NEVER and payer_type in COMMERCIAL:
        # Rule BH-106 says it: the plan may have no contract at all.
        return None
    return _not_enrolled(line, state)


@line_rule(
    "BH-097",
    About(
        title="Clinician not enrolled with the State's Medicaid",
        statement="Medicaid pays only for the work of clinicians whom the State has"
        " enrolled on the date of service.",
        severity=Severity.DENY_LIKELY,
        fields=("2310B NM109", "2400 DTP*472", "enrollments on file"),
        reason_codes=("B7", "185"),
        remark_codes=("N767", "N95"),
        root_cause=RootCause.PROVIDER_ELIGIBILITY,
        fix="Enroll the clinician with the State and ask for the date of service to be"
        " covered; never bill under another clinician's NPI.",
        source="ACA provider screening, rulebook BH-097",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.CREDENTIALING,
        payer_types=frozenset({PayerType.MEDICAID}),
        review=("E12",),
        only_where=frozenset({Circumstance.NOT_ENROLLED}),
    ),
)
def not_enrolled_with_state(line: LineCase) -> Verdict:
    state = line.facts.enrollment_state
    if state is _ENROLLED or line.of_claim.payer_type is not _MEDICAID:
        # Of a payer of unknown type rule BH-095 says it.
        return None
    if state is _NO_RECORDS:
        return _NO_ENROLLMENT
    if state is _NEVER and not clinician_of(line):
        return _OF_AN_ORGANIZATION
    return _not_enrolled(line, state)


def _not_enrolled(line: LineCase, state: EnrollmentState) -> Found:
    delivered = line.line.procedure_code or "a service"
    return Found(
        says=f"NPI {line.rendering_npi} delivered {delivered} on"
        f" {line.day or line.facts.as_of}; {_NOT_ENROLLED[state]}."
    )


@line_rule(
    "BH-106",
    About(
        title="Clinician perhaps out of the plan's network",
        statement="The clinician is enrolled with the commercial plan.",
        severity=Severity.WARN,
        fields=("2310B NM109", "enrollments on file"),
        reason_codes=("242", "279"),
        root_cause=RootCause.NETWORK_REFERRAL,
        fix="Ask the plan whether the clinician is in its network, and if not, whether"
        " it grants a single-case agreement or a gap exception.",
        source="rulebook BH-106",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.CREDENTIALING,
        payer_types=COMMERCIAL,
        review=("E07",),
        only_where=frozenset({Circumstance.NOT_ENROLLED}),
    ),
)
def out_of_network(line: LineCase) -> Verdict:
    if line.facts.enrollment_state is not _NEVER or not clinician_of(line):
        return None
    return Found(
        says=f"No enrollment of NPI {line.rendering_npi} with this plan is on file:"
        f" {line.line.procedure_code} may be out of network."
    )


@claim_rule(
    "BH-096",
    About(
        title="Recredentialing due",
        statement="The clinician's next recredentialing lies more than 60 days after"
        " the date of service.",
        severity=Severity.WARN,
        fields=("2400 DTP*472", "clinicians on file"),
        reason_codes=("B7",),
        remark_codes=("N570",),
        root_cause=RootCause.PROVIDER_ELIGIBILITY,
        fix="Renew the credentialing before it lapses.",
        source="rulebook BH-096",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.CREDENTIALING,
    ),
)
def recredentialing_due(case: ClaimCase) -> Verdict:
    unsure: CannotTell | None = None
    for line in case.lines:
        clinician = line.clinician
        due = clinician.recredentialing_due_on if clinician is not None else None
        if due is None:
            if clinician_of(line):
                unsure = _NO_RENEWAL
            continue
        day = line.day or case.as_of
        if due - day <= _RENEWAL_AHEAD:
            return Found(
                says=f"Recredentialing of NPI {line.rendering_npi}"
                f" {'was' if due < day else 'is'} due on {due}; the date of service is"
                f" {day}.",
                lines=(line.line.line_number,),
            )
    return unsure


@line_rule(
    "BH-104",
    About(
        title="Clinician excluded from federal programs",
        statement="No federal program pays for the work of a person on the exclusion"
        " list (OIG LEIE) on the date of service.",
        severity=Severity.HOLD,
        fields=("2310B NM109", "2400 DTP*472", "clinicians on file"),
        reason_codes=("B7", "185"),
        root_cause=RootCause.PROVIDER_ELIGIBILITY,
        fix="Do not send the claim; bring it to whoever is responsible for compliance.",
        source="rulebook BH-104, 42 CFR 1001.1901",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.COMPLIANCE,
        review=("E07", "E49"),
    ),
)
def excluded_clinician(line: LineCase) -> Verdict:
    clinician = line.clinician
    if clinician is None:
        return CannotTell(
            "whether the clinician is on the federal exclusion list",
            MissingRecord.CLINICIAN,
            severity=_of_exclusion(line),
        )
    since = clinician.excluded_on
    if since is None:
        return None
    day = line.day or line.facts.as_of
    if day < since:
        return None
    return Found(
        says=f"NPI {line.rendering_npi} is on the federal exclusion list since {since};"
        f" {line.line.procedure_code} is of {day}.",
        severity=_of_exclusion(line),
    )


def _of_exclusion(line: LineCase) -> Severity | None:
    """The law reaches federal money; other payers have their own contracts."""
    return Severity.WARN if line.of_claim.payer_type in COMMERCIAL else None


@line_rule(
    "BH-105",
    About(
        title="Clinician out of Medicare by own choice",
        statement="A clinician who has opted out of Medicare sends it no claims; the"
        " patient pays by private contract.",
        severity=Severity.HOLD,
        fields=("2310B NM109", "2400 DTP*472", "clinicians on file"),
        reason_codes=("B7",),
        remark_codes=("N95",),
        root_cause=RootCause.PROVIDER_ELIGIBILITY,
        fix="Do not send the claim to Medicare; see whether a private contract was"
        " signed. Emergency care without a contract goes with modifier GJ.",
        source="rulebook BH-105, 42 CFR 405.440",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.COMPLIANCE,
        payer_types=MEDICARE_AND_ADVANTAGE,
        review=("E18", "E49"),
    ),
)
def opted_out(line: LineCase) -> Verdict:
    clinician = line.clinician
    if clinician is None:
        return CannotTell(
            "whether the clinician has opted out of Medicare", MissingRecord.CLINICIAN
        )
    since = clinician.opted_out_on
    if since is None or _EMERGENCY_AFTER_OPT_OUT in line.line.modifiers:
        return None
    day = line.day or line.facts.as_of
    if day < since:
        return None
    return Found(
        says=f"NPI {line.rendering_npi} is out of Medicare since {since};"
        f" {line.line.procedure_code} is of {day}."
    )
