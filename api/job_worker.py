"""A worker: takes up one job after the other, under a lease that it renews.

What happens to a job that does not end well:

- its input cannot be used: `failed`, at once;
- there is no model, the rules have a fault, or denialml has one: tried again, later
  each time, and parked after five tries without a step forward;
- the database is busy, full or away: nobody's fault; the job waits until it is back;
- the worker is stopped: given back at the next slice, some tenths of a second later;
- the worker dies: another goes on when the lease has run out.
"""

import logging
import os
import random
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Event
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from api.access_log import LOGGER_NAME, fault_fields
from api.failures import as_problem
from api.job_ingest import take_file_in
from api.job_scoring import score_claims
from api.job_work import JobFailed, Work, Workshop
from api.problems import ProblemType
from denialml.errors import InputError, RulesRejected
from denialml.store.database import open_session
from denialml.store.job_leases import (
    Kept,
    Lease,
    LeaseLost,
    claim_job,
    finish_job,
    give_back,
    holds_lease,
    is_job_ready,
    is_old_content,
    remove_old_content,
    renew_lease,
    try_later,
)
from denialml.store.jobs import JobKind

POLL_SECONDS: Final = 0.5
# How soon a worker knows that its job was cancelled.
WATCH_SECONDS: Final = 0.5
SWEEP_SECONDS: Final = 60.0
# What never arrived whole; a body has at most an hour.
ABANDONED_AFTER: Final = timedelta(hours=2)
LONGEST_DELAY_SECONDS: Final = 300
STORE_PAUSE_SECONDS: Final = 2.0
_WORK: Final[dict[JobKind, Callable[[Work], None]]] = {
    JobKind.SCORE: score_claims,
    JobKind.INGEST: take_file_in,
}


class WorkStopped(Exception):
    """The worker is asked to stop. Never leaves it."""


class Worker:
    """Does jobs until it is told to stop; one at a time, one per process."""

    def __init__(self, shop: Workshop, *, results_kept: timedelta) -> None:
        self.owner = f"{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(4)}"
        self._shop = shop
        self._results_kept = results_kept
        self._sweep_at: datetime | None = None
        self._log = structlog.get_logger(LOGGER_NAME)

    def run(self, stopping: Event) -> None:
        """Work until `stopping` is set; then end within a slice of the job at hand."""
        while not stopping.is_set():
            try:
                if not self.work_once(stopping):
                    self.sweep()
                    stopping.wait(POLL_SECONDS)
            except DBAPIError as error:
                self._log.warning("store-unavailable", **fault_fields(error))
                stopping.wait(STORE_PAUSE_SECONDS)

    def work_once(self, stopping: Event) -> bool:
        """Take up one job and do what can be done; False where none is ready."""
        lease = self._claim()
        if lease is None:
            return False
        watch = _Watch(self._shop, lease, stopping)
        try:
            with watch:
                self._do(Work(self._shop, lease, watch.check))
        except LeaseLost:
            self._note(lease, "lease-lost")
        except WorkStopped:
            self._end(lease, "given-back", self._give_back)
        except (OperationalError, InterfaceError) as error:
            self._note(lease, "store-unavailable", **fault_fields(error))
            stopping.wait(STORE_PAUSE_SECONDS)
            self._end(lease, "given-back", self._give_back)
        return True

    def _claim(self) -> Lease | None:
        now = self._shop.clock()
        with open_session(self._shop.engine, read_only=True) as session:
            if not is_job_ready(session, now=now):
                return None
        with open_session(self._shop.engine) as session:
            lease = claim_job(
                session, owner=self.owner, lease=self._shop.lease, now=now
            )
            session.commit()
        return lease

    def _do(self, work: Work) -> None:
        """One try, and what comes of it."""
        lease = work.lease
        self._note(lease, "started")
        try:
            _WORK[lease.job.kind](work)
        except (LeaseLost, WorkStopped, OperationalError, InterfaceError):
            raise
        except JobFailed as failure:
            self._fail(lease, failure.code, failure.text)
        except Exception as error:
            problem = as_problem(error)
            code, text = problem.problem_type.slug, problem.detail
            if isinstance(error, InputError) and not isinstance(error, RulesRejected):
                self._fail(lease, code, text)
                return
            if problem.problem_type is ProblemType.INTERNAL_ERROR:
                text = f"A fault of denialml ({type(error).__name__}); see the log."
            self._note(lease, "try-failed", problem=code, **fault_fields(error))
            self._try_later(lease, code, text)
        else:
            if lease.job.kind is JobKind.SCORE:
                self._end(lease, "done", self._finish)
            else:
                self._note(lease, "done")

    def _fail(self, lease: Lease, code: str, text: str) -> None:
        with open_session(self._shop.engine) as session:
            finish_job(
                session,
                lease,
                now=self._shop.clock(),
                problem_code=code,
                problem_text=text,
            )
            session.commit()
        self._note(lease, "failed", problem=code)

    def _try_later(self, lease: Lease, code: str, text: str) -> None:
        with open_session(self._shop.engine) as session:
            status = try_later(
                session,
                lease,
                problem_code=code,
                problem_text=text,
                delay=delay_after(lease.job.attempt + 1),
                now=self._shop.clock(),
            )
            session.commit()
        self._note(lease, status.value, problem=code)

    def _finish(self, lease: Lease) -> None:
        with open_session(self._shop.engine) as session:
            finish_job(session, lease, now=self._shop.clock())
            session.commit()

    def _give_back(self, lease: Lease) -> None:
        with open_session(self._shop.engine) as session:
            give_back(session, lease, now=self._shop.clock())
            session.commit()

    def _end(self, lease: Lease, status: str, end: Callable[[Lease], None]) -> None:
        try:
            end(lease)
        except LeaseLost:
            status = "lease-lost"
        self._note(lease, status)

    def sweep(self) -> None:
        """Once a minute, remove what is no longer needed, a few parts at a time."""
        now = self._shop.clock()
        if self._sweep_at is not None and now < self._sweep_at:
            return
        kept = Kept(ended=now - self._results_kept, arrived=now - ABANDONED_AFTER)
        with open_session(self._shop.engine, read_only=True) as session:
            if not is_old_content(session, kept):
                self._sweep_at = now + timedelta(seconds=SWEEP_SECONDS)
                return
        with open_session(self._shop.engine) as session:
            remove_old_content(session, kept)
            session.commit()

    def _note(self, lease: Lease, status: str, **fields: str) -> None:
        self._log.log(
            logging.INFO,
            "job",
            job_id=lease.job.job_id,
            job_kind=lease.job.kind.value,
            organization_id=lease.organization_id,
            request_id=lease.request_id,
            status=status,
            **fields,
        )


def delay_after(attempt: int) -> timedelta:
    """How long a job waits after so many tries: longer each time, never all at once."""
    seconds = min(4.0**attempt, LONGEST_DELAY_SECONDS)
    return timedelta(seconds=seconds * random.uniform(0.5, 1.0))  # noqa: S311


class _Watch:
    """Renews the lease while the work goes on, and notices when it is lost."""

    def __init__(self, shop: Workshop, lease: Lease, stopping: Event) -> None:
        self._shop = shop
        self._lease = lease
        self._stopping = stopping
        self._lost = Event()
        self._over = Event()
        self._thread = threading.Thread(target=self._watch, name="lease", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def check(self) -> None:
        """Raises `LeaseLost`, or `WorkStopped` where the worker shall stop."""
        if self._lost.is_set():
            raise LeaseLost
        if self._stopping.is_set():
            raise WorkStopped

    def _watch(self) -> None:
        renew_after = self._shop.lease / 3
        renewed = self._shop.clock()
        while not self._over.wait(WATCH_SECONDS):
            now = self._shop.clock()
            # Where the database does not answer, the lease runs out or it does not:
            # no write goes through without it.
            with suppress(DBAPIError):
                try:
                    if now - renewed < renew_after:
                        self._look()
                    else:
                        self._renew(now)
                        renewed = now
                except LeaseLost:
                    self._lost.set()
                    return

    def _look(self) -> None:
        with open_session(self._shop.engine, read_only=True) as session:
            if not holds_lease(session, self._lease):
                raise LeaseLost

    def _renew(self, now: datetime) -> None:
        with open_session(self._shop.engine) as session:
            renew_lease(session, self._lease, until=now + self._shop.lease)
            session.commit()
