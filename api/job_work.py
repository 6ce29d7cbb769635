"""One try at one job: its input read part by part, each part's results kept at once.

A part of the results, the progress and the audit event of what was scored are one
transaction, guarded by the lease: whoever takes the job up next goes on behind it.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO, cast

import msgspec
from sqlalchemy import Engine

from api.job_options import LINES_MEDIA_TYPE, JobOptions
from api.problems import FieldError
from api.scoring_cache import RulesOfPractices, ServedModels
from denialml.domain.problem import Problem
from denialml.domain.risk import RiskScore
from denialml.journeys.score import Scorer, open_scorer
from denialml.store.audit import AuditAction, acting_for_request, record_event
from denialml.store.database import open_session
from denialml.store.job_leases import (
    Lease,
    Progress,
    advance_job,
    input_part,
)

# A part ends with the claim that reaches either. Cancelling waits for no part, a killed
# worker loses at most one.
PART_CLAIMS = 500
PART_LINES = 1000

RECORD_KIND = "job"


class JobFailed(Exception):
    """The input cannot be used; trying again would not help.

    The code is that of a problem (docs/api.md), the text names no record.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code)
        self.code = code
        self.text = text


class ScoredRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the results of a scoring job: a score, or why there is none.

    `position` is the line of the NDJSON, or the claim's place in the file, from 1; null
    where a problem is about the file. `errors` point into the JSON of that line.
    """

    position: int | None
    score: RiskScore | None = None
    errors: tuple[FieldError, ...] = ()
    problem: Problem | None = None


@dataclass(frozen=True)
class Workshop:
    """What every job needs: made once per worker process."""

    engine: Engine
    clock: Callable[[], datetime]
    models: ServedModels
    rules: RulesOfPractices
    lease: timedelta
    scorers: "dict[str, Scorer]" = field(default_factory=dict)

    def scorer_of(self, organization_id: str) -> Scorer:
        """A scorer of the practice's records, model and rules as they are now.

        One is kept: another practice's history makes room for it. A job uses the same
        from its first part to its last, whatever is taken in meanwhile.

        Raises `NoModel` or `BundleRejected`, `RulesRejected`.
        """
        bundle = self.models.of(organization_id).current()
        rules = self.rules.of(organization_id).current()
        kept = self.scorers.get(organization_id)
        with open_session(self.engine, read_only=True) as session:
            if (
                kept is not None
                and kept.bundle is bundle
                and kept.rules is rules
                and kept.is_current(session, organization_id)
            ):
                return kept
            self.scorers.clear()
            made = open_scorer(session, organization_id, bundle=bundle, rules=rules)
        self.scorers[organization_id] = made
        return made


@dataclass
class Work:
    """One try. `check` raises where it must end: the lease is lost, or a stop."""

    shop: Workshop
    lease: Lease
    check: Callable[[], None]
    records_done: int = 0
    records_failed: int = 0

    @property
    def options(self) -> JobOptions:
        """What the caller said of it."""
        return msgspec.json.decode(self.lease.options, type=JobOptions)

    @property
    def organization_id(self) -> str:
        """Whose records these are."""
        return self.lease.organization_id

    @property
    def is_lines(self) -> bool:
        """Whether the input is a claim of JSON on each line."""
        return self.options.media_type == LINES_MEDIA_TYPE

    def open_input(self) -> "JobInput":
        """The bytes handed in, from the first on."""
        return JobInput(self.shop.engine, self.lease)

    def keep_part(self, part: int, lines: list[bytes], kept: "Counts") -> None:
        """Write one part: its results, how far the job is, and the audit event.

        Raises `LeaseLost`: then nothing of it is written.
        """
        now = self.shop.clock()
        with open_session(self.shop.engine) as session:
            acting_for_request(session, self.lease.request_id)
            advance_job(
                session,
                self.lease,
                part=part,
                progress=Progress(kept.bytes_read, self.records_done, kept.failed),
                until=now + self.shop.lease,
                lines=b"".join(lines),
                record_count=kept.scored,
            )
            if kept.scored:
                record_event(
                    session,
                    self.organization_id,
                    actor=self.lease.job.asked_by,
                    action=AuditAction.CLAIMS_SCORED,
                    record_kind=RECORD_KIND,
                    record_id=self.lease.job.job_id,
                    record_count=kept.scored,
                    now=now,
                )
            session.commit()


@dataclass(frozen=True)
class Counts:
    """What one part comes to; `failed` counts from the beginning of the job."""

    bytes_read: int
    scored: int
    failed: int


class JobInput(io.RawIOBase):
    """The bytes of a job as a stream that holds one part of them at a time."""

    def __init__(self, engine: Engine, lease: Lease) -> None:
        self._engine = engine
        self._lease = lease
        self._part = 0
        self._held = memoryview(b"")
        self.bytes_read = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer, as far as the part at hand goes; 0 behind the last."""
        if not self._held:
            with open_session(self._engine, read_only=True) as session:
                self._held = memoryview(
                    input_part(session, self._lease, part=self._part)
                )
            self._part += 1
        size = min(len(buffer), len(self._held))
        buffer[:size] = self._held[:size]
        self._held = self._held[size:]
        self.bytes_read += size
        return size

    def buffered(self) -> BinaryIO:
        """For readers that ask for a few bytes at a time."""
        return cast(BinaryIO, io.BufferedReader(self, buffer_size=1 << 16))


def scored_on(options: JobOptions) -> date:
    """The day whose history is kept ready for a job."""
    return options.as_of or options.today
