"""Walking forward through a stored history, on a small simulated practice."""

import csv
from datetime import date
from pathlib import Path

import msgspec
import pytest

from denialml.errors import InputError, NotEnoughHistory
from denialml.journeys.backtest import BacktestRow, backtest, write_backtest_csv
from denialml.journeys.score import open_scorer
from denialml.modeling.risk.frames import build_frame
from denialml.modeling.risk.training import train_bundle
from denialml.modeling.risk.walking import refit_days
from denialml.store.database import open_session
from denialml.store.records import practice_records
from tests.journeys.simulated_store import (  # noqa: F401 (fixture)
    SPECIFICATION,
    SimulatedStore,
    simulated_store,
)

FROM, TO = date(2023, 12, 15), date(2024, 3, 31)


@pytest.fixture(scope="module")
def rows(simulated_store: SimulatedStore) -> list[BacktestRow]:  # noqa: F811
    with open_session(simulated_store.engine) as session:
        return list(
            backtest(
                session,
                simulated_store.organization_id,
                from_day=FROM,
                to_day=TO,
                refit="quarterly",
                specification=SPECIFICATION,
            )
        )


def test_every_submission_of_the_days_is_there_once(
    simulated_store: SimulatedStore,  # noqa: F811
    rows: list[BacktestRow],
) -> None:
    with open_session(simulated_store.engine) as session:
        records = practice_records(session, simulated_store.organization_id)
    expected = sorted(
        (one.claim.patient_control_number, one.submitted_on, line.line_number)
        for one in records.submitted_claims
        if FROM <= one.submitted_on <= TO
        for line in one.claim.lines
    )
    found = sorted(
        (row.patient_control_number, row.submitted_on, row.line_number) for row in rows
    )
    assert found == expected


def test_a_row_is_scored_by_the_model_before_it(rows: list[BacktestRow]) -> None:
    assert {row.model_trained_as_of for row in rows} == {FROM, date(2024, 1, 1)}
    for row in rows:
        assert row.model_trained_as_of <= row.submitted_on
        expected = FROM if row.submitted_on < date(2024, 1, 1) else date(2024, 1, 1)
        assert row.model_trained_as_of == expected


def test_outcomes_are_the_first_decisions(rows: list[BacktestRow]) -> None:
    for row in rows:
        if row.outcome_line in ("denied", "paid"):
            assert row.answered_on is not None
            assert row.answered_on >= row.submitted_on
        if row.outcome_line == "denied":
            assert row.outcome_claim == "denied"
        if row.outcome_claim == "paid":
            assert row.outcome_line == "paid"
    outcomes = {row.outcome_line for row in rows}
    assert {"denied", "paid", ""} <= outcomes


def test_denied_lines_were_riskier(rows: list[BacktestRow]) -> None:
    denied = [row.risk_line for row in rows if row.outcome_line == "denied"]
    paid = [row.risk_line for row in rows if row.outcome_line == "paid"]
    assert sum(denied) / len(denied) > 1.3 * sum(paid) / len(paid)


def test_the_backtest_is_what_scoring_would_have_said(
    simulated_store: SimulatedStore,  # noqa: F811
    rows: list[BacktestRow],
) -> None:
    """Bit for bit: the same model asked claim by claim through the scorer."""
    organization_id = simulated_store.organization_id
    with open_session(simulated_store.engine) as session:
        records = practice_records(session, organization_id)
        frame = build_frame(records, to_day=TO, originals_only=False)
        bundle = train_bundle(frame, specification=SPECIFICATION, known_by=FROM)
        scorer = open_scorer(session, organization_id, bundle=bundle)
    known = {
        (row.patient_control_number, row.submitted_on, row.line_number): row
        for row in rows
        if row.model_trained_as_of == FROM
    }
    checked = 0
    for one in records.submitted_claims:
        key = (one.claim.patient_control_number, one.submitted_on)
        if (*key, 1) not in known or checked > 40:
            continue
        [score] = scorer.score([one.claim])
        for line in score.lines:
            row = known[(*key, line.line_number)]
            assert line.probability == row.risk_line
            assert score.probability == row.risk_claim
        checked += 1
    assert checked > 40


def test_csv_has_a_header_and_iso_days(rows: list[BacktestRow], tmp_path: Path) -> None:
    path = tmp_path / "backtest.csv"
    assert write_backtest_csv(rows[:50], path) == 50
    with path.open(newline="") as file:
        read = list(csv.DictReader(file))
    assert list(read[0]) == list(BacktestRow.__struct_fields__)
    assert read[0]["submitted_on"] == rows[0].submitted_on.isoformat()
    assert float(read[0]["risk_line"]) == rows[0].risk_line
    assert {row["answered_on"] for row in read} >= {""} or all(
        row.answered_on for row in rows[:50]
    )


def test_no_spreadsheet_runs_what_a_payer_or_practice_wrote(
    rows: list[BacktestRow], tmp_path: Path
) -> None:
    hostile = '=HYPERLINK("http://x")'
    row = msgspec.structs.replace(rows[0], patient_control_number=hostile)
    path = tmp_path / "backtest.csv"
    write_backtest_csv([row], path)
    with path.open(newline="") as file:
        (read,) = csv.DictReader(file)
    assert read["patient_control_number"] == "'" + hostile


@pytest.mark.parametrize(
    ("refit", "days"),
    [
        ("never", ["2023-12-15"]),
        ("quarterly", ["2023-12-15", "2024-01-01", "2024-04-01"]),
        (
            "monthly",
            ["2023-12-15", "2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"],
        ),
    ],
)
def test_refit_days(refit: str, days: list[str]) -> None:
    found = refit_days(date(2023, 12, 15), date(2024, 4, 30), refit)  # type: ignore[arg-type]
    assert [day.isoformat() for day in found] == days


def test_days_in_the_wrong_order_are_refused(
    simulated_store: SimulatedStore,  # noqa: F811
) -> None:
    with open_session(simulated_store.engine) as session:
        walk = backtest(
            session, simulated_store.organization_id, from_day=TO, to_day=FROM
        )
        with pytest.raises(InputError, match="before it begins"):
            next(walk)


def test_a_day_before_any_answer_is_refused(simulated_store: SimulatedStore) -> None:  # noqa: F811
    with open_session(simulated_store.engine) as session:
        walk = backtest(
            session,
            simulated_store.organization_id,
            from_day=date(2023, 1, 2),
            to_day=date(2023, 1, 5),
        )
        with pytest.raises(NotEnoughHistory, match="no claim line was answered"):
            next(walk)
