"""What one running service holds: made once by `create_app`, shared by all requests."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from threading import Event

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from starlette.requests import Request

from api.audit_writer import AuditWriter
from api.in_flight import InFlight
from api.judged_practices import JudgedPractices
from api.metrics import Metrics
from api.problems import ProblemType, RequestProblem
from api.rate_limits import RateLimits
from api.score_desk import ScoreDesk
from api.scoring_cache import Scorers
from api.sign_in import SignIns
from denialml.settings import Settings
from denialml.store.database import open_engine
from denialml.store.sign_ins import SignInLimits

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Service:
    """Settings, database, secret, clock and what is kept in memory between requests.

    `swift_engine` is the same database with commits that do not wait for the disk;
    the looks of signed-in browsers use it. `audit` writes the events of what is read.
    """

    settings: Settings
    engine: Engine
    swift_engine: Engine
    pepper: bytes = field(repr=False)
    clock: Clock
    sign_ins: SignIns
    scorers: Scorers
    audit: AuditWriter
    desk: ScoreDesk
    judged: JudgedPractices
    metrics: Metrics
    rate_limits: RateLimits
    in_flight: InFlight = field(default_factory=InFlight)
    stopping: Event = field(default_factory=Event)

    def require_running(self) -> None:
        """Called now and then by work that takes long, so that a stop ends it.

        Raises `RequestProblem` (stopping).
        """
        if self.stopping.is_set():
            raise RequestProblem(ProblemType.STOPPING)

    def close(self) -> None:
        """End what still runs, and give every database connection back."""
        self.stopping.set()
        self.audit.close()
        self.swift_engine.dispose()
        self.engine.dispose()

    def today(self) -> date:
        """The day it is at the practice."""
        return self.clock().astimezone(self.settings.zone).date()


def make_sign_ins(settings: Settings, *, engine: Engine, pepper: bytes) -> SignIns:
    """The signed-in browsers of a database, with the limits of the settings.

    `engine` is where looks are noted: what is lost of them in a power cut signs
    somebody out a minute early.
    """
    return SignIns(
        looks=engine,
        pepper=pepper,
        limits=SignInLimits(
            idle=timedelta(minutes=settings.session_idle_minutes),
            lifetime=timedelta(hours=settings.session_lifetime_hours),
        ),
    )


def open_swift_engine(engine: Engine) -> Engine:
    """A second engine whose commits survive the process but may trail a power cut.

    SQLite: ``synchronous=NORMAL`` (WAL keeps the file whole either way). PostgreSQL:
    ``synchronous_commit=off``. A database in memory has but one connection to use.
    """
    if engine.dialect.name == "sqlite" and not engine.url.database:
        return engine
    statement = (
        "PRAGMA synchronous=NORMAL"
        if engine.dialect.name == "sqlite"
        else "SET synchronous_commit TO OFF"
    )
    swift = open_engine(engine.url.render_as_string(hide_password=False))

    @event.listens_for(swift, "connect")
    def relax(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()
        if swift.dialect.name == "postgresql":
            # Outside a committed transaction PostgreSQL would take the setting back.
            connection.commit()

    return swift


def service_of(request: Request) -> Service:
    """The service that answers this request."""
    service: Service = request.app.state.service
    return service
