"""Train a challenger from a practice's stored history, and promote it to serve."""

from datetime import date, datetime
from pathlib import Path

import msgspec
from sqlalchemy.orm import Session

from denialml.domain.record import Judgment
from denialml.errors import GateFailed
from denialml.modeling.retraining.registry import (
    CHALLENGER,
    RegisteredVersion,
    Registry,
    temporary_directory,
)
from denialml.modeling.risk.bundle import (
    Bundle,
    install_bundle,
    load_bundle,
    write_bundle,
)
from denialml.modeling.risk.canary import Canary, measure_canary
from denialml.modeling.risk.evaluation import log_loss_of_rate
from denialml.modeling.risk.frames import Frame, build_frame
from denialml.modeling.risk.seal import Seal
from denialml.modeling.risk.specification import (
    TrainingSpecification,
    load_specification,
)
from denialml.modeling.risk.training import train_bundle
from denialml.store.records import practice_records

# Trees on shuffled outcomes must not rank: further from 0.5 than this, and further
# than so many standard errors of chance, an outcome leaks into the features or across
# the cut.
CANARY_TOLERANCE = 0.02
CANARY_STANDARD_ERRORS = 4


class TrainingReport(Judgment, frozen=True):
    """One training run. Lines are counted, not claims.

    `measures` are of the calibration slice, which the measured trees had not seen;
    `canary_auc` is its AUC for trees fitted on shuffled outcomes (0.5 is right).
    """

    name: str
    version: str
    registered_version: str
    run_id: str
    trained_as_of: date
    trained_at: datetime
    first_submission: str
    last_submission: str
    answered_lines: int
    denied_lines: int
    trees: int
    measures: dict[str, float]
    canary_auc: float


class PromotionReport(Judgment, frozen=True):
    """What serves from now on."""

    name: str
    version: str
    registered_version: str
    replaced_version: str
    gates: dict[str, float]


def train(
    session: Session,
    organization_id: str,
    *,
    specification: Path | TrainingSpecification,
    tracking: Path,
    seal: Seal,
    as_of: date,
    now: datetime,
) -> TrainingReport:
    """Train on answers received before `as_of` and register the challenger.

    Raises
    ------
    NotEnoughHistory
        If too few mature lines were answered or denied.
    """
    if isinstance(specification, Path):
        specification = load_specification(specification)
    records = practice_records(session, organization_id, until=as_of)
    frame = build_frame(records, known_by=as_of)
    bundle = train_bundle(frame, specification=specification, known_by=as_of)
    canary = measure_canary(records, specification=specification, known_by=as_of)
    registered = _register(
        bundle, frame, specification, tracking, seal=seal, canary=canary, now=now
    )
    facts = bundle.facts.training
    return TrainingReport(
        name=facts.name,
        version=bundle.version,
        registered_version=registered.version,
        run_id=registered.run_id,
        trained_as_of=as_of,
        trained_at=now,
        first_submission=facts.first_submission,
        last_submission=facts.last_submission,
        answered_lines=facts.answered_lines,
        denied_lines=facts.denied_lines,
        trees=facts.trees,
        measures=facts.measures,
        canary_auc=canary.auc,
    )


def promote(
    *,
    tracking: Path,
    serving: Path,
    seal: Seal,
    name: str = "denial-risk",
    version: str = CHALLENGER,
) -> PromotionReport:
    """Check a version's gates and make it the one that serves.

    Gates: the shuffled-outcome canary stays near 0.5, and the model's log-loss on the
    slice it had not seen beats that of always saying the denial rate.

    Raises
    ------
    NoModel
        If there is no such version.
    GateFailed
        If a gate is not met; the served model stays.
    BundleRejected
        If the stored bundle fails its integrity check.
    """
    registry = Registry(tracking)
    chosen = registry.find(name, version=version)
    gates = _check_gates(chosen)
    replaced = ""
    if (serving / "manifest.json").is_file():
        replaced = load_bundle(serving, seal=seal).version
    with temporary_directory() as directory:
        bundle = registry.export(chosen, Path(directory))
        installed = install_bundle(bundle, serving, seal=seal)
    registry.make_champion(chosen)
    return PromotionReport(
        name=name,
        version=installed.version,
        registered_version=chosen.version,
        replaced_version=replaced,
        gates=gates,
    )


def _check_gates(chosen: RegisteredVersion) -> dict[str, float]:
    measures = chosen.measures
    canary = measures["canary_auc"]
    allowed = max(
        CANARY_TOLERANCE, CANARY_STANDARD_ERRORS * measures["canary_standard_error"]
    )
    if abs(canary - 0.5) > allowed:
        raise GateFailed(
            f"version {chosen.version}: trees on shuffled outcomes reach AUC"
            f" {canary:.3f}, allowed 0.5 within {allowed:.3f}"
        )
    constant = log_loss_of_rate(measures["denial_rate"])
    if measures["log_loss"] >= constant:
        raise GateFailed(
            f"version {chosen.version}: log-loss {measures['log_loss']:.4f} is not"
            f" below {constant:.4f}, that of always saying the denial rate"
        )
    return {
        "canary_auc": canary,
        "log_loss": measures["log_loss"],
        "log_loss_of_denial_rate": constant,
    }


def _register(
    bundle: Bundle,
    frame: Frame,
    specification: TrainingSpecification,
    tracking: Path,
    *,
    seal: Seal,
    canary: Canary,
    now: datetime,
) -> RegisteredVersion:
    facts = bundle.facts
    parameters = {
        "seed": specification.seed,
        "trees": facts.training.trees,
        "frame_rows": len(frame.denied),
        "vocabulary": facts.vocabulary,
        **{
            f"{group}.{key}": value
            for group in ("trees", "slices")
            for key, value in msgspec.to_builtins(getattr(specification, group)).items()
        },
    }
    tags = {
        "bundle_version": facts.version,
        "trained_as_of": facts.training.trained_as_of,
        "trained_at": now.isoformat(),
    }
    with temporary_directory() as directory:
        path = Path(directory) / "bundle"
        write_bundle(bundle, path, seal=seal)
        return Registry(tracking).log_run(
            specification.name,
            bundle=path,
            parameters=parameters,
            measures={
                **facts.training.measures,
                "canary_auc": canary.auc,
                "canary_standard_error": canary.standard_error,
            },
            tags=tags,
        )
