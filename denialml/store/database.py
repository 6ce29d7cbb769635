"""Opening, migrating and checking a database: SQLite by default, PostgreSQL by URL.

SQLite runs in WAL with foreign keys on and ``synchronous=FULL``: an acknowledged
commit survives a power cut. A transaction takes SQLite's write lock when it begins,
so that a read followed by a write cannot fail halfway; a session opened with
``read_only=True`` does not take it.
"""

from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import OperationalError
from time import sleep
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, text
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.orm import Session

from denialml.errors import SchemaOutdated
from denialml.store.audit_key import AUDIT_KEY, AuditKey

BUSY_TIMEOUT_SECONDS: Final = 60
WAL_ATTEMPTS: Final = 200
WAL_PAUSE_SECONDS: Final = 0.05
READ_ONLY: Final = "denialml_read_only"
# Two processes that migrate the same PostgreSQL database take turns on this number.
MIGRATION_LOCK: Final = 0x64656E69


def open_engine(url: str, *, audit_key: AuditKey | None = None) -> Engine:
    """An engine for ``sqlite:///file.db``, ``sqlite://`` or ``postgresql://...``.

    Nothing is created or migrated: see `migrate`. The folder of a SQLite file must
    exist. Errors of the database do not repeat the values: they end up in logs.
    Without `audit_key` the database can be read, and nothing in it audited.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = _open_sqlite(parsed)
    elif parsed.get_backend_name() == "postgresql":
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            hide_parameters=True,
        )
        event.listen(engine, "handle_error", _hide_values)
    else:
        raise ValueError(
            f"unsupported database {parsed.get_backend_name()!r}: "
            "use sqlite or postgresql"
        )
    engine.update_execution_options(**{AUDIT_KEY: audit_key})
    return engine


def open_session(engine: Engine, *, read_only: bool = False) -> Session:
    """A session whose caller commits. `read_only` never waits for SQLite's writer."""
    if read_only:
        return Session(engine.execution_options(**{READ_ONLY: True}))
    return Session(engine)


def _hide_values(context: ExceptionContext) -> None:
    """Cut from PostgreSQL's message what repeats values of the row.

    Its first line names constraint and column; DETAIL ("Failing row contains ...") and
    CONTEXT follow on lines of their own, and a data exception (SQLSTATE class 22) ends
    with the value after a colon.
    """
    original = context.original_exception
    shown = next(iter(str(original).splitlines()), "")
    if (getattr(original, "sqlstate", None) or "").startswith("22"):
        shown = shown.partition(":")[0]
    original.args = (shown,)
    if context.sqlalchemy_exception is not None:
        kind = type(original)
        context.sqlalchemy_exception.args = (
            f"({kind.__module__}.{kind.__name__}) {shown}",
        )


def _open_sqlite(url: URL) -> Engine:
    options: dict[str, Any] = {
        "connect_args": {"timeout": BUSY_TIMEOUT_SECONDS},
        "hide_parameters": True,
    }
    if url.database in (None, "", ":memory:"):
        # One connection, or every thread would see its own empty database.
        options["poolclass"] = StaticPool
        options["connect_args"]["check_same_thread"] = False
    engine = create_engine(url, **options)

    @event.listens_for(engine, "connect")
    def prepare(connection: SqliteConnection, _record: object) -> None:
        # The driver must not begin transactions on its own: it would leave DDL out
        # of them and begin late, as a reader.
        connection.isolation_level = None
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA cache_size=-65536")
        # A savepoint's journal belongs in memory: it never outlives the process.
        connection.execute("PRAGMA temp_store=MEMORY")
        # Fewer, larger checkpoints: 8000 pages keep the log below 40 MB.
        connection.execute("PRAGMA wal_autocheckpoint=8000")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get(READ_ONLY, False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _write_ahead(connection: SqliteConnection) -> None:
    """Turn on WAL, which a file keeps.

    SQLite does not wait for other connections that turn it on at the same moment: two
    of them would block each other. So the wait is here.
    """
    for attempt in reversed(range(WAL_ATTEMPTS)):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except OperationalError:
            if not attempt:
                raise
            sleep(WAL_PAUSE_SECONDS)
        else:
            return


def migrate(engine: Engine) -> None:
    """Bring the schema to this version: a no-op when it is already there.

    All of it in one transaction on both databases; a second process that migrates at
    the same time waits and then finds nothing to do.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:number)"),
                {"number": MIGRATION_LOCK},
            )
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        try:
            command.upgrade(configuration, "head")
        except CommandError as error:
            raise SchemaOutdated(
                "the database was made by another version of denialml; run that one"
            ) from error


def check_schema(engine: Engine) -> None:
    """Refuse a database that another version migrated, or nobody did.

    Raises:
        SchemaOutdated: names both revisions and the command that mends it.
    """
    expected = ScriptDirectory.from_config(_configuration()).get_current_head()
    with engine.connect().execution_options(**{READ_ONLY: True}) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found != expected:
        raise SchemaOutdated(
            f"the database is at schema {found or 'none'}, this version of denialml "
            f"needs {expected}: migrate it, or run the version that made it"
        )


def lock_organization(session: Session, organization_id: str) -> None:
    """Let one writer at a time change an organization's records.

    On SQLite the transaction already holds the only write lock.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text(
                "SELECT 1 FROM organizations WHERE organization_id = :organization_id"
                # Not FOR UPDATE: that would hold up every audit event of the
                # organization, which refers to this row.
                " FOR NO KEY UPDATE"
            ),
            {"organization_id": organization_id},
        )


def _configuration() -> Config:
    configuration = Config()
    # A plain folder beside this file: also right inside an installed wheel.
    folder = str(Path(__file__).parent / "migrations").replace("%", "%%")
    configuration.set_main_option("script_location", folder)
    configuration.set_main_option("path_separator", "os")
    return configuration
