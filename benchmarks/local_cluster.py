"""A Dask cluster on loopback: a scheduler and two workers, each its own process.

Started with the commands of docs/distributed.md; for benchmarks and tests.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from distributed import Client

PATIENCE_SECONDS = 120
IN_MEMORY = {
    "DASK_DISTRIBUTED__WORKER__MEMORY__SPILL": "false",
    "DASK_DISTRIBUTED__WORKER__MEMORY__TARGET": "false",
}


class Cluster:
    """Processes that we started; `logs` holds what each wrote."""

    def __init__(self, directory: Path) -> None:
        self.logs = directory
        self._scheduler_file = directory / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self._scheduler = self._start(
            "dask_scheduler",
            "--port",
            "0",
            "--no-dashboard",
            "--scheduler-file",
            str(self._scheduler_file),
        )
        self.address = self._address()

    def start_worker(
        self, *, name: str, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """One more worker process, with one thread."""
        worker = self._start(
            "dask_worker",
            self.address,
            "--name",
            name,
            "--nthreads",
            "1",
            "--no-nanny",
            "--no-dashboard",
            "--local-directory",
            str(self.logs),
            environment=IN_MEMORY if environment is None else environment,
        )
        self.workers.append(worker)
        return worker

    def wait_for(self, count: int) -> None:
        """Until the scheduler knows exactly so many workers."""
        until = time.monotonic() + PATIENCE_SECONDS
        with Client(self.address, set_as_default=False) as client:
            while len(client.nthreads()) != count:
                assert time.monotonic() < until, self.written()
                time.sleep(0.05)

    def written(self) -> str:
        """Everything that the processes wrote to their logs."""
        return "\n".join(log.read_text() for log in sorted(self.logs.glob("*.log")))

    def stop(self) -> None:
        for process in (*self.workers, self._scheduler):
            process.terminate()
        for process in (*self.workers, self._scheduler):
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(
        self, program: str, *options: str, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        number = len(list(self.logs.glob("*.log")))
        with (self.logs / f"{number}-{program}.log").open("wb") as log:
            return subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    f"distributed.cli.{program}",
                    *options,
                    "--host",
                    "127.0.0.1",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
            )

    def _address(self) -> str:
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                return str(json.loads(self._scheduler_file.read_text())["address"])
            except (FileNotFoundError, ValueError):
                time.sleep(0.05)
        raise AssertionError(self.written())
