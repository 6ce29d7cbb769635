"""Ingest: stored once however often and in whatever shape it is sent."""

import io
import multiprocessing
import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from denialml.domain.adjudication import LineOutcome
from denialml.domain.claim import Claim
from denialml.domain.remittance import ClaimPayment
from denialml.errors import UnknownRecord, UnreadableFile
from denialml.journeys.ingest import ingest_file, ingest_files
from denialml.store.audit import AuditAction, list_events
from denialml.store.claims import unmatched_payments
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization, get_organization
from denialml.store.records import practice_records
from denialml.store.source_files import list_files, problems_of
from tests.store.files import (
    acknowledgment_file,
    claims_file,
    ingest,
    remittance_file,
    rows_of,
    shuffled_files,
    stored,
)
from tests.store.samples import (
    NOW,
    acknowledgment,
    claim,
    line,
    payment,
    remittance,
    service,
)

CLAIMS = [
    claim("A1", line(1), line(2, "90785", "20")),
    claim("A2"),
    claim("A3", line(1, charge="150.50")),
]
ADVICE = remittance(payment="130")
PAID = payment(
    "A1",
    service(paid="110", cas="CO-45 40"),
    service("90785", "20", "20", ""),
    remittance=ADVICE,
)
DENIED = payment("A2", service(cas="CO-197 150"), status="4", remittance=ADVICE)
SAME_REMITTANCE = [PAID, DENIED]


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
        "service_lines": 4,
        "remittances": 1,
        "claim_payments": 2,
        "service_payments": 3,
        "claim_adjustments": 2,
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


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_arrival_ends_with_the_same_records(
    session: Session,
    organization_id: str,
    seed: int,
) -> None:
    files = shuffled_files(*_life_of_many_claims())
    for data in files:
        ingest(session, organization_id, data)
    expected = stored(session, organization_id)
    session.rollback()
    organization = create_organization(session, "Practice", now=NOW)
    reference = _reference(session, organization.organization_id, files)
    assert {name: len(rows) for name, rows in expected.items()} == {
        name: len(rows) for name, rows in reference.items()
    }

    random.Random(seed).shuffle(files)
    for data in files + files[: seed * 3]:
        ingest(session, organization.organization_id, data)
    assert stored(session, organization.organization_id) == reference


def _reference(
    session: Session,
    organization_id: str,
    files: list[bytes],
) -> dict[str, list[tuple[object, ...]]]:
    """The rows after the files in their order; taken back again afterwards."""
    with session.begin_nested() as savepoint:
        for data in files:
            ingest(session, organization_id, data)
        rows = stored(session, organization_id)
        savepoint.rollback()
    assert rows_of(session, organization_id) == {}
    return rows


def _life_of_many_claims() -> tuple[list[Claim], list[ClaimPayment], list]:
    """Originals, resends, corrections, reversals and a number the payer cut short."""
    claims, payments, verdicts = [], [], []
    day = date(2026, 3, 3)

    def answer(number: str, days: int, *services, status: str = "1", **fields) -> None:
        advice = remittance(f"T{days}", day + timedelta(days=days))
        payments.append(
            payment(number, *services, status=status, remittance=advice, **fields)
        )

    claims += [claim("RESENT-1"), claim("RESENT-1", submitted_on=date(2026, 3, 12))]
    verdicts.append(
        acknowledgment("RESENT-1", accepted=False, received=date(2026, 3, 5))
    )
    verdicts.append(
        acknowledgment("RESENT-1", accepted=True, received=date(2026, 3, 13))
    )
    answer("RESENT-1", 20, service(paid="110", cas="CO-45 40"))

    claims.append(claim("CORRECTED-1"))
    claims.append(
        claim(
            "CORRECTED-1",
            frequency_code="7",
            original_payer_claim_control_number="ICN1",
            submitted_on=date(2026, 4, 10),
        )
    )
    icn = {"payer_claim_control_number": "ICN1"}
    answer("corrected-1", 20, service(cas="CO-197 150"), status="4", **icn)
    answer(
        "CORRECTED-1",
        50,
        service(charge="-150", cas="CO-197 -150"),
        status="22",
        **icn,
    )
    answer(
        "CORRECTED-1",
        50,
        service(paid="110", cas="CO-45 40"),
        payer_claim_control_number="ICN2",
    )

    claims.append(claim("TRUNCATED-LONG-1", line(1, charge="333")))
    answer("TRUNCATED-LO", 30, service(charge="333", paid="333"))

    claims.append(claim("AMBIGUOUS-77", line(1, charge="444")))
    claims.append(claim("AMBIGUOUS-78", line(1, charge="444")))
    answer("AMBIGUOUS-7", 30, service(charge="444", paid="444"))

    claims.append(claim("SHORT", line(1, charge="555")))
    claims.append(claim("SHORT-EXACT", line(1, charge="555")))
    answer("SHORT-EXACT", 31, service(charge="555", paid="500", cas="CO-45 55"))
    return claims, payments, verdicts


def test_truncated_numbers_match_only_when_unambiguous(
    session: Session,
    organization_id: str,
) -> None:
    for data in shuffled_files(*_life_of_many_claims()):
        ingest(session, organization_id, data)
    ((_, left),) = unmatched_payments(session, organization_id)
    assert left.patient_control_number == "AMBIGUOUS-7"
    answered = {
        each.claim_id
        for each in practice_records(session, organization_id).adjudications
    }
    numbers = {
        each.claim.patient_control_number
        for each in practice_records(session, organization_id).submitted_claims
        if each.claim_id in answered
    }
    assert numbers == {"RESENT-1", "CORRECTED-1", "TRUNCATED-LONG-1", "SHORT-EXACT"}


def test_payments_that_come_before_their_claim_are_matched_when_it_comes(
    session: Session,
    organization_id: str,
) -> None:
    first = ingest(session, organization_id, remittance_file(SAME_REMITTANCE))
    assert (first.payments_matched, first.payments_unmatched) == (0, 2)
    second = ingest(session, organization_id, claims_file(CLAIMS))
    assert (second.payments_matched, second.lines_answered) == (2, 3)
    assert unmatched_payments(session, organization_id) == ()


def test_an_acknowledgment_sets_the_verdict_of_its_submission(
    session: Session,
    organization_id: str,
) -> None:
    again = msgspec.structs.replace(CLAIMS[1], submitted_on=date(2026, 3, 12))
    ingest(session, organization_id, claims_file([CLAIMS[1], again]))
    verdicts = [
        acknowledgment("a2", accepted=False, received=date(2026, 3, 5)),
        acknowledgment("A2", accepted=True, received=date(2026, 3, 12)),
    ]
    for each in verdicts:
        ingest(session, organization_id, acknowledgment_file([each]))
    records = practice_records(session, organization_id)
    assert {each.submitted_on: each.accepted for each in records.submitted_claims} == {
        date(2026, 3, 3): False,
        date(2026, 3, 12): True,
    }


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


class _Breaking(io.BytesIO):
    """A stream whose second reading breaks off, as a disk or a network share does."""

    def seek(self, offset: int, whence: int = 0) -> int:
        self.broken = True
        return super().seek(offset, whence)

    def read(self, size: int | None = -1) -> bytes:
        if getattr(self, "broken", False) and self.tell() > 150_000:
            raise OSError("input/output error")
        return super().read(min(size or 65536, 65536))


def test_a_failure_in_the_middle_leaves_nothing_of_the_file(
    session: Session,
    organization_id: str,
) -> None:
    data = claims_file([claim(f"B{number}") for number in range(3000)])
    with pytest.raises(OSError, match="input/output"):
        ingest_file(
            session, organization_id, _Breaking(data), file="f", now=NOW, actor="k"
        )
    session.commit()
    assert rows_of(session, organization_id) == {}
    assert list_files(session, organization_id) == ()


def _ingest_and_die(url: str, organization: str, data: bytes) -> None:
    """Killed after some batches were written and before the file ended."""
    batches = iter(range(3))

    def die(*_: object) -> None:
        if next(batches, None) is None:
            os.kill(os.getpid(), 9)

    database = open_engine(url)
    with open_session(database) as open_:
        ingest_file(
            open_,
            organization,
            io.BytesIO(data),
            file="f",
            now=NOW,
            actor="k",
            progress=die,
        )


def test_a_kill_in_the_middle_leaves_nothing_half_committed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/denialml.db"
    database = open_engine(url)
    migrate(database)
    with open_session(database) as open_:
        owner = create_organization(open_, "Practice", now=NOW).organization_id
        open_.commit()
    data = claims_file([claim(f"B{number}") for number in range(4000)])
    child = multiprocessing.get_context("spawn").Process(
        target=_ingest_and_die, args=(url, owner, data)
    )
    child.start()
    child.join(120)
    assert child.exitcode == -9
    with open_session(database) as open_:
        assert rows_of(open_, owner) == {}
        assert ingest(open_, owner, data).records_new == {"Claim": 4000}
        open_.commit()


def test_two_writers_at_once_store_one_file_once(engine: Engine) -> None:
    with open_session(engine) as open_:
        owner = create_organization(open_, "Practice", now=NOW).organization_id
        open_.commit()
    files = [claims_file(CLAIMS), remittance_file(SAME_REMITTANCE)]

    def write(order: list[bytes]) -> None:
        for data in order:
            with open_session(engine) as mine:
                ingest(mine, owner, data)
                mine.commit()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, [files, files[::-1], files, files[::-1]]))
    with open_session(engine) as open_:
        assert rows_of(open_, owner)["claims"] == 3
        assert rows_of(open_, owner)["line_adjudications"] == 3
