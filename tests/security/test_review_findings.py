"""What an attacker found once must not be found twice."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from api.pages.denial import document_view
from denialml.domain.document import Document, Sensitivity
from denialml.formats import read_bytes, read_file
from tests.api.running import Running


def test_a_hostile_form_header_costs_nothing(running: Running) -> None:
    """An open quote of semicolons takes the standard parser quadratic time."""
    head = b'Content-Disposition: form-data; name="' + b";" * 200_000
    body = b"--a\r\n" + head + b"\r\n\r\nx\r\n--a--\r\n"
    began = time.monotonic()
    answer = httpx.post(
        f"{running.url}/sign-in",
        content=body,
        headers={"Content-Type": "multipart/form-data; boundary=a"},
        timeout=60,
    )
    assert 400 <= answer.status_code < 500
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "sensitivity", [Sensitivity.PSYCHOTHERAPY_NOTE, Sensitivity.SUD_COUNSELING_NOTE]
)
def test_the_title_of_a_protected_note_is_not_shown(sensitivity: Sensitivity) -> None:
    document = Document(
        document_id="d1",
        kind="progress_note",
        sensitivity=sensitivity,
        title="what was said in confidence",
    )
    view = document_view(document, on=None)
    assert "confidence" not in repr(view)
    assert view.remark == "Never leaves the practice"


def test_what_the_command_line_writes_is_for_its_user_only(tmp_path: Path) -> None:
    (tmp_path / "payers.csv").write_text("payer_id,name\nP1,One\n")
    subprocess.run(
        [sys.executable, "-c", "from denialml.cli import main; main()",
         "ingest", "payers.csv", "--organization", "One"],
        cwd=tmp_path, check=True, capture_output=True,
        env={**os.environ, "DENIALML_DATA_DIRECTORY": str(tmp_path / "var")},
    )  # fmt: skip
    written = [tmp_path / "var", *(tmp_path / "var").rglob("*")]
    assert len(written) > 1
    for path in written:
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO), path.name


@pytest.mark.parametrize(
    ("file_name", "content"),
    [
        ("nested.pdf", b"%PDF-1.4\n1 0 obj\n" + b"[" * 20_000 + b"\nendobj\n"),
        ("filter.pdf", b"%PDF-1.4\n1 0 obj<</Filter/NopeDecode>>endobj\n%%EOF"),
        ("x" * 5_000, None),
    ],
    ids=["deeply nested", "unknown filter", "a name too long"],
)
def test_one_bad_document_does_not_stop_the_others(
    tmp_path: Path, file_name: str, content: bytes | None
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    if content is not None:
        (folder / file_name).write_bytes(content)
    (folder / "good.txt").write_text("Signed note.")
    (tmp_path / "documents.csv").write_text(
        "document_id,kind,sensitivity,file_name,media_type\n"
        f"d1,progress_note,phi,{file_name},application/pdf\n"
        "d2,progress_note,phi,good.txt,text/plain\n"
    )
    reading = read_file(tmp_path / "documents.csv")
    assert [one.document_id for one in reading] == ["d1", "d2"]
    assert [one.text for one in reading][1] == "Signed note."
    assert [one.code for one in reading.problems] == ["document-not-read"]


def test_an_empty_claim_payment_is_named_and_not_stored() -> None:
    text = (
        "ISA*00*          *00*          *ZZ*PAYER          *ZZ*PRACTICE       "
        "*260105*0900*^*00501*000000001*0*T*:~GS*HP*P*R*20260105*0900*1*X*005010X221A1~"
        "ST*835*0001~BPR*I*0*C*NON************20260105~TRN*1*T1*1999999999~"
        "N1*PR*PAYER~N1*PE*PRACTICE*XX*1999000015~LX*1~"
        "CLP*~CLP*~SE*9*0001~GE*1*1~IEA*1*000000001~"
    )
    reading = read_bytes(text.encode(), file="empty.835")
    kinds = [type(one).__name__ for one in reading]
    assert "ClaimPayment" not in kinds
    assert reading.problems
