"""Whether the diagnosis supports the service: order, pairing, capacity and age."""

from datetime import date

from denialml.domain.claim import person
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.rule import (
    MEDICARE_AND_ADVANTAGE,
    About,
    CannotTell,
    Found,
    Verdict,
    claim_rule,
    line_rule,
)

_PSYCHOTHERAPY = frozenset({"90832", "90833", "90834", "90836", "90837", "90838"})
_EVALUATIONS = frozenset({"90791", "90792"})
_CRISIS = frozenset({"90839", "90840"})
_OTHER_THERAPY = frozenset({"90845", "90846", "90847", "90849", "90853"})
# Relationships, work, surroundings: rarely covered as what is treated.
_RARELY_COVERED = ("Z56", "Z60", "Z63")
_PRIMARY_SETTING = CannotTell(
    "the Z and R codes that the payer takes as first diagnosis (primary_z_diagnoses)",
    MissingRecord.PAYER_SETTING,
    "primary_z_diagnoses",
)
_HEALTH_BEHAVIOR = frozenset(
    {
        *("96156", "96158", "96159", "96164", "96165"),
        *("96167", "96168", "96170", "96171"),
    }
)
_STIMULATION = frozenset({"90867", "90868", "90869"})
_DEPRESSION = ("F32", "F33")
_SEVERE_DEPRESSION = ("F322", "F323", "F332", "F333")
# Cleared for it as well, and covered by some payers only.
_COMPULSIVE = "F42"
_STIMULATION_SETTING = CannotTell(
    "whether the payer covers 90867 to 90869 for F42 (its medical policy)",
    MissingRecord.ELSEWHERE,
)
# Codes that need one of these diagnoses among those the line points to.
# Medicare's contractors list the history of nicotine dependence (Z87.891) too.
_TOBACCO = (("99406", "99407"), ("F17", "Z720", "Z87891", "O9933", "T652"))
_SUBSTANCES = (
    ("G2086", "G2087", "G2088"),
    tuple(f"F1{digit}" for digit in range(10)),
)
_ESKETAMINE = (("G2082", "G2083", "J0013", "S0013"), _DEPRESSION)
_NEEDED = {
    code: needed
    for codes, needed in (_TOBACCO, _SUBSTANCES, _ESKETAMINE)
    for code in codes
}
_MILD = frozenset(_SUBSTANCES[0])
# The fourth sign of F01 to F03 is the severity since October 2022 (review E66).
_COGNITIVE = ("F01", "F02", "F03")
_ALSO_COGNITIVE = "G30"
_SEVERE, _NOT_SEVERE = "C", ("A", "B")
# Ages in whole years that a code is for: labels and definitions of the codes.
_CODE_AGES: dict[str, tuple[int, int]] = {
    **dict.fromkeys(_ESKETAMINE[0], (18, 120)),
    "H2033": (0, 20),
}
_AGED_CODES = frozenset(_CODE_AGES)
_DIAGNOSIS_AGES: dict[str, tuple[int, int]] = {
    "Z00121": (0, 17),
    "Z00129": (0, 17),
    "F602": (18, 120),
    "F642": (0, 17),
}
_OLDEST = 120
_NO_BIRTH_DATE = CannotTell("the patient's birth date", MissingRecord.CLAIM)


@line_rule(
    "BH-089",
    About(
        title="Z or R code as the first diagnosis of therapy",
        statement="Psychotherapy is billed for a diagnosis that is treated: Z and R"
        " codes come first only where the payer takes them.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV107-1", "2300 HI"),
        reason_codes=("167", "11", "96"),
        remark_codes=("M76", "N130"),
        root_cause=RootCause.DIAGNOSIS_CODING,
        fix="Where the record documents the disorder that was treated, point to it"
        " first; else the service is the patient's own or an assistance program's.",
        source="ICD-10-CM guidelines, rulebook BH-089",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=_PSYCHOTHERAPY | _EVALUATIONS | _CRISIS | _OTHER_THERAPY,
        review=("E40",),
    ),
)
def first_diagnosis(line: LineCase) -> Verdict:
    pointed = line.facts.diagnosis_codes
    if not pointed or pointed[0][:1] not in ("Z", "R"):
        return None
    first, code = pointed[0], line.line.procedure_code
    # An evaluation may end without a disorder; a crisis has its signs (review E40).
    if code in _EVALUATIONS and first.startswith(("R", "Z03", "Z04")):
        return None
    if code in _CRISIS and first.startswith("R45"):
        return None
    taken = line.policy.primary_z_diagnoses
    if taken is not None:
        if first.startswith(tuple(one.replace(".", "") for one in taken)):
            return None
        return Found(says=f"{code} points to {first} first, which this payer refuses.")
    if first.startswith(_RARELY_COVERED):
        return Found(
            says=f"{code} points to {first} first, which payers rarely cover.",
            severity=Severity.WARN,
            by_default=True,
        )
    return _PRIMARY_SETTING


@line_rule(
    "BH-091",
    About(
        title="Diagnosis does not pair with the service",
        statement="The line points to a diagnosis of the kind that the service is for:"
        " a physical one first for 96156 to 96171, F17 or Z72.0 for 99406 and 99407,"
        " F10 to F19 for G2086 to G2088, severe F32 or F33 for 90867 to 90869, F32 or"
        " F33 for esketamine.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV107", "2300 HI"),
        reason_codes=("11",),
        remark_codes=("M76", "N115"),
        root_cause=RootCause.DIAGNOSIS_CODING,
        fix="Where the record documents it, add the diagnosis or put it first; else the"
        " service does not fit what is treated.",
        source="payers' medical policies, code definitions; rulebook BH-091",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=_HEALTH_BEHAVIOR | _STIMULATION | frozenset(_NEEDED),
        review=("E34",),
    ),
)
def pairing(line: LineCase) -> Verdict:
    pointed = line.facts.diagnosis_codes
    if not pointed:
        return None
    code = line.line.procedure_code
    if code in _HEALTH_BEHAVIOR:
        if not pointed[0].startswith("F"):
            return None
        return Found(
            says=f"{code} points to {pointed[0]} first; it is for a physical illness."
        )
    if code in _STIMULATION:
        return _stimulation(code, pointed)
    needed = _NEEDED[code]
    if any(one.startswith(needed) for one in pointed):
        return None
    return Found(
        says=f"{code} points to none of the diagnoses that it is for"
        f" ({needed[0]} and the like).",
        severity=Severity.WARN if code in _MILD else None,
    )


def _stimulation(code: str, pointed: tuple[str, ...]) -> Verdict:
    if any(one.startswith(_SEVERE_DEPRESSION) for one in pointed):
        return None
    if any(one.startswith(_COMPULSIVE) for one in pointed):
        return _STIMULATION_SETTING
    return Found(
        says=f"{code} points to {pointed[0]}; payers cover it for severe F32 and F33."
    )


@line_rule(
    "BH-093",
    About(
        title="Psychotherapy with a severe F01 to F03",
        statement="With a severe F01 to F03 the note of a psychotherapy session says"
        " that the patient can take part and benefit.",
        severity=Severity.WARN,
        fields=("2300 HI", "2400 SV101-2"),
        reason_codes=("50",),
        remark_codes=("N115",),
        root_cause=RootCause.MEDICAL_NECESSITY,
        fix="See that the signed note documents the patient's capacity to take part and"
        " benefit; bill the session only if it does.",
        source="Medicare local coverage determinations; rulebook BH-093",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        payer_types=MEDICARE_AND_ADVANTAGE,
        codes=_PSYCHOTHERAPY,
        review=("E66",),
    ),
)
def capacity(line: LineCase) -> Verdict:
    unclear = ""
    stated = False
    for diagnosis in line.claim.diagnoses:
        code = diagnosis.code
        if code.startswith(_COGNITIVE):
            if code[3:4] == _SEVERE:
                return Found(
                    says=f"{line.line.procedure_code} with {code}: payers look for the"
                    " capacity to benefit in the note."
                )
            if code[3:4] in _NOT_SEVERE:
                stated = True
            else:
                unclear = unclear or code
        elif code.startswith(_ALSO_COGNITIVE):
            unclear = unclear or code
    if unclear and not stated:
        return CannotTell(
            f"how severe {unclear} is (the fourth sign of F01 to F03 tells)",
            MissingRecord.CLAIM,
        )
    return None


@claim_rule(
    "BH-094",
    About(
        title="Age outside the code's range",
        statement="The patient's age on the day of service is within the range of each"
        " procedure and diagnosis code, and no more than 120 years.",
        severity=Severity.WARN,
        fields=("2010BA or 2010CA DMG02", "2400 DTP*472", "2400 SV101-2", "2300 HI"),
        reason_codes=("6", "9"),
        remark_codes=("N129",),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="Check the birth date against the payer's answer; where it is right, have"
        " the code checked against the signed note.",
        source="code definitions and drug labels, RARC N129; rulebook BH-094",
        support="partly-verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.FRONT_DESK,
    ),
)
def age_outside(case: ClaimCase) -> Verdict:
    born = person(case.claim).birth_date
    limits: list[tuple[str, tuple[int, int]]] = []
    for diagnosis in case.diagnoses:
        ages = _DIAGNOSIS_AGES.get(diagnosis.code)
        if ages is not None:
            limits.append((diagnosis.code, ages))
    if not _AGED_CODES.isdisjoint(case.codes):
        limits += [(code, _CODE_AGES[code]) for code in case.codes & _AGED_CODES]
    if born is None:
        return _NO_BIRTH_DATE if limits else None
    day = case.first_day
    if day is None or day < born:
        return None
    age = _years(born, day)
    for code, (least, most) in sorted(limits):
        if not least <= age <= most:
            return Found(
                says=f"{code} is for ages {least} to {most}; the patient was {age} on"
                f" {day}."
            )
    if age > _OLDEST:
        return Found(says=f"By the birth date the patient was {age} on {day}.")
    return None


def _years(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
