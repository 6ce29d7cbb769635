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
from denialml.rules.families.coverage import (
    MEDICAL_BENEFIT,
    claim_check,
)
from denialml.rules.rule import (
    MEDICAID,
    About,
    CannotTell,
    Found,
    Verdict,
    claim_rule,
)
from denialml.rules.words import dollars

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
AFTER_MEDICAID = ("INDIAN HEALTH", "IHS", "RYAN WHITE", "VOCATIONAL REHAB")
_MEDICAID_NAMES = ("MEDICAID", "MEDI-CAL")
# They pay what Medicare leaves.
_SUPPLEMENTS = ("MEDIGAP", "SUPPLEMENT")
# SBR01: primary, secondary, tertiary and so on.
_TURNS = {turn: place for place, turn in enumerate("PSTABCDEFGH")}


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
    check = claim_check(case)
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
    if all(specialty(line) not in _NOT_NAMED for line in meant):
        return None
    return CannotTell(
        "the clinician's specialty (taxonomy)", MissingRecord.CLINICIAN, "taxonomy_code"
    )


def _is_behavioral(line: LineCase) -> bool:
    if line.line.procedure_code not in _VISITS_OF_ANY_SPECIALTY:
        return True
    return specialty(line).startswith(_PSYCHIATRIC)


def specialty(line: LineCase) -> str:
    """The taxonomy code that tells the clinician's specialty; empty: not known."""
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
        if not any(has_answered(other) for other in claim.other_payers):
            return Found(
                says="The claim goes to a payer that comes after another (SBR01"
                f" {place}) without the first payer's answer."
            )
        for other in claim.other_payers:
            if _comes_before(other, place) and not has_answered(other):
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
    check = claim_check(case)
    if check is None:
        return None
    named = other_named(check)
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
    if is_medicaid(name) or name.startswith(AFTER_MEDICAID):
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


def is_medicaid(name: str) -> bool:
    """Whether a payer's name says that it is Medicaid."""
    return any(word in name.upper() for word in _MEDICAID_NAMES)


def has_answered(other: OtherPayer) -> bool:
    """Whether the claim carries the other payer's answer."""
    return other.paid is not None or other.adjudicated_on is not None


def other_named(check: EligibilityCheck) -> str:
    """The other payer that an eligibility answer names; empty: none."""
    return check.other_payer_name or check.other_payer_id
