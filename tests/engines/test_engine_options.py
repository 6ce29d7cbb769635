"""`--engine` and `--scheduler`: what goes together, and what is loaded for it."""

import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from denialml.cli import engines
from denialml.cli.app import app
from denialml.cli.engines import EngineName, chosen_engine
from denialml.errors import EngineError, InputError
from denialml.journeys.engines.engine import LocalEngine
from denialml.settings import Settings

runner = CliRunner()
ADDRESS = "tcp://127.0.0.1:8786"


def test_the_local_engine_is_the_default() -> None:
    with chosen_engine(Settings(), EngineName.LOCAL, scheduler=None) as engine:
        assert isinstance(engine, LocalEngine)


@pytest.mark.parametrize(
    ("engine", "scheduler", "said"),
    [
        (EngineName.LOCAL, ADDRESS, "--scheduler goes with --engine dask"),
        (EngineName.DASK, None, "--engine dask needs --scheduler ADDRESS"),
        (EngineName.DASK, "tcp://10.0.0.5:8786", "would travel there in the clear"),
        (EngineName.DASK, "tls://10.0.0.5:8786", "DENIALML_DASK_TLS_CA"),
    ],
)
def test_options_that_do_not_go_together(
    engine: EngineName, scheduler: str | None, said: str
) -> None:
    with (
        pytest.raises(InputError, match=said),
        chosen_engine(Settings(), engine, scheduler=scheduler),
    ):
        pass


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_dask(name: str) -> ModuleSpec | None:
        return None if name == "distributed" else ModuleSpec(name, None)

    monkeypatch.setattr(engines, "find_spec", without_dask)
    with (
        pytest.raises(EngineError, match=r"pip install denialml\[distributed\]"),
        chosen_engine(Settings(), EngineName.DASK, scheduler=ADDRESS),
    ):
        pass


def test_a_refused_cluster_makes_no_organization(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DENIALML_DATA_DIRECTORY", str(tmp_path / "var"))
    (tmp_path / "payers.csv").write_text("payer_id,name\n")
    far = ["--engine", "dask", "--scheduler", "tcp://10.0.0.5:8786"]
    answer = runner.invoke(app, ["ingest", str(tmp_path / "payers.csv"), *far])
    assert answer.exit_code == 1
    assert "would travel there in the clear" in str(answer.exception)
    assert "no organization yet" in str(runner.invoke(app, ["denials"]).exception)


def test_dask_is_loaded_by_nothing_but_its_engine() -> None:
    code = (
        "import sys, denialml.cli.app, denialml.journeys.retrain,"
        " denialml.journeys.backtest, denialml.journeys.engines.tasks;"
        "names = {'dask', 'distributed'} & set(sys.modules);"
        "sys.exit(f'imported {names}' if names else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_certificates_come_together() -> None:
    with pytest.raises(ValidationError, match="come together"):
        Settings(dask_tls_ca=Path("ca.pem"))
    whole = Settings(
        dask_tls_ca=Path("ca.pem"),
        dask_tls_certificate=Path("me.pem"),
        dask_tls_key=Path("me.key"),
    )
    assert whole.dask_tls_key == Path("me.key")
