"""A file is stored whole or not at all, whatever breaks and whoever else writes."""

import io
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from denialml.journeys.ingest import ingest_file
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization
from denialml.store.source_files import list_files
from tests.audit_key import AUDIT_KEY
from tests.store.files import (
    CLAIMS,
    SAME_REMITTANCE,
    claims_file,
    ingest,
    remittance_file,
    rows_of,
)
from tests.store.samples import (
    NOW,
    claim,
)


class _Breaking(io.BytesIO):
    """A stream whose second reading breaks off, as a disk or a network share does."""

    def seek(self, offset: int, whence: int = 0) -> int:
        self.broken = True
        return super().seek(offset, whence)

    def read(self, size: int | None = -1) -> bytes:
        if getattr(self, "broken", False) and self.tell() > 150_000:
            raise OSError("input/output error")
        return super().read(min(size or 65536, 65536))


def test_a_failure_in_the_middle_leaves_nothing_of_the_file(
    session: Session,
    organization_id: str,
) -> None:
    data = claims_file([claim(f"B{number}") for number in range(3000)])
    with pytest.raises(OSError, match="input/output"):
        ingest_file(
            session, organization_id, _Breaking(data), file="f", now=NOW, actor="k"
        )
    session.commit()
    assert rows_of(session, organization_id) == {}
    assert list_files(session, organization_id) == ()


def _ingest_and_die(url: str, organization: str, data: bytes) -> None:
    """Killed after some batches were written and before the file ended."""
    batches = iter(range(3))

    def die(*_: object) -> None:
        if next(batches, None) is None:
            os.kill(os.getpid(), 9)

    database = open_engine(url, audit_key=AUDIT_KEY)
    with open_session(database) as open_:
        ingest_file(
            open_,
            organization,
            io.BytesIO(data),
            file="f",
            now=NOW,
            actor="k",
            progress=die,
        )


def test_a_kill_in_the_middle_leaves_nothing_half_committed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/denialml.db"
    database = open_engine(url, audit_key=AUDIT_KEY)
    migrate(database)
    with open_session(database) as open_:
        owner = create_organization(open_, "Practice", now=NOW).organization_id
        open_.commit()
    data = claims_file([claim(f"B{number}") for number in range(4000)])
    child = multiprocessing.get_context("spawn").Process(
        target=_ingest_and_die, args=(url, owner, data)
    )
    child.start()
    child.join(120)
    assert child.exitcode == -9
    with open_session(database) as open_:
        assert rows_of(open_, owner) == {}
        assert ingest(open_, owner, data).records_new == {"Claim": 4000}
        open_.commit()


def test_two_writers_at_once_store_one_file_once(engine: Engine) -> None:
    with open_session(engine) as open_:
        owner = create_organization(open_, "Practice", now=NOW).organization_id
        open_.commit()
    files = [claims_file(CLAIMS), remittance_file(SAME_REMITTANCE)]

    def write(order: list[bytes]) -> None:
        for data in order:
            with open_session(engine) as mine:
                ingest(mine, owner, data)
                mine.commit()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, [files, files[::-1], files, files[::-1]]))
    with open_session(engine) as open_:
        assert rows_of(open_, owner)["claims"] == 3
        assert rows_of(open_, owner)["line_adjudications"] == 3
