"""Ingest in steps: a file of any length, without keeping other writers out for long.

`ingest_file` stores a file in one transaction. A very long one would hold SQLite's only
writer for minutes, so here the caller commits step by step. What is on file after some
steps is what a shorter file would have brought; taking the file in again adds only what
is missing, so a crash between steps costs time and nothing else.
"""

from collections.abc import Callable, Generator
from datetime import datetime
from typing import BinaryIO, Final

from sqlalchemy.orm import Session

from denialml.formats import open_reader
from denialml.journeys.ingest import (
    IngestReport,
    conclude,
    fingerprint,
    records_to_store,
    report_of,
)
from denialml.store.database import lock_organization
from denialml.store.identity import Identity
from denialml.store.intake import Intake
from denialml.store.organizations import get_organization
from denialml.store.source_files import begin_file

# Records, or service lines, of a step: some tenths of a second.
STEP: Final = 500


def ingest_in_steps(
    session: Session,
    organization_id: str,
    open_stream: Callable[[], BinaryIO],
    *,
    file: str,
    now: datetime,
    actor: str,
) -> Generator[int, None, IngestReport]:
    """Yields the records read so far whenever a step waits for its commit.

    The last step is not yielded: it waits for its commit when the report is returned.
    `open_stream` is called twice. What an earlier try has stored is counted as known.

    Raises:
        UnreadableFile: neither X12, nor FHIR, nor one of the practice's CSV files.
        UnknownRecord: there is no such organization.
    """
    identity = Identity(get_organization(session, organization_id).fingerprint_key)
    session.commit()
    sha256, byte_count = fingerprint(open_stream())
    file_id = identity.of_parts("fil", sha256)
    reader = open_reader(open_stream(), file=file)
    begin_file(
        session,
        organization_id,
        file_id=file_id,
        sha256=sha256,
        name=file,
        byte_count=byte_count,
        now=now,
    )
    intake = Intake(
        session,
        organization_id,
        identity=identity,
        file_id=file_id,
        today=now.date(),
        problems=reader.problems,
    )
    weight = 0
    for record in reader:
        if not weight:
            lock_organization(session, organization_id)
        intake.add(record)
        weight += records_to_store(record)
        if weight >= STEP:
            intake.flush()
            weight = 0
            yield intake.read.total()
    lock_organization(session, organization_id)
    intake.flush()
    conclude(
        session, organization_id, reader, intake, file_id=file_id, actor=actor, now=now
    )
    return report_of(reader, intake, file=file, file_id=file_id, sha256=sha256)
