"""Judging only what changed stores what judging everything stores, row by row.

The practice is simulated. After each of its files, everything is judged inside a
savepoint that is rolled back, then only what changed; rows and reports must agree.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from api.examples import example_835, example_837p
from denialml.journeys.denials import DenialReport, find_denials, judge_denials
from denialml.journeys.ingest import IngestReport, ingest_file
from denialml.journeys.judgments import Judgments, after_file
from denialml.journeys.simulate import write_practice
from denialml.simulation import simulate_practice
from denialml.store.audit import AuditAction, list_events
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization, get_organization
from denialml.store.tables import DenialRow
from tests.audit_key import AUDIT_KEY

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
ENDS_OF_EXAMPLES = date(2026, 11, 2)
STARTS, ENDS = date(2024, 1, 1), date(2024, 12, 31)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a small simulated practice."""
    folder = tmp_path_factory.mktemp("practice")
    practice = simulate_practice(seed=47, claims=300, starts_on=STARTS, ends_on=ENDS)
    write_practice(practice, folder)
    return folder


def files_of(folder: Path) -> list[tuple[date, Path]]:
    """Every file but the documents, with a day it could have come: 837P by week."""
    found = []
    for path in sorted((folder / "practice").rglob("*.*")):
        if path.parent.name == "documents" or path.name == "documents.csv":
            continue
        name = path.stem
        if path.suffix == ".csv":
            day = STARTS
        elif "-W" in name:
            day = datetime.strptime(f"{name}-5", "%G-W%V-%u").replace(tzinfo=UTC).date()
        elif len(name) == len("2024-01"):
            day = date.fromisoformat(f"{name}-28")
        else:
            day = date.fromisoformat(name[:10])
        found.append((day, path))
    return sorted(found, key=lambda pair: (pair[0], pair[1].suffix, str(pair[1])))


class Desk:
    """One practice whose denials are judged both ways."""

    def __init__(self, session: Session) -> None:
        self.session = session
        made = create_organization(session, "Simulated", now=NOW, is_simulated=True)
        self.organization_id = made.organization_id
        self.last: Judgments | None = None
        self.judged: list[tuple[int, int]] = []

    def take(self, path: Path) -> IngestReport:
        """Ingest one file and note what it touched."""
        before = get_organization(self.session, self.organization_id).records_version
        with path.open("rb") as stream:
            report = ingest_file(
                self.session,
                self.organization_id,
                stream,
                file=path.name,
                now=NOW,
                actor="test",
            )
        if self.last is not None:
            self.last = after_file(
                self.session,
                self.organization_id,
                self.last,
                report,
                records_version=before,
            )
        return report

    def judge_both_ways(self, as_of: date) -> None:
        """Rows and reports of judging everything and of judging what changed agree."""
        whole = self.session.begin_nested()
        expected = find_denials(
            self.session, self.organization_id, as_of=as_of, now=NOW, actor="test"
        )
        rows = self.rows()
        whole.rollback()
        report, self.last = judge_denials(
            self.session,
            self.organization_id,
            as_of=as_of,
            now=NOW,
            actor="test",
            last=self.last,
        )
        assert self.rows() == rows
        assert report == expected
        self._count(report)

    def rows(self) -> Sequence[Row[tuple[object, ...]]]:
        """Every denial as it is stored."""
        table = DenialRow.__table__
        return self.session.execute(select(table).order_by(table.c.denial_id)).all()

    def _count(self, report: DenialReport) -> None:
        events = list_events(self.session, self.organization_id, limit=100_000)
        (*_, event) = (it for it in events if it.action is AuditAction.DENIALS_FOUND)
        assert event.record_count is not None
        self.judged.append((event.record_count, report.open + report.closed))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    engine = open_engine(f"sqlite:///{tmp_path}/denialml.db", audit_key=AUDIT_KEY)
    migrate(engine)
    with open_session(engine) as session:
        yield Desk(session)
    engine.dispose()


@pytest.mark.slow
def test_as_the_year_goes_by_both_ways_store_the_same(desk: Desk, folder: Path) -> None:
    files = files_of(folder)
    begun = ENDS - timedelta(days=75)
    for day, path in files:
        desk.take(path)
        if day >= begun and path.parent.name == "835":
            desk.judge_both_ways(day)
    judged, known = map(sum, zip(*desk.judged, strict=True))
    assert len(desk.judged) > 15
    assert desk.judged[-1][1] > 30
    # The first run judges everything; over all, far fewer than were known are judged.
    assert desk.judged[0][0] == desk.judged[0][1]
    assert judged < 0.7 * known


@pytest.mark.slow
def test_in_whatever_order_files_come_both_ways_store_the_same(
    desk: Desk, folder: Path
) -> None:
    """Answers before their claims, acknowledgments last, exports in between."""
    paths = [path for _, path in files_of(folder)]
    random.Random(1).shuffle(paths)
    half = len(paths) // 2
    for path in paths[:half]:
        desk.take(path)
    desk.judge_both_ways(ENDS)
    for number, path in enumerate(paths[half:]):
        desk.take(path)
        if number % 10 == 0:
            desk.judge_both_ways(ENDS)
    desk.judge_both_ways(ENDS)
    assert any(judged < known for judged, known in desk.judged[1:])


def test_an_answer_that_another_claim_makes_doubtful_leaves_its_denial(
    desk: Desk, tmp_path: Path
) -> None:
    """The payer cut CLP01; then a second claim, of another patient, fits it as well."""

    def take(name: str, text: str) -> IngestReport:
        path = tmp_path / name
        path.write_text(text)
        return desk.take(path)

    take("one.837", example_837p())
    report = take("cut.835", example_835().replace("EXAMPLE-0001", "EXAMPLE-000"))
    assert report.payments_matched == 1
    desk.judge_both_ways(ENDS_OF_EXAMPLES)
    assert desk.judged[-1] == (1, 1)
    other = example_837p().replace("EXAMPLE-0001", "EXAMPLE-0002")
    other = other.replace("EXM0000001", "EXM0000002").replace("MRN-1", "MRN-2")
    take("two.837", other)
    desk.judge_both_ways(ENDS_OF_EXAMPLES)
    assert desk.judged[-1] == (0, 0)


def test_a_file_that_brings_nothing_judges_nothing_again(
    desk: Desk, folder: Path
) -> None:
    for _, path in files_of(folder):
        if path.parent.name in ("837P", "practice"):
            desk.take(path)
    answers = sorted((folder / "practice" / "835").iterdir())[:40]
    for path in answers:
        desk.take(path)
    desk.judge_both_ways(ENDS)
    desk.take(answers[0])
    desk.judge_both_ways(ENDS)
    assert desk.judged[-1][0] == 0
    assert desk.judged[-1][1] == desk.judged[0][1] > 0


def test_what_another_run_or_process_did_is_not_overlooked(
    desk: Desk, folder: Path
) -> None:
    files = files_of(folder)
    *early, late = [pair for pair in files if pair[1].parent.name == "835"]
    for _, path in files:
        if path.parent.name != "835":
            desk.take(path)
    for _, path in early:
        desk.take(path)
    desk.judge_both_ways(ENDS)
    mine = desk.last
    # Another process takes a file in, which this memory does not hear of.
    desk.take(late[1])
    desk.last = mine
    desk.judge_both_ways(ENDS)
    assert desk.judged[-1][0] == desk.judged[-1][1]
    # Another run judges as of another day.
    find_denials(
        desk.session,
        desk.organization_id,
        as_of=ENDS + timedelta(days=40),
        now=NOW,
        actor="other",
    )
    desk.judge_both_ways(ENDS + timedelta(days=41))
    assert desk.judged[-1][0] == desk.judged[-1][1]
    # And time that runs backwards.
    desk.judge_both_ways(ENDS)
    assert desk.judged[-1][0] == desk.judged[-1][1]
