"""The notebook on California's real decisions, where the public file is at hand."""

import ast
from pathlib import Path

import pytest

from tests.notebooks.running import read_notebook, run_notebook

NAME = "california_decisions"
REAL = (
    Path(__file__).resolve().parents[2]
    / "../shared/data/california_imr/determinations_2001_2013.csv.gz"
)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(
    not REAL.exists(), reason="the public decisions do not lie in ../shared/data"
)
def test_the_california_notebook_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALIFORNIA_DECISIONS", str(REAL))
    told = run_notebook(NAME, tmp_path, monkeypatch)
    assert "14,407 decisions" in told
    assert "gain, interval" in told


def test_the_california_notebook_is_clean_and_says_that_its_data_are_real() -> None:
    found = read_notebook(NAME).cells
    assert "**Real data**" in found[0].source
    for cell in found:
        if cell.cell_type == "code":
            ast.parse(cell.source)
            assert cell.outputs == []
            assert cell.execution_count is None
