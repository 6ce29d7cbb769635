"""Medicare and Medicaid beside each other and beside other payers."""

from denialml.domain.coverage import EligibilityCheck, PayerType, asked_about
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.earlier_answers import has_paid_in_year
from denialml.rules.families.coverage import (
    claim_check,
    same_month,
)
from denialml.rules.families.other_coverage import (
    AFTER_MEDICAID,
    has_answered,
    is_medicaid,
    other_named,
    specialty,
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

_MEDICAID_FILING_CODE = "MC"
_MEDICARE_FILING_CODES = frozenset({"MA", "MB", "16"})


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
    if any(has_answered(other) for other in case.claim.other_payers):
        return None
    others = [
        other
        for other in case.claim.other_payers
        if not _after_medicaid(other.name, payer_type)
    ]
    check = claim_check(case)
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
        named = other_named(check)
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
    if payer_type is PayerType.MEDICAID_MANAGED_CARE and is_medicaid(name):
        return True
    return name.startswith(AFTER_MEDICAID)


def _never_of_medicare(line: LineCase) -> bool:
    """H, S and T codes, and providers whom Medicare did not enroll that day."""
    code = line.line.procedure_code
    if code[:1] in ("H", "S", "T"):
        return True
    kind = type_of(line.clinician) if line.clinician is not None else ""
    if not kind:
        kind = type_of_taxonomy(specialty(line))
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
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        payer_types=MEDICARE,
        review=("E04",),
    ),
)
def medicare_advantage_member(case: ClaimCase) -> Verdict:
    check = claim_check(case)
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
    check = claim_check(case)
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
    return any(map(is_medicaid, names)) or any(
        other.claim_filing_code == _MEDICAID_FILING_CODE
        for other in case.claim.other_payers
    )
