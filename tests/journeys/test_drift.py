"""Drift over a store: read, audited, and by payers' own ids."""

import shutil
from datetime import date
from pathlib import Path

import msgspec
import pytest

from denialml.errors import BundleRejected, NoModel
from denialml.journeys.drift import read_drift
from denialml.journeys.retrain import payer_pseudonyms, serving_of
from denialml.modeling.retraining.drift import DriftReport
from denialml.modeling.retraining.drift_baseline import BASELINE, DriftBaseline
from denialml.modeling.risk.bundle import write_bundle
from denialml.store.audit import AuditAction, latest_sequence, list_events
from denialml.store.database import open_session
from tests.journeys.simulated_store import (  # noqa: F401 (fixture)
    AS_OF,
    NOW,
    SimulatedStore,
    simulated_store,
)


def _read(store: SimulatedStore, serving: Path) -> DriftReport:
    with open_session(store.engine) as session:
        found = read_drift(
            session,
            store.organization_id,
            serving=serving,
            seal=store.seal,
            as_of=AS_OF,
            now=NOW,
            actor="test",
        )
        session.commit()
    return found


def test_right_after_training_there_is_nothing_to_compare(
    simulated_store: SimulatedStore,  # noqa: F811
) -> None:
    found = _read(simulated_store, simulated_store.serving)
    assert found.lines == 0
    assert not found.retrain
    assert "comparing takes 100" in found.proposal


def test_months_after_training_features_risk_and_payers_are_compared(
    simulated_store: SimulatedStore,  # noqa: F811
    tmp_path: Path,
) -> None:
    """The served model, as though it had been trained half a year before."""
    served = serving_of(simulated_store.serving, seal=simulated_store.seal)
    older = msgspec.structs.replace(served.baseline, trained_as_of=date(2023, 10, 1))
    write_bundle(
        served.bundle,
        tmp_path / "serving",
        seal=simulated_store.seal,
        status="promoted",
        cards={BASELINE: msgspec.json.encode(older)},
    )
    found = _read(simulated_store, tmp_path / "serving")
    assert found.lines >= 100
    assert len(found.features) == len(served.baseline.features)
    assert found.risk is not None
    billed = {claim.payer.payer_id for claim in simulated_store.outgoing}
    named = {one.payer for one in found.payers}
    assert named
    assert named <= billed | set(_payers(simulated_store))
    with open_session(simulated_store.engine) as session:
        organization_id = simulated_store.organization_id
        newest = latest_sequence(session, organization_id, AuditAction.DRIFT_READ)
        (last,) = list_events(session, organization_id, after_sequence=newest - 1)
    assert last.action is AuditAction.DRIFT_READ
    assert last.record_id == served.bundle.version
    assert last.record_count == found.lines


def _payers(store: SimulatedStore) -> list[str]:
    with open_session(store.engine) as session:
        return list(payer_pseudonyms(session, store.organization_id).values())


def test_a_bundle_without_a_baseline_says_what_to_do(
    simulated_store: SimulatedStore,  # noqa: F811
    tmp_path: Path,
) -> None:
    bundle = serving_of(simulated_store.serving, seal=simulated_store.seal).bundle
    write_bundle(
        bundle, tmp_path / "serving", seal=simulated_store.seal, status="promoted"
    )
    with pytest.raises(NoModel, match="train and promote again"):
        _read(simulated_store, tmp_path / "serving")


def test_a_changed_baseline_is_rejected(
    simulated_store: SimulatedStore,  # noqa: F811
    tmp_path: Path,
) -> None:
    shutil.copytree(simulated_store.serving, tmp_path / "serving")
    path = tmp_path / "serving" / BASELINE
    changed = msgspec.structs.replace(
        msgspec.json.decode(path.read_bytes(), type=DriftBaseline), lines=1
    )
    path.write_bytes(msgspec.json.encode(changed))
    with pytest.raises(BundleRejected, match=BASELINE):
        _read(simulated_store, tmp_path / "serving")
