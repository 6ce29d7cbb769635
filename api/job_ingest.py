"""An ingesting job: a file taken in step by step, then the denials it brings found.

A step that is on file needs nothing more; a later try reads the file again and adds
what is missing. The job is done in the transaction of its last step, with its report.
"""

import time
from typing import BinaryIO

import msgspec
from sqlalchemy.orm import Session

from api.job_work import Work
from api.problems import ProblemType
from api.routes.files import REMITTANCE_KIND, TakenFile
from denialml.journeys.denials import judge_denials
from denialml.journeys.ingest import IngestReport
from denialml.journeys.ingest_steps import ingest_in_steps
from denialml.journeys.judgments import brings_letters
from denialml.store.audit import acting_for_request
from denialml.store.database import open_session
from denialml.store.job_leases import Progress, advance_job, finish_job, renew_lease
from denialml.store.touched import unsettled_payments

# SQLite has one writer: after each step others get their turn, for this share of the
# time that the step took.
SHARE_OF_OTHERS = 0.5
LONGEST_PAUSE_SECONDS = 0.25


def take_file_in(work: Work) -> None:
    """Take the file in, and end the job with the report as its results.

    Raises `UnreadableFile`, `LeaseLost`, and what `work.check` raises.
    """
    with open_session(work.shop.engine) as session:
        acting_for_request(session, work.lease.request_id)
        _Taking(work, session).run()


class _Taking:
    """One file on its way in, on one session that is committed step by step."""

    def __init__(self, work: Work, session: Session) -> None:
        self._work = work
        self._session = session
        self._stream = work.open_input()
        self._step = 0
        self._began = time.monotonic()

    def run(self) -> None:
        work, session = self._work, self._session
        waiting = unsettled_payments(session, work.organization_id)
        steps = ingest_in_steps(
            session,
            work.organization_id,
            self._open,
            file=work.lease.job.file_name,
            now=work.shop.clock(),
            actor=work.lease.job.asked_by,
        )
        while True:
            work.check()
            try:
                work.records_done = next(steps)
            except StopIteration as end:
                report: IngestReport = end.value
                break
            self._commit_step()
        work.records_done = sum(report.records_read.values())
        settled = unsettled_payments(session, work.organization_id)
        self._finish(report, judges=waiting != settled)

    def _open(self) -> BinaryIO:
        self._stream = self._work.open_input()
        return self._stream.buffered()

    def _commit_step(self) -> None:
        """Keep what was read, if the job is still ours, and let others write."""
        work = self._work
        now = work.shop.clock()
        if self._step < work.lease.job.parts_done:
            renew_lease(self._session, work.lease, until=now + work.shop.lease)
        else:
            self._advance()
        self._session.commit()
        self._step += 1
        pause = min(
            (time.monotonic() - self._began) * SHARE_OF_OTHERS, LONGEST_PAUSE_SECONDS
        )
        if self._session.get_bind().dialect.name == "sqlite":
            time.sleep(pause)
        self._began = time.monotonic()

    def _advance(self, report: TakenFile | None = None) -> None:
        work = self._work
        advance_job(
            self._session,
            work.lease,
            part=max(self._step, work.lease.job.parts_done),
            progress=Progress(
                self._stream.bytes_read, work.records_done, work.records_failed
            ),
            until=work.shop.clock() + work.shop.lease,
            lines=None if report is None else msgspec.json.encode(report) + b"\n",
            record_count=0 if report is None else work.records_done,
        )

    def _finish(self, report: IngestReport, *, judges: bool) -> None:
        work, session = self._work, self._session
        now = work.shop.clock()
        found = None
        if (
            judges
            or REMITTANCE_KIND in report.transactions
            # What an earlier try stored counts as known by now, not as new.
            or work.lease.job.parts_done
            or brings_letters(session, work.organization_id, report)
        ):
            found, _ = judge_denials(
                session,
                work.organization_id,
                as_of=work.options.today,
                now=now,
                actor=work.lease.job.asked_by,
            )
        self._advance(TakenFile(**msgspec.structs.asdict(report), denials=found))
        incomplete = ProblemType.INCOMPLETE_FILE
        finish_job(
            session,
            work.lease,
            now=now,
            problem_code="" if report.complete else incomplete.slug,
            problem_text="" if report.complete else incomplete.remedy,
        )
        session.commit()
