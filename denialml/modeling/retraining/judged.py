"""A run's specification, judged on the newest mature window by its stand-in."""

from datetime import date

import msgspec

from denialml.modeling.retraining.contribution_spread import (
    ContributionSpread,
    contribution_spreads,
)
from denialml.modeling.retraining.decision_curve import DecisionPoint, decision_curve
from denialml.modeling.retraining.feature_summary import (
    Explained,
    FeatureWeight,
    explain_sample,
    feature_weights,
)
from denialml.modeling.retraining.holdout import (
    Floats,
    line_risk,
    newest_window,
    stand_in,
    table_risk,
)
from denialml.modeling.retraining.measured import (
    CalibrationBin,
    GroupMeasures,
    Measured,
    Pseudonym,
    calibration_table,
    measure_with_intervals,
    per_payer,
    per_subgroup,
)
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.specification import TrainingSpecification


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """Measures of the window, by the stand-in (`holdout`).

    `window_first`, `window_last`: submission days of the judged lines, which the
    stand-in had not seen; `window_lines`, `window_denied` how many. `table` are the
    same measures of a payer x procedure code table. `features` and `spreads` are of
    the model that ships, on lines of the window.
    """

    window_first: date
    window_last: date
    window_lines: int
    window_denied: int
    overall: dict[str, Measured]
    table: dict[str, Measured]
    payers: tuple[GroupMeasures, ...]
    subgroups: dict[str, tuple[GroupMeasures, ...]]
    calibration: tuple[CalibrationBin, ...]
    decisions: tuple[DecisionPoint, ...]
    features: tuple[FeatureWeight, ...]
    spreads: tuple[ContributionSpread, ...]


def judge_run(
    frame: Frame,
    bundle: Bundle,
    *,
    specification: TrainingSpecification,
    known_by: date,
    pseudonym: Pseudonym,
) -> Judged:
    """Judge a specification, and look at what the bundle made by it weighs.

    Raises
    ------
    NotEnoughHistory
        If the window, or what was answered before it, is too small.
    """
    evaluation, seed = specification.evaluation, specification.seed
    window = newest_window(frame, specification=specification, known_by=known_by)
    model = stand_in(frame, specification=specification, known_by=window.first_day)
    risk = line_risk(model, frame, window)
    table = table_risk(frame, window)
    explained: Explained = explain_sample(
        bundle, frame, window, rows=evaluation.explained_rows, seed=seed
    )
    weights = feature_weights(bundle, explained)

    def measured(each: Floats) -> dict[str, Measured]:
        return measure_with_intervals(
            window.denied, each, window.patients, rounds=evaluation.rounds, seed=seed
        )

    return Judged(
        window_first=window.first_day,
        window_last=window.last_day,
        window_lines=len(window.rows),
        window_denied=int(window.denied.sum()),
        overall=measured(risk),
        table=measured(table),
        payers=per_payer(
            frame, window, risk, pseudonym=pseudonym, evaluation=evaluation, seed=seed
        ),
        subgroups=per_subgroup(frame, window, risk, evaluation=evaluation, seed=seed),
        calibration=calibration_table(
            window.denied,
            risk,
            patients=window.patients,
            rounds=evaluation.rounds,
            seed=seed,
        ),
        decisions=decision_curve(
            frame, window, risk, table=table, evaluation=evaluation
        ),
        features=weights,
        spreads=contribution_spreads(
            bundle, explained, weights, smallest_cell=evaluation.smallest_cell
        ),
    )
