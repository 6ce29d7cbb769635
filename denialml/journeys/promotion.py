"""Promote a challenger through its gates to serve, or go back to the one before."""

from datetime import date, datetime
from pathlib import Path

import msgspec
from sqlalchemy.orm import Session

from denialml.domain.facts import PracticeRecords
from denialml.domain.record import Judgment
from denialml.errors import BundleRejected, GateFailed, NoModel, NotEnoughHistory
from denialml.journeys.retrain import keyed_words
from denialml.modeling.retraining.comparison import Comparison, Contestant, compare
from denialml.modeling.retraining.gates import (
    OLDER_THAN_WHAT_SERVES,
    Evidence,
    GateResult,
    check_gates,
    refusals,
)
from denialml.modeling.retraining.model_card import CARD_JSON, read_card
from denialml.modeling.retraining.registry import (
    CHALLENGER,
    RegisteredVersion,
    Registry,
    temporary_directory,
)
from denialml.modeling.retraining.source_attributes import (
    SOURCE_ATTRIBUTES,
    unanswered,
)
from denialml.modeling.risk.bundle import (
    Bundle,
    install_bundle,
    load_bundle,
    restore_previous,
    withdrawn_version,
)
from denialml.modeling.risk.frames import Frame, build_frame
from denialml.modeling.risk.seal import Seal, SigningSeal
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.store.records import practice_records

_RATES_ALONE = "cause-rates"


class PromotionReport(Judgment, frozen=True):
    """What serves from now on, and by which gates.

    `comparison` is None where too few answers are there to judge on; the gate `judged`
    says what that means. `is_older`: it was trained as of an earlier day than what it
    replaces. `remark` is empty, or says that too, or why the model that
    served could not be compared with.
    """

    name: str
    version: str
    registered_version: str
    replaced_version: str
    gates: tuple[GateResult, ...]
    comparison: Comparison | None
    is_older: bool = False
    remark: str = ""


class RollbackReport(Judgment, frozen=True):
    """What serves again. `registered_version` is empty if MLflow does not know it."""

    name: str
    version: str
    registered_version: str


def promote(
    session: Session,
    organization_id: str,
    *,
    tracking: Path,
    serving: Path,
    seal: SigningSeal,
    as_of: date,
    name: str = "denial-risk",
    version: str = CHALLENGER,
    older: bool = False,
    now: datetime | None = None,
) -> PromotionReport:
    """Compare a version with what serves and, if every gate is met, let it serve.

    Answers received before `as_of` decide. `older`: also one trained as of an earlier
    day than what serves. `now` is signed as the instant of the promotion.

    Raises
    ------
    NoModel
        If there is no such version.
    GateFailed
        If a gate is not met; names every one that failed with both numbers. Or the
        challenger was rolled back and is not named by its number. What served stays.
    BundleRejected
        If the stored bundle fails its integrity check.
    """
    registry = Registry(tracking)
    chosen = registry.find(name, version=version)
    champion, replaced, remark = _champion(registry, name, serving, seal)
    with temporary_directory() as directory:
        exported = registry.export(chosen, Path(directory))
        bundle = load_bundle(exported, seal=seal, status="trained")
        if version == CHALLENGER and bundle.version != replaced:
            _refuse_withdrawn(chosen, bundle.version, serving, seal=seal)
        challenger = Contestant(bundle, _specification(registry, chosen))
        comparison, not_judged = _compared(
            session, organization_id, challenger, champion, as_of=as_of
        )
        evidence = _evidence(
            registry, chosen, exported, comparison=comparison, not_judged=not_judged
        )
        gates = check_gates(_about_both(evidence, challenger, champion, older=older))
        if refused := refusals(gates):
            raise GateFailed(f"version {chosen.version} is not promoted: {refused}")
        installed = install_bundle(exported, serving, seal=seal, now=now)
    registry.make_champion(chosen)
    said = (remark, _unjudged(gates, comparison), _unchanged(installed, replaced))
    return PromotionReport(
        name=name,
        version=installed.version,
        registered_version=chosen.version,
        replaced_version=replaced,
        gates=gates,
        comparison=comparison,
        is_older=any(one.gate == OLDER_THAN_WHAT_SERVES and one.found for one in gates),
        remark="; ".join(filter(None, said)),
    )


def _refuse_withdrawn(
    chosen: RegisteredVersion, version: str, serving: Path, *, seal: Seal
) -> None:
    if withdrawn_version(serving, seal=seal) == version:
        raise GateFailed(
            f"the challenger is version {chosen.version}, which the last rollback took"
            " out of service: train again, or name it (`denialml promote --version"
            f" {chosen.version}`)"
        )


def _unchanged(installed: Bundle, replaced: str) -> str:
    if installed.version != replaced:
        return ""
    return f"{replaced} serves already: nothing was changed, nor the one before it"


def _compared(
    session: Session,
    organization_id: str,
    challenger: Contestant,
    champion: Contestant | None,
    *,
    as_of: date,
) -> tuple[Comparison | None, str]:
    """The comparison on answers received before `as_of`, or why there is none."""
    records = practice_records(session, organization_id, until=as_of)
    try:
        found = compare(
            _frame_of(challenger, records, as_of),
            challenger,
            champion,
            known_by=as_of,
            pseudonym=keyed_words(session, organization_id).payer,
            champion_frame=_frame_of(champion, records, as_of)
            if _has_rules(champion) not in (None, _has_rules(challenger))
            else None,
        )
    except NotEnoughHistory as error:
        return None, str(error)
    return found, ""


def _frame_of(
    contestant: Contestant | None, records: PracticeRecords, as_of: date
) -> Frame:
    return build_frame(records, known_by=as_of, with_rules=_has_rules(contestant))


def _has_rules(contestant: Contestant | None) -> bool | None:
    """Whether claim rules are among its features; None: there is no bundle."""
    if contestant is None or contestant.bundle is None:
        return None
    return contestant.bundle.with_rules


def _has_more_than_rates(contestant: Contestant | None) -> bool:
    """Whether it is a model beyond the rates by cause, which may serve unjudged."""
    if contestant is None or contestant.bundle is None:
        return False
    return contestant.bundle.facts.kind != _RATES_ALONE


def _unjudged(gates: tuple[GateResult, ...], comparison: Comparison | None) -> str:
    if comparison is not None:
        return ""
    return next(one.says for one in gates if one.gate == "judged")


def rollback(
    *, tracking: Path, serving: Path, seal: Seal, name: str = "denial-risk"
) -> RollbackReport:
    """Serve what served before the last promotion, and move the alias back.

    Raises
    ------
    NoModel
        If nothing served before.
    BundleRejected
        If what served before fails its check; what serves stays.
    """
    restored = restore_previous(serving, seal=seal)
    registry = Registry(tracking)
    try:
        found = registry.find_bundle(name, restored.version)
    except NoModel:
        return RollbackReport(
            name=name, version=restored.version, registered_version=""
        )
    registry.make_champion(found)
    return RollbackReport(
        name=name, version=restored.version, registered_version=found.version
    )


def _champion(
    registry: Registry, name: str, serving: Path, seal: Seal
) -> tuple[Contestant | None, str, str]:
    """What serves, its version, and why it cannot be compared with (or nothing)."""
    try:
        bundle = load_bundle(serving, seal=seal)
    except NoModel:
        return None, "", ""
    except BundleRejected as error:
        return None, "", f"what served was not compared with: {error}"
    try:
        found = registry.find_bundle(name, bundle.version)
        specification = _specification(registry, found)
    except NoModel:
        specification = TrainingSpecification()
    return Contestant(bundle, specification), bundle.version, ""


def _specification(
    registry: Registry, version: RegisteredVersion
) -> TrainingSpecification:
    content = registry.document(version, "specification.json")
    return msgspec.json.decode(content, type=TrainingSpecification)


def _about_both(
    evidence: Evidence,
    challenger: Contestant,
    champion: Contestant | None,
    *,
    older: bool,
) -> Evidence:
    """With what the gates ask of the challenger and of what it would replace."""
    return msgspec.structs.replace(
        evidence,
        rates_alone=not _has_more_than_rates(challenger),
        replaces_judged=_has_more_than_rates(champion),
        trained_as_of=challenger.trained_as_of,
        replaces_trained_as_of=champion.trained_as_of if champion else None,
        older_allowed=older,
    )


def _evidence(
    registry: Registry,
    chosen: RegisteredVersion,
    exported: Path,
    *,
    comparison: Comparison | None,
    not_judged: str,
) -> Evidence:
    measures = chosen.measures
    try:
        card = read_card((exported / CARD_JSON).read_bytes())
        missing = unanswered(card.source_attributes)
    except (OSError, msgspec.DecodeError):
        missing = tuple(each.number for each in SOURCE_ATTRIBUTES)
    return Evidence(
        comparison=comparison,
        not_judged=not_judged,
        canary_auc=measures.get("canary_auc"),
        canary_allowed=measures["canary_allowed"],
        leak_alarms=int(measures["leak_alarms"]),
        unanswered=missing,
        gates=_specification(registry, chosen).gates,
    )
