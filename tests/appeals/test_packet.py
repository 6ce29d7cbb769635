"""The packet: standards, bytes, page stamps, and exhibits that are PDF files."""

import io
from datetime import timedelta

import msgspec
import pypdf
import pypdfium2
import pytest
from pypdf.annotations import Link
from pypdf.generic import (
    DecodedStreamObject,
    DictionaryObject,
    Fit,
    NameObject,
    TextStringObject,
)

from denialml.appeals.drafting import draft_letter
from denialml.appeals.drawing import draft_html
from denialml.appeals.packet import draft_pdf
from denialml.domain.denial import RootCause
from denialml.errors import DraftBlocked
from tests.appeals.cases import DRAFTED, NOTE, case, note, plan

RECORD = case(RootCause.MEDICAL_NECESSITY, reason="50")
DRAFT = draft_letter(RECORD, drafted_at=DRAFTED)
DOCUMENTS = {d.document_id: d for d in RECORD.documents}


def reader(pdf):
    return pypdf.PdfReader(io.BytesIO(pdf))


def pages_of(pdf):
    return [" ".join(page.extract_text().split()) for page in reader(pdf).pages]


def test_a_text_packet_is_tagged_archival_and_titled():
    pdf = draft_pdf(DRAFT, DOCUMENTS)
    root = reader(pdf).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-US"
    metadata = root["/Metadata"].get_data().decode()
    assert "pdfuaid:part" in metadata
    assert "pdfaid:part" in metadata
    assert reader(pdf).metadata.title == "Appeal of a medical necessity denial"
    assert "/Names" not in root or "/EmbeddedFiles" not in root["/Names"]


def test_the_moment_of_the_draft_is_the_only_clock():
    later = msgspec.structs.replace(DRAFT, drafted_at=DRAFTED + timedelta(hours=1))
    assert draft_pdf(DRAFT, DOCUMENTS) == draft_pdf(DRAFT, DOCUMENTS)
    assert draft_pdf(later, DOCUMENTS) != draft_pdf(DRAFT, DOCUMENTS)


def test_letter_pages_and_exhibit_pages_are_numbered_apart():
    long_note = note(text=NOTE + "Narrative: went on.\n" * 150)
    record = case(RootCause.MEDICAL_NECESSITY, documents=(long_note, plan()))
    draft = draft_letter(record, drafted_at=DRAFTED)
    pages = pages_of(draft_pdf(draft, {d.document_id: d for d in record.documents}))
    assert "Page 1 of 2" in pages[0]
    assert "Page 2 of 2" in pages[1]
    assert "Exhibit A, page 1 of 3" in pages[2]
    assert "Exhibit A, page 3 of 3" in pages[4]
    assert "Exhibit B, page 1 of 1" in pages[5]


def named(**entries):
    """A PDF dictionary; text values are names."""
    return DictionaryObject(
        {
            NameObject(f"/{key}"): NameObject(f"/{value}")
            if isinstance(value, str)
            else value
            for key, value in entries.items()
        }
    )


def filed_pdf(*texts, rotate=0):
    """A small PDF with one page a text, a link on each, a script and an attachment."""
    writer = pypdf.PdfWriter()
    font = named(Type="Font", Subtype="Type1", BaseFont="Helvetica")
    for place, text in enumerate(texts):
        page = writer.add_blank_page(width=612, height=792)
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 24 Tf 72 500 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
        page[NameObject("/Resources")] = named(Font=named(F1=font))
        if rotate:
            page.rotate(rotate)
        link = Link(rect=(0, 0, 100, 100), target_page_index=0, fit=Fit.fit())
        writer.add_annotation(page_number=place, annotation=link)
    script = named(S="JavaScript", JS=TextStringObject("app.alert('x')"))
    writer.root_object[NameObject("/OpenAction")] = script
    writer.add_attachment("secret.txt", b"attached-secret")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def with_filed_plan(content):
    filed = plan(media_type="application/pdf", content_sha256="0" * 64)
    record = case(RootCause.MEDICAL_NECESSITY, documents=(note(), filed))
    draft = draft_letter(record, drafted_at=DRAFTED)
    documents = {d.document_id: d for d in record.documents}
    return draft, documents, {filed.document_id: content}


@pytest.mark.parametrize("rotate", [0, 90])
def test_a_filed_pdf_follows_its_cover_page_stamped_and_stripped(rotate):
    draft, documents, contents = with_filed_plan(
        filed_pdf("First filed page", "Second filed page", rotate=rotate)
    )
    pdf = draft_pdf(draft, documents, contents=contents)
    pages = pages_of(pdf)
    assert "Exhibit A, page 1 of 1" in pages[2]
    assert "Exhibit B, page 1 of 3" in pages[3]
    assert "The pages of this exhibit follow as filed." in pages[3]
    assert "First filed page" in pages[4]
    assert "Exhibit B, page 2 of 3" in pages[4]
    assert "Second filed page" in pages[5]
    assert "Exhibit B, page 3 of 3" in pages[5]
    assert len(pages) == 6
    for page in reader(pdf).pages[4:]:
        assert "/Annots" not in page
    assert b"app.alert" not in pdf
    assert b"attached-secret" not in pdf
    metadata = reader(pdf).trailer["/Root"].get("/Metadata")
    assert metadata is None or b"pdfaid:part" not in metadata.get_data()
    assert pdf == draft_pdf(draft, documents, contents=contents)


def test_a_stamp_is_drawn_on_the_page_and_not_over_its_text():
    draft, documents, contents = with_filed_plan(filed_pdf("Body"))
    pdf = draft_pdf(draft, documents, contents=contents)
    drawn = pypdfium2.PdfDocument(pdf)[4].render(scale=1).to_pil().convert("L")
    top_right = drawn.crop((400, 0, 612, 40))
    assert min(top_right.tobytes()) < 100


UNREADABLE = {
    "not a PDF": b"plain text",
    "truncated": filed_pdf("x")[:200],
    "empty": b"",
}


@pytest.mark.parametrize("fault", UNREADABLE)
def test_an_exhibit_that_cannot_be_opened_stops_the_packet(fault):
    draft, documents, contents = with_filed_plan(UNREADABLE[fault])
    with pytest.raises(DraftBlocked, match="exhibit B"):
        draft_pdf(draft, documents, contents=contents)


def test_an_exhibit_that_changed_after_the_check_stops_the_packet():
    altered = note(text=NOTE + "Added later.\n")
    with pytest.raises(DraftBlocked, match="changed after it was checked"):
        draft_pdf(DRAFT, {**DOCUMENTS, altered.document_id: altered})


def test_a_missing_exhibit_stops_the_packet():
    with pytest.raises(DraftBlocked, match=r"exhibit A .* is absent"):
        draft_pdf(DRAFT, {"doc_treatment_plan": plan()})


def test_html_marks_up_for_readers_of_every_kind():
    page = draft_html(DRAFT)
    assert '<html lang="en-US">' in page
    assert page.count("<h1>") == 1
    assert '<th scope="row">Member ID</th><td>W884201937</td>' in page
    assert "default-src 'none'" in page
    assert "<span>Signature</span>" in page


def test_a_simulated_practice_is_called_so_and_a_real_one_is_not():
    assert "Simulated practice" in draft_html(DRAFT, simulated=True)
    assert "Simulated practice" not in draft_html(DRAFT)
    marked = pages_of(draft_pdf(DRAFT, DOCUMENTS, simulated=True))
    assert all("Simulated practice" in page for page in marked)
    assert "Simulated" not in " ".join(pages_of(draft_pdf(DRAFT, DOCUMENTS)))
