"""Wrong use of the command line is answered with what to do instead."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.examples import example_835, example_837p
from denialml.cli.app import app

runner = CliRunner()


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DENIALML_DATA_DIRECTORY", str(tmp_path / "var"))
    return tmp_path


@pytest.mark.parametrize(
    "command",
    ["simulate", "ingest", "train", "promote", "receive", "rollback", "pseudonyms",
     "score", "backtest", "radar", "drift", "denials", "draft", "serve", "demo", "keys",
     "organizations", "confirm-cause", "learn-causes", "rules"],
)  # fmt: skip
def test_every_command_has_help(command: str) -> None:
    answer = runner.invoke(app, [command, "--help"])
    assert answer.exit_code == 0
    assert "Usage" in answer.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ingest", "nowhere.edi"], "no file or folder at nowhere.edi"),
        (["denials"], "no organization yet"),
        (["score", "nowhere.edi"], "no organization yet"),
        (["train"], "no organization yet"),
        (["keys", "issue", "x"], "no organization yet"),
    ],
)
def test_mistakes_are_named(arguments: list[str], message: str) -> None:
    answer = runner.invoke(app, arguments)
    assert answer.exit_code == 1
    assert message in str(answer.exception)


def test_a_date_is_asked_for_in_iso_form() -> None:
    answer = runner.invoke(app, ["simulate", "--out", "x", "--to", "12/31/2025"])
    assert answer.exit_code == 2
    assert "such as 2026-03-31" in answer.output


def test_demo_refuses_a_folder_that_is_not_its_own(own_folder: Path) -> None:
    (own_folder / "mine").mkdir()
    (own_folder / "mine" / "letter.txt").write_text("keep")
    answer = runner.invoke(app, ["demo", "--no-serve", "--directory", "mine"])
    assert answer.exit_code == 1
    assert (own_folder / "mine" / "letter.txt").read_text() == "keep"


def test_a_cause_is_confirmed_and_taken_back(own_folder: Path) -> None:
    (own_folder / "one.837").write_text(example_837p())
    (own_folder / "one.835").write_text(example_835())
    taken = runner.invoke(app, ["ingest", "one.837", "one.835"])
    assert taken.exit_code == 0, taken.output
    listed = runner.invoke(app, ["denials", "--json"])
    (denial,) = json.loads(listed.stdout)["denials"]
    assert denial["finding"]["root_cause"] == "auth_missing"
    denial_id = denial["denial"]["denial_id"]

    wrong = runner.invoke(app, ["confirm-cause", denial_id, "bad_luck"])
    assert wrong.exit_code == 2
    assert "cob_wrong_payer" in wrong.output
    missing = runner.invoke(app, ["confirm-cause", denial_id])
    assert "--take-back; causes: eligibility_coverage" in str(missing.exception)
    done = runner.invoke(app, ["confirm-cause", denial_id, "cob_wrong_payer"])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"{denial_id}: ")
    assert "Confirmed by a person" in done.stderr
    table = runner.invoke(app, ["denials"])
    assert "cob_wrong_payer" in table.stdout
    assert "(confirmed)" in table.stdout
    back = runner.invoke(app, ["confirm-cause", denial_id, "--take-back", "--json"])
    view = json.loads(back.stdout)
    assert view["stored"]["finding"] == denial["finding"]
    assert [it["root_cause"] for it in view["confirmations"]] == [
        None,
        "cob_wrong_payer",
    ]
    learnt = runner.invoke(app, ["learn-causes", "--json"])
    assert json.loads(learnt.stdout)["is_kept"] is False


def test_one_database_can_hold_several_practices(own_folder: Path) -> None:
    (own_folder / "payers.csv").write_text("payer_id,name\nP1,One\n")
    for name in ("First", "Second"):
        answer = runner.invoke(app, ["ingest", "payers.csv", "--organization", name])
        assert answer.exit_code == 0, answer.output
    answer = runner.invoke(app, ["denials"])
    assert "name one with --organization" in str(answer.exception)


def test_a_command_that_scores_nothing_does_not_wait_for_lightgbm() -> None:
    """It takes seconds to load, and most commands do without."""
    said = (
        "import sys, denialml.cli.app, denialml.modeling.knowledge.rule_outcomes;"
        "slow = ('lightgbm', 'mlflow', 'sklearn');"
        "print([name for name in slow if name in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", said], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"
