"""The README's figures are those of benchmarks/results."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_readme_says_what_the_results_say() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/figures.py", "--check"], cwd=ROOT, check=False
    )
    assert done.returncode == 0, "run: python scripts/figures.py"
