"""Workers as processes: beside the service, or by themselves (`denialml work`).

A worker is a process of its own, and gives way to the service: scoring a hundred
thousand claims would otherwise keep every request waiting for its turn with the
interpreter. It ends when the process that started it has gone, however that ended.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from threading import Event
from typing import Any, Final

from api.access_log import configure_logging
from api.job_work import Workshop
from api.job_worker import Worker
from api.resources import Clock, utc_now
from api.scoring_cache import RulesOfPractices, ServedModels
from denialml.settings import Settings, audit_key
from denialml.signing_keys import bundle_public_key
from denialml.store.database import open_engine

# A stop takes as long as a slice of claims, or a step of a file, does.
STOP_SECONDS: Final = 20
RESTART_SECONDS: Final = 1.0
NICENESS: Final = 10


def make_worker(settings: Settings, *, clock: Clock = utc_now) -> Worker:
    """A worker on the settings' database; the schema must be there."""
    engine = open_engine(settings.resolved_database_url, audit_key=audit_key(settings))
    shop = Workshop(
        engine=engine,
        clock=clock,
        models=ServedModels(
            settings.resolved_serving_bundle_directory,
            public_key=lambda: bundle_public_key(settings),
        ),
        rules=RulesOfPractices(settings.rules_file_of),
        lease=timedelta(seconds=settings.job_lease_seconds),
    )
    return Worker(shop, results_kept=timedelta(days=settings.job_results_days))


def work_until_stopped(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; then end after the slice at hand."""
    stopping = Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stopping.set())
    _work(settings, stopping)


def _work(settings: Settings, stopping: Event) -> None:
    configure_logging(settings.log_level)
    make_worker(settings).run(stopping)


def _work_as_child(settings: Settings) -> None:
    """The main function of a worker process that the service started."""
    stopping = Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the service passes it on
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    os.nice(NICENESS)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            wait([parent.sentinel])
            stopping.set()

    threading.Thread(target=follow, name="parent", daemon=True).start()
    _work(settings, stopping)


class _Kept:
    """One worker process, started anew when it dies."""

    def __init__(self, settings: Settings, stopping: Event) -> None:
        self._settings = settings
        self._stopping = stopping
        self._process = self._start()
        self._thread = threading.Thread(target=self._keep, name="jobs", daemon=True)
        self._thread.start()

    def _start(self) -> SpawnProcess:
        process = multiprocessing.get_context("spawn").Process(
            target=_work_as_child, args=(self._settings,), name="denialml-worker"
        )
        process.start()
        return process

    def _keep(self) -> None:
        while True:
            self._process.join()
            if self._stopping.wait(RESTART_SECONDS):
                return
            self._process = self._start()

    def stop(self) -> None:
        """Let it end its slice; end it where that takes too long."""
        self._process.terminate()
        self._process.join(STOP_SECONDS)
        if self._process.is_alive():
            self._process.kill()
        self._thread.join(RESTART_SECONDS)


@contextmanager
def worker_processes(settings: Settings) -> Iterator[Any]:
    """So many workers as the settings say, as long as the block lasts."""
    stopping = Event()
    workers = [_Kept(settings, stopping) for _ in range(settings.job_workers)]
    try:
        yield workers
    finally:
        stopping.set()
        for worker in workers:
            worker.stop()
