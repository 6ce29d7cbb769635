"""Files received: what they held, what could not be read, whether all of it came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from denialml.domain.problem import Problem
from denialml.store.office_tables import ProblemRow, SourceFileRow
from denialml.store.payloads import payload_decoder, to_payload
from denialml.store.writing import insert_new, run, table_of

# A file of nothing but faults must not fill the database; all of them are counted.
PROBLEMS_KEPT = 5000


_FILE = table_of(SourceFileRow)
_PROBLEM = table_of(ProblemRow)
_END = (
    update(_FILE)
    .where(
        _FILE.c.organization_id == bindparam("one_organization"),
        _FILE.c.file_id == bindparam("one_file"),
    )
    .values(
        kinds=bindparam("kinds"),
        records_read=bindparam("records_read"),
        records_new=_FILE.c.records_new + bindparam("added"),
        problem_count=bindparam("problem_count"),
        complete=bindparam("complete"),
    )
)
_DROP_PROBLEMS = delete(_PROBLEM).where(
    _PROBLEM.c.organization_id == bindparam("one_organization"),
    _PROBLEM.c.file_id == bindparam("one_file"),
)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file as received. Not `complete`: quarantined, something may be missing."""

    file_id: str
    sha256: str
    name: str
    kinds: str
    byte_count: int
    records_read: int
    records_new: int
    problem_count: int
    complete: bool
    ingested_at: datetime


def begin_file(
    session: Session,
    organization_id: str,
    *,
    file_id: str,
    sha256: str,
    name: str,
    byte_count: int,
    now: datetime,
) -> None:
    """Note that a file is being read; it counts as incomplete until `end_file`."""
    insert_new(
        session,
        SourceFileRow,
        [
            {
                "file_id": file_id,
                "organization_id": organization_id,
                "sha256": sha256,
                "name": name,
                "kinds": "",
                "byte_count": byte_count,
                "records_read": 0,
                "records_new": 0,
                "problem_count": 0,
                "complete": False,
                "ingested_at": now,
            }
        ],
    )


def end_file(
    session: Session,
    organization_id: str,
    *,
    file_id: str,
    kinds: Mapping[str, int],
    records_read: int,
    records_new: int,
    problems: Sequence[Problem],
    complete: bool,
) -> None:
    """Note what the file held; what an earlier delivery of it added stays counted."""
    one = {"one_organization": organization_id, "one_file": file_id}
    run(
        session,
        _END,
        **one,
        kinds=" ".join(sorted(kinds)),
        records_read=records_read,
        added=records_new,
        problem_count=len(problems),
        complete=complete,
    )
    run(session, _DROP_PROBLEMS, **one)
    insert_new(
        session,
        ProblemRow,
        [
            {
                "file_id": file_id,
                "position": position,
                "organization_id": organization_id,
                "severity": problem.severity,
                "code": problem.code,
                "payload": to_payload(problem),
            }
            for position, problem in enumerate(problems[:PROBLEMS_KEPT])
        ],
    )


def list_files(
    session: Session,
    organization_id: str,
    *,
    incomplete_only: bool = False,
    limit: int = 200,
) -> tuple[SourceFile, ...]:
    """Files received, newest first; with `incomplete_only` the quarantined ones."""
    columns = [
        column
        for column in SourceFileRow.__table__.c
        if column.name != "organization_id"
    ]
    statement = select(*columns).where(SourceFileRow.organization_id == organization_id)
    if incomplete_only:
        statement = statement.where(SourceFileRow.complete.is_(False))
    statement = statement.order_by(
        SourceFileRow.ingested_at.desc(), SourceFileRow.file_id
    ).limit(limit)
    return tuple(SourceFile(**row) for row in session.execute(statement).mappings())


def problems_of(
    session: Session, organization_id: str, file_id: str
) -> tuple[Problem, ...]:
    """The first problems of a file, in the order of reading. May show PHI."""
    decode = payload_decoder(Problem).decode
    statement = (
        select(ProblemRow.payload)
        .where(
            ProblemRow.organization_id == organization_id,
            ProblemRow.file_id == file_id,
        )
        .order_by(ProblemRow.position)
    )
    return tuple(decode(payload) for payload in session.scalars(statement))
