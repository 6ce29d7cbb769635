"""Diagnosis codes: their form, their place on the claim and what they support.

There is no table of ICD-10-CM: only what a code's form, its chapter and a few known
facts decide. Whether a code existed on the day of service is not asked.
"""

import re
from datetime import date
from functools import lru_cache

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.rule import (
    About,
    CannotTell,
    Found,
    Verdict,
    claim_rule,
    line_rule,
)
from denialml.rules.words import listed, service

# ICD-10-CM since October 2015: a letter, a digit, a third sign, up to four more.
_FORM = re.compile(r"[A-Z][0-9][0-9A-Z][0-9A-Z]{0,4}\Z")
_ICD_9 = frozenset({"BK", "BF"})
# Codes of three signs in chapter F that are complete; every other is a heading.
_COMPLETE_OF_THREE = frozenset(
    {
        *("F04", "F05", "F09", "F21", "F22", "F23", "F24", "F28", "F29", "F39", "F54"),
        *("F59", "F66", "F69", "F70", "F71", "F72", "F73", "F79", "F82", "F88", "F89"),
        "F99",
    }
)
# Substances by the fifth signs that need a sixth: induced states and intoxication
# (F1012), withdrawal where that is told apart (F1023), kinds of tobacco (F1720).
_OF_SUBSTANCES = ("12", "15", "18", "22", "25", "28", "92", "95", "98")
_WITHDRAWAL = ("13", "23", "93")
# Headings of four or five signs in chapter F that always were headings.
_HEADINGS = frozenset(
    {
        *(
            f"F1{substance}{ending}"
            for substance in "012345689"
            for ending in _OF_SUBSTANCES
        ),
        *(f"F1{substance}{ending}" for substance in "039" for ending in _WITHDRAWAL),
        *("F1720", "F1721", "F1722", "F1729"),
        *("F4021", "F4022", "F4023", "F4024", "F4029", "F067", "F78A"),
        *(f"F0{kind}{severity}" for kind in "123" for severity in "ABC"),
        *(f"F0{kind}{severity}1" for kind in "123" for severity in "ABC"),
        *("F015", "F028", "F039", "F063", "F078", "F208", "F301", "F311", "F313"),
        *("F316", "F317", "F318", "F334", "F400", "F401", "F402", "F431", "F432"),
        *("F448", "F452", "F454", "F500", "F510", "F511", "F522", "F523", "F608"),
        *("F638", "F655", "F658", "F681", "F808", "F818", "F982", "F172"),
        *("F101", "F102", "F109", "F111", "F112", "F119", "F121", "F122", "F129"),
        *("F131", "F132", "F139", "F141", "F142", "F149", "F151", "F152", "F159"),
        *("F161", "F162", "F169", "F181", "F182", "F189", "F191", "F192", "F199"),
    }
)
# Complete codes that a yearly update (October 1) split: headings from that day on.
_SPLIT_ON = {
    **dict.fromkeys(("F42", "F328", "F348", "F508"), date(2016, 10, 1)),
    "F53": date(2018, 10, 1),
    "F78": date(2021, 10, 1),
    **dict.fromkeys(("F438", "F0151", "F0281", "F0391"), date(2022, 10, 1)),
    **dict.fromkeys(("F502", "F5001", "F5002", "F5081"), date(2024, 10, 1)),
}


@claim_rule(
    "BH-087",
    About(
        title="Diagnosis code not in the form of ICD-10-CM",
        statement="Diagnosis codes have the form of ICD-10-CM and go without a dot.",
        severity=Severity.REJECT,
        fields=("2300 HI",),
        reason_codes=("146",),
        remark_codes=("M76", "M84"),
        root_cause=RootCause.DIAGNOSIS_CODING,
        fix="Send the ICD-10-CM code of the signed note, without its dot.",
        source="ICD-10-CM conventions, X12 005010X222 HI; rulebook BH-087",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
    ),
)
def code_form(case: ClaimCase) -> Verdict:
    for diagnosis in case.diagnoses:
        if diagnosis.code and diagnosis.qualifier in _ICD_9:
            return Found(
                says=f"Diagnosis {diagnosis.code} is sent as ICD-9 (qualifier"
                f" {diagnosis.qualifier}), which ended on 2015-09-30."
            )
        if not _is_formed(diagnosis.code):
            return Found(
                says=f"{diagnosis.code or 'An empty code'} does not have the form of an"
                " ICD-10-CM code as sent."
            )
    return None


@claim_rule(
    "BH-088",
    About(
        title="Diagnosis heading instead of a complete code",
        statement="Diagnosis codes of chapter F have all their characters: a heading"
        " cannot be billed.",
        severity=Severity.REJECT,
        fields=("2300 HI",),
        reason_codes=("146", "50"),
        remark_codes=("M81",),
        root_cause=RootCause.DIAGNOSIS_CODING,
        fix="Send the complete code that the clinician documented; where the record"
        " does not say enough, ask the clinician.",
        source="ICD-10-CM tabular list, chapter 5; rulebook BH-088",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        review=("E65", "E67"),
    ),
)
def heading_code(case: ClaimCase) -> Verdict:
    unknown = ""
    for diagnosis in case.diagnoses:
        code = diagnosis.code
        if not code.startswith("F"):
            continue
        split_on = _SPLIT_ON.get(code)
        if split_on is None:
            if code in _HEADINGS or (len(code) == 3 and code not in _COMPLETE_OF_THREE):
                return Found(says=f"{code} is a heading; the claim needs a full code.")
            continue
        day = case.first_day
        if day is None:
            unknown = code
        elif day >= split_on:
            return Found(
                says=f"{code} is a heading since {split_on}; the claim needs a full"
                " code."
            )
    if unknown:
        return CannotTell(
            f"the date of service, on which {unknown} may be a heading",
            MissingRecord.CLAIM,
        )
    return None


@line_rule(
    "BH-090",
    About(
        title="Diagnosis pointer wrong",
        statement="Each line points to one to four diagnoses that the claim carries.",
        severity=Severity.REJECT,
        fields=("2400 SV107", "2300 HI"),
        reason_codes=("16", "11"),
        remark_codes=("M76", "MA63"),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="See in the signed note for which diagnoses the service was delivered, and"
        " point the line to them, the main one first.",
        source="X12 005010X222 SV107 and HI; rulebook BH-090",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
    ),
)
def pointers(line: LineCase) -> Verdict:
    held = len(line.claim.diagnoses)
    pointed = line.line.diagnosis_pointers
    code = service(line.line.procedure_code)
    if not held:
        return Found(says="The claim has no diagnosis.")
    if not pointed:
        return Found(says=f"{code} points to no diagnosis.")
    if len(pointed) > 4:
        return Found(says=f"{code} has {len(pointed)} diagnosis pointers; 4 fit.")
    for pointer in pointed:
        if not 0 < pointer <= held:
            return Found(
                says=f"{code} points to diagnosis {pointer}; the claim has {held}."
            )
    return None


@claim_rule(
    "BH-092",
    About(
        title="Diagnosis given twice",
        statement="No diagnosis code stands on a claim twice.",
        severity=Severity.WARN,
        fields=("2300 HI",),
        reason_codes=("16", "146"),
        remark_codes=("M64",),
        root_cause=RootCause.DIAGNOSIS_CODING,
        fix="Take the second one off and let the lines that point to it point to the"
        " first.",
        source="ICD-10-CM guidelines, rulebook BH-092",
        support="expertise",
        fix_class=FixClass.DATA_CORRECTION,
        fix_by=FixBy.BILLER,
    ),
)
def diagnosis_twice(case: ClaimCase) -> Verdict:
    if len(case.diagnoses) < 2:
        return None
    # Of empty ones rule BH-087 says it.
    codes = [diagnosis.code for diagnosis in case.diagnoses if diagnosis.code]
    if len(set(codes)) == len(codes):
        return None
    twice = sorted({code for code in codes if codes.count(code) > 1})
    return Found(
        says=f"{listed(twice)} {'is' if len(twice) == 1 else 'are'} given more than"
        " once."
    )


@lru_cache(maxsize=4096)
def _is_formed(code: str) -> bool:
    return _FORM.match(code) is not None
