"""What a correction changes, from which value to which, or why nobody can say yet.

A cover for a corrected claim asserts that the claim was wrong. It is drafted only
where the record holds both the value first sent and the one that the record supports.
"""

import re

from denialml.appeals.case_file import CaseFile
from denialml.appeals.document_reading import labeled_text
from denialml.appeals.evidence import EvidenceFile
from denialml.appeals.exhibit_facts import Facts, attached
from denialml.appeals.values import Value, label_in_words
from denialml.domain.claim import line_place_of_service
from denialml.domain.coverage import EligibilityResult
from denialml.domain.denial import RootCause
from denialml.reference import remark_codes

_DIAGNOSIS_LABEL = (
    r"(?:primary |principal |billing )?(?:diagnos[ei]s|dx)(?: codes?)?|"
    r"icd-?10(?:-cm)?(?: codes?)?"
)
_DIAGNOSIS = re.compile(r"\b[A-TV-Z]\d[0-9A-Z](?:\.?[0-9A-Z]{1,4})?\b")
_REMOTE = frozenset({"by live video", "by audio only"})
_AUTHORIZATION_CAUSES = frozenset({RootCause.AUTH_MISMATCH, RootCause.AUTH_MISSING})
_MEMBER_CAUSES = frozenset({RootCause.CLAIM_DATA_ERROR, RootCause.ELIGIBILITY_COVERAGE})
_MEMBER_CODES = frozenset({"31", "N382", "MA61"})
_STATES_THE_BILLED = (
    "The signed note states the billed diagnosis: ask the payer in writing what is "
    "invalid (pointer, specificity, effective date) before anything is corrected."
)
_UNKNOWN_CHANGE = {
    RootCause.DIAGNOSIS_CODING: "No diagnosis code can be read in a signed note of "
    "the service.",
    RootCause.MODIFIER_POS_TELEHEALTH: "Nothing on file says which place of service "
    "or modifier the session should have been sent with.",
    RootCause.AUTH_MISMATCH: "No authorization number is on file that the claim "
    "lacked.",
    RootCause.AUTH_MISSING: "No authorization number is on file that the claim lacked.",
}


def dotted(diagnosis: str) -> str:
    """F411 as people read it: F41.1."""
    return f"{diagnosis[:3]}.{diagnosis[3:]}" if len(diagnosis) > 3 else diagnosis


def stated_diagnoses(text: str) -> tuple[str, ...]:
    """ICD-10-CM codes on a note's line of diagnoses, with their dot, as stated."""
    found = labeled_text(text, _DIAGNOSIS_LABEL)
    codes = _DIAGNOSIS.findall(found[0].upper()) if found else []
    return tuple(dict.fromkeys(dotted(code.replace(".", "")) for code in codes))


def billed_diagnoses(case: CaseFile) -> tuple[str, ...]:
    """The diagnoses that the denied line points to, first pointer first."""
    diagnoses = case.claim.diagnoses
    return tuple(
        dotted(diagnoses[pointer - 1].code.replace(".", ""))
        for pointer in case.line.diagnosis_pointers
        if 0 < pointer <= len(diagnoses)
    )


def correction_facts(case: CaseFile, evidence: EvidenceFile, facts: Facts) -> Facts:
    """The old and the new value of what the case's cause says is wrong.

    `facts` are those known so far. Empty where the record does not hold both.
    """
    cause = case.finding.root_cause
    if cause is RootCause.DIAGNOSIS_CODING:
        return _diagnosis(case, evidence)
    if cause is RootCause.MODIFIER_POS_TELEHEALTH:
        return _telehealth(case, facts)
    number, before = (
        facts.get("authorization_number"),
        facts.get("authorization_number_first_sent"),
    )
    if cause in _AUTHORIZATION_CAUSES and number and before:
        words = f"the authorization, first sent {before}, to {number}"
        return {"correction": Value(words, *number.sources, *before.sources)}
    if cause in _MEMBER_CAUSES:
        return _member_number(case)
    return {}


def _noted(
    case: CaseFile, evidence: EvidenceFile
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The diagnoses of the attached signed notes, and those notes' sources."""
    codes: list[str] = []
    sources: list[str] = []
    for document in attached(case, evidence, "progress_note", "crisis_note"):
        stated = stated_diagnoses(document.text)
        if stated:
            codes += stated
            sources.append(f"document:{document.document_id}")
    return tuple(dict.fromkeys(codes)), tuple(sources)


def _diagnosis(case: CaseFile, evidence: EvidenceFile) -> Facts:
    billed = billed_diagnoses(case)
    noted, sources = _noted(case, evidence)
    if not billed or not noted or set(billed) & set(noted):
        return {}
    before, after = Value(", ".join(billed), "claim:HI"), ", ".join(noted)
    return {
        "diagnosis_first_sent": before,
        "diagnosis_in_note": Value(after, *sources),
        "correction": Value(
            f"the diagnosis from {before} to {after} (ICD-10-CM)", "claim:HI", *sources
        ),
    }


def _telehealth(case: CaseFile, facts: Facts) -> Facts:
    modifiers = case.line.modifiers
    sent = f"with modifier {', '.join(modifiers)}" if modifiers else "with no modifier"
    known: Facts = {"modifiers_first_sent": Value(sent, "claim:SV101")}
    if str(facts.get("session_modality") or "") not in _REMOTE:
        return known
    changes: list[str] = []
    sources: list[str] = []
    place = facts.get("expected_place_of_service")
    sent_place = line_place_of_service(case.claim, case.line)
    if place and sent_place:
        changes.append(f"the place of service from {sent_place} to {place}")
        sources += ["claim:SV105", *place.sources]
    modifier = facts.get("expected_telehealth_modifier")
    if modifier:
        changes.append(f"the modifiers, first sent {sent}, to include {modifier}")
        sources += ["claim:SV101", *modifier.sources]
    if changes:
        known["correction"] = Value("; ".join(changes), *dict.fromkeys(sources))
    return known


def _member_number(case: CaseFile) -> Facts:
    found, sent = corrected_member_number(case), case.claim.subscriber.member_id
    if not found:
        return {}
    words = f"the member number from {sent} to {found}"
    return {"correction": Value(words, "claim:2010BA NM109", "eligibility:member_id")}


def corrected_member_number(case: CaseFile) -> str:
    """The number under which the payer itself found this patient, where it differs.

    Empty unless the answer doubts the number, and one active eligibility answer of
    this payer, for this very day and this medical record number, names another.
    """
    if case.finding.root_cause not in _MEMBER_CAUSES:
        return ""
    codes = {one.reason_code for one in case.denial.adjustments}
    service_date, claim = case.line.service_date, case.claim
    if not (codes | set(case.denial.remark_codes)) & _MEMBER_CODES:
        return ""
    sent = claim.subscriber.member_id
    found = {
        check.member_id
        for check in case.eligibility_checks
        if check.payer_id == claim.payer.payer_id
        and check.result is EligibilityResult.ACTIVE
        and claim.medical_record_number
        and check.medical_record_number == claim.medical_record_number
        and check.service_date == service_date
    } - {""}
    if not sent or len(found) != 1 or sent in found:
        return ""
    return found.pop()


def why_no_correction(case: CaseFile, evidence: EvidenceFile, *, next_step: str) -> str:
    """Why no old and new value can be stated, and what to do about it."""
    cause = case.finding.root_cause
    if cause is RootCause.DIAGNOSIS_CODING:
        noted, _ = _noted(case, evidence)
        if set(noted) & set(billed_diagnoses(case)):
            return _STATES_THE_BILLED
    if cause in _UNKNOWN_CHANGE:
        return f"{_UNKNOWN_CHANGE[cause]} {next_step}"
    if cause not in (None, *_MEMBER_CAUSES):
        return f"No old and new value for a cover to state is on file. {next_step}"
    named = [
        f"{code}, {label_in_words(row.label)}"
        for code in case.denial.remark_codes
        if (row := remark_codes().get(code)) is not None
        and row.role == "label"
        and row.root_cause == RootCause.CLAIM_DATA_ERROR.value
    ]
    if named:
        return (
            f"The answer names the element ({'; '.join(named)}), but nothing on file "
            f"gives its right value. {next_step}"
        )
    return f"Nothing on file says which element is wrong. {next_step}"
