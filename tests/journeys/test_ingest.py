"""Ingest: stored once however often and in whatever shape it is sent."""

import os
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from sqlalchemy.orm import Session

from denialml.domain.adjudication import LineOutcome
from denialml.errors import UnknownRecord, UnreadableFile
from denialml.journeys.ingest import ingest_file, ingest_files
from denialml.store.audit import AuditAction, list_events
from denialml.store.organizations import get_organization
from denialml.store.records import practice_records
from denialml.store.source_files import list_files, problems_of
from tests.store.files import (
    CLAIMS,
    DENIED,
    PAID,
    SAME_REMITTANCE,
    acknowledgment_file,
    claims_file,
    ingest,
    remittance_file,
    rows_of,
    stored,
)
from tests.store.samples import (
    NOW,
    acknowledgment,
)


def test_a_file_is_stored_with_its_lines_and_answers(
    session: Session,
    organization_id: str,
) -> None:
    ingest(session, organization_id, claims_file(CLAIMS), file="claims.edi")
    report = ingest(session, organization_id, remittance_file(SAME_REMITTANCE))

    assert report.complete
    assert report.problems == ()
    assert report.records_new == {"Remittance": 1, "ClaimPayment": 2}
    assert (report.payments_matched, report.payments_unmatched) == (2, 0)
    assert report.lines_answered == 3
    assert rows_of(session, organization_id) == {
        "claims": 3,
        "remittances": 1,
        "claim_payments": 2,
        "line_adjudications": 3,
    }
    records = practice_records(session, organization_id)
    assert {
        (each.line_number, each.outcome, each.charge, each.paid)
        for each in records.adjudications
    } == {
        (1, LineOutcome.PAID, Decimal(150), Decimal(110)),
        (2, LineOutcome.PAID, Decimal(20), Decimal(20)),
        (1, LineOutcome.DENIED, Decimal(150), Decimal(0)),
    }
    sources = {each.claim.source for each in records.submitted_claims}
    assert {source.file for source in sources if source} == {"claims.edi"}


def _rewrapped(data: bytes) -> bytes:
    return b"\r\n".join(data[start : start + 80] for start in range(0, len(data), 80))


def _other_delimiters(data: bytes) -> bytes:
    return data.translate(bytes.maketrans(b"*:~", b"|>\n"))


def _with_line_breaks(data: bytes) -> bytes:
    return data.replace(b"~", b"~\r\n")


@pytest.mark.parametrize(
    "changed",
    [bytes, _with_line_breaks, _rewrapped, _other_delimiters],
    ids=["the same bytes", "line breaks", "80 columns", "other delimiters"],
)
def test_the_same_content_in_another_shape_adds_nothing(
    session: Session,
    organization_id: str,
    changed: Callable[[bytes], bytes],
) -> None:
    files = [claims_file(CLAIMS), remittance_file(SAME_REMITTANCE)]
    for data in files:
        ingest(session, organization_id, data)
    before = stored(session, organization_id)
    version = get_organization(session, organization_id).records_version

    for data in files:
        report = ingest(session, organization_id, changed(data), file="renamed.txt")
        assert report.records_new == {}
        assert report.records_known == report.records_read != {}
        assert report.lines_answered == 0

    assert stored(session, organization_id) == before
    assert get_organization(session, organization_id).records_version == version


def test_a_file_split_into_transactions_or_files_adds_nothing(
    session: Session,
    organization_id: str,
) -> None:
    ingest(session, organization_id, claims_file(CLAIMS))
    ingest(session, organization_id, remittance_file(SAME_REMITTANCE))
    before = stored(session, organization_id)

    ingest(session, organization_id, claims_file(CLAIMS, max_claims=1))
    for each in CLAIMS:
        ingest(session, organization_id, claims_file([each]))
    ingest(session, organization_id, remittance_file([PAID], [DENIED]))
    ingest(session, organization_id, remittance_file([DENIED], number=9))

    assert stored(session, organization_id) == before


def test_amounts_written_with_other_zeros_are_the_same_amounts(
    session: Session,
    organization_id: str,
) -> None:
    data = claims_file(CLAIMS)
    assert b"*150.5*" in data
    ingest(session, organization_id, data)
    report = ingest(session, organization_id, data.replace(b"*150.5*", b"*150.50*"))
    assert report.records_new == {}


def test_two_identical_answers_in_one_remittance_are_two(
    session: Session,
    organization_id: str,
) -> None:
    data = remittance_file([PAID, PAID])
    assert ingest(session, organization_id, data).records_new["ClaimPayment"] == 2
    assert ingest(session, organization_id, data).records_new == {}


def test_a_claim_sent_again_on_another_day_is_another_submission(
    session: Session,
    organization_id: str,
) -> None:
    again = msgspec.structs.replace(CLAIMS[1], submitted_on=date(2026, 4, 1))
    ingest(session, organization_id, claims_file([CLAIMS[1], again]))
    assert rows_of(session, organization_id)["claims"] == 2


def test_a_truncated_file_is_stored_as_far_as_it_goes_and_quarantined(
    session: Session,
    organization_id: str,
) -> None:
    whole = claims_file(CLAIMS)
    cut = whole[: whole.index(b"SV1", whole.index(b"CLM*A3"))]
    report = ingest(session, organization_id, cut, file="cut.edi")
    assert not report.complete
    assert report.records_new == {"Claim": 2}
    assert any(problem.severity == "error" for problem in report.problems)
    (file,) = list_files(session, organization_id, incomplete_only=True)
    assert (file.name, file.complete, file.records_new) == ("cut.edi", False, 2)
    assert problems_of(session, organization_id, file.file_id) == report.problems

    ingest(session, organization_id, whole, file="whole.edi")
    assert rows_of(session, organization_id)["claims"] == 3


def test_a_file_of_another_kind_stores_nothing(
    session: Session,
    organization_id: str,
    tmp_path: Path,
) -> None:
    with pytest.raises(UnreadableFile):
        ingest(session, organization_id, b"%PDF-1.7 not a claim")
    assert list_files(session, organization_id) == ()

    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.7 not a claim")
    (report,) = ingest_files(
        session,
        organization_id,
        [tmp_path / "letter.pdf"],
        now=NOW,
        actor="key_1",
    )
    assert not report.complete
    assert [problem.code for problem in report.problems] == ["unreadable-file"]


def test_an_unknown_organization_is_refused(session: Session) -> None:
    with pytest.raises(UnknownRecord, match="org_none"):
        ingest(session, "org_none", claims_file(CLAIMS))


def test_every_ingestion_is_audited_without_names(
    session: Session,
    organization_id: str,
) -> None:
    report = ingest(session, organization_id, claims_file(CLAIMS), file="DOE.edi")
    (event,) = list_events(session, organization_id)
    assert event.action is AuditAction.FILE_INGESTED
    assert (event.actor, event.record_id) == ("key_1", report.file_id)
    assert event.record_count == 3
    assert "DOE" not in str(event)


def test_many_files_are_read_whatever_their_order(
    session: Session,
    organization_id: str,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.835").write_bytes(remittance_file(SAME_REMITTANCE))
    (folder / "b.277").write_bytes(
        acknowledgment_file(
            [acknowledgment("A2", accepted=True, received=date(2026, 3, 5))]
        )
    )
    (folder / "z.837").write_bytes(claims_file(CLAIMS))
    seen: list[str] = []
    for report in ingest_files(
        session,
        organization_id,
        sorted(folder.iterdir()),
        now=NOW,
        actor="key_1",
    ):
        seen.append(report.file)
        session.commit()
    assert seen == ["z.837", "b.277", "a.835"]
    assert rows_of(session, organization_id)["line_adjudications"] == 3


def test_a_pipe_is_read_like_a_file(
    session: Session,
    organization_id: str,
) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as out:
        out.write(claims_file(CLAIMS))
    with os.fdopen(reading, "rb") as stream:
        report = ingest_file(
            session, organization_id, stream, file="-", now=NOW, actor="key_1"
        )
    assert report.records_new == {"Claim": 3}
