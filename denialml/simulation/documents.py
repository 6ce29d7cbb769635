"""The document folder: what a biller would find about denied claims.

Payers' letters are there for every denial that came with one; clinical and office
records for denials of the last months and for those that were appealed, as in a
practice that pulls records when it needs them. Some documents are traps that must not
be attached, or that refute the claim; `DocumentTruth` labels them, apart from the
practice.
"""

from denialml.domain.document import Document
from denialml.simulation import clinical_documents as clinical
from denialml.simulation import payer_documents as payer
from denialml.simulation.about import About, about_submission
from denialml.simulation.filing import Folder
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
    state: State,
) -> tuple[tuple[Document, ...], tuple[DocumentTruth, ...]]:
    """The payers' letters about all denials, and what is on file about recent ones.

    Documents about denials that were appealed are in the folder already.
    """
    folder = state.folder
    assert folder is not None
    for received, sent in state.outputs.denied:
        about = about_submission(state, sent)
        payer.file_denial_letter(folder, about, received=received)
        if received >= state.timeline.last - RECENT_DAYS:
            file_about(folder, about)
    return tuple(folder.documents), tuple(folder.truths)


def file_about(folder: Folder, about: About) -> None:
    """Everything that a biller would find today about one denied claim."""
    state, sent = about.state, about.sent
    clinical.file_notes(folder, about)
    causes = {cause for cause in sent.causes if cause is not None}
    _file_for(folder, about, causes=causes)
    if causes & {Rule.ELIGIBILITY, Rule.OTHER_PAYER}:
        asked = state.checks_of.get(about.person.number, [])
        payer.file_eligibility(folder, about, checks=asked)
    if causes & {Rule.LOADING, Rule.EXCLUDED_CREDENTIAL}:
        payer.file_enrollment(folder, about, enrollments=state.staff.enrollment_of)


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
