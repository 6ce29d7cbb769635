"""A letter from a complete record, and what becomes of it when a detail is missing."""

import io
from datetime import date

import msgspec
import pypdf
import pytest

from denialml.appeals.drafting import draft_letter
from denialml.appeals.drawing import draft_html
from denialml.appeals.packet import draft_pdf
from denialml.domain.denial import RootCause
from denialml.errors import DraftBlocked
from tests.appeals.cases import DRAFTED, case, document, note, plan, whole_file


def letter_text(draft):
    return "\n".join(
        text
        for block in draft.blocks
        for text in (block.text, *block.items, *(c for row in block.rows for c in row))
    )


def packet_text(draft, documents):
    pdf = draft_pdf(draft, {d.document_id: d for d in documents})
    return "\n".join(p.extract_text() for p in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def test_medical_necessity_letter_states_the_record_and_cites_exhibits():
    record = case(RootCause.MEDICAL_NECESSITY, reason="50")
    draft = draft_letter(record, drafted_at=DRAFTED)
    text = letter_text(draft)
    assert draft.status == "draft"
    assert [e.label + e.kind for e in draft.exhibits] == [
        "Aprogress_note",
        "Btreatment_plan",
    ]
    assert (
        ": 56 minutes (10:00 a.m. to 10:56 a.m.), in person, signed March 3, 2026 "
        "(Exhibit A)." in text
    )
    assert "“Unable to drive to work since January.” (Exhibit A)" in text
    assert "29 CFR 2560.503-1(h)" in text


def test_the_facts_are_few_and_each_cites_an_exhibit():
    record = case(RootCause.MEDICAL_NECESSITY, reason="50", documents=whole_file())
    blocks = list(draft_letter(record, drafted_at=DRAFTED).blocks)
    first = next(n for n, b in enumerate(blocks) if b.text == "Facts")
    last = next(n for n, b in enumerate(blocks) if b.text.startswith("Why the denial"))
    facts = [item for block in blocks[first + 1 : last] for item in block.items]
    assert 3 <= len(facts) <= 6
    assert all("(Exhibit " in fact for fact in facts)


def test_the_letter_names_plan_type_and_urgency():
    record = case(RootCause.MEDICAL_NECESSITY, reason="50")
    text = letter_text(draft_letter(record, drafted_at=DRAFTED))
    assert "Commercial, self-funded by the employer" in text
    assert "(first level); standard, the service has been given" in text


def test_every_statement_of_a_letter_names_its_sources():
    record = case(RootCause.MEDICAL_NECESSITY, reason="50")
    draft = draft_letter(record, drafted_at=DRAFTED)
    assert draft.blocks
    assert all(b.sources for b in draft.blocks if b.kind != "heading")
    minutes = next(b for b in draft.blocks if "56 minutes" in " ".join(b.items))
    assert {"encounter:enc-7719", "document:doc_progress_note"} <= set(minutes.sources)


def test_packet_shows_letter_then_stamped_exhibits():
    record = case(RootCause.MEDICAL_NECESSITY, reason="50")
    draft = draft_letter(record, drafted_at=DRAFTED)
    text = packet_text(draft, record.documents)
    assert "Cedar Behavioral Health" in text
    assert "Exhibit A, page 1 of 1" in text
    assert "rated fear 4 of 10 afterward" in text


def test_html_is_standalone_and_shows_the_same_letter():
    draft = draft_letter(case(RootCause.AUTH_MISSING), drafted_at=DRAFTED)
    page = draft_html(draft)
    assert "Appeal of a denial for missing prior authorization" in page
    assert "src=" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_same_record_gives_the_same_draft_and_the_same_bytes():
    record = case(RootCause.MEDICAL_NECESSITY, reason="50")
    documents = {d.document_id: d for d in record.documents}
    first = draft_letter(record, drafted_at=DRAFTED)
    second = draft_letter(record, drafted_at=DRAFTED)
    assert first == second
    assert draft_pdf(first, documents) == draft_pdf(second, documents)


def test_without_the_note_the_clinical_letter_is_blocked_with_the_next_step():
    draft = draft_letter(
        case(RootCause.MEDICAL_NECESSITY, documents=(plan(),)), drafted_at=DRAFTED
    )
    assert draft.status == "blocked"
    assert draft.blocks == ()
    assert "Ask the treating clinician" in draft.blocked_reasons[0]


def test_a_note_with_too_few_minutes_blocks_every_letter():
    short = note(text=note().text.replace("Stop: 10:56", "Stop: 10:40"))
    draft = draft_letter(
        case(RootCause.AUTH_MISSING, documents=(short, plan())), drafted_at=DRAFTED
    )
    assert draft.status == "blocked"
    assert "40 minutes and 90837 needs at least 53" in draft.blocked_reasons[0]
    assert [w.refutes for w in draft.withheld if w.kind == "progress_note"] == [True]


@pytest.mark.parametrize(
    ("reason", "remarks", "probability", "status"),
    [
        ("16", (), 0.41, "blocked"),
        ("50", (), 0.41, "draft"),
        ("16", ("N115",), 0.41, "draft"),
        ("16", (), 0.6, "draft"),
    ],
)
def test_a_doubtful_cause_is_argued_only_where_a_code_points_to_it(
    reason, remarks, probability, status
):
    record = case(RootCause.MEDICAL_NECESSITY, reason=reason, remarks=remarks)
    finding = msgspec.structs.replace(record.finding, probability=probability)
    draft = draft_letter(
        msgspec.structs.replace(record, finding=finding), drafted_at=DRAFTED
    )
    assert draft.status == status
    assert draft.finding == finding
    if status == "blocked":
        assert "ask for the reason in writing" in draft.blocked_reasons[0]


def test_a_plan_that_is_not_attached_is_not_stated():
    record = case(
        RootCause.MEDICAL_NECESSITY,
        reason="50",
        documents=(
            note(),
            document(
                "intake_evaluation",
                "Patient: Dana Whitfield\n",
                service_date=date(2026, 1, 5),
            ),
        ),
    )
    assert record.encounters[0].treatment_plan_on is not None
    draft = draft_letter(record, drafted_at=DRAFTED)
    assert draft.status == "draft"
    assert "treatment plan" not in letter_text(draft)
    assert "treatment_plan_on" in {one.kind for one in draft.missing}


def test_a_retrospective_authorization_is_not_argued_without_a_good_cause():
    draft = draft_letter(
        case(RootCause.AUTH_MISSING, documents=(note(), plan())), drafted_at=DRAFTED
    )
    assert draft.status == "blocked"
    assert draft.blocked_reasons[0].startswith(
        "Cannot be argued yet. Not on file: auth request log/portal screenshot or "
        "crisis note or authorization letter. Ask the people named below"
    )
    assert draft.blocked_reasons[-1] == (
        "Gathering it does not stop the clock: the appeal is due October 3, 2026."
    )
    said = {one.kind: one for one in draft.missing}["auth_request_log"]
    assert "only for a good cause" in said.why
    assert "crisis note: the treating clinician" in said.supplied_by
    with pytest.raises(DraftBlocked):
        draft_pdf(draft, {})
    assert "who can supply it" in draft_html(draft).casefold()


REQUEST_LOG = """Authorization request log
Patient: Dana Whitfield
Member ID: W884201937
Date: {day}
{text}
"""


@pytest.mark.parametrize(
    ("day", "text", "status"),
    [
        ("2026-02-20", "Outcome: told that no authorization is needed", "draft"),
        ("2026-02-20", "Outcome: request denied, authorization is required", "blocked"),
        ("2026-03-20", "Outcome: told that no authorization is needed", "blocked"),
    ],
)
def test_a_request_log_helps_only_if_asked_in_time_and_not_refused(day, text, status):
    asked = document(
        "auth_request_log",
        REQUEST_LOG.format(day=day, text=text),
        service_date=None,
        authored_on=date.fromisoformat(day),
    )
    draft = draft_letter(
        case(RootCause.AUTH_MISSING, documents=(note(), plan(), asked)),
        drafted_at=DRAFTED,
    )
    assert draft.status == status, draft.blocked_reasons


@pytest.mark.parametrize(
    ("reason", "remarks", "codes"),
    [
        ("50", (), None),
        ("16", ("N115",), None),
        ("96", (), "CO-96"),
        ("96", ("N115",), "CO-96, N115"),
        ("16", ("N29",), "CO-16, N29"),
    ],
)
def test_a_letter_says_where_the_answer_does_not_name_the_ground_it_argues(
    reason, remarks, codes
):
    record = case(RootCause.MEDICAL_NECESSITY, reason=reason, remarks=remarks)
    text = letter_text(draft_letter(record, drafted_at=DRAFTED))
    sentence = "which can stand for more than one ground."
    assert (f"Your answer gives {codes}, {sentence}" in text) is (codes is not None)
    assert (sentence in text) is (codes is not None)
