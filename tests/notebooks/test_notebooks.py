"""The notebooks run from top to bottom, and say that they are simulated.

There is no Jupyter among the development dependencies: code cells are executed in order
in one namespace, as a kernel would, with standard Python only.
"""

import ast
import json
import os
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
OURS = (
    "01_what_gets_denied",
    "02_train_and_read_the_card",
    "03_read_an_explanation",
    "04_compare_promote_roll_back",
)


def cells(name: str) -> list[dict[str, Any]]:
    found = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text())
    assert found["nbformat"] == 4
    return list(found["cells"])


@pytest.fixture(scope="module")
def working_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all, so that the practice is made once."""
    return tmp_path_factory.mktemp("notebooks")


def run(name: str, directory: Path) -> None:
    """Execute every code cell; a failure names the cell and its line."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    before = Path.cwd()
    os.chdir(directory)
    try:
        for position, cell in enumerate(cells(name)):
            if cell["cell_type"] == "code":
                place = f"{name}.ipynb, cell {position}"
                exec(compile("".join(cell["source"]), place, "exec"), namespace)
    finally:
        os.chdir(before)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", OURS)
def test_a_notebook_runs_from_top_to_bottom(
    name: str, working_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(name, working_directory)
    assert len(capsys.readouterr().out) > 200


@pytest.mark.parametrize("name", OURS)
def test_a_notebook_is_clean_and_says_that_its_data_are_simulated(name: str) -> None:
    found = cells(name)
    assert found[0]["cell_type"] == "markdown"
    opening = "".join(found[0]["source"])
    assert opening.startswith("# ")
    assert "**Simulated data" in opening
    for cell in found:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            ast.parse(source)
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
