"""The whole job through the command line, as a practice would run it.

One small simulated practice goes through every command once; the tests then look at
what each command left behind.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.slow

FIRST, LAST = "2024-01-01", "2025-12-31"
CLAIMS = 4000


class Ran(NamedTuple):
    status: int
    out: str
    remarks: str


Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("whole_job")


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    environment = {
        **os.environ,
        "DENIALML_DATA_DIRECTORY": str(folder / "var"),
        "COLUMNS": "200",
    }

    def command(*arguments: str, status: int = 0) -> Ran:
        done = subprocess.run(
            [sys.executable, "-c", "from denialml.cli import main; main()", *arguments],
            capture_output=True,
            text=True,
            env=environment,
            cwd=folder,
            timeout=250,
            check=False,
        )
        assert done.returncode == status, done.stderr[-2000:]
        return Ran(done.returncode, done.stdout, done.stderr)

    return command


@pytest.fixture(scope="module")
def files(run: Run, folder: Path) -> Path:
    run("simulate", "--out", "files", "--claims", str(CLAIMS), "--seed", "7",
        "--from", FIRST, "--to", LAST)  # fmt: skip
    return folder / "files"


@pytest.fixture(scope="module")
def ingested(run: Run, files: Path) -> list[dict[str, object]]:
    practice = str(files / "practice")
    return json.loads(
        run("ingest", practice, "--organization", "Simulated", "--json").out
    )


@pytest.fixture(scope="module")
def trained(run: Run, ingested: object) -> dict[str, object]:
    report = json.loads(run("train", "--as-of", "2026-01-01", "--json").out)
    run("promote")
    return report


@pytest.fixture(scope="module")
def denials(run: Run, ingested: object) -> list[dict[str, object]]:
    listed = run("denials", "--as-of", "2026-01-01", "--limit", "200", "--json")
    return json.loads(listed.out)["denials"]


def test_every_simulated_file_is_read_completely(
    ingested: list[dict[str, object]],
) -> None:
    assert [one["file"] for one in ingested if not one["complete"]] == []
    errors = [
        problem
        for one in ingested
        for problem in one["problems"]
        if problem["severity"] == "error"
    ]
    assert errors == []
    assert sum(one["payments_unmatched"] for one in ingested) == 0


def test_ingesting_again_adds_nothing(run: Run, files: Path, ingested: object) -> None:
    again = json.loads(run("ingest", str(files / "practice"), "--json").out)
    assert [one["file"] for one in again if one["records_new"]] == []
    assert sum(one["lines_answered"] for one in again) == 0


def test_a_damaged_file_is_reported_and_is_no_success(
    run: Run, files: Path, folder: Path, ingested: object
) -> None:
    whole = sorted((files / "practice" / "835").glob("*.edi"))[-1].read_bytes()
    damaged = folder / "damaged.edi"
    damaged.write_bytes(whole[: len(whole) * 2 // 3])
    ran = run("ingest", "damaged.edi", status=3)
    assert "not complete" in ran.remarks
    assert "Fix:" in ran.remarks


def test_training_reports_measures_and_a_canary(trained: dict[str, object]) -> None:
    assert trained["measures"]["auc"] > 0.6
    assert abs(trained["canary_auc"] - 0.5) < 0.1


def test_scores_come_with_reasons_that_add_up(
    run: Run, files: Path, trained: object
) -> None:
    scored = json.loads(run("score", str(files / "outgoing/claims.edi"), "--json").out)
    assert scored["complete"]
    assert scored["scores"]
    for one in scored["scores"]:
        assert 0 < one["probability"] < 1
        for line in one["lines"]:
            total = line["base"] + sum(c["contribution"] for c in line["contributions"])
            assert total == pytest.approx(line["raw_output"], rel=1e-9, abs=1e-12)


def test_scoring_a_file_without_claims_says_so(
    run: Run, files: Path, trained: object
) -> None:
    ran = run("score", str(files / "newest/835.edi"), status=1)
    assert "holds no professional claim" in ran.remarks


def test_denials_have_cause_route_and_deadline(
    denials: list[dict[str, object]],
) -> None:
    assert len(denials) > 50
    for one in denials:
        assert one["finding"]["probability"] <= 1
        assert one["route"]["reason"]
        deadline = one["deadline"]
        assert (deadline["due_on"] is None) == (deadline["status"] == "no_appeal_right")


def test_letters_are_written_or_say_what_to_do_instead(
    run: Run, folder: Path, denials: list[dict[str, object]]
) -> None:
    statuses = set()
    for one in denials[:12]:
        identity = one["denial"]["denial_id"]
        ran = subprocess.run(
            [sys.executable, "-c", "from denialml.cli import main; main()",
             "draft", identity, "--out", "letters", "--json"],
            capture_output=True, text=True, cwd=folder, timeout=100, check=False,
            env={**os.environ, "DENIALML_DATA_DIRECTORY": str(folder / "var")},
        )  # fmt: skip
        draft = json.loads(ran.stdout)
        statuses.add(draft["status"])
        assert ran.returncode == (0 if draft["status"] == "draft" else 4)
        assert draft["blocks"] or draft["blocked_reasons"]
    assert statuses
    assert list((folder / "letters").glob("*.html"))


def test_backtest_writes_risk_then_outcome(
    run: Run, folder: Path, ingested: object
) -> None:
    run("backtest", "--from", "2025-07-01", "--to", "2025-12-31",
        "--out", "backtest.csv")  # fmt: skip
    with (folder / "backtest.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) > 500
    assert {row["outcome_line"] for row in rows} >= {"paid", "denied"}
    for row in rows:
        assert "2025-07-01" <= row["submitted_on"] <= "2025-12-31"
        assert row["model_trained_as_of"] <= row["submitted_on"]


def test_a_training_run_names_its_window_and_has_no_leak_alarm(
    trained: dict[str, object],
) -> None:
    assert trained["leak_alarms"] == []
    assert "2025-01-01" < trained["window_first"] < trained["window_last"]


def test_pseudonyms_lead_back_to_the_practices_payers(
    run: Run, folder: Path, trained: dict[str, object]
) -> None:
    known = json.loads(run("pseudonyms", "--json").out)
    (card,) = (folder / "var" / "model").glob("*/model_card.json")
    named = {one["group"] for one in json.loads(card.read_text())["payers"]}
    assert named
    assert named <= set(known)
    assert len(set(known.values())) == len(known)


def test_drift_compares_with_the_served_model_and_names_no_patient(
    run: Run, trained: dict[str, object]
) -> None:
    found = json.loads(run("drift", "--as-of", "2026-01-01", "--json").out)
    assert found["trained_as_of"] == "2026-01-01"
    assert "comparing takes 100" in found["proposal"]
    assert found["proposal"] in run("drift", "--as-of", "2026-01-01").remarks


def test_a_model_promoted_elsewhere_is_received_with_the_public_key_alone(
    run: Run, folder: Path, trained: dict[str, object]
) -> None:
    (serving,) = (folder / "var" / "model").glob("org_*")
    copied = shutil.copytree(serving, folder / "brought")
    private = folder / "var" / "bundle_private_key.pem"
    away = private.rename(folder / "elsewhere.pem")
    try:
        assert "serves already" in run("receive", str(copied)).remarks
        refused = run("train", "--as-of", "2026-01-01", status=1).remarks
        assert "Train and promote there" in refused
        # What came is what serves: there is still nothing before it.
        assert "no previous bundle" in run("rollback", status=1).remarks
    finally:
        away.rename(private)


def test_after_the_first_promotion_there_is_nothing_to_roll_back_to(
    run: Run, trained: dict[str, object]
) -> None:
    assert "no previous bundle" in run("rollback", status=1).remarks


def test_a_changed_model_does_not_score(
    run: Run, files: Path, folder: Path, trained: dict[str, object]
) -> None:
    (model,) = (folder / "var" / "model").glob("*/model.txt")
    content = model.read_bytes()
    model.write_bytes(content + b"\n")
    try:
        batch = str(files / "outgoing" / "claims.edi")
        refused = run("score", batch, status=1).remarks
    finally:
        model.write_bytes(content)
    assert "model.txt does not match" in refused


def test_the_truth_is_not_reachable_from_what_is_ingested(files: Path) -> None:
    practice = [p.name for p in (files / "practice").rglob("*") if p.is_file()]
    assert not any("truth" in name for name in practice)
    assert (files / "truth" / "truth.csv").is_file()


def test_a_key_is_shown_once_and_only_its_digest_is_kept(
    run: Run, folder: Path, ingested: object
) -> None:
    key = run("keys", "issue", "billing system").out.strip()
    assert key.startswith("dml_")
    listed = run("keys", "list", "--json").out
    assert key not in listed
    for path in (folder / "var").rglob("*"):
        if path.is_file():
            assert key.encode() not in path.read_bytes()
