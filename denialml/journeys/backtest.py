"""What the risk would have been, claim by claim, beside what the payer then said."""

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Literal

from sqlalchemy.orm import Session

from denialml.domain.record import Judgment
from denialml.errors import InputError
from denialml.formats import spreadsheet_text
from denialml.journeys.engines.engine import Engine, LocalEngine
from denialml.modeling.risk.frames import CENSORED, NEVER, Frame
from denialml.modeling.risk.specification import (
    TrainingSpecification,
    load_specification,
)
from denialml.modeling.risk.walking import Refit, Stretch, walk_forward
from denialml.store.records import practice_records

Outcome = Literal["denied", "paid", "rejected", ""]


class BacktestRow(Judgment, frozen=True):
    """One row per service line of each submission.

    `risk_line` and `risk_claim` are what the practice would have been shown on
    `submitted_on` by a model that knew only answers received before
    `model_trained_as_of`. Outcomes are the initial determination; ``rejected`` by a
    277CA, empty while there is no decision. `outcome_claim` is ``denied`` when any
    line was, ``paid`` when all were decided and none denied.
    """

    patient_control_number: str
    submitted_on: date
    frequency_code: str
    payer_id: str
    procedure_code: str
    modifiers: str
    line_number: int
    risk_line: float
    risk_claim: float
    model_trained_as_of: date
    outcome_line: Outcome
    outcome_claim: Outcome
    answered_on: date | None


def backtest(
    session: Session,
    organization_id: str,
    *,
    from_day: date,
    to_day: date,
    refit: Refit = "quarterly",
    specification: Path | TrainingSpecification | None = None,
    progress: Callable[[str], None] | None = None,
    engine: Engine | None = None,
) -> Iterator[BacktestRow]:
    """Walk forward through a stored history; `engine` builds features and trees.

    Raises
    ------
    InputError
        If `to_day` is before `from_day`.
    NotEnoughHistory
        If the answers before `from_day` do not suffice for a first model.
    """
    if to_day < from_day:
        raise InputError(f"the backtest ends {to_day}, before it begins {from_day}")
    if isinstance(specification, Path):
        specification = load_specification(specification)
    if progress is not None:
        progress("reading the practice's records")
    records = practice_records(session, organization_id)
    if progress is not None:
        progress("computing what was known on each submission day")
    engine = engine or LocalEngine()
    frame = engine.build_frame(records, to_day=to_day, originals_only=False)
    for stretch in walk_forward(
        frame,
        from_day=from_day,
        to_day=to_day,
        refit=refit,
        specification=specification or TrainingSpecification(),
        progress=progress,
        grow=engine.grow,
    ):
        yield from backtest_rows(frame, stretch)


def backtest_rows(frame: Frame, stretch: Stretch) -> Iterator[BacktestRow]:
    """The rows of one stretch, in frame order."""
    outcomes = _claim_outcomes(frame, stretch.rows.tolist())
    line_risks, claim_risks = stretch.line_risk.tolist(), stretch.claim_risk.tolist()
    for at, row in enumerate(stretch.rows.tolist()):
        one = frame.lines[row]
        answered = int(frame.answered_on[row])
        yield BacktestRow(
            patient_control_number=one.claim.patient_control_number,
            submitted_on=one.submitted_on,
            frequency_code=one.claim.frequency_code,
            payer_id=one.claim.payer.payer_id,
            procedure_code=one.line.procedure_code,
            modifiers=" ".join(one.line.modifiers),
            line_number=one.line.line_number,
            risk_line=line_risks[at],
            risk_claim=claim_risks[at],
            model_trained_as_of=stretch.trained_as_of,
            outcome_line=_line_outcome(frame, row),
            outcome_claim=outcomes[one.claim_id],
            answered_on=date.fromordinal(answered) if answered != NEVER else None,
        )


def write_backtest_csv(rows: Iterable[BacktestRow], path: Path) -> int:
    """Write rows as CSV with a header; the number of rows. Dates are ISO.

    Text that a spreadsheet would run as a formula is written with an apostrophe.
    """
    count = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        fields = BacktestRow.__struct_fields__
        writer.writerow(fields)
        for row in rows:
            values = [getattr(row, field) for field in fields]
            writer.writerow([_cell(value) for value in values])
            count += 1
    return count


def _cell(value: object) -> object:
    if value is None:
        return ""
    return spreadsheet_text(value) if isinstance(value, str) else value


def _line_outcome(frame: Frame, row: int) -> Outcome:
    if frame.denied[row] == CENSORED:
        return "rejected" if frame.rejected_on[row] != NEVER else ""
    return "denied" if frame.denied[row] else "paid"


def _claim_outcomes(frame: Frame, rows: list[int]) -> dict[str, Outcome]:
    """The outcome of each submission by claim id: the worst of its lines'."""
    outcomes: dict[str, Outcome] = {}
    for row in rows:
        claim_id, outcome = frame.lines[row].claim_id, _line_outcome(frame, row)
        known = outcomes.get(claim_id, "paid")
        outcomes[claim_id] = min(known, outcome, key=_WORST_FIRST.index)
    return outcomes


_WORST_FIRST: tuple[Outcome, ...] = ("denied", "rejected", "", "paid")
