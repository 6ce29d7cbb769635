"""Train a challenger from a practice's stored history."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from denialml.domain.record import Judgment
from denialml.errors import ModelError, NoModel
from denialml.journeys.engines.engine import Engine, LocalEngine
from denialml.modeling.retraining.drift_baseline import BASELINE, DriftBaseline
from denialml.modeling.retraining.model_card import card_documents, make_card
from denialml.modeling.retraining.registry import (
    CHAMPION,
    RegisteredVersion,
    Registry,
    temporary_directory,
)
from denialml.modeling.retraining.run_report import (
    Keyed,
    RunReport,
    Serving,
    report_documents,
    report_run,
)
from denialml.modeling.risk.bundle import Bundle, load_bundle, write_bundle
from denialml.modeling.risk.leak_report import leak_report
from denialml.modeling.risk.seal import (
    Seal,
    SigningSeal,
    Status,
    checked_contents,
)
from denialml.modeling.risk.specification import (
    TrainingSpecification,
    load_specification,
)
from denialml.modeling.risk.training import train_bundle
from denialml.store.identity import Identity
from denialml.store.organizations import get_organization
from denialml.store.records import practice_records

_PSEUDONYM_DIGITS = 12


class TrainingReport(Judgment, frozen=True):
    """One training run. Lines are counted, not claims.

    `measures` are of the newest mature window (`window_first` to `window_last`,
    submission days), by a model of the same specification that knew only answers from
    before it. `canary_auc` is the AUC on shuffled outcomes (0.5 is right);
    `leak_alarms` are sentences, empty when nothing was found. With too few answers to
    judge on there are no measures, window or canary: `not_assessed` says which and why.
    `drift_proposal` is a sentence on what moved since the champion was trained, empty
    without a champion.
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
    canary_auc: float | None
    window_first: date | None
    window_last: date | None
    leak_alarms: tuple[str, ...]
    kind: str = "trees"
    not_assessed: tuple[str, ...] = ()
    drift_proposal: str = ""


def train(
    session: Session,
    organization_id: str,
    *,
    specification: Path | TrainingSpecification,
    tracking: Path,
    seal: SigningSeal,
    as_of: date,
    now: datetime,
    engine: Engine | None = None,
) -> TrainingReport:
    """Train on answers received before `as_of` and register the challenger.

    The run in MLflow holds the report (`modeling.retraining.run_report`), its plots,
    the model card and the signed bundle. `engine` builds the features and grows the
    trees that ship; what judges them is computed here.

    Raises
    ------
    NotEnoughHistory
        If no line of an original claim was answered at all.
    """
    if isinstance(specification, Path):
        specification = load_specification(specification)
    organization = get_organization(session, organization_id)
    records = practice_records(session, organization_id, until=as_of)
    engine = engine or LocalEngine()
    frame = engine.build_frame(records, known_by=as_of)
    bundle = train_bundle(
        frame, specification=specification, known_by=as_of, grow=engine.grow
    )
    registry = Registry(tracking)
    report = report_run(
        frame,
        bundle,
        specification=specification,
        known_by=as_of,
        leaks=leak_report(records, frame, specification=specification, known_by=as_of),
        keyed=keyed_words(session, organization_id),
        is_simulated=organization.is_simulated,
        serving=_champion(registry, specification.name, seal=seal),
    )
    registered = _register(bundle, report, registry, seal=seal, now=now)
    return _said(bundle, report, registered, as_of=as_of, now=now)


def _said(
    bundle: Bundle,
    report: RunReport,
    registered: RegisteredVersion,
    *,
    as_of: date,
    now: datetime,
) -> TrainingReport:
    facts, judged, leaks = bundle.facts.training, report.judged, report.leaks
    missing = []
    if judged is None:
        missing.append(f"measures: {report.not_judged}")
    if leaks.canary is None:
        missing.append(f"canary: {leaks.canary_not_assessed}")
    since = report.drift_since
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
        measures={name: one.value for name, one in judged.overall.items()}
        if judged
        else {},
        canary_auc=leaks.canary.auc if leaks.canary else None,
        window_first=judged.window_first if judged else None,
        window_last=judged.window_last if judged else None,
        leak_alarms=leaks.alarms,
        kind=bundle.facts.kind,
        not_assessed=tuple(missing),
        drift_proposal=since.proposal if since is not None else "",
    )


def _champion(registry: Registry, name: str, *, seal: Seal) -> Serving | None:
    """The champion with its baseline; None where there is none that can be read."""
    try:
        chosen = registry.find(name, version=CHAMPION)
        with temporary_directory() as directory:
            exported = registry.export(chosen, Path(directory))
            return serving_of(exported, seal=seal, status="trained")
    except ModelError:
        return None


def serving_of(directory: Path, *, seal: Seal, status: Status = "promoted") -> Serving:
    """A bundle with its drift baseline.

    Raises
    ------
    NoModel
        If there is no bundle, or it has no baseline that this version reads.
    BundleRejected
        If it fails its check.
    """
    bundle = load_bundle(directory, seal=seal, status=status)
    contents = checked_contents(directory, seal=seal, status=status)
    try:
        baseline = msgspec.json.decode(contents[BASELINE], type=DriftBaseline)
    except (KeyError, msgspec.DecodeError) as error:
        raise NoModel(
            f"{bundle.version} has no drift baseline of this version: train and promote"
            " again"
        ) from error
    return Serving(bundle, baseline)


def keyed_words(session: Session, organization_id: str) -> Keyed:
    """The digests and pseudonyms of one organization, under its own key."""
    identity = Identity(get_organization(session, organization_id).fingerprint_key)

    def pseudonym(payer_id: str) -> str:
        digest = identity.of_parts("pseudonym", "payer", payer_id)
        return f"payer-{digest.partition('_')[2][:_PSEUDONYM_DIGITS]}"

    return Keyed(
        digest=lambda text: identity.of_parts("fingerprint", text), payer=pseudonym
    )


def payer_pseudonyms(session: Session, organization_id: str) -> dict[str, str]:
    """Each payer's pseudonym in reports and cards, with its payer id; for the
    organization's own eyes."""
    keyed = keyed_words(session, organization_id)
    records = practice_records(session, organization_id)
    payers = {one.payer_id for one in records.payers}
    payers |= {one.claim.payer.payer_id for one in records.submitted_claims}
    return {keyed.payer(payer_id): payer_id for payer_id in sorted(payers)}


def _register(
    bundle: Bundle,
    report: RunReport,
    registry: Registry,
    *,
    seal: SigningSeal,
    now: datetime,
) -> RegisteredVersion:
    tags = {
        "bundle_version": bundle.facts.version,
        "trained_as_of": bundle.facts.training.trained_as_of,
        "trained_at": now.isoformat(),
        "kind": bundle.facts.kind,
        "data": "simulated" if report.is_simulated else "practice",
    }
    documents = report_documents(report)
    cards = card_documents(make_card(bundle, report), report)
    with temporary_directory() as directory:
        path = Path(directory) / "bundle"
        travelling = cards | {BASELINE: documents[BASELINE]}
        write_bundle(bundle, path, seal=seal, cards=travelling)
        return registry.log_run(
            report.specification.name,
            bundle=path,
            documents=documents | cards | _plots(report),
            parameters=_parameters(bundle, report),
            measures=_metrics(report),
            tags=tags,
        )


def _plots(report: RunReport) -> dict[str, bytes]:
    if report.judged is None:
        return {}
    # Loads matplotlib: only where training runs.
    from denialml.modeling.retraining.plots import draw_plots

    return draw_plots(report.judged, is_simulated=report.is_simulated)


def _parameters(bundle: Bundle, report: RunReport) -> dict[str, Any]:
    specification, judged = report.specification, report.judged
    settings = msgspec.to_builtins(specification)
    return {
        "seed": specification.seed,
        "trees": bundle.facts.training.trees,
        "vocabulary": bundle.facts.vocabulary,
        "data_fingerprint": report.fingerprint.digest,
        "lines": report.fingerprint.lines,
        "window_first": judged.window_first.isoformat() if judged else "not assessed",
        "window_last": judged.window_last.isoformat() if judged else "not assessed",
        **{
            f"{group}.{key}": value
            for group, values in settings.items()
            if isinstance(values, dict)
            for key, value in values.items()
        },
    }


def _metrics(report: RunReport) -> dict[str, float]:
    leaks, judged = report.leaks, report.judged
    found = {
        "canary_allowed": leaks.canary_allowed,
        "leak_alarms": float(len(leaks.alarms)),
    }
    if leaks.canary is not None:
        found |= {
            "canary_auc": leaks.canary.auc,
            "canary_standard_error": leaks.canary.standard_error,
        }
    if judged is None:
        return found
    found |= {
        "window_lines": float(judged.window_lines),
        "window_denied": float(judged.window_denied),
    }
    for name, one in judged.overall.items():
        found[name] = one.value
        if one.low is not None and one.high is not None:
            found |= {f"{name}.low": one.low, f"{name}.high": one.high}
    for name, one in judged.table.items():
        found[f"table.{name}"] = one.value
    for group in judged.payers:
        for name, one in group.measures.items():
            found[f"{group.group}.{name}"] = one.value
    return found
