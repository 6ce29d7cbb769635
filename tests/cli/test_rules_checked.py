"""What `denialml rules --check` says of a file, and of it beside a database."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from denialml.cli.app import app

RULES = """
[payers.P1]
authorization_codes = ["90837"]
[payers.NOSUCH]
authorization_codes = ["90837"]
"""
runner = CliRunner()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DENIALML_DATA_DIRECTORY", str(tmp_path / "var"))
    (tmp_path / "rules.toml").write_text(RULES)
    return tmp_path


def checked(*arguments: str) -> Result:
    return runner.invoke(app, ["rules", "--check", "rules.toml", *arguments])


def test_a_payer_that_is_not_set_up_is_warned_of(folder: Path) -> None:
    (folder / "payers.csv").write_text("payer_id,name,payer_type\nP1,Plan,commercial\n")
    ingested = runner.invoke(app, ["ingest", "payers.csv", "--organization", "Cedar"])
    assert ingested.exit_code == 0, ingested.output
    answer = checked()
    assert answer.exit_code == 0, answer.output
    said = " ".join(answer.output.split())
    assert "rules.toml is read without a fault" in said
    assert "warning: [payers.NOSUCH] is no payer that the practice has set up" in said
    assert "[payers.P1]" not in said


def test_without_a_database_the_file_alone_is_checked(folder: Path) -> None:
    answer = checked()
    assert answer.exit_code == 0, answer.output
    assert "is read without a fault" in answer.output
    assert "warning" not in answer.output
    assert not (folder / "var" / "denialml.db").exists()
