"""Worker processes killed with SIGKILL over their jobs, on both databases.

`python -m benchmarks.chaos_jobs` does the same 300 times.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from benchmarks.chaos_jobs import Chaos
from denialml.domain.claim import Claim
from denialml.formats import read_bytes
from denialml.modeling.risk.seal import SigningSeal
from denialml.settings import Settings, audit_key
from denialml.signing_keys import bundle_private_key
from denialml.store.audit_verifying import verify_trail
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization
from tests.api.running import START, Running
from tests.store.postgresql import server_url

DATABASE = "denialml_chaos"
KILLS = 6


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """An empty database of its own; skips with the reason without a server."""
    administrator = open_engine(server_url().format(database="postgres"))
    with administrator.connect() as connection:
        automatic = connection.execution_options(isolation_level="AUTOCOMMIT")
        automatic.execute(text(f"CREATE DATABASE {DATABASE}"))
    yield server_url().format(database=DATABASE)
    with administrator.connect() as connection:
        automatic = connection.execution_options(isolation_level="AUTOCOMMIT")
        automatic.execute(text(f"DROP DATABASE {DATABASE} WITH (FORCE)"))
    administrator.dispose()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
)
def test_nothing_is_lost_or_doubled_when_workers_are_killed(
    database: str, running: Running, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = "" if database == "sqlite" else request.getfixturevalue("postgresql_url")
    settings = Settings(data_directory=tmp_path, database_url=url, job_lease_seconds=2)
    engine = open_engine(settings.resolved_database_url, audit_key=audit_key(settings))
    migrate(engine)
    with open_session(engine) as session:
        organization_id = create_organization(
            session, "Chaos", now=START, is_simulated=True
        ).organization_id
        session.commit()
    running.copy_model(
        settings.serving_bundle_of(organization_id),
        seal=SigningSeal(organization_id, private_key=bundle_private_key(settings)),
    )
    chaos = Chaos(settings, organization_id, running.outgoing, seed=7)
    outcome = chaos.run(kills=KILLS)
    assert outcome.faults == []
    assert outcome.kills == KILLS
    sent = [
        one
        for one in read_bytes(running.outgoing, file="f").records
        if isinstance(one, Claim)
    ]
    with open_session(engine, read_only=True) as session:
        claims = session.execute(text("SELECT count(*) FROM claims")).scalar()
        assert claims == len(sent)
        verdict = verify_trail(session, organization_id, key=audit_key(settings))
        assert verdict.fault is None
    engine.dispose()
