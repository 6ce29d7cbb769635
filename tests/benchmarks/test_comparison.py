"""Paired gains: measures of weighted lines, pooled worlds, and parts joined."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from benchmarks.comparison import (
    MEASURES,
    ROUNDS,
    RankedRisk,
    gain_draws,
    gains_of,
    recall_at,
)
from benchmarks.world_results import joined, shortfalls, write
from denialml.modeling.risk.evaluation import log_loss


def drawn(seed: int, rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    risk = np.round(random.random(rows), 2)  # rounded, so that there are ties
    return (random.random(rows) < risk**2).astype(np.int8), risk


def test_measures_of_lines_drawn_once_are_scikit_learns() -> None:
    denied, risk = drawn(1)
    found = RankedRisk(denied, risk).measures(np.ones(len(risk)))
    assert found[0] == pytest.approx(log_loss(denied, risk))
    assert found[1] == pytest.approx(average_precision_score(denied, risk))
    assert found[2] == recall_at(denied, risk, precision=0.95)


def test_a_line_of_weight_three_counts_as_three_lines() -> None:
    denied, risk = drawn(2)
    times = np.random.default_rng(3).integers(0, 4, len(risk))
    rows = np.repeat(np.arange(len(risk)), times)
    weighted = RankedRisk(denied, risk).measures(times.astype(float))
    repeated = RankedRisk(denied[rows], risk[rows]).measures(np.ones(len(rows)))
    assert weighted == pytest.approx(repeated)


def test_lines_of_equal_risk_are_flagged_together() -> None:
    denied = np.array([1, 0, 1, 0], np.int8)
    risk = np.array([0.9, 0.9, 0.1, 0.1])
    assert recall_at(denied, risk, precision=0.95) == 0.0
    assert recall_at(denied, risk, precision=0.5) == 1.0


def test_a_sharper_risk_gains_and_a_risk_gains_nothing_over_itself() -> None:
    denied, risk = drawn(4, rows=3000)
    patients = np.arange(3000) // 3
    blurred = 0.5 * risk + 0.5 * risk.mean()
    draws = gain_draws(
        denied, risk, {"itself": risk, "blurred": blurred}, patients, seed=1
    )
    assert all(len(draws["itself"][name]) == ROUNDS + 1 for name in MEASURES)
    assert gains_of([draws["itself"]])["log_loss"]["interval"] == [0.0, 0.0]
    assert gains_of([draws["blurred"]])["log_loss"]["interval"][0] > 0


def test_pooled_worlds_have_a_narrower_interval_around_their_mean_gain() -> None:
    random = np.random.default_rng(5)
    worlds = [
        {name: [gain, *(gain + random.normal(0, 1, ROUNDS))] for name in MEASURES}
        for gain in (1.0, 3.0)
    ]
    one, both = gains_of(worlds[:1])["log_loss"], gains_of(worlds)["log_loss"]
    assert both["gain"] == pytest.approx(2.0)

    def width(told: dict) -> float:
        return told["interval"][1] - told["interval"][0]

    assert width(both) < 0.85 * width(one)


def part(seed: int, gain: float, **changed: object) -> dict:
    """One world's part as the backtest writes it, by hand."""
    result = {
        "seed": seed,
        "denialml, fitted once": {
            "skill_kl": 0.9,
            "auc": 0.8,
            "truth_calibration_error": 0.005,
        },
        "truth": {"auc": 0.85},
        "gain_draws": {"table": {name: [gain] * (ROUNDS + 1) for name in MEASURES}},
    }
    return {
        "data": "simulated",
        "command": f"python -m benchmarks.backtest --claims 9 --seeds {seed} --peers",
        "split": "2025-01-01",
        "results": [result],
        **changed,
    }


def written(folder: Path, *parts: dict) -> list[Path]:
    paths = [folder / f"{at}.json" for at, _ in enumerate(parts)]
    for path, content in zip(paths, parts, strict=True):
        write(content, path, part=True)
    return paths


def test_parts_join_by_seed_into_one_file_without_resamples(tmp_path: Path) -> None:
    out = tmp_path / "all.json"
    paths = written(tmp_path, part(102, 0.3), part(101, 0.1))
    write(joined(paths), out, part=False)
    content = json.loads(out.read_text())
    assert content["command"].endswith("--claims 9 --seeds 101 102 --peers")
    assert [each["seed"] for each in content["results"]] == [101, 102]
    assert content["paired_gains"]["table"]["log_loss"]["gain"] == pytest.approx(0.2)
    assert content["results"][0]["paired_gains"]["table"]["log_loss"]["gain"] == 0.1
    assert content["mean_skill_kl"] == {"denialml, fitted once": 0.9}
    assert "gain_draws" not in out.read_text()
    assert content["shortfalls"] == []


def test_parts_of_other_commands_or_the_same_seed_are_refused(tmp_path: Path) -> None:
    other = part(102, 0.1, command="python -m benchmarks.backtest --claims 8 --seeds 2")
    with pytest.raises(SystemExit, match="different commands"):
        joined(written(tmp_path, part(101, 0.1), other))
    with pytest.raises(SystemExit, match="twice"):
        joined(written(tmp_path, part(101, 0.1), part(101, 0.2)))
    final = tmp_path / "final.json"
    write(part(101, 0.1), final, part=False)
    with pytest.raises(SystemExit, match="--part"):
        joined([final])


def test_a_tie_falls_short_unless_the_other_has_denialmls_features() -> None:
    tie, lost = ([gain] * (ROUNDS + 1) for gain in (0.0, -1.0))
    result = part(101, 0.1)["results"][0]
    result["gain_draws"] = {
        "table": dict.fromkeys(MEASURES, tie),
        "CatBoost on denialml's features": dict.fromkeys(MEASURES, tie),
        "XGBoost on denialml's features": dict.fromkeys(MEASURES, lost),
    }
    assert shortfalls([result]) == [
        *[f"{name}: not surely above table" for name in MEASURES],
        *[
            f"{name}: not surely above XGBoost on denialml's features"
            for name in MEASURES
        ],
    ]
