"""The package says why it needs each dependency and installs without surprises."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = (ROOT / "pyproject.toml").read_text()


def test_every_runtime_dependency_has_a_reason() -> None:
    block = PROJECT.split("dependencies = [", 1)[1].split("\n]", 1)[0]
    lines = [line for line in block.splitlines() if line.strip().startswith('"')]
    assert len(lines) == len(tomllib.loads(PROJECT)["project"]["dependencies"])
    without = [line for line in lines if not re.search(r'",\s+# \w.{15,}', line)]
    assert without == []


def test_lock_files_pin_every_package_with_hashes_and_name_no_host() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "bootstrap.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        entries = re.split(r"\n(?=\S)", text.strip())
        unpinned = [
            entry.splitlines()[0]
            for entry in entries
            if "==" not in entry.splitlines()[0] or "--hash=sha256:" not in entry
        ]
        assert unpinned == []


def test_lock_holds_every_declared_dependency() -> None:
    locked = set(
        re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), re.M)
    )
    declared = {
        re.split(r"[\[<>=;]", requirement)[0]
        for requirement in tomllib.loads(PROJECT)["project"]["dependencies"]
    }
    assert {name.lower() for name in declared} <= {name.lower() for name in locked}


def test_importing_the_package_is_light() -> None:
    code = (
        "import sys, denialml, denialml.domain.claim;"
        "names = {'lightgbm', 'mlflow', 'sklearn', 'pandas', 'fastapi'};"
        "heavy = names & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_no_registry_host_and_no_machine_path_in_tracked_files() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    hosts = ("pypi" + ".org", "pythonhosted" + ".org", "registry.npm" + "js.org")
    places = ("/work" + "/main", "/work" + "/shared", "/root" + "/.")
    found = []
    for name in filter(None, listed):
        path = ROOT / name
        if not path.is_file():
            continue
        text = path.read_bytes().decode("latin-1")
        found += [f"{name}: {word}" for word in hosts + places if word in text]
    assert found == []
