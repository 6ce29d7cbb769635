"""The README's figures are those of benchmarks/results."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_make_benchmark_regenerates_every_result() -> None:
    script = (ROOT / "scripts" / "benchmark.sh").read_text()
    results = {path.stem for path in (ROOT / "benchmarks" / "results").iterdir()}
    not_run = {
        name
        for name in results
        if f"-m benchmarks.{name}" not in script and f"results/{name}." not in script
    }
    assert results
    assert not_run == set()


def test_every_benchmark_run_exists_and_seeds_are_in_the_results() -> None:
    script = (ROOT / "scripts" / "benchmark.sh").read_text()
    for name in re.findall(r"-m benchmarks\.(\w+)", script):
        source = (ROOT / "benchmarks" / f"{name}.py").read_text()
        if '"--seed' in source:
            assert re.search(r'"seeds?"|"command"', source), name


def test_the_readme_says_what_the_results_say() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/figures.py", "--check"], cwd=ROOT, check=False
    )
    assert done.returncode == 0, "run: python scripts/figures.py"
