"""The document folder: what a biller would find for recently denied claims.

Only denials of the last months have documents, as in a practice that pulls records
when it needs them. Some documents are traps that must not be attached, or that
refute the claim; `DocumentTruth` labels them, apart from the practice.
"""

from denialml.domain.coverage import EligibilityCheck
from denialml.domain.document import Document
from denialml.simulation import clinical_documents as clinical
from denialml.simulation import payer_documents as payer
from denialml.simulation.document_folder import About, Folder
from denialml.simulation.practice import DocumentTruth
from denialml.simulation.rules import Rule
from denialml.simulation.state import State

RECENT_DAYS = 150
_NEEDS_RECORDS = frozenset(
    {
        Rule.AUTHORIZATION_MISSING,
        Rule.AUTHORIZATION_MISMATCH,
        Rule.NECESSITY,
        Rule.RECORDS,
        Rule.VISIT_LIMIT,
        Rule.TIME,
        Rule.PAYER_ERROR,
    }
)


def file_documents(
    state: State, *, seed: int
) -> tuple[tuple[Document, ...], tuple[DocumentTruth, ...]]:
    """Documents about denials received in the last `RECENT_DAYS` days."""
    folder = Folder(state, seed=seed)
    enrollments = {
        (one.clinician_npi, one.payer_id): one for one in state.staff.enrollments
    }
    checks: dict[str, list[EligibilityCheck]] = {}
    for check in state.outputs.checks:
        checks.setdefault(check.medical_record_number, []).append(check)
    for received, sent in state.outputs.denied:
        if received < state.timeline.last - RECENT_DAYS:
            continue
        person = state.people[sent.session.visit.patient]
        about = About(sent, person, state.staff.workers[person.worker])
        clinical.file_notes(folder, about)
        causes = {cause for cause in sent.causes if cause is not None}
        _file_for(folder, about, causes=causes)
        if causes & {Rule.ELIGIBILITY, Rule.OTHER_PAYER}:
            asked = checks.get(person.medical_record_number, [])
            payer.file_eligibility(folder, about, checks=asked)
        if causes & {Rule.LOADING, Rule.EXCLUDED_CREDENTIAL}:
            payer.file_enrollment(folder, about, enrollments=enrollments)
    return tuple(folder.documents), tuple(folder.truths)


def _file_for(folder: Folder, about: About, *, causes: set[Rule]) -> None:
    """What one would look for, given why the claim was denied."""
    if causes & _NEEDS_RECORDS:
        clinical.file_plan(folder, about)
        clinical.file_scores(folder, about)
    if causes & {*_NEEDS_RECORDS, Rule.DIAGNOSIS}:
        clinical.file_evaluation(folder, about)
    if causes & {Rule.AUTHORIZATION_MISSING, Rule.AUTHORIZATION_MISMATCH}:
        payer.file_authorizations(folder, about)
    if Rule.OTHER_PAYER in causes:
        payer.file_questionnaire(folder, about)
    if causes & {Rule.TIMELY, Rule.DUPLICATE, Rule.PAYER_ERROR}:
        payer.file_acceptance(folder, about)
    if causes & {Rule.EXCLUDED_CODE, Rule.VISIT_LIMIT}:
        payer.file_benefits(folder, about)
    if Rule.REFERRAL in causes:
        payer.file_referral(folder, about)
    if Rule.TELEHEALTH in causes:
        clinical.file_telehealth_consent(folder, about)
