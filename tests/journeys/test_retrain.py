"""Training, promotion and rollback from a store, on a small simulated practice."""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from denialml.errors import BundleRejected, GateFailed, NoModel, NotEnoughHistory
from denialml.journeys.promotion import PromotionReport, promote, rollback
from denialml.journeys.retrain import TrainingReport, payer_pseudonyms, train
from denialml.modeling.retraining.drift_baseline import BASELINE
from denialml.modeling.retraining.model_card import CARD_JSON, read_card
from denialml.modeling.retraining.registry import CHALLENGER, CHAMPION, Registry
from denialml.modeling.retraining.source_attributes import (
    SOURCE_ATTRIBUTES,
    unanswered,
)
from denialml.modeling.risk.bundle import load_bundle, write_bundle
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.store.database import open_session
from tests.journeys.simulated_store import (  # noqa: F401 (fixture)
    AS_OF,
    NOW,
    SPECIFICATION,
    SimulatedStore,
    simulated_store,
)

EARLY = date(2023, 3, 1)  # too few answers for trees
REPORT = {
    "data_fingerprint.json",
    "specification.json",
    "measures.json",
    "measures_by_payer.json",
    "measures_by_subgroup.json",
    "calibration.json",
    "decision_curve.json",
    "leak_report.json",
    "feature_contributions.json",
    "contribution_spreads.json",
    "calibration.png",
    "calibration.svg",
    "contributions.png",
    "contributions.svg",
    "decision_curve.png",
    "decision_curve.svg",
    "drift_baseline.json",
    "model_card.json",
    "model_card.md",
}


def _train(
    store: SimulatedStore,
    home: Path,
    *,
    as_of: date = AS_OF,
    specification: TrainingSpecification = SPECIFICATION,
) -> TrainingReport:
    """Train on the fixture's records, into `tracking` under `home`."""
    with open_session(store.engine) as session:
        return train(
            session,
            store.organization_id,
            specification=specification,
            tracking=home / "tracking",
            seal=store.seal,
            as_of=as_of,
            now=NOW,
        )


def _promote(
    store: SimulatedStore,
    home: Path,
    *,
    as_of: date = AS_OF,
    version: str = CHALLENGER,
    older: bool = False,
) -> PromotionReport:
    """Promote from `tracking` to `serving`, both under `home`."""
    with open_session(store.engine) as session:
        return promote(
            session,
            store.organization_id,
            tracking=home / "tracking",
            serving=home / "serving",
            seal=store.seal,
            as_of=as_of,
            version=version,
            older=older,
        )


def test_the_report_says_what_was_trained_on(simulated_store: SimulatedStore) -> None:  # noqa: F811
    report = simulated_store.training
    assert report.trained_as_of == AS_OF
    assert report.answered_lines > report.denied_lines > 150
    assert report.last_submission < AS_OF.isoformat()
    assert report.measures["auc"] > 0.55
    assert report.trees > 0
    assert report.version.startswith("denial-risk-20240401-")
    assert report.window_first < report.window_last < AS_OF
    assert report.leak_alarms == ()


def test_what_serves_is_the_champion(simulated_store: SimulatedStore) -> None:  # noqa: F811
    registry = Registry(simulated_store.directory / "tracking")
    champion = registry.find("denial-risk", version=CHAMPION)
    assert champion.run_id == simulated_store.training.run_id
    served = load_bundle(simulated_store.serving, seal=simulated_store.seal)
    assert served.version == simulated_store.training.version


def test_a_run_keeps_its_whole_report(simulated_store: SimulatedStore) -> None:  # noqa: F811
    """Each part is there, is JSON, and agrees with the others."""
    registry = Registry(simulated_store.directory / "tracking")
    version = registry.find("denial-risk", version=CHAMPION)
    read = {name: registry.document(version, name) for name in REPORT}
    parts = {
        name: json.loads(content)
        for name, content in read.items()
        if name.endswith(".json")
    }
    data = parts["data_fingerprint.json"]
    assert data["lines"] == data["denied"] + data["paid"] + data["censored"]
    assert len(data["digest"]) > 16
    assert parts["specification.json"] == msgspec.to_builtins(SPECIFICATION)
    overall = parts["measures.json"]["overall"]
    for name in ("log_loss", "auc", "average_precision", "brier"):
        low, high = overall[name]["low"], overall[name]["high"]
        assert low < overall[name]["value"] < high, name
    bins = parts["calibration.json"]
    assert sum(one["lines"] for one in bins) == version.measures["window_lines"]
    assert sorted(one["mean_risk"] for one in bins) == [
        one["mean_risk"] for one in bins
    ]
    points = parts["decision_curve.json"]
    for one in points:
        assert 0 <= one["found_dollars"] <= one["best_dollars"]
    assert points[-1]["found_dollars"] >= points[0]["found_dollars"]
    assert set(parts["measures_by_subgroup.json"]) == {
        "age band",
        "sex",
        "payer type",
    }
    assert parts["leak_report.json"]["alarms"] == []
    shares = [one["share"] for one in parts["feature_contributions.json"]]
    assert sum(shares) == pytest.approx(1.0)
    for one in parts["drift_baseline.json"]["features"]:
        assert len(one["spread"]["shares"]) == len(one["spread"]["edges"]) + 2
        assert sum(one["spread"]["shares"]) == pytest.approx(1.0)
    with pytest.raises(NoModel, match="has no nothing"):
        registry.document(version, "nothing.json")


def test_the_card_answers_all_31_attributes_and_says_that_it_is_simulated(
    simulated_store: SimulatedStore,  # noqa: F811
) -> None:
    assert len(SOURCE_ATTRIBUTES) == 31
    card = read_card((simulated_store.serving / CARD_JSON).read_bytes())
    assert unanswered(card.source_attributes) == ()
    assert "Simulated" in card.data
    reasons = [one for one in card.source_attributes if not one.assessed]
    assert {one.number for one in reasons} == {
        *("6.i", "6.ii", "6.iii", "6.iv"),
        *("7.iii", "7.iv", "7.v"),
    }
    drawn = (simulated_store.serving / "model_card.md").read_text()
    for one in SOURCE_ATTRIBUTES:
        assert f"**{one.number} {one.question}.**" in drawn
    assert card.overall["log_loss"].value == pytest.approx(
        simulated_store.training.measures["log_loss"]
    )


def test_the_organization_can_resolve_its_payers(
    simulated_store: SimulatedStore,  # noqa: F811
) -> None:
    with open_session(simulated_store.engine) as session:
        known = payer_pseudonyms(session, simulated_store.organization_id)
    card = read_card((simulated_store.serving / CARD_JSON).read_bytes())
    named = {one.group for one in card.payers}
    assert named
    assert named <= set(known)
    billed = {claim.payer.payer_id for claim in simulated_store.outgoing}
    assert billed <= set(known.values())


def test_a_first_promotion_is_judged_against_the_payer_and_code_table(
    simulated_store: SimulatedStore,  # noqa: F811
) -> None:
    report = simulated_store.promotion
    assert report.comparison.opponent == "payer x code table"
    assert report.replaced_version == ""
    assert [one.gate for one in report.gates if one.gate != "payer_log_loss"] == [
        "judged",
        "canary",
        "leaks",
        "model_card",
        "constant",
        "table",
        "log_loss",
        "mean_risk",
    ]
    assert all(one.passed for one in report.gates)


def _copied(store: SimulatedStore, to: Path) -> tuple[Path, Path]:
    """A tracking store and what serves, to change without changing the fixture's."""
    shutil.copytree(store.serving, to / "serving")
    return to / "tracking", to / "serving"


def _log_again(
    store: SimulatedStore, tracking: Path, *, measures: dict[str, float], card: bytes
) -> str:
    """Register the fixture's model once more, with other evidence; its version."""
    source = Registry(store.directory / "tracking")
    version = source.find("denial-risk", version=CHAMPION)
    bundle = load_bundle(store.serving, seal=store.seal)
    path = tracking.parent / f"bundle-{len(list(tracking.parent.iterdir()))}"
    baseline = (store.serving / BASELINE).read_bytes()
    write_bundle(
        bundle, path, seal=store.seal, cards={CARD_JSON: card, BASELINE: baseline}
    )
    logged = Registry(tracking).log_run(
        "denial-risk",
        bundle=path,
        documents={"specification.json": msgspec.json.encode(SPECIFICATION)},
        parameters={},
        measures=version.measures | measures,
        tags={"bundle_version": bundle.version},
    )
    return logged.version


@pytest.mark.parametrize(
    ("measures", "card_is_whole", "message"),
    [
        pytest.param(
            {"canary_auc": 0.71, "canary_allowed": 0.08},
            True,
            "gate canary: trees on shuffled outcomes reach AUC 0.710, allowed 0.5"
            " within 0.080",
            id="the outcome leaks",
        ),
        pytest.param(
            {"leak_alarms": 2.0},
            True,
            "gate leaks: the leak report holds 2 alarms, allowed 0",
            id="the leak report alarms",
        ),
        pytest.param(
            {},
            False,
            "gate model_card: the model card leaves 31 source attributes out",
            id="no model card",
        ),
    ],
)
def test_a_gate_that_fails_leaves_what_serves(
    simulated_store: SimulatedStore,  # noqa: F811
    tmp_path: Path,
    measures: dict[str, float],
    card_is_whole: bool,
    message: str,
) -> None:
    tracking, serving = tmp_path / "tracking", tmp_path / "serving"
    card = (simulated_store.serving / CARD_JSON).read_bytes()
    version = _log_again(
        simulated_store,
        tracking,
        measures=measures,
        card=card if card_is_whole else b"{}",
    )
    with pytest.raises(GateFailed) as failed:
        _promote(simulated_store, tmp_path, version=version)
    assert message in str(failed.value)
    assert not serving.exists()
    with pytest.raises(NoModel):
        Registry(tracking).find("denial-risk", version=CHAMPION)


def test_a_second_promotion_meets_the_champion_and_rollback_undoes_it(
    simulated_store: SimulatedStore,  # noqa: F811
    tmp_path: Path,
) -> None:
    tracking, serving = _copied(simulated_store, tmp_path)
    first = load_bundle(serving, seal=simulated_store.seal).version
    card = (serving / CARD_JSON).read_bytes()
    logged = _log_again(simulated_store, tracking, measures={}, card=card)
    registry = Registry(tracking)
    registry.make_champion(registry.find("denial-risk", version=logged))
    reseeded = msgspec.structs.replace(SPECIFICATION, seed=7)
    report = _train(simulated_store, tmp_path, specification=reseeded)
    promoted = _promote(simulated_store, tmp_path)
    assert promoted.replaced_version == first
    assert promoted.version == report.version != first
    assert promoted.comparison.opponent.startswith("champion's specification")
    champion = registry.find("denial-risk", version=CHAMPION)
    assert champion.version == report.registered_version
    since = json.loads(registry.document(champion, "drift_since_champion.json"))
    assert since["trained_as_of"] == AS_OF.isoformat()
    assert since["proposal"] == report.drift_proposal
    assert "0 lines were sent since the model was trained" in report.drift_proposal
    back = rollback(tracking=tracking, serving=serving, seal=simulated_store.seal)
    assert back.version == first
    assert load_bundle(serving, seal=simulated_store.seal).version == first
    with pytest.raises(NoModel, match="no previous"):
        rollback(tracking=tracking, serving=serving, seal=simulated_store.seal)
    _promoted_again_only_by_number(simulated_store, tmp_path, report)


def _promoted_again_only_by_number(
    store: SimulatedStore, home: Path, withdrawn: TrainingReport
) -> None:
    tracking, serving = home / "tracking", home / "serving"
    with pytest.raises(GateFailed, match="rollback took out of service"):
        _promote(store, home)
    assert load_bundle(serving, seal=store.seal).version != withdrawn.version
    _promote(store, home, version=withdrawn.registered_version)
    assert load_bundle(serving, seal=store.seal).version == withdrawn.version
    assert "serves already" in _promote(store, home).remark
    rollback(tracking=tracking, serving=serving, seal=store.seal)


def test_rollback_moves_the_alias_to_the_version_it_restores(
    simulated_store: SimulatedStore,  # noqa: F811
    tmp_path: Path,
) -> None:
    tracking, serving = _copied(simulated_store, tmp_path)
    card = (serving / CARD_JSON).read_bytes()
    version = _log_again(simulated_store, tracking, measures={}, card=card)
    shutil.copytree(serving, tmp_path / "serving.previous")
    back = rollback(tracking=tracking, serving=serving, seal=simulated_store.seal)
    assert back.registered_version == version
    registry = Registry(tracking)
    assert registry.find("denial-risk", version=CHAMPION).version == version


def test_a_bundle_altered_in_the_registry_is_not_promoted(
    simulated_store: SimulatedStore,  # noqa: F811
    tmp_path: Path,
) -> None:
    tracking, serving = tmp_path / "tracking", tmp_path / "serving"
    card = (simulated_store.serving / CARD_JSON).read_bytes()
    version = _log_again(simulated_store, tracking, measures={}, card=card)
    (altered,) = (tracking / "artifacts").rglob("model.txt")
    altered.write_text(altered.read_text().replace("leaf_value=0", "leaf_value=1", 1))
    with altered.open("a") as stream:
        stream.write("\n")
    with pytest.raises(BundleRejected, match=r"model\.txt does not match"):
        _promote(simulated_store, tmp_path, version=version)
    assert not serving.exists()


def test_a_practice_without_any_answer_is_refused(
    simulated_store: SimulatedStore,  # noqa: F811
    tmp_path: Path,
) -> None:
    with pytest.raises(NotEnoughHistory, match="no claim line was answered"):
        _train(simulated_store, tmp_path, as_of=date(2023, 1, 6))


def test_with_little_history_the_run_says_what_was_not_assessed_and_rates_serve(
    simulated_store: SimulatedStore,  # noqa: F811
    tmp_path: Path,
) -> None:
    serving = tmp_path / "serving"
    report = _train(simulated_store, tmp_path, as_of=EARLY)
    promoted = _promote(simulated_store, tmp_path, as_of=EARLY)
    assert report.kind == "cause-rates"
    assert report.measures == {}
    assert report.canary_auc is None
    assert report.window_first is None
    measures, canary = report.not_assessed
    assert measures.startswith("measures: not assessed, too few answers: ")
    assert canary.startswith("canary: not assessed, too few answers: ")
    assert promoted.comparison is None
    assert "The rates by cause serve unjudged" in promoted.remark
    assert all(one.passed for one in promoted.gates)
    served = load_bundle(serving, seal=simulated_store.seal)
    assert served.version == report.version
    card = read_card((serving / CARD_JSON).read_bytes())
    assert unanswered(card.source_attributes) == ()
    missing = {one.number: one.answer for one in card.source_attributes}
    assert "too few answers" in missing["7.i"]
    drawn = (serving / "model_card.md").read_text()
    assert "Not measured: not assessed, too few answers" in drawn
    assert "canary was not assessed" in drawn


def test_a_model_of_an_earlier_day_is_promoted_only_as_older_and_said_to_be(
    simulated_store: SimulatedStore,  # noqa: F811
    tmp_path: Path,
) -> None:
    _train(simulated_store, tmp_path, as_of=EARLY)
    assert not _promote(simulated_store, tmp_path, as_of=EARLY).is_older
    _train(simulated_store, tmp_path, as_of=EARLY - timedelta(days=7))
    with pytest.raises(GateFailed, match="gate older_than_what_serves"):
        _promote(simulated_store, tmp_path, as_of=EARLY)
    assert _promote(simulated_store, tmp_path, as_of=EARLY, older=True).is_older


def test_rates_never_replace_a_judged_model_unjudged(
    simulated_store: SimulatedStore,  # noqa: F811
    tmp_path: Path,
) -> None:
    _, serving = _copied(simulated_store, tmp_path)
    first = load_bundle(serving, seal=simulated_store.seal).version
    _train(simulated_store, tmp_path, as_of=EARLY)
    with pytest.raises(GateFailed, match="gate judged: not assessed"):
        _promote(simulated_store, tmp_path, as_of=EARLY)
    assert load_bundle(serving, seal=simulated_store.seal).version == first
