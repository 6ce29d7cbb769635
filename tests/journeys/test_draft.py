"""From stored denials to letters: versions, audit, traps and privacy, end to end.

The practice is simulated; its truth file labels the documents that must not leave.
"""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import msgspec
import pypdf
import pytest
from sqlalchemy.orm import Session

from denialml.appeals.document_gate import wrong_patient
from denialml.domain.appeal import AppealDraft
from denialml.domain.document import Document, Sensitivity
from denialml.errors import DraftBlocked, UnknownRecord
from denialml.formats import write_csv
from denialml.journeys.case_files import case_file
from denialml.journeys.denials import find_denials
from denialml.journeys.draft import draft_appeal, render
from denialml.journeys.ingest import ingest_file, ingest_files
from denialml.journeys.simulate import write_practice
from denialml.modeling.knowledge.facts import FactBook
from denialml.simulation import SimulatedPractice, simulate_practice
from denialml.store.audit import AuditAction, list_events
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.denials import StoredDenial, all_denials, save_denials
from denialml.store.documents import get_document
from denialml.store.drafts import list_drafts
from denialml.store.organizations import create_organization
from denialml.store.records import practice_records
from tests.audit_key import AUDIT_KEY

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
CANARY = "velleity-canary-20417"


@pytest.fixture(scope="module")
def practice() -> SimulatedPractice:
    return simulate_practice(
        seed=31, claims=700, starts_on=date(2025, 7, 1), ends_on=date(2025, 12, 31)
    )


@pytest.fixture(scope="module")
def world(
    practice: SimulatedPractice, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Session, str]]:
    folder = tmp_path_factory.mktemp("practice")
    write_practice(practice, folder)
    engine = open_engine(f"sqlite:///{folder}/denialml.db", audit_key=AUDIT_KEY)
    migrate(engine)
    paths = [
        path
        for path in (folder / "practice").rglob("*")
        if path.is_file() and path.parent.name != "documents"
    ]
    with open_session(engine) as session:
        organization = create_organization(
            session, "Practice", now=NOW, is_simulated=True
        ).organization_id
        for _ in ingest_files(session, organization, paths, now=NOW, actor="test"):
            session.commit()
        find_denials(session, organization, as_of=NOW.date(), now=NOW, actor="test")
        session.commit()
        yield session, organization
    engine.dispose()


@pytest.fixture
def session(world: tuple[Session, str]) -> Iterator[Session]:
    session, _ = world
    with session.begin_nested() as savepoint:
        yield session
        savepoint.rollback()


@pytest.fixture
def organization(world: tuple[Session, str]) -> str:
    return world[1]


@pytest.fixture(scope="module")
def drafts(world: tuple[Session, str]) -> list[AppealDraft]:
    """A draft of every open denial, stored once."""
    session, organization = world
    made = [
        draft_appeal(session, organization, one.denial.denial_id, now=NOW, actor="test")
        for one in all_denials(session, organization)
        if one.status == "open"
    ]
    session.commit()
    return made


def letters(drafts):
    return [draft for draft in drafts if draft.status == "draft"]


def test_a_practice_gets_letters_and_honest_refusals(drafts):
    assert len(letters(drafts)) >= 12
    refused = [draft for draft in drafts if draft.status == "blocked"]
    assert refused
    assert all(draft.blocked_reasons for draft in refused)
    # No refusal may come from the checker: templates and record agree.
    assert not [
        reason for d in refused for reason in d.blocked_reasons if "Block " in reason
    ]


ALWAYS_TRAPS = {
    *("psychotherapy_note", "wrong_patient", "unsigned"),
    *("minutes_contradict_code", "prompt_injection"),
}


def test_no_document_that_must_not_leave_is_attached(practice, drafts):
    traps = {one.document_id: one.trap for one in practice.document_truth}
    attached = {e.document_id for draft in drafts for e in draft.exhibits}
    assert attached
    assert {traps.get(one) for one in attached} & ALWAYS_TRAPS == set()


def test_attached_plans_and_authorizations_cover_the_day(
    session, organization, practice, drafts
):
    """Stale, expired and late depend on the service that a document speaks to."""
    documents = {d.document_id: d for d in practice.documents}
    looked_at = 0
    for draft in letters(drafts):
        case = case_file(session, organization, draft.denial_id, now=NOW)
        for exhibit in draft.exhibits:
            text = documents[exhibit.document_id].text
            for label in ("Review due: ", "Valid through: "):
                if label in text:
                    last_day = text.split(label)[1].split()[0]
                    assert case.line.service_date.isoformat() <= last_day
                    looked_at += 1
    assert looked_at


def test_notes_that_refute_the_claim_stop_its_letter(practice, drafts):
    contradicting = {
        one.document_id
        for one in practice.document_truth
        if one.trap == "minutes_contradict_code"
    }
    stopped = [d for d in drafts if any(w.refutes for w in d.withheld)]
    assert {d.status for d in stopped} == {"blocked"}
    assert contradicting & {
        w.document_id for d in stopped for w in d.withheld if w.refutes
    }


def test_every_packet_holds_its_letter_and_its_exhibits(session, organization, drafts):
    for draft in letters(drafts)[:25]:
        packet = render(
            session, organization, draft.draft_id, form="pdf", now=NOW, actor="test"
        )
        assert packet.media_type == "application/pdf"
        pages = pypdf.PdfReader(io.BytesIO(packet.content)).pages
        text = "\n".join(page.extract_text() for page in pages)
        assert draft.subject in " ".join(text.split())
        assert text.count("Simulated practice") == len(pages)
        for exhibit in draft.exhibits:
            assert f"Exhibit {exhibit.label}, page 1 of" in text
            document = get_document(session, organization, exhibit.document_id)
            for line in filter(None, document.text.splitlines()):
                assert "".join(line.split())[:40] in "".join(text.split())


def test_psychotherapy_notes_are_found_in_no_output(
    session, organization, drafts, tmp_path
):
    denial_id = letters(drafts)[0].denial_id
    case = case_file(session, organization, denial_id, now=NOW)
    example = next(d for d in case.documents if d.medical_record_number)
    secret = msgspec.structs.replace(
        example,
        document_id="D999999",
        kind="psychotherapy_note",
        sensitivity=Sensitivity.PSYCHOTHERAPY_NOTE,
        service_date=case.line.service_date,
        title="",
        text=f"PSYCHOTHERAPY NOTE\n{CANARY}\n",
        file_name="D999999.txt",
        content_sha256="",
    )
    (tmp_path / secret.file_name).write_text(secret.text)
    report = ingest_file(
        session,
        organization,
        io.BytesIO(write_csv([secret], kind=Document)),
        file="documents.csv",
        now=NOW,
        actor="test",
        documents_directory=tmp_path,
    )
    assert report.problems == ()
    draft = draft_appeal(session, organization, denial_id, now=NOW, actor="test")
    assert "D999999" in {w.document_id for w in draft.withheld}
    for form in ("json", "html", "pdf"):
        drawn = render(
            session, organization, draft.draft_id, form=form, now=NOW, actor="test"
        )
        assert CANARY.encode() not in drawn.content
        if form == "pdf":
            pages = pypdf.PdfReader(io.BytesIO(drawn.content)).pages
            assert not any(CANARY in page.extract_text() for page in pages)


def test_an_unchanged_record_gives_the_stored_draft_and_is_audited(
    session, organization, drafts
):
    first = letters(drafts)[0]
    later = NOW + timedelta(days=3)
    again = draft_appeal(
        session, organization, first.denial_id, now=later, actor="key_1"
    )
    assert again == first
    assert len(list_drafts(session, organization, denial_id=first.denial_id)) == 1
    newest = list_events(session, organization, limit=100_000)[-1]
    assert (newest.actor, newest.action, newest.record_id) == (
        "key_1",
        AuditAction.DRAFT_READ,
        first.draft_id,
    )


def test_a_changed_conclusion_adds_a_version_and_keeps_the_old(
    session, organization, drafts
):
    first = letters(drafts)[0]
    stored = next(
        one
        for one in all_denials(session, organization)
        if one.denial.denial_id == first.denial_id
    )
    route = msgspec.structs.replace(stored.route, reason="Looked at again.")
    save_denials(session, organization, (msgspec.structs.replace(stored, route=route),))
    second = draft_appeal(session, organization, first.denial_id, now=NOW, actor="test")
    assert second.draft_id != first.draft_id
    assert list_drafts(session, organization, denial_id=first.denial_id) == (
        second,
        first,
    )
    save_denials(session, organization, (stored,))
    back = draft_appeal(session, organization, first.denial_id, now=NOW, actor="test")
    assert back == first


def test_another_organization_sees_neither_denial_nor_draft(
    session, organization, drafts
):
    other = create_organization(session, "Other", now=NOW).organization_id
    draft = letters(drafts)[0]
    with pytest.raises(UnknownRecord):
        draft_appeal(session, other, draft.denial_id, now=NOW, actor="test")
    with pytest.raises(UnknownRecord):
        render(session, other, draft.draft_id, form="html", now=NOW, actor="test")


def test_a_denial_without_a_cause_is_not_drafted(session, organization):
    stored = all_denials(session, organization)[0]
    bare = StoredDenial(denial=stored.denial, status="open", found_at=NOW)
    save_denials(session, organization, (bare,))
    with pytest.raises(DraftBlocked, match="find denials first"):
        draft_appeal(
            session, organization, stored.denial.denial_id, now=NOW, actor="test"
        )


def test_a_blocked_draft_has_a_page_but_no_packet(session, organization, drafts):
    blocked = next(draft for draft in drafts if draft.status == "blocked")
    page = render(
        session, organization, blocked.draft_id, form="html", now=NOW, actor="test"
    )
    assert b"No letter was drafted" in page.content
    with pytest.raises(DraftBlocked):
        render(
            session, organization, blocked.draft_id, form="pdf", now=NOW, actor="test"
        )


def test_the_file_of_one_patient_equals_that_patients_part_of_the_practice(
    session, organization, drafts
):
    """The letter's narrow reading and the scoring's wide one agree."""
    book = FactBook(practice_records(session, organization))
    for draft in drafts[:40]:
        case = case_file(session, organization, draft.denial_id, now=NOW)
        wide = book.line_facts(case.claim, case.line, as_of=NOW.date())
        assert case.facts == wide


def test_no_page_of_another_patient_passes_and_hardly_any_own_page_is_refused(
    session, organization, practice, drafts
):
    """T24: identity is held against every document of the simulated practice."""
    traps = {one.document_id: one.trap for one in practice.document_truth}
    about_people = [
        d for d in practice.documents if d.sensitivity is not Sensitivity.PROVIDER_DATA
    ]
    foreign = own = refused_own = 0
    for draft in letters(drafts)[:20]:
        case = case_file(session, organization, draft.denial_id, now=NOW)
        for document in about_people:
            reason = wrong_patient(document, case)
            if document.medical_record_number != case.claim.medical_record_number:
                foreign += 1
                assert reason is not None, document.document_id
            elif traps.get(document.document_id) == "wrong_patient":
                assert reason is not None, document.document_id
            elif document.member_id == case.claim.subscriber.member_id:
                own += 1
                refused_own += reason is not None
    assert foreign > 1000
    assert refused_own <= 0.02 * own
