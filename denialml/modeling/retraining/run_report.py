"""Everything a training run says about itself, computed in one place."""

from collections.abc import Callable
from datetime import date

import msgspec
import numpy as np

from denialml.modeling.retraining.decision_curve import DecisionPoint, decision_curve
from denialml.modeling.retraining.feature_summary import (
    DriftBaseline,
    FeatureWeight,
    drift_baseline,
    feature_weights,
)
from denialml.modeling.retraining.fingerprint import DataFingerprint, data_fingerprint
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
    calibration_table,
    measure_with_intervals,
    per_payer,
    per_subgroup,
)
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.features import FEATURES
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.leak_report import LeakReport
from denialml.modeling.risk.specification import TrainingSpecification


class Keyed(msgspec.Struct, frozen=True):
    """The organization's two keyed words: a digest of a text, and a payer's pseudonym.

    Only whoever holds the organization's key can make them, so that nobody can try
    guesses against what is in an artifact.
    """

    digest: Callable[[str], str]
    payer: Callable[[str], str]


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """One training run. Measures are of the window, by the stand-in (`holdout`).

    `window_first`, `window_last`: submission days of the judged lines, which the
    stand-in had not seen; `window_lines`, `window_denied` how many. `table` are the
    same measures of a payer x procedure code table. `is_simulated`: the practice is.
    """

    is_simulated: bool
    fingerprint: DataFingerprint
    specification: TrainingSpecification
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
    leaks: LeakReport
    features: tuple[FeatureWeight, ...]
    drift: DriftBaseline


def report_run(
    frame: Frame,
    bundle: Bundle,
    *,
    specification: TrainingSpecification,
    known_by: date,
    leaks: LeakReport,
    keyed: Keyed,
    is_simulated: bool,
) -> RunReport:
    """Judge a run's specification on its newest window and describe its data.

    Raises
    ------
    NotEnoughHistory
        If the window, or what was answered before it, is too small.
    """
    window = newest_window(frame, specification=specification, known_by=known_by)
    judged = stand_in(frame, specification=specification, window=window)
    risk = line_risk(judged, frame, window)
    table = table_risk(frame, window)
    evaluation, seed = specification.evaluation, specification.seed

    def measured(each: Floats) -> dict[str, Measured]:
        return measure_with_intervals(
            window.denied, each, window.patients, rounds=evaluation.rounds, seed=seed
        )

    return RunReport(
        is_simulated=is_simulated,
        fingerprint=data_fingerprint(frame, known_by=known_by, keyed=keyed.digest),
        specification=specification,
        window_first=window.first_day,
        window_last=window.last_day,
        window_lines=len(window.rows),
        window_denied=int(window.denied.sum()),
        overall=measured(risk),
        table=measured(table),
        payers=per_payer(
            frame,
            window,
            risk,
            pseudonym=keyed.payer,
            evaluation=evaluation,
            seed=seed,
        ),
        subgroups=per_subgroup(frame, window, risk, evaluation=evaluation, seed=seed),
        calibration=calibration_table(window.denied, risk),
        decisions=decision_curve(
            frame, window, risk, table=table, evaluation=evaluation
        ),
        leaks=leaks,
        features=feature_weights(
            bundle, frame, window, rows=evaluation.explained_rows, seed=seed
        ),
        drift=_drift(frame, specification, known_by, risk, keyed),
    )


def _drift(
    frame: Frame,
    specification: TrainingSpecification,
    known_by: date,
    risk: Floats,
    keyed: Keyed,
) -> DriftBaseline:
    labels = frame.labels(known_by=known_by)
    return drift_baseline(
        frame,
        np.flatnonzero((labels >= 0) & frame.original),
        units={feature.name: feature.unit for feature in FEATURES},
        risk=risk,
        pseudonym=keyed.payer,
        smallest_cell=specification.evaluation.smallest_cell,
    )


def report_documents(report: RunReport) -> dict[str, bytes]:
    """The report as files of a run: one JSON document for each part."""
    parts = {
        "data_fingerprint": report.fingerprint,
        "specification": report.specification,
        "measures": {"overall": report.overall, "table": report.table},
        "measures_by_payer": report.payers,
        "measures_by_subgroup": report.subgroups,
        "calibration": report.calibration,
        "decision_curve": report.decisions,
        "leak_report": report.leaks,
        "feature_contributions": report.features,
        "drift_baseline": report.drift,
    }
    return {f"{name}.json": _written(part) for name, part in parts.items()}


def _written(part: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(part), indent=1)
