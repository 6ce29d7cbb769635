"""One letter for the lines of a claim that one answer denied for one cause."""

import io
from datetime import timedelta
from decimal import Decimal

import msgspec
import pypdf
import pytest

from denialml.appeals.drafting import draft_letter
from denialml.appeals.packet import draft_pdf
from tests.appeals.cases import (
    CHECK,
    CLAIM,
    DRAFTED,
    ENCOUNTER,
    LINE,
    SERVICE,
    case,
    whole_file,
)
from tests.appeals.test_drafting import letter_text
from tests.appeals.test_templates import LETTERS

WEEK = timedelta(days=7)
NEXT = SERVICE + WEEK
SECOND = msgspec.structs.replace(
    LINE, line_number=2, service_date=NEXT, charge=Decimal("170.00")
)
BOTH = msgspec.structs.replace(
    CLAIM, lines=(LINE, SECOND), total_charge=Decimal("355.00")
)


def a_week_later(documents):
    """The same papers for the second session; what has no day stays as it is."""
    return tuple(
        msgspec.structs.replace(
            one,
            document_id=f"{one.document_id}_later",
            service_date=NEXT,
            authored_on=NEXT,
            signed_on=one.signed_on + WEEK if one.signed_on else None,
            text=one.text.replace("2026-03-02", NEXT.isoformat()).replace(
                "2026-03-03", (NEXT + timedelta(days=1)).isoformat()
            ),
        )
        for one in documents
        if one.service_date == SERVICE
    )


def two_lines(template, **changed):
    """Complete records of two denied sessions of one claim, a week apart."""
    cause, route, reason, changes, _ = LETTERS[template]
    record = {"documents": whole_file(), **changes, **changed}
    documents = record.pop("documents")
    documents = (*documents, *a_week_later(documents))
    encounters = record.pop("encounters", (ENCOUNTER,))
    encounters += tuple(
        msgspec.structs.replace(
            one, encounter_id="enc-7720", service_date=NEXT, signed_on=NEXT
        )
        for one in encounters
    )
    checks = record.pop("eligibility_checks", (CHECK,))
    checks += tuple(msgspec.structs.replace(one, service_date=NEXT) for one in checks)
    return tuple(
        msgspec.structs.replace(
            case(
                cause,
                route,
                reason=reason,
                claim=BOTH,
                line=line,
                documents=documents,
                encounters=encounters,
                eligibility_checks=checks,
                **record,
            ),
            denial=msgspec.structs.replace(
                case(cause, route, reason=reason, claim=BOTH, line=line).denial,
                denial_id=f"den_{line.line_number}",
            ),
        )
        for line in BOTH.lines
    )


def letter_of(cases):
    return draft_letter(cases[0], others=cases[1:], drafted_at=DRAFTED)


def body_of(draft):
    return [t for b in draft.blocks if b.kind != "table" for t in (b.text, *b.items)]


@pytest.mark.parametrize("template", LETTERS)
def test_both_lines_are_named_with_their_amounts(template):
    draft = letter_of(two_lines(template))
    assert draft.blocked_reasons == ()
    assert draft.denial_ids == ("den_1", "den_2")
    assert draft.denial_id == "den_1"
    rows = [row for block in draft.blocks for row in block.rows]
    service = "90837 (individual psychotherapy, about 60 min), 1 unit"
    amounts = [row[:4] for row in rows if len(row) == 5]
    assert amounts == [
        ("March 2, 2026", service, "$185.00", "$185.00"),
        ("March 9, 2026", service, "$170.00", "$170.00"),
        ("Together", "", "$355.00", "$355.00"),
    ]
    assert all(block.sources for block in draft.blocks if block.kind != "heading")


@pytest.mark.parametrize("template", LETTERS)
def test_no_sentence_is_written_twice(template):
    said = [text for text in body_of(letter_of(two_lines(template))) if text]
    assert len(said) == len(set(said))


@pytest.mark.parametrize("template", LETTERS)
def test_every_exhibit_of_either_line_is_cited_under_the_letters_label(template):
    draft = letter_of(two_lines(template))
    labels = [exhibit.label for exhibit in draft.exhibits]
    assert len(set(labels)) == len(labels)
    text = " ".join(body_of(draft))
    for exhibit in draft.exhibits:
        assert f"Exhibit {exhibit.label}" in text, exhibit.kind


def test_each_session_is_argued_from_its_own_note():
    cases = two_lines("time_documentation")
    draft = letter_of(cases)
    text = letter_text(draft)
    notes = {e.service_date: e.label for e in draft.exhibits if "note" in e.kind}
    for day, words in ((SERVICE, "March 2, 2026"), (NEXT, "March 9, 2026")):
        assert f"On {words}, Dana Whitfield received 90837" in text
        block = next(b for b in draft.blocks if f"On {words}, Dana" in "".join(b.items))
        assert f"(Exhibit {notes[day]})" in block.items[0]
    assert "process the lines of $185.00 and $170.00 as billed" in text
    documents = {d.document_id: d for d in cases[0].documents}
    pages = pypdf.PdfReader(io.BytesIO(draft_pdf(draft, documents))).pages
    printed = " ".join(" ".join(page.extract_text() for page in pages).split())
    for figure in ("$185.00", "$170.00", "$355.00", "March 9, 2026"):
        assert figure in printed


def test_a_line_without_its_evidence_holds_up_the_whole_letter():
    """The journey leaves such a line out; the letter itself never argues it."""
    cases = two_lines("medical_necessity")
    kept = tuple(d for d in cases[0].documents if not d.document_id.endswith("_later"))
    bare = msgspec.structs.replace(cases[1], documents=kept)
    assert letter_of(cases).status == "draft"
    draft = letter_of((cases[0], bare))
    assert draft.status == "blocked"
    assert "Not on file: progress note" in draft.blocked_reasons[0]
    assert draft.denial_ids == ("den_1", "den_2")


def test_amounts_of_other_lines_of_the_claim_stay_out():
    cases = two_lines("retro_authorization")
    text = letter_text(letter_of(cases[:1]))
    assert "$170.00" not in text
    assert "$355.00" not in text
    assert letter_of(cases[:1]).denial_ids == ("den_1",)


def test_many_lines_are_asked_for_by_the_table_and_their_total():
    first, second = two_lines("retro_authorization")
    third = msgspec.structs.replace(
        second, denial=msgspec.structs.replace(second.denial, denial_id="den_3")
    )
    text = letter_text(letter_of((first, second, third)))
    assert (
        "to reverse its denial of the denied services listed above, to authorize these "
        "services retrospectively as far as authorization was needed, and to process "
        "their lines, $525.00 together, for payment." in text
    )
    assert "Of $525.00 billed for them, $525.00 was denied." in text
