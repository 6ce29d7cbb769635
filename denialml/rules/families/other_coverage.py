"""Which payer pays first, and whether that payer has answered."""

from decimal import Decimal

from denialml.domain.claim import OtherPayer
from denialml.domain.coverage import EligibilityCheck, PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.circumstances import Circumstance
from denialml.rules.code_sets import TELEMEDICINE_VISITS
from denialml.rules.earlier_answers import has_paid_in_year
from denialml.rules.families.coverage import (
    MEDICAL_BENEFIT,
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
_VISITS_OF_ANY_SPECIALTY = TELEMEDICINE_VISITS | frozenset(
    {
        *("99202", "99203", "99204", "99205", "99211", "99212", "99213", "99214"),
        *("99215", "99406", "99407", "99408", "99409", "96127", "96160", "96161"),
        *("98016", "99417", "99441", "99442", "99443", "G0444", "G2211", "G2212"),
    }
)
# These name no specialty.
_GENERAL = frozenset({"363L00000X", "363A00000X", "364S00000X", "363AM0700X"})
_NOT_NAMED = _GENERAL | {""}
_PSYCHIATRIC = ("2084P", "2084A", "2084B", "2084F", "363LP08", "364SP08")
# They pay after Medicaid (review E47).
_AFTER_MEDICAID = ("INDIAN HEALTH", "IHS", "RYAN WHITE", "VOCATIONAL REHAB")
_MEDICAID_NAMES = ("MEDICAID", "MEDI-CAL")
# They pay what Medicare leaves.
_SUPPLEMENTS = ("MEDIGAP", "SUPPLEMENT")
# SBR01: primary, secondary, tertiary and so on.
_TURNS = {turn: place for place, turn in enumerate("PSTABCDEFGH")}
_MEDICAID_FILING_CODE = "MC"
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
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        review=("E28",),
    ),
)
def carved_out(case: ClaimCase) -> Verdict:
    check = last_check(case)
    other = check.behavioral_payer_id if check is not None else ""
    other = other or case.policy.behavioral_payer_id or ""
    if other == case.claim.payer.payer_id:
        return None
    if not other:
        return None
    meant = [
        line for line in case.lines if line.line.procedure_code not in MEDICAL_BENEFIT
    ]
    if not meant:
        return None
    # A plan's medical benefit keeps visits to physicians of other specialties.
    psychiatric = [line for line in meant if _is_behavioral(line)]
    if psychiatric:
        return Found(
            says=f"Behavioral health of this plan is paid by {other}; the claim goes to"
            f" {case.claim.payer.payer_id}.",
            lines=tuple(line.line.line_number for line in psychiatric),
        )
    if all(_specialty(line) not in _NOT_NAMED for line in meant):
        return None
    return CannotTell(
        "the clinician's specialty (taxonomy)", MissingRecord.CLINICIAN, "taxonomy_code"
    )


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
        statement="Where other payers come first, their answers are on the claim.",
        severity=Severity.DENY_LIKELY,
        fields=("2000B SBR01", "2320", "2330 DTP*573", "271 EB*R"),
        reason_codes=("22",),
        remark_codes=("MA04", "N4", "N479"),
        root_cause=RootCause.COB_WRONG_PAYER,
        fix="Ask the patient and both payers who comes first; bill that payer, and"
        " then this one with that payer's remittance.",
        source="rulebook BH-017, remark codes MA04, N4, N479",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        review=("E47",),
    ),
)
def other_payer_first(case: ClaimCase) -> Verdict:
    if case.payer_type in MEDICAID:
        return None
    claim = case.claim
    place = claim.subscriber.payer_responsibility_code
    if place in ("", "U"):
        return CannotTell("which payer comes first (SBR01)", MissingRecord.CLAIM)
    if place != "P":
        if not any(_has_answered(other) for other in claim.other_payers):
            return Found(
                says="The claim goes to a payer that comes after another (SBR01"
                f" {place}) without the first payer's answer."
            )
        for other in claim.other_payers:
            if _comes_before(other, place) and not _has_answered(other):
                said = other.payer_responsibility_code
                return Found(
                    says=f"The claim goes to payer {place} in turn (SBR01); payer"
                    f" {said} comes before it and its answer is not on the claim."
                )
        return None
    if claim.other_payers:
        # The practice has settled the order, unless it calls both the first.
        if any(one.payer_responsibility_code == "P" for one in claim.other_payers):
            return Found(says="The claim calls two payers the first (SBR01 P).")
        return None
    check = last_check(case)
    if check is None:
        return None
    named = _other_named(check)
    if not named or check.other_payer_id == claim.payer.payer_id:
        return None
    if _pays_last(named, case.payer_type):
        return None
    # The answer names it but does not say which of the two comes first.
    return Found(
        says=f"The eligibility answer of {check.checked_on} names another payer"
        f" ({named}); the claim goes out as if there were none.",
        severity=Severity.WARN,
    )


def _comes_before(other: OtherPayer, place: str) -> bool:
    turn = other.payer_responsibility_code
    return turn in _TURNS and place in _TURNS and _TURNS[turn] < _TURNS[place]


def _pays_last(name: str, payer_type: PayerType) -> bool:
    """Whether the other payer's name says that it comes after this one."""
    name = name.upper()
    if _is_medicaid(name) or name.startswith(_AFTER_MEDICAID):
        return True
    return payer_type is PayerType.MEDICARE and any(
        word in name for word in _SUPPLEMENTS
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
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        only_where=frozenset({Circumstance.OTHER_PAYERS}),
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
            # The rest may stand at the lines (2430), which are not read. Most claims
            # carry all of it there: nothing is amiss at the claim then.
            if not other.adjustments:
                continue
            unsure = CannotTell(
                "the other payer's adjustments by line (2430)", MissingRecord.ELSEWHERE
            )
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
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        payer_types=MEDICAID,
        review=("E47",),
    ),
)
def medicaid_not_last(case: ClaimCase) -> Verdict:
    payer_type = case.payer_type
    if any(_has_answered(other) for other in case.claim.other_payers):
        return None
    others = [
        other
        for other in case.claim.other_payers
        if not _after_medicaid(other.name, payer_type)
    ]
    check = last_check(case)
    if others:
        named = listed(other.name or other.payer_id or "another" for other in others)
        medicare = all(
            other.claim_filing_code in _MEDICARE_FILING_CODES
            or _is_medicare(other.name)
            for other in others
        )
    elif check is None or case.claim.other_payers:
        return None
    else:
        named = _other_named(check)
        if not named or check.other_payer_id == case.claim.payer.payer_id:
            return None
        if _after_medicaid(named, payer_type):
            return None
        medicare = _is_medicare(check.other_payer_name)
    never = [line for line in case.lines if _never_of_medicare(line)]
    if len(never) == len(case.lines):
        if medicare:
            return None
        if not others and check is not None and not check.other_payer_name:
            return CannotTell(
                "whether the other payer is Medicare",
                MissingRecord.ELIGIBILITY_CHECK,
                "other_payer_name",
            )
    return Found(
        says=f"Other coverage is on file ({named}); the Medicaid claim carries no"
        " answer of that payer.",
        lines=tuple(
            line.line.line_number
            for line in case.lines
            if not (medicare and line in never)
        ),
    )


def _after_medicaid(name: str, payer_type: PayerType) -> bool:
    """Whether it pays after Medicaid, or is the State's side of a managed plan."""
    name = name.upper()
    if payer_type is PayerType.MEDICAID_MANAGED_CARE and _is_medicaid(name):
        return True
    return name.startswith(_AFTER_MEDICAID)


def _never_of_medicare(line: LineCase) -> bool:
    """H, S and T codes, and providers whom Medicare did not enroll that day."""
    code = line.line.procedure_code
    if code[:1] in ("H", "S", "T"):
        return True
    kind = type_of(line.clinician) if line.clinician is not None else ""
    if not kind:
        kind = type_of_taxonomy(_specialty(line))
    if not kind or line.day is None:
        return False
    return is_paid(code, kind, PayerType.MEDICARE, line.day) is False


def _is_medicare(name: str) -> bool:
    return "MEDICARE" in name.upper()


def _is_medicaid(name: str) -> bool:
    return any(word in name.upper() for word in _MEDICAID_NAMES)


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
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        payer_types=MEDICARE,
        review=("E04",),
    ),
)
def medicare_advantage_member(case: ClaimCase) -> Verdict:
    check = last_check(case)
    if check is None or check.is_medicare_advantage is False:
        return None
    if check.is_medicare_advantage is None:
        # Plans are mostly chosen for a calendar year.
        if all(has_paid_in_year(line) for line in case.lines):
            return None
        return CannotTell(
            "Medicare Advantage membership (the answer does not say)",
            MissingRecord.ELIGIBILITY_CHECK,
            "is_medicare_advantage",
        )
    asked = asked_about(check)
    lines = tuple(
        line.line.line_number
        for line in case.lines
        if line.day is not None and same_month(asked, line.day)
    )
    # Membership goes by months.
    if not lines:
        return CannotTell(
            "an eligibility answer for the month of service",
            MissingRecord.ELIGIBILITY_CHECK,
        )
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
        fix="Give the patient the money back and bill Medicaid for the cost share; what"
        " it does not pay is written off.",
        source="rulebook BH-021, reason 209",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
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
        return None
    if case.payer_type in MEDICAID and all(map(_never_of_medicare, case.lines)):
        # Medicaid's own cost share, of a service that Medicare never covers.
        return None
    if check.is_qualified_beneficiary is None:
        if not _has_both(case, check):
            return None
        return CannotTell(
            "QMB status (the answer does not say)",
            MissingRecord.ELIGIBILITY_CHECK,
            "is_qualified_beneficiary",
        )
    if not check.is_qualified_beneficiary:
        return None
    return Found(
        says=f"The claim says that the patient paid {dollars(taken)}; the eligibility"
        " answer shows a qualified Medicare beneficiary."
    )


def _has_both(case: ClaimCase, check: EligibilityCheck) -> bool:
    """Whether Medicare and Medicaid are both named, as for every such beneficiary."""
    names = [other.name for other in case.claim.other_payers]
    names.append(check.other_payer_name)
    if case.payer_type in MEDICAID:
        return any(map(_is_medicare, names)) or any(
            other.claim_filing_code in _MEDICARE_FILING_CODES
            for other in case.claim.other_payers
        )
    return any(map(_is_medicaid, names)) or any(
        other.claim_filing_code == _MEDICAID_FILING_CODE
        for other in case.claim.other_payers
    )


def _has_answered(other: OtherPayer) -> bool:
    return other.paid is not None or other.adjudicated_on is not None


def _other_named(check: EligibilityCheck) -> str:
    return check.other_payer_name or check.other_payer_id
