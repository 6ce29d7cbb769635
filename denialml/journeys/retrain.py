"""Train a challenger from a practice's stored history."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from denialml.domain.record import Judgment
from denialml.modeling.retraining.model_card import card_documents, make_card
from denialml.modeling.retraining.registry import (
    RegisteredVersion,
    Registry,
    temporary_directory,
)
from denialml.modeling.retraining.run_report import (
    Keyed,
    RunReport,
    report_documents,
    report_run,
)
from denialml.modeling.risk.bundle import Bundle, write_bundle
from denialml.modeling.risk.frames import build_frame
from denialml.modeling.risk.leak_report import leak_report
from denialml.modeling.risk.seal import SigningSeal
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
    `leak_alarms` are sentences, empty when nothing was found.
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
    window_first: date
    window_last: date
    leak_alarms: tuple[str, ...]


def train(
    session: Session,
    organization_id: str,
    *,
    specification: Path | TrainingSpecification,
    tracking: Path,
    seal: SigningSeal,
    as_of: date,
    now: datetime,
) -> TrainingReport:
    """Train on answers received before `as_of` and register the challenger.

    The run in MLflow holds the report (`modeling.retraining.run_report`), the model
    card and the signed bundle.

    Raises
    ------
    NotEnoughHistory
        If too few mature lines were answered or denied.
    """
    if isinstance(specification, Path):
        specification = load_specification(specification)
    organization = get_organization(session, organization_id)
    records = practice_records(session, organization_id, until=as_of)
    frame = build_frame(records, known_by=as_of)
    bundle = train_bundle(frame, specification=specification, known_by=as_of)
    report = report_run(
        frame,
        bundle,
        specification=specification,
        known_by=as_of,
        leaks=leak_report(records, frame, specification=specification, known_by=as_of),
        keyed=keyed_words(session, organization_id),
        is_simulated=organization.is_simulated,
    )
    registered = _register(bundle, report, tracking, seal=seal, now=now)
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
        measures={name: one.value for name, one in report.overall.items()},
        canary_auc=report.leaks.canary.auc,
        window_first=report.window_first,
        window_last=report.window_last,
        leak_alarms=report.leaks.alarms,
    )


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
    tracking: Path,
    *,
    seal: SigningSeal,
    now: datetime,
) -> RegisteredVersion:
    facts, specification = bundle.facts, report.specification
    settings = msgspec.to_builtins(specification)
    parameters: dict[str, Any] = {
        "seed": specification.seed,
        "trees": facts.training.trees,
        "vocabulary": facts.vocabulary,
        "data_fingerprint": report.fingerprint.digest,
        "lines": report.fingerprint.lines,
        "window_first": report.window_first.isoformat(),
        "window_last": report.window_last.isoformat(),
        **{
            f"{group}.{key}": value
            for group, values in settings.items()
            if isinstance(values, dict)
            for key, value in values.items()
        },
    }
    tags = {
        "bundle_version": facts.version,
        "trained_as_of": facts.training.trained_as_of,
        "trained_at": now.isoformat(),
        "kind": facts.kind,
        "data": "simulated" if report.is_simulated else "practice",
    }
    cards = card_documents(make_card(bundle, report), report)
    with temporary_directory() as directory:
        path = Path(directory) / "bundle"
        write_bundle(bundle, path, seal=seal, cards=cards)
        return Registry(tracking).log_run(
            specification.name,
            bundle=path,
            documents=report_documents(report) | cards,
            parameters=parameters,
            measures=_metrics(report),
            tags=tags,
        )


def _metrics(report: RunReport) -> dict[str, float]:
    leaks = report.leaks
    found = {
        "canary_auc": leaks.canary.auc,
        "canary_standard_error": leaks.canary.standard_error,
        "canary_allowed": leaks.canary_allowed,
        "leak_alarms": float(len(leaks.alarms)),
        "window_lines": float(report.window_lines),
        "window_denied": float(report.window_denied),
    }
    for name, one in report.overall.items():
        found[name] = one.value
        if one.low is not None and one.high is not None:
            found |= {f"{name}.low": one.low, f"{name}.high": one.high}
    for name, one in report.table.items():
        found[f"table.{name}"] = one.value
    for group in report.payers:
        for name, one in group.measures.items():
            found[f"{group.group}.{name}"] = one.value
    return found
