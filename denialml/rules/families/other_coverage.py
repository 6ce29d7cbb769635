"""Which payer pays first, and whether that payer has answered."""

from decimal import Decimal

from denialml.domain.claim import OtherPayer
from denialml.domain.coverage import EligibilityCheck, PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.families.coverage import (
    MEDICAL_BENEFIT,
    NO_CHECK,
    asked_about,
    last_check,
    same_month,
)
from denialml.rules.provider_types import is_paid, type_of, type_of_taxonomy
from denialml.rules.rule import (
    MEDICAID,
    MEDICARE,
    MEDICARE_AND_ADVANTAGE,
    About,
    CannotTell,
    Found,
    Verdict,
    claim_rule,
)
from denialml.rules.words import dollars, listed

# Physicians of other specialties keep these in the medical benefit (review E28).
_VISITS_OF_ANY_SPECIALTY = frozenset(
    {
        *("99202", "99203", "99204", "99205", "99211", "99212", "99213", "99214"),
        *("99215", "99406", "99407", "99408", "99409", "96127", "96160", "96161"),
    }
)
_PSYCHIATRIC = ("2084P", "2084A", "2084B", "2084F", "363LP08", "364SP08")
# They pay after Medicaid (review E47).
_AFTER_MEDICAID = ("INDIAN HEALTH", "IHS", "RYAN WHITE", "VOCATIONAL REHAB")
_MEDICARE_FILING_CODES = frozenset({"MA", "MB", "16"})


@claim_rule(
    "BH-016",
    About(
        title="Behavioral health carved out to another payer",
        statement="Where a plan has another company pay behavioral health, the claim"
        " goes to that company.",
        severity=Severity.DENY_LIKELY,
        fields=("2010BB NM109", "271 2120C", "payer settings"),
        reason_codes=("109", "301", "22"),
        remark_codes=("N418", "M56"),
        root_cause=RootCause.COB_WRONG_PAYER,
        fix="Send the claim to the company that pays behavioral health; the filing"
        " limit goes on running.",
        source="rulebook BH-016",
        support="verified",
        review=("E28",),
    ),
)
def carved_out(case: ClaimCase) -> Verdict:
    check = last_check(case)
    other = check.behavioral_payer_id if check is not None else ""
    other = other or case.policy.behavioral_payer_id or ""
    if other == case.claim.payer.payer_id:
        return None
    if not other and (check or case.policy.behavioral_payer_id is not None):
        return None
    meant = [
        line for line in case.lines if line.line.procedure_code not in MEDICAL_BENEFIT
    ]
    if not meant:
        return None
    if not other:
        return NO_CHECK
    # A plan's medical benefit keeps visits to physicians of other specialties.
    psychiatric = [line for line in meant if _is_behavioral(line)]
    if psychiatric:
        return Found(
            says=f"Behavioral health of this plan is paid by {other}; the claim goes to"
            f" {case.claim.payer.payer_id}.",
            lines=tuple(line.line.line_number for line in psychiatric),
        )
    if any(_specialty(line) for line in meant):
        return None
    return CannotTell("the clinician's specialty (taxonomy)")


def _is_behavioral(line: LineCase) -> bool:
    if line.line.procedure_code not in _VISITS_OF_ANY_SPECIALTY:
        return True
    return _specialty(line).startswith(_PSYCHIATRIC)


def _specialty(line: LineCase) -> str:
    provider = line.line.rendering_provider or line.claim.rendering_provider
    if provider is not None and provider.taxonomy_code:
        return provider.taxonomy_code
    return line.clinician.taxonomy_code if line.clinician is not None else ""


@claim_rule(
    "BH-017",
    About(
        title="Another payer comes first",
        statement="Where another payer comes first, its answer is on the claim.",
        severity=Severity.DENY_LIKELY,
        fields=("2000B SBR01", "2320", "2330 DTP*573", "271 EB*R"),
        reason_codes=("22",),
        remark_codes=("MA04", "N4", "N479"),
        root_cause=RootCause.COB_WRONG_PAYER,
        fix="Bill the payer that comes first, then this one with that payer's"
        " remittance. Ask the patient where it is not clear who comes first.",
        source="rulebook BH-017, remark codes MA04, N4, N479",
        support="verified",
        review=("E47",),
    ),
)
def other_payer_first(case: ClaimCase) -> Verdict:
    if case.payer_type in MEDICAID:
        return None
    claim = case.claim
    place = claim.subscriber.payer_responsibility_code
    if place in ("", "U"):
        return CannotTell("which payer comes first (SBR01)")
    if place != "P":
        if any(_has_answered(other) for other in claim.other_payers):
            return None
        return Found(
            says=f"The claim goes to a payer that comes after another (SBR01 {place})"
            " without the first payer's answer."
        )
    if claim.other_payers:
        # The practice has settled the order, unless it calls both the first.
        if any(one.payer_responsibility_code == "P" for one in claim.other_payers):
            return Found(says="The claim calls two payers the first (SBR01 P).")
        return None
    check = last_check(case)
    if check is None:
        return NO_CHECK
    named = _other_named(check)
    if not named or check.other_payer_id == claim.payer.payer_id:
        return None
    # The answer names it but does not say which of the two comes first.
    return Found(
        says=f"The eligibility answer of {check.checked_on} names another payer"
        f" ({named}); the claim goes out as if there were none.",
        severity=Severity.WARN,
    )


@claim_rule(
    "BH-018",
    About(
        title="Other payer's amounts do not add up to the charge",
        statement="What the other payer paid and all of its adjustments add up to the"
        " charge.",
        severity=Severity.REJECT,
        fields=("CLM02", "2320 AMT*D", "2320 CAS"),
        reason_codes=("16", "129"),
        remark_codes=("N4", "N479"),
        root_cause=RootCause.COB_WRONG_PAYER,
        fix="Take paid amount and adjustments again from the other payer's remittance"
        " (835).",
        source="rulebook BH-018, 837P balancing",
        support="expertise",
    ),
)
def other_payer_out_of_balance(case: ClaimCase) -> Verdict:
    charge = case.claim.total_charge
    unsure: CannotTell | None = None
    for other in case.claim.other_payers:
        if other.paid is None:
            continue
        told = other.paid + sum((one.amount for one in other.adjustments), Decimal(0))
        if told == charge:
            continue
        if told < charge:
            # The rest may stand at the lines (2430), which are not read.
            unsure = CannotTell("the other payer's adjustments by line (2430)")
            continue
        return Found(
            says=f"Paid amount and adjustments of {other.payer_id or 'the other payer'}"
            f" come to {dollars(told)}; the charge is {dollars(charge)}."
        )
    return unsure


@claim_rule(
    "BH-019",
    About(
        title="Medicaid billed before another payer",
        statement="Medicaid pays last: other coverage answers before it is billed.",
        severity=Severity.DENY_LIKELY,
        fields=("2320", "2330 DTP*573", "271 EB*R"),
        reason_codes=("22",),
        remark_codes=("N36", "N4"),
        root_cause=RootCause.COB_WRONG_PAYER,
        fix="Bill the other payer first and send its answer with the Medicaid claim.",
        source="rulebook BH-019, Medicaid third-party liability",
        support="expertise",
        payer_types=MEDICAID,
        review=("E47",),
    ),
)
def medicaid_not_last(case: ClaimCase) -> Verdict:
    others = case.claim.other_payers
    if any(_has_answered(other) for other in others):
        return None
    check = last_check(case)
    if others:
        named = listed(other.name or other.payer_id or "another" for other in others)
        medicare = all(
            other.claim_filing_code in _MEDICARE_FILING_CODES
            or _is_medicare(other.name)
            for other in others
        )
    elif check is None:
        return NO_CHECK
    else:
        named = _other_named(check)
        if not named or check.other_payer_id == case.claim.payer.payer_id:
            return None
        medicare = _is_medicare(check.other_payer_name)
    if named.upper().startswith(_AFTER_MEDICAID):
        return None
    never = [line for line in case.lines if _never_of_medicare(line)]
    if len(never) == len(case.lines):
        if medicare:
            return None
        if not others and check is not None and not check.other_payer_name:
            return CannotTell("whether the other payer is Medicare")
    return Found(
        says=f"Other coverage is on file ({named}); the Medicaid claim carries no"
        " answer of that payer.",
        lines=tuple(
            line.line.line_number
            for line in case.lines
            if not (medicare and line in never)
        ),
    )


def _never_of_medicare(line: LineCase) -> bool:
    """H and T codes, and providers whom Medicare did not enroll that day."""
    code = line.line.procedure_code
    if code[:1] in ("H", "T"):
        return True
    kind = type_of(line.clinician) if line.clinician is not None else ""
    if not kind:
        kind = type_of_taxonomy(_specialty(line))
    if not kind or line.day is None:
        return False
    return is_paid(code, kind, PayerType.MEDICARE, line.day) is False


def _is_medicare(name: str) -> bool:
    return "MEDICARE" in name.upper()


@claim_rule(
    "BH-020",
    About(
        title="Medicare Advantage member billed to original Medicare",
        statement="Original Medicare is billed only for dates of service on which the"
        " patient was in no Medicare Advantage plan.",
        severity=Severity.DENY_LIKELY,
        fields=("2010BB NM109", "271 EB", "2400 DTP*472"),
        reason_codes=("109", "24"),
        remark_codes=("N104",),
        root_cause=RootCause.COB_WRONG_PAYER,
        fix="Bill the Medicare Advantage plan.",
        source="Noridian on reason 24, rulebook BH-020",
        support="verified",
        payer_types=MEDICARE,
        review=("E04",),
    ),
)
def medicare_advantage_member(case: ClaimCase) -> Verdict:
    check = last_check(case)
    if check is None:
        return NO_CHECK
    if check.is_medicare_advantage is None:
        return CannotTell("Medicare Advantage membership (the answer does not say)")
    if not check.is_medicare_advantage:
        return None
    asked = asked_about(check)
    lines = tuple(
        line.line.line_number
        for line in case.lines
        if line.day is not None and same_month(asked, line.day)
    )
    # Membership goes by months.
    if not lines:
        return CannotTell("an eligibility answer for the month of service")
    return Found(
        says=f"The eligibility answer for {asked} shows a Medicare Advantage plan; the"
        " claim goes to original Medicare.",
        lines=lines,
    )


@claim_rule(
    "BH-021",
    About(
        title="Money taken from a qualified Medicare beneficiary",
        statement="A qualified Medicare beneficiary (QMB) owes no cost share for what"
        " Medicare covers.",
        severity=Severity.WARN,
        fields=("2300 AMT*F5", "271 QMB"),
        reason_codes=("209", "303"),
        remark_codes=("N192", "N781"),
        root_cause=RootCause.COB_WRONG_PAYER,
        fix="Give the money back, bill Medicaid for the cost share, and write off what"
        " it does not pay.",
        source="rulebook BH-021, reason 209",
        support="verified",
        payer_types=MEDICARE_AND_ADVANTAGE | MEDICAID,
        review=("E53", "E72"),
    ),
)
def beneficiary_charged(case: ClaimCase) -> Verdict:
    taken = case.claim.patient_paid
    if taken is None or taken <= 0:
        return None
    check = last_check(case)
    if check is None:
        return NO_CHECK
    if check.is_qualified_beneficiary is None:
        return CannotTell("QMB status (the answer does not say)")
    if not check.is_qualified_beneficiary:
        return None
    return Found(
        says=f"The claim says that the patient paid {dollars(taken)}; the eligibility"
        " answer shows a qualified Medicare beneficiary."
    )


def _has_answered(other: OtherPayer) -> bool:
    return other.paid is not None or other.adjudicated_on is not None


def _other_named(check: EligibilityCheck) -> str:
    return check.other_payer_name or check.other_payer_id
