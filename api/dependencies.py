"""How a request gets in: who it is, what it may do, and the one commit at the end.

A route asks for a `Visit` by naming its permission. There is no other way to a
database session, so a route without a permission can reach no record; `create_app`
refuses to start with a route that asks for neither a visit nor to be public.

Reading takes no write lock: records are read in a read-only transaction, and what was
read is audited by the service's one audit writer, which commits before the answer
leaves. If the audit cannot be written, the answer is not sent. Changes and their audit
events share one transaction.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from fastapi import Request
from fastapi.dependencies.models import Dependant
from sqlalchemy.orm import Session

from api.audit_writer import AuditNote, Ticket
from api.permissions import Permission
from api.problems import FieldError, ProblemType, RequestProblem
from api.rate_limits import require_within
from api.resources import Service, service_of
from api.sign_in import SignIn, cookie_name
from denialml.store.api_keys import KeyGrant, find_key, list_keys
from denialml.store.audit import AuditAction, acting_for_request, record_event
from denialml.store.database import open_session

_BEARER = "bearer "
# A key is 47 characters; nothing longer is worth hashing.
_MAXIMUM_KEY_LENGTH = 200


class Purpose(Enum):
    """READ records, or CHANGE them."""

    READ = "read"
    CHANGE = "change"


@dataclass
class Visit:
    """One authenticated request: its organization, its session and its clock.

    `session` is read-only unless the route's purpose is to change something.
    `sign_in` is set for a person at a page, None for an API key. `after_commit` is done
    once a change was committed, and never otherwise: what is kept in memory must not
    know of a transaction that was rolled back.
    """

    service: Service
    session: Session
    grant: KeyGrant
    now: datetime
    request_id: str
    sign_in: SignIn | None = None
    notes: list[AuditNote] = field(default_factory=list)
    after_commit: list[Callable[[], None]] = field(default_factory=list)

    @property
    def organization_id(self) -> str:
        """The only organization this request can see."""
        return self.grant.organization_id

    @property
    def actor(self) -> str:
        """Who it is in the audit trail: the id of the key."""
        return self.grant.key_id

    @property
    def today(self) -> date:
        """The day it is at the practice."""
        return self.now.astimezone(self.service.settings.zone).date()

    def note(
        self,
        action: AuditAction,
        record_kind: str,
        record_id: str,
        *,
        record_count: int | None = None,
        patient_id: str = "",
    ) -> None:
        """Audit what was done; nothing leaves the service before it is recorded.

        `patient_id` where it is about one patient (`Identity.of_patient`).
        """
        self.notes.append(
            AuditNote(action, record_kind, record_id, record_count, patient_id)
        )


Admission = Callable[[Request], Iterator[Visit]]


@dataclass(frozen=True)
class Access:
    """What an admission function lets in; `create_app` reads it from the function."""

    permission: Permission
    purpose: Purpose
    by_cookie: bool


def admitted(
    permission: Permission, purpose: Purpose = Purpose.READ, *, by_cookie: bool = False
) -> Admission:
    """A dependency that lets in keys (or signed-in browsers) with `permission`.

    Use with ``Depends(..., scope="function")``: what follows its yield, the commit,
    must happen before the answer leaves.
    """

    def admit(request: Request) -> Iterator[Visit]:
        service = service_of(request)
        now = service.clock()
        with open_session(service.engine, read_only=True) as session:
            if by_cookie:
                grant, sign_in = _grant_of_cookie(request, service, session, now=now)
            else:
                grant, sign_in = _grant_of_key(request, service, session, now=now), None
            require_permission(request, grant, permission)
            if not by_cookie:
                require_known_parameters(request)
            request_id = request.state.request_id
            visit = Visit(service, session, grant, now, request_id, sign_in)
            if purpose is not Purpose.CHANGE:
                try:
                    yield visit
                except Exception:
                    # What was read before the refusal was read.
                    session.rollback()
                    record_notes(visit)
                    raise
        if purpose is Purpose.CHANGE:
            with open_session(service.engine) as session:
                visit.session = session
                acting_for_request(session, request_id)
                yield visit
                _record(session, visit)
                session.commit()
            for act in visit.after_commit:
                act()
        else:
            record_notes(visit)

    admit.access = Access(permission, purpose, by_cookie)  # type: ignore[attr-defined]
    return admit


def require_permission(
    request: Request, grant: KeyGrant, permission: Permission
) -> None:
    """Note who is calling for the log, and refuse who may not, or asks too often.

    Raises `RequestProblem` (not-permitted, too-many-requests).
    """
    request.state.organization_id = grant.organization_id
    request.state.actor = grant.key_id
    standings = service_of(request).rate_limits.take(
        grant.key_id, grant.organization_id
    )
    request.state.rate_limits = standings
    require_within(standings)
    if permission not in grant.scopes:
        raise RequestProblem(
            ProblemType.NOT_PERMITTED,
            f"This operation needs the permission {permission}.",
        )


def require_known_parameters(request: Request) -> None:
    """Refuse a query parameter that the route does not know, or one given twice.

    A misspelled filter would otherwise be no filter: the answer would look right and
    hold everything. The name that was sent is not repeated.

    Raises `RequestProblem` (invalid-request) that names the parameters there are.
    """
    sent = [name for name, _ in request.query_params.multi_items()]
    if not sent:
        return
    known = sorted(_parameters(request.scope["route"].dependant))
    if not set(sent) <= set(known):
        allowed = f"one of {', '.join(known)}" if known else "none"
        message = f"Unknown parameter; allowed: {allowed}"
    elif len(set(sent)) < len(sent):
        message = "Expected each parameter once"
    else:
        return
    raise RequestProblem(
        ProblemType.INVALID_REQUEST, errors=(FieldError(message=message),)
    )


def _parameters(dependant: Dependant) -> set[str]:
    """The query parameters that a route or what it depends on asks for."""
    found = {parameter.alias for parameter in dependant.query_params}
    return found.union(*(_parameters(part) for part in dependant.dependencies))


def record_notes(visit: Visit) -> None:
    """Have what a reading visit noted written, together with what others noted.

    Raises `RequestProblem` (store-unavailable) where that cannot be done in time.
    """
    if not visit.notes:
        return
    visit.service.audit.write(
        Ticket(
            organization_id=visit.organization_id,
            actor=visit.actor,
            request_id=visit.request_id,
            now=visit.now,
            notes=tuple(visit.notes),
        )
    )


def bearer_key(request: Request) -> str:
    """The key of the Authorization header.

    Raises `RequestProblem` (no-key) where there is none.
    """
    header = request.headers.get("authorization", "")
    if not header[: len(_BEARER)].lower() == _BEARER:
        raise RequestProblem(ProblemType.NO_KEY)
    return header[len(_BEARER) :].strip()


def grant_of_plaintext(
    service: Service, session: Session, plaintext: str, *, now: datetime
) -> KeyGrant:
    """What a key allows now.

    Raises `RequestProblem` (no-key) for one that is unknown, expired or revoked; the
    three are not told apart.
    """
    grant = None
    if len(plaintext) <= _MAXIMUM_KEY_LENGTH:
        grant = find_key(session, plaintext, pepper=service.pepper, now=now)
    if grant is None:
        raise RequestProblem(ProblemType.NO_KEY)
    return grant


def _grant_of_key(
    request: Request, service: Service, session: Session, *, now: datetime
) -> KeyGrant:
    return grant_of_plaintext(service, session, bearer_key(request), now=now)


class SignInNeeded(Exception):
    """A page was asked for without a live session; the browser is sent to sign in."""


def _grant_of_cookie(
    request: Request, service: Service, session: Session, *, now: datetime
) -> tuple[KeyGrant, SignIn]:
    name = cookie_name(secure=service.settings.secure_cookies)
    token = request.cookies.get(name, "")
    sign_in = service.sign_ins.find(session, token, now=now)
    if sign_in is None:
        raise SignInNeeded
    grant = grant_of_sign_in(session, sign_in, now=now)
    if grant is None:
        raise SignInNeeded
    return grant, sign_in


def grant_of_sign_in(
    session: Session, sign_in: SignIn, *, now: datetime
) -> KeyGrant | None:
    """What the key behind a session allows now; None once it is revoked or expired."""
    for record in list_keys(session, sign_in.organization_id):
        if record.key_id != sign_in.key_id or record.revoked_at is not None:
            continue
        if record.expires_at is None or record.expires_at > now:
            return KeyGrant(
                key_id=record.key_id,
                organization_id=sign_in.organization_id,
                label=record.label,
                scopes=record.scopes,
                expires_at=record.expires_at,
            )
    return None


def _record(session: Session, visit: Visit) -> None:
    for note in visit.notes:
        record_event(
            session,
            visit.organization_id,
            actor=visit.actor,
            action=note.action,
            record_kind=note.record_kind,
            record_id=note.record_id,
            record_count=note.record_count,
            patient_id=note.patient_id,
            now=visit.now,
        )
