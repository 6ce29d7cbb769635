"""The job and the line of results that the API's documentation shows."""

from datetime import UTC, datetime

from api.examples import EXAMPLE_SCORE
from api.job_work import ScoredRecord
from denialml.store.jobs import Job, JobKind, JobStatus

EXAMPLE_JOB = Job(
    job_id="job_5f0c9a1e7b3d2c4a6e8f0b1d",
    kind=JobKind.SCORE,
    status=JobStatus.RUNNING,
    asked_by="key_1d2c3b4a",
    file_name="claims.edi",
    created_at=datetime(2026, 10, 6, 14, 0, tzinfo=UTC),
    started_at=datetime(2026, 10, 6, 14, 0, 1, tzinfo=UTC),
    finished_at=None,
    not_before=datetime(2026, 10, 6, 14, 0, tzinfo=UTC),
    attempt=0,
    bytes_total=9_400_000,
    bytes_done=2_100_000,
    records_done=2500,
    records_failed=3,
    parts_done=5,
    problem_code="",
    problem_text="",
    has_content=True,
)
EXAMPLE_RESULT = ScoredRecord(position=1, score=EXAMPLE_SCORE)
