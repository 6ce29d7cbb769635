"""The notebooks run from top to bottom in a kernel, and say that they are simulated."""

import ast
from pathlib import Path

import pytest
from nbclient.exceptions import CellExecutionError

from tests.notebooks import running
from tests.notebooks.running import read_notebook, run_notebook

OURS = (
    "01_what_gets_denied",
    "02_train_and_read_the_card",
    "03_read_an_explanation",
    "04_compare_promote_roll_back",
)


@pytest.fixture(scope="module")
def working_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all, so that the practice is made once."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", OURS)
def test_a_notebook_runs_from_top_to_bottom(
    name: str, working_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(run_notebook(name, working_directory, monkeypatch)) > 200


@pytest.mark.parametrize("name", OURS)
def test_a_notebook_is_clean_and_says_that_its_data_are_simulated(name: str) -> None:
    found = read_notebook(name).cells
    assert found[0].cell_type == "markdown"
    assert found[0].source.startswith("# ")
    assert "**Simulated data" in found[0].source
    for cell in found:
        if cell.cell_type == "code":
            ast.parse(cell.source)
            assert cell.outputs == []
            assert cell.execution_count is None


def test_a_cell_that_fails_fails_the_test_and_touches_no_folder_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(running, "NOTEBOOKS", tmp_path)
    _write(tmp_path / "good.ipynb", "print('fine', __name__)")
    _write(tmp_path / "bad.ipynb", "print('before')\nraise ValueError('a reason')")
    assert run_notebook("good", tmp_path, monkeypatch) == "fine __main__\n"
    with pytest.raises(CellExecutionError, match="a reason"):
        run_notebook("bad", tmp_path, monkeypatch)
    assert list(home.rglob("*")) == []


def _write(path: Path, source: str) -> None:
    notebook = running.nbformat.v4.new_notebook(
        cells=[running.nbformat.v4.new_code_cell(source)]
    )
    running.nbformat.write(notebook, path)
