"""Runs a notebook in a kernel of this interpreter, without network or anybody's files.

The kernel is found under the interpreter's own prefix; Jupyter's configuration, data,
runtime and history are folders of the test. Kernel and client talk through sockets of
the file system (`ipc`), so that no port is opened.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from traitlets import default
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
# Warnings of our own code are errors here as in every test.
_STRICT = "import warnings; warnings.filterwarnings('error', module='denialml')"


def read_notebook(name: str) -> Any:
    """A notebook, checked against the format's schema."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    return notebook


class OwnKernel(KernelSpecManager):
    """The one kernel there is: this interpreter's, whatever the user has installed."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(
            argv=[
                sys.executable,
                "-m",
                "ipykernel_launcher",
                "-f",
                "{connection_file}",
            ],
            display_name=kernel_name,
            language="python",
        )


class OwnManager(AsyncKernelManager):
    """A manager that knows only `OwnKernel`."""

    @default("kernel_spec_manager")
    def _own_kernel(self) -> OwnKernel:
        return OwnKernel(parent=self)


def run_notebook(name: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Execute every cell in `directory`; what was printed. A failing cell raises."""
    with tempfile.TemporaryDirectory(prefix="nb-") as home:
        for setting in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
            monkeypatch.setenv(f"JUPYTER_{setting}", str(Path(home, setting.lower())))
        monkeypatch.setenv("IPYTHONDIR", str(Path(home, "ipython")))
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        monkeypatch.delenv("PYTHONWARNINGS", raising=False)
        os.makedirs(Path(home, "runtime_dir"))
        notebook = read_notebook(name)
        client = NotebookClient(
            notebook,
            kernel_manager_class=OwnManager,
            # A socket's path may have some hundred letters.
            config=Config(
                KernelManager={"transport": "ipc", "ip": str(Path(home, "k"))}
            ),
            timeout=840,
            resources={"metadata": {"path": str(directory)}},
            extra_arguments=[
                f"--IPKernelApp.exec_lines={_STRICT}",
                "--HistoryManager.enabled=False",
            ],
        )
        client.execute()
    return "".join(
        output["text"]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream"
    )
