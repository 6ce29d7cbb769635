"""Wrong use of the command line is answered with what to do instead."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

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
     "organizations"],
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


def test_one_database_can_hold_several_practices(own_folder: Path) -> None:
    (own_folder / "payers.csv").write_text("payer_id,name\nP1,One\n")
    for name in ("First", "Second"):
        answer = runner.invoke(app, ["ingest", "payers.csv", "--organization", name])
        assert answer.exit_code == 0, answer.output
    answer = runner.invoke(app, ["denials"])
    assert "name one with --organization" in str(answer.exception)
