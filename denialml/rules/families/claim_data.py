"""When and on which form: dates, flags, codes and the claim's format."""

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from denialml.domain.claim import is_possible_day, person
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.reference import procedure_codes
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.earlier_answers import has_paid_code
from denialml.rules.rule import (
    About,
    CannotTell,
    Found,
    Verdict,
    claim_rule,
    line_rule,
)
from denialml.rules.words import listed, service

# 005010X222: values of CLM06, CLM07, CLM08 and CLM09 (review E11).
_SIGNATURES = frozenset({"Y", "N"})
_ASSIGNMENTS = frozenset({"A", "B", "C"})
_BENEFIT_ASSIGNMENTS = frozenset({"Y", "N", "W"})
_RELEASES = frozenset({"Y", "I"})
# Billed by the day: partial hospital, intensive outpatient, residential, day programs
# (H2012 counts hours).
_PER_DIEM = frozenset(
    {
        *("H0010", "H0015", "H0018", "H0019", "H0035", "H0037", "H0040", "H2016"),
        *("H2018", "H2020", "H2022", "H2034", "H2036", "S0201", "S9480", "S9485"),
    }
)
# Five signs: CPT of all categories (90834, 0362T, 3085F) and HCPCS (H0015, T1015).
_CODE_FORM = re.compile(r"[0-9A-Z][0-9]{3}[0-9A-Z]\Z")
_HCPCS = "HC"
_MONTH_SETTING = CannotTell(
    "whether the payer wants day rates split by month (splits_per_diem_months)",
    MissingRecord.PAYER_SETTING,
    "splits_per_diem_months",
)
_ACCIDENTS = frozenset({"AA", "OA"})
_EMPLOYMENT = "EM"
_WORK_ACCIDENT = CannotTell(
    "whether the work-related condition comes from an accident", MissingRecord.CLAIM
)
# Programs that facilities bill on the institutional form (rulebook BH-013).
_FACILITY_PROGRAMS = frozenset({"H0015", "H0018", "H0019", "H0035", "S0201", "S9480"})
_FORM_SETTING = CannotTell(
    "the payer's codes for the institutional form (institutional_codes)",
    MissingRecord.PAYER_SETTING,
    "institutional_codes",
)


@line_rule(
    "BH-009",
    About(
        title="Impossible date of service",
        statement="The date of service is given, not after the day the claim is sent"
        " and not before the patient's birth.",
        severity=Severity.REJECT,
        fields=("2400 DTP*472", "2010BA or 2010CA DMG02"),
        reason_codes=("110", "14", "16"),
        remark_codes=("M52", "M59"),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="Take the date of service from the signed note; a service that has not"
        " been held yet is not billed.",
        source="X12 005010X222 DTP*472; rulebook BH-009",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        review=("E53",),
    ),
)
def impossible_date(line: LineCase) -> Verdict:
    fault = _fault_of_date(line)
    return Found(says=f"{service(line.line.procedure_code)} {fault}") if fault else None


def _fault_of_date(line: LineCase) -> str:
    """What is wrong with it, as a sentence goes on after the code; empty: nothing."""
    day, end = line.day, line.line.service_date_end
    if day is None:
        return "has no date of service."
    for one in (day, end):
        if not is_possible_day(one):
            return f"is dated {one}, which no service can be."
    if end is not None and end < day:
        return f"ends on {end}, before it begins on {day}."
    if (end or day) > line.of_claim.as_of:
        return (
            f"is dated {end or day}, after the day the claim is sent"
            f" ({line.of_claim.as_of})."
        )
    born = person(line.claim).birth_date
    if born is not None and day < born:
        return f"is dated {day}, before the patient's birth date."
    return ""


@claim_rule(
    "BH-010",
    About(
        title="Dates span years or months",
        statement="One claim stays within one calendar year, and with day rates within"
        " one month where the payer asks for it.",
        severity=Severity.REJECT,
        fields=("2400 DTP*472",),
        reason_codes=("268", "267"),
        remark_codes=("N61",),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="Split the claim: send one for each calendar year, or each month where the"
        " payer asks for it.",
        source="CARC 267 and 268; rulebook BH-010",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
    ),
)
def dates_span(case: ClaimCase) -> Verdict:
    if len(case.lines) == 1 and case.lines[0].line.service_date_end is None:
        return None
    first, last = _span(case.lines)
    if first is None or last is None:
        return None
    if first.year != last.year:
        return Found(says=f"The claim's dates of service run from {first} to {last}.")
    if first.month == last.month or _PER_DIEM.isdisjoint(case.codes):
        return None
    return _across_months(case)


def _span(lines: Sequence[LineCase]) -> tuple[date | None, date | None]:
    """The first and the last day of the lines; None: no line has a day."""
    days = [line.day for line in lines if line.day is not None]
    ends = [
        line.line.service_date_end
        for line in lines
        if line.line.service_date_end is not None
    ]
    return min(days, default=None), max(days + ends, default=None)


def _across_months(case: ClaimCase) -> Verdict:
    """Asked of the day rates alone: other lines may lie in other months."""
    by_day = [line for line in case.lines if line.line.procedure_code in _PER_DIEM]
    first, last = _span(by_day)
    if first is None or last is None or first.month == last.month:
        return None
    by_month = case.policy.splits_per_diem_months
    if by_month is None:
        return _MONTH_SETTING
    if not by_month:
        return None
    codes = listed(sorted(_PER_DIEM & case.codes))
    return Found(
        says=f"{codes} on one claim from {first} to {last}; this payer wants one claim"
        " a month.",
        lines=tuple(line.line.line_number for line in by_day),
        severity=Severity.DENY_LIKELY,
    )


@claim_rule(
    "BH-011",
    About(
        title="Signature, assignment or release code wrong",
        statement="The claim's codes are legal: signature Y or N, assignment A, B or C,"
        " benefits assignment Y, N or W, release of information Y or I.",
        severity=Severity.REJECT,
        fields=("CLM06", "CLM07", "CLM08", "CLM09"),
        reason_codes=("16",),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="Set the code that the patient's signed forms and the payer's agreement"
        " support; collect what is missing first.",
        source="X12 005010X222 CLM06 to CLM09, X12 RFI 924; rulebook BH-011",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.FRONT_DESK,
        review=("E11",),
    ),
)
def claim_flags(case: ClaimCase) -> Verdict:
    claim = case.claim
    for element, value, legal in (
        ("CLM06", claim.provider_signature_code, _SIGNATURES),
        ("CLM07", claim.assignment_code, _ASSIGNMENTS),
        ("CLM08", claim.benefits_assignment_code, _BENEFIT_ASSIGNMENTS),
        ("CLM09", claim.release_of_information_code, _RELEASES),
    ):
        if value not in legal:
            return Found(
                says=f"{element} is {value or 'empty'}; it takes"
                f" {listed(sorted(legal))}."
            )
    if claim.provider_signature_code == "N":
        return Found(
            says="CLM06 says that the provider's signature is not on file.",
            severity=Severity.DENY_LIKELY,
        )
    return None


@claim_rule(
    "BH-012",
    About(
        title="Accident without its date",
        statement="A claim marked as related to an accident has the accident's date.",
        severity=Severity.WARN,
        fields=("CLM11", "2300 DTP*439"),
        reason_codes=("16", "19", "20"),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="Add the date of the accident, or take the mark off where the record shows"
        " that none is meant.",
        source="X12 005010X222 DTP*439; rulebook BH-012",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.FRONT_DESK,
        review=("E46",),
    ),
)
def accident_date_missing(case: ClaimCase) -> Verdict:
    claim = case.claim
    if not claim.related_cause_codes or claim.accident_date is not None:
        return None
    for cause in claim.related_cause_codes:
        if cause in _ACCIDENTS:
            return Found(says=f"CLM11 says {cause} and the claim has no accident date.")
    return _WORK_ACCIDENT if _EMPLOYMENT in claim.related_cause_codes else None


@claim_rule(
    "BH-013",
    About(
        title="Program billed on the professional form",
        statement="A facility's program is billed on the form that the payer wants,"
        " often the institutional one with a revenue code.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2",),
        reason_codes=("16", "282"),
        remark_codes=("N34", "M50"),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="Bill on the institutional form with the program's revenue code: 0905,"
        " 0906, 0912 or 0913 for day programs, 1001, 1002, 0124, 0126 or 0128 for"
        " residential stays.",
        source="RARC N34 and M50; rulebook BH-013",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        review=("E71",),
    ),
)
def professional_form(case: ClaimCase) -> Verdict:
    institutional = case.policy.institutional_codes
    if institutional is None:
        # A payer that has paid the program on this form takes it there.
        is_open = any(
            line.line.procedure_code in _FACILITY_PROGRAMS and not has_paid_code(line)
            for line in case.lines
        )
        return _FORM_SETTING if is_open else None
    wrong = [
        line.line for line in case.lines if line.line.procedure_code in institutional
    ]
    if not wrong:
        return None
    codes = listed(sorted({line.procedure_code for line in wrong}))
    return Found(
        says=f"This payer takes {codes} on the institutional form only.",
        lines=tuple(line.line_number for line in wrong),
    )


def _is_unknown(code: str) -> bool:
    """Whether no table has it: one that a table has is formed."""
    return code not in procedure_codes()


@line_rule(
    "BH-134",
    About(
        title="Procedure code missing or malformed",
        statement="Each line has a procedure code in the form of HCPCS or CPT: five"
        " letters and digits.",
        severity=Severity.REJECT,
        fields=("2400 SV101-1", "2400 SV101-2"),
        reason_codes=("16",),
        remark_codes=("M51", "M20"),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="Take the code from the signed note of the day; where the note does not"
        " support one, ask the clinician.",
        source="X12 005010X222 SV101, RARC M51",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        only_for=_is_unknown,
    ),
)
def procedure_code_missing(line: LineCase) -> Verdict:
    code = line.line.procedure_code
    if not _is_unknown(code):
        return None
    if not code.strip():
        return Found(says="The line has no procedure code.")
    if line.line.procedure_qualifier != _HCPCS or _is_formed(code.upper()):
        return None
    return Found(
        says=f"Procedure code {code} does not have the form of a HCPCS or CPT code."
    )


@lru_cache(maxsize=4096)
def _is_formed(code: str) -> bool:
    return _CODE_FORM.match(code) is not None
