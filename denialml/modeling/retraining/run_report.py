"""Everything a training run says about itself, computed in one place."""

from collections.abc import Callable
from datetime import date

import msgspec

from denialml.errors import NotEnoughHistory
from denialml.modeling.retraining.drift import DriftReport, drift_report
from denialml.modeling.retraining.drift_baseline import (
    BASELINE,
    DriftBaseline,
    drift_baseline,
)
from denialml.modeling.retraining.fingerprint import DataFingerprint, data_fingerprint
from denialml.modeling.retraining.judged import Judged, judge_run
from denialml.modeling.risk.bundle import Bundle
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


class Serving(msgspec.Struct, frozen=True):
    """The champion's bundle and the baseline that it was registered with."""

    bundle: Bundle
    baseline: DriftBaseline


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """One training run. `is_simulated`: the practice is.

    `judged` is None where too few answers are there to judge on; `not_judged` then
    says so. `drift` is this run's baseline, `drift_since` what moved since the
    champion's, None without one.
    """

    is_simulated: bool
    fingerprint: DataFingerprint
    specification: TrainingSpecification
    judged: Judged | None
    not_judged: str
    leaks: LeakReport
    drift: DriftBaseline
    drift_since: DriftReport | None = None


def report_run(
    frame: Frame,
    bundle: Bundle,
    *,
    specification: TrainingSpecification,
    known_by: date,
    leaks: LeakReport,
    keyed: Keyed,
    is_simulated: bool,
    serving: Serving | None = None,
) -> RunReport:
    """Judge a run's specification on its newest window and describe its data."""
    judged, why = None, ""
    try:
        judged = judge_run(
            frame,
            bundle,
            specification=specification,
            known_by=known_by,
            pseudonym=keyed.payer,
        )
    except NotEnoughHistory as error:
        why = f"not assessed, too few answers: {error}"
    since = None
    if serving is not None:
        since = drift_report(
            frame,
            serving.bundle,
            serving.baseline,
            as_of=known_by,
            pseudonym=keyed.payer,
        )
    return RunReport(
        is_simulated=is_simulated,
        fingerprint=data_fingerprint(frame, known_by=known_by, keyed=keyed.digest),
        specification=specification,
        judged=judged,
        not_judged=why,
        leaks=leaks,
        drift=drift_baseline(
            frame,
            bundle,
            weights=judged.features if judged is not None else (),
            mature_share=specification.slices.mature_share,
            known_by=known_by,
            pseudonym=keyed.payer,
            smallest_cell=specification.evaluation.smallest_cell,
        ),
        drift_since=since,
    )


def report_documents(report: RunReport) -> dict[str, bytes]:
    """The report as files of a run: one JSON document for each part.

    What was not assessed has no file; the model card says why.
    """
    parts: dict[str, object] = {
        "data_fingerprint": report.fingerprint,
        "specification": report.specification,
        "leak_report": report.leaks,
    }
    if (judged := report.judged) is not None:
        parts |= {
            "measures": {"overall": judged.overall, "table": judged.table},
            "measures_by_payer": judged.payers,
            "measures_by_subgroup": judged.subgroups,
            "calibration": judged.calibration,
            "decision_curve": judged.decisions,
            "feature_contributions": judged.features,
            "contribution_spreads": judged.spreads,
        }
    if report.drift_since is not None:
        parts["drift_since_champion"] = report.drift_since
    documents = {f"{name}.json": _written(part) for name, part in parts.items()}
    return documents | {BASELINE: _written(report.drift)}


def _written(part: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(part), indent=1)
