"""Whether the plan covered the patient on the date of service."""

from datetime import date

from denialml.domain.claim import person
from denialml.domain.coverage import (
    EligibilityCheck,
    EligibilityResult,
    asked_about,
    speaks_of,
)
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.earlier_answers import has_paid_in_year
from denialml.rules.provider_types import in_words, type_of, type_of_taxonomy
from denialml.rules.rule import (
    MEDICAID,
    MEDICARE,
    About,
    CannotTell,
    Found,
    Verdict,
    claim_rule,
    line_rule,
)
from denialml.rules.words import in_days

# Usually of the medical benefit, also where a plan carves behavioral health out
# (review E28).
MEDICAL_BENEFIT = frozenset(
    {
        *("96156", "96158", "96159", "96164", "96165", "96167", "96168", "96170"),
        *("96171", "99484", "99492", "99493", "99494", "G2214", "G0323"),
        *("G0568", "G0569", "G0570", "96116", "96121", "96132", "96133"),
        *("G2082", "G2083", "J0013", "S0013", "80305", "80306", "80307", "96372"),
    }
)
_USUAL_CHECK_DAYS = 31
# Said once, by BH-014: rules of single parts of the answer are silent without one.
_NO_CHECK = CannotTell(
    "an eligibility answer of this payer (271) for the patient",
    MissingRecord.ELIGIBILITY_CHECK,
)
_ANSWER_FOR_THE_DAY = CannotTell(
    "an eligibility answer for the date of service", MissingRecord.ELIGIBILITY_CHECK
)
_NO_DAY = CannotTell("date of service", MissingRecord.CLAIM)
_ANSWERED_FOR_THE_PLAN = CannotTell(
    "the mental-health benefit (the payer answered for the plan only)",
    MissingRecord.ELIGIBILITY_CHECK,
    "mental_health_active",
)
_NURSING_STAY = "31"
# Paid beside the nursing facility's own payment (review E42).
_OUTSIDE_THE_STAY = frozenset(
    {
        *("physician", "nurse_practitioner", "clinical_nurse_specialist"),
        *("physician_assistant", "psychologist", "marriage_family_therapist"),
        "mental_health_counselor",
    }
)
_ACTIVE = EligibilityResult.ACTIVE
_INACTIVE = EligibilityResult.INACTIVE


def check_of(line: LineCase) -> EligibilityCheck | None:
    """The payer's eligibility answer about the patient that tells most of the line's
    day; None: there is none.

    A family shares one member number: an answer that is found by it alone, of another
    first name and birth date, is another member's.
    """
    check = line.records.check
    if check is None or (
        check.medical_record_number and line.claim.medical_record_number
    ):
        return check
    patient = person(line.claim)
    born, named = patient.birth_date, patient.first_name.upper()
    is_of_another = (
        None not in (born, check.birth_date)
        and born != check.birth_date
        and bool(named and check.first_name)
        and named[:3] != check.first_name.upper()[:3]
    )
    return None if is_of_another else check


def claim_check(case: ClaimCase) -> EligibilityCheck | None:
    """`check_of` the first line, for what is of the whole claim."""
    return check_of(case.lines[0]) if case.lines else None


def same_month(one: date, other: date) -> bool:
    """Coverage mostly begins and ends with a month."""
    return (one.year, one.month) == (other.year, other.month)


@claim_rule(
    "BH-014",
    About(
        title="Coverage not active on the date of service",
        statement="The payer's eligibility answer shows active coverage, with a benefit"
        " for mental health or substance use, on each date of service.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 DTP*472", "271 EB01", "271 EB03", "271 DTP*346", "271 DTP*347"),
        reason_codes=("27", "26", "200"),
        remark_codes=("N30", "N52"),
        root_cause=RootCause.ELIGIBILITY_COVERAGE,
        fix="Ask for an eligibility answer for the date of service, and bill the payer"
        " that covered the patient that day.",
        source="rulebook BH-014, X12 271",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.FRONT_DESK,
        review=("E27",),
    ),
)
def coverage_inactive(case: ClaimCase) -> Verdict:
    unsure: CannotTell | None = None
    for line in case.lines:
        check = check_of(line)
        if check is None:
            return _NO_CHECK
        begin, end = check.coverage_begin, check.coverage_end
        day = line.day
        if day is None:
            unsure = _NO_DAY
        elif end is not None and end < day:
            return _not_covered(line, check, f"coverage ended on {end}")
        elif end is not None and end < (line.line.service_date_end or day):
            return _not_covered(
                line,
                check,
                f"coverage ended on {end}",
                until=line.line.service_date_end,
            )
        elif begin is not None and day < begin:
            if not _is_near(check, day):
                unsure = _ANSWER_FOR_THE_DAY
                continue
            return _not_covered(line, check, f"coverage began on {begin}")
        elif check.result is _ACTIVE:
            if line.line.procedure_code in MEDICAL_BENEFIT:
                continue
            if check.mental_health_active is False:
                return _not_covered(
                    line, check, "the plan has no active mental-health benefit"
                )
            if check.mental_health_active is None and not has_paid_in_year(
                line, without=MEDICAL_BENEFIT
            ):
                unsure = _ANSWERED_FOR_THE_PLAN
        elif check.result is not _INACTIVE:
            unsure = CannotTell(
                "whether coverage was active (the answer does not say)",
                MissingRecord.ELIGIBILITY_CHECK,
                "result",
            )
        elif end is None and same_month(asked_about(check), day):
            return _not_covered(line, check, f"inactive on {asked_about(check)}")
        elif end is None:
            unsure = _ANSWER_FOR_THE_DAY
    return unsure


def _is_near(check: EligibilityCheck, day: date) -> bool:
    """Whether the answer was asked about the month, or earlier: what begins in one
    asked later may be the next plan year."""
    asked = asked_about(check)
    return asked <= day or same_month(asked, day)


def _not_covered(
    line: LineCase, check: EligibilityCheck, why: str, *, until: date | None = None
) -> Found:
    dates = f"date of service is {line.day}"
    if until is not None:
        dates = f"dates of service are {line.day} to {until}"
    numbers = (line.line.line_number,)
    return Found(
        says=f"The {dates}; the eligibility answer of {check.checked_on} says: {why}.",
        lines=numbers,
    )


@claim_rule(
    "BH-015",
    About(
        title="No eligibility check near the date of service",
        statement="Eligibility was checked as near to the date of service as the"
        " payer's setting asks; else within a month, for Medicaid in the same month. A"
        " later answer that covers the date counts as well.",
        severity=Severity.WARN,
        fields=("2400 DTP*472", "eligibility answers on file"),
        reason_codes=("27", "31"),
        root_cause=RootCause.ELIGIBILITY_COVERAGE,
        fix="Check eligibility for the date of service before sending.",
        source="rulebook BH-015",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.FRONT_DESK,
        review=("E74",),
    ),
)
def coverage_unchecked(case: ClaimCase) -> Verdict:
    limit = case.policy.eligibility_check_days
    if claim_check(case) is None:
        if not _keeps_answers(case):
            return _NO_CHECK
        return Found(
            says="No eligibility answer of this payer about the patient is on file."
        )
    unsure: CannotTell | None = None
    for line in case.lines:
        day = line.day
        if day is None:
            unsure = _NO_DAY
            continue
        check = check_of(line)
        if check is None:
            continue
        asked = asked_about(check)
        days = abs((day - asked).days)
        if limit is None:
            near = same_month(asked, day) or (
                days <= _USUAL_CHECK_DAYS and case.payer_type not in MEDICAID
            )
        else:
            near = days <= limit
        covered = asked >= day and speaks_of(check, day)
        if not (near or covered):
            return Found(
                says=f"The nearest eligibility answer is for {asked}; the date of"
                f" service is {day} ({in_days(days)} apart).",
                lines=(line.line.line_number,),
                by_default=limit is None,
            )
    return unsure


def _keeps_answers(case: ClaimCase) -> bool:
    """Whether the practice files eligibility answers at all: where it files none, that
    there is none says nothing of the claim. Where that is not known, it does."""
    return case.keeps is None or case.keeps(MissingRecord.ELIGIBILITY_CHECK, "")


@line_rule(
    "BH-128",
    About(
        title="Service that a skilled nursing facility is paid for",
        statement="In a covered stay in a skilled nursing facility (place 31) Medicare"
        " pays a clinical social worker's services to the facility only.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV105", "CLM05-1", "clinician's credential"),
        reason_codes=("190", "97"),
        remark_codes=("N106", "N121"),
        root_cause=RootCause.COB_WRONG_PAYER,
        fix="Ask the facility whether Medicare covered the stay that day: bill the"
        " facility if so; send place 32 only if its record shows that it did not.",
        source="SNF consolidated billing, rulebook BH-128",
        support="partly-verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        payer_types=MEDICARE,
        review=("E42",),
    ),
)
def nursing_stay(line: LineCase) -> Verdict:
    if line.place != _NURSING_STAY:
        return None
    clinician = line.clinician
    kind = type_of(clinician) if clinician is not None else ""
    if not kind:
        provider = line.line.rendering_provider or line.claim.rendering_provider
        kind = type_of_taxonomy(provider.taxonomy_code) if provider is not None else ""
    if not kind:
        return CannotTell(
            "the clinician's credential", MissingRecord.CLINICIAN, "credential"
        )
    if kind in _OUTSIDE_THE_STAY:
        return None
    return Found(
        says=f"{line.line.procedure_code} in place 31 by {in_words(kind)} is part of"
        " what Medicare pays the facility."
    )
