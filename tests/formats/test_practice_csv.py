"""The practice's CSV exports: rows in, records out; every fault with its cell."""

import csv
import hashlib
import io
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest
from pypdf import PdfWriter

from denialml.domain.claim import Address, Claim
from denialml.domain.coverage import (
    Authorization,
    AuthorizationDecision,
    Clinician,
    EligibilityCheck,
    EligibilityResult,
    Enrollment,
    Payer,
    PayerType,
)
from denialml.domain.document import Document, Sensitivity
from denialml.domain.encounter import Encounter, Modality
from denialml.domain.record import Fact, Source
from denialml.errors import InputError
from denialml.formats import csv_file_name, read_bytes, read_file, write_csv

RECORDS: list[Fact] = [
    Payer(
        payer_id="ACME1",
        name="Acme, Inc.",
        payer_type=PayerType.COMMERCIAL_INSURED,
        state="NY",
        filing_limit_days=180,
        corrected_claim_limit_days=365,
        appeal_window_days=180,
        telehealth_place_of_service="10",
        telehealth_modifier="95",
        audio_only_modifier="93",
        accepts_frequency_7=False,
        requires_authorization_on_claim=True,
        appeal_address=Address(street="PO Box 1", city="Albany", state="NY"),
        appeal_fax="5550100000",
    ),
    Clinician(
        npi="1234567893",
        last_name="Roe",
        first_name="Jo",
        credential="PhD",
        license_begins_on=date(2020, 1, 1),
        license_ends_on=date(2027, 1, 1),
    ),
    Enrollment(
        clinician_npi="1234567893",
        payer_id="ACME1",
        effective_on=date(2025, 1, 1),
        recorded_on=date(2025, 2, 1),
    ),
    EligibilityCheck(
        checked_on=date(2026, 2, 1),
        payer_id="ACME1",
        member_id="M1",
        result=EligibilityResult.ACTIVE,
        mental_health_active=False,
        visits_remaining=0,
    ),
    Authorization(
        authorization_number="0012",
        payer_id="ACME1",
        member_id="M1",
        issued_on=date(2026, 2, 1),
        decision=AuthorizationDecision.MODIFIED,
        procedure_codes=("90837", "90834"),
        units=Decimal("12.5"),
    ),
    Encounter(
        encounter_id="E1",
        service_date=date(2026, 2, 3),
        clinician_npi="1234567893",
        started_at=time(9, 5),
        stopped_at=time(10, 0, 30),
        minutes=55,
        modality=Modality.VIDEO,
        patient_location="home",
        signed_on=date(2026, 2, 4),
    ),
    Document(
        document_id="D1",
        kind="progress_note",
        sensitivity=Sensitivity.PHI,
        title='A "quoted" title; with\nlines',
    ),
]


def ids(record: Fact) -> str:
    return type(record).__name__


@pytest.mark.parametrize("record", RECORDS, ids=ids)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_each_kind_is_read_back_equal(
    record: Fact, delimiter: str, mark: bytes
) -> None:
    kind = type(record)
    data = write_csv([record, record], kind=kind)
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    again = io.StringIO(newline="")
    csv.writer(again, delimiter=delimiter).writerows(rows)
    data = again.getvalue().encode()
    reading = read_bytes(mark + data, file=csv_file_name(kind))
    assert reading.problems == ()
    assert reading.complete
    expected = [
        {name: getattr(record, name) for name in record.__struct_fields__}
        | {"source": Source(file=csv_file_name(kind), segment=row)}
        for row in (2, 3)
    ]
    assert list(reading.records) == [kind(**values) for values in expected]


def test_a_file_by_another_name_is_known_by_its_columns() -> None:
    data = b"clinician_npi,payer_id,effective_on\n1234567893,ACME1,2025-01-01\n"
    [record] = read_bytes(data, file="export (3).txt").records
    assert isinstance(record, Enrollment)


HEADER = "authorization_number,payer_id,member_id,issued_on,decision,units"
FAULTS = {
    "a day": (
        "A2,ACME1,M1,2/1/2026,approved,1",
        ("bad-value", 3, "issued_on", "2/1/2026", "a day as YYYY-MM-DD"),
    ),
    "a choice": (
        "A2,ACME1,M1,2026-02-01,granted,1",
        (
            "bad-value",
            3,
            "decision",
            "granted",
            "one of approved, modified, denied, pended, unknown",
        ),
    ),
    "a number": (
        'A2,ACME1,M1,2026-02-01,approved,"1,5"',
        ("bad-value", 3, "units", "1,5", "a number such as 12 or 1.5"),
    ),
    "not a number": (
        "A2,ACME1,M1,2026-02-01,approved,NaN",
        ("bad-value", 3, "units", "NaN", "a number such as 12 or 1.5"),
    ),
    "a missing value": (
        "A2,,M1,2026-02-01,approved,1",
        ("missing-value", 3, "payer_id", "", "text"),
    ),
    "too many cells": (
        "A2,ACME1,M1,2026-02-01,approved,1,extra",
        ("bad-row", 3, None, None, None),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_bad_row_is_named_to_the_cell_and_the_others_are_kept(name: str) -> None:
    row, (code, number, column, value, accepted) = FAULTS[name]
    good = "A{},ACME1,M1,2026-02-01,approved,1"
    data = "\n".join([HEADER, good.format(1), row, good.format(3)]).encode()
    reading = read_bytes(data, file="authorizations.csv")
    numbers = [getattr(r, "authorization_number", "") for r in reading.records]
    assert numbers == ["A1", "A3"]
    [problem] = reading.problems
    assert (problem.code, problem.row, problem.column) == (code, number, column)
    assert problem.value == value
    assert accepted is None or problem.expected == accepted
    assert problem.file == "authorizations.csv"
    assert not reading.complete


def test_a_misspelt_column_gets_a_suggestion() -> None:
    data = HEADER.replace("units", "unit") + "\nA1,ACME1,M1,2026-02-01,approved,1\n"
    reading = read_bytes(data.encode(), file="authorizations.csv")
    [problem] = reading.problems
    assert (problem.code, problem.column) == ("unknown-column", "unit")
    assert problem.fix == "rename it to units"
    assert problem.severity == "warning"
    assert len(reading.records) == 1


def test_a_missing_required_column_is_an_error() -> None:
    data = b"authorization_number,payer_id,issued_on\nA1,ACME1,2026-02-01\n"
    reading = read_bytes(data, file="authorizations.csv")
    assert [(p.code, p.column) for p in reading.problems] == [
        ("missing-column", "member_id"),
        ("missing-value", "member_id"),
    ]
    assert reading.records == ()


def test_a_file_without_a_header_is_not_read_and_not_quoted() -> None:
    reading = read_bytes(b"1234567893,DOE,ANA\n", file="clinicians.csv")
    [problem] = reading.problems
    assert (problem.code, problem.row) == ("missing-header", 1)
    assert "DOE" not in f"{problem.message} {problem.fix} {problem.expected}".upper()
    assert reading.records == ()
    assert not reading.complete


def test_header_spelling_is_forgiven() -> None:
    data = HEADER.replace("_", " ").upper() + "\n A1 ,ACME1,M1,2026-02-01,approved,1\n"
    [record] = read_bytes(data.encode(), file="authorizations.csv").records
    assert isinstance(record, Authorization)
    assert record.authorization_number == "A1"


def test_blank_rows_count_as_rows_and_hold_nothing() -> None:
    data = f"{HEADER}\n\n,,,,,\nA1,ACME1,M1,2026-02-01,approved,1\n"
    [record] = read_bytes(data.encode(), file="authorizations.csv").records
    assert isinstance(record, Authorization)
    assert record.source == Source(file="authorizations.csv", segment=4)


def test_a_row_that_is_not_utf_8_is_read_as_latin_1() -> None:
    data = "npi,last_name\n1234567893,Muñoz\n".encode("latin-1")
    reading = read_bytes(data, file="clinicians.csv")
    [record] = reading.records
    assert isinstance(record, Clinician)
    assert record.last_name == "Muñoz"
    assert [problem.code for problem in reading.problems] == ["not-utf-8"]


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "'=quoted", "'plain", "\tx"]


@pytest.mark.parametrize("value", FORMULAS)
def test_formulas_are_written_so_that_no_spreadsheet_runs_them(value: str) -> None:
    record = Clinician(npi="1", last_name=value, first_name="x")
    data = write_csv([record], kind=Clinician)
    cell = data.decode().splitlines()[1].split(",")[1].strip('"')
    assert cell[:1] not in ("=", "+", "-", "@", "\t")
    if not value.startswith("\t"):
        [read] = read_bytes(data, file="clinicians.csv").records
        assert isinstance(read, Clinician)
        assert read.last_name == value


def test_there_is_no_csv_of_claims() -> None:
    with pytest.raises(InputError, match="Claim"):
        write_csv([], kind=Claim)


DOCUMENTS = "document_id,kind,sensitivity,file_name,media_type\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "note.txt").write_text("Session note.", "utf-8")
    (tmp_path / "secret.txt").write_text("not yours", "utf-8")
    return tmp_path


def read_documents(folder: Path, row: str) -> tuple[Document, list[str]]:
    path = folder / "documents.csv"
    path.write_text(DOCUMENTS + row + "\n", "utf-8")
    reading = read_file(path)
    [record] = reading.records
    assert isinstance(record, Document)
    return record, [problem.code for problem in reading.problems]


def test_documents_carry_text_and_hash(folder: Path) -> None:
    record, codes = read_documents(folder, "D1,progress_note,phi,note.txt,text/plain")
    assert record.text == "Session note."
    assert record.content_sha256 == hashlib.sha256(b"Session note.").hexdigest()
    assert codes == []


@pytest.mark.parametrize(
    "name",
    [
        "../secret.txt",
        "a/../../secret.txt",
        "..\\secret.txt",
        "missing.txt",
        "/etc/hostname",
    ],
)
def test_no_file_outside_the_folder_is_read(folder: Path, name: str) -> None:
    record, codes = read_documents(folder, f"D1,progress_note,phi,{name},text/plain")
    assert (record.text, record.content_sha256) == ("", "")
    assert codes == ["document-not-read"]


def test_a_link_out_of_the_folder_is_not_followed(folder: Path) -> None:
    (folder / "documents" / "link.txt").symlink_to(folder / "secret.txt")
    record, codes = read_documents(folder, "D1,progress_note,phi,link.txt,text/plain")
    assert record.text == ""
    assert codes == ["document-not-read"]


def test_a_pdf_is_hashed_and_a_broken_one_reported(folder: Path) -> None:
    written = io.BytesIO()
    writer = PdfWriter()
    writer.add_blank_page(width=72, height=72)
    writer.write(written)
    (folder / "documents" / "a.pdf").write_bytes(written.getvalue())
    record, codes = read_documents(folder, "D1,plan,phi,a.pdf,application/pdf")
    assert (record.text, codes) == ("", [])
    assert len(record.content_sha256) == 64
    (folder / "documents" / "a.pdf").write_bytes(b"%PDF-1.7 broken")
    record, codes = read_documents(folder, "D1,plan,phi,a.pdf,application/pdf")
    assert codes == ["document-not-read"]


def test_documents_without_a_folder_have_no_text() -> None:
    data = (DOCUMENTS + "D1,plan,phi,note.txt,text/plain\n").encode()
    reading = read_bytes(data, file="documents.csv")
    [record] = reading.records
    assert isinstance(record, Document)
    assert (record.text, reading.problems) == ("", ())


PAYERS = "payer_id,name,filing_limit_days\n"
UNCLOSED = {
    "never closed": 'SIM01,"Northgate,180\nSIM02,Harbor,90\nSIM03,Tall,90\n',
    "closed in a later row": (
        'SIM01,"Northgate,180\nSIM02,Harbor,90\nSIM03,Tall",90\nSIM04,X,1\n'
    ),
    "before a quoted cell": (
        'SIM01,"Northgate,180\nSIM02,"Harbor",90\nSIM03,"Tall, Inc.",90\n'
    ),
    "far from the next mark": (
        'SIM01,"Northgate\n' + "".join(f"SIM{n:02},N,90\n" for n in range(2, 400))
    ),
}


@pytest.mark.parametrize("name", UNCLOSED)
def test_an_unclosed_quotation_mark_costs_one_row(name: str) -> None:
    rows = UNCLOSED[name]
    reading = read_bytes((PAYERS + rows).encode(), file="payers.csv")
    read = [record.payer_id for record in reading.records if isinstance(record, Payer)]
    assert read == [line.split(",")[0] for line in rows.splitlines()[1:]]
    assert [(one.code, one.row) for one in reading.problems] == [("unclosed-quote", 2)]
    assert not reading.complete


def test_an_unclosed_quotation_mark_in_the_last_row_is_told() -> None:
    reading = read_bytes((PAYERS + 'A,B,1\nC,"D').encode(), file="payers.csv")
    assert [(one.code, one.row) for one in reading.problems] == [("unclosed-quote", 3)]
    assert len(reading.records) == 1


def test_cells_of_several_lines_and_loose_marks_are_read() -> None:
    rows = 'A,"Acme\nHealth, Inc.",180\nB,"Roe" Health,90\nC,5" Care,1\n'
    reading = read_bytes((PAYERS + rows).encode(), file="payers.csv")
    names = [record.name for record in reading.records if isinstance(record, Payer)]
    assert names == ["Acme\nHealth, Inc.", "Roe Health", '5" Care']
    assert reading.problems == ()


def test_a_row_with_a_nul_is_left_out() -> None:
    rows = "A,Ac\0me,1\nB,Harbor,2\n"
    reading = read_bytes((PAYERS + rows).encode(), file="payers.csv")
    assert [(one.code, one.row) for one in reading.problems] == [("bad-row", 2)]
    assert len(reading.records) == 1
    assert not reading.complete


def test_two_documents_cannot_have_one_id() -> None:
    rows = "D1,plan,phi,a\nD1,plan,phi,a\nD1,plan,phi,b\nD2,plan,phi,b\n"
    data = "document_id,kind,sensitivity,title\n" + rows
    reading = read_bytes(data.encode(), file="documents.csv")
    found = [(r.document_id, r.title) for r in reading.records if type(r) is Document]
    assert found == [("D1", "a"), ("D1", "a"), ("D2", "b")]
    [problem] = reading.problems
    assert (problem.code, problem.row) == ("repeated-document", 4)
    assert problem.value == "D1"
    assert not reading.complete


def test_unknown_columns_without_end_are_counted() -> None:
    header = "payer_id,name" + ",z" * 100_000
    reading = read_bytes(f"{header}\nA,B\n".encode(), file="payers.csv")
    assert len(reading.problems) == 21
    assert "99980 further columns" in reading.problems[-1].message
    assert len(reading.records) == 1
