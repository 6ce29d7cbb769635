"""Who is looking at the pages: server-side sessions behind one cookie.

A person signs in by pasting an API key. The browser then holds only a random token;
what it stands for lives in this process, so signing out, idling too long, revoking
the key or restarting the service ends it. Forms carry a token of the session and
must come from our own pages.
"""

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from api.problems import ProblemType, RequestProblem

PLAIN_COOKIE_NAME = "denialml_session"
SECURE_COOKIE_NAME = "__Host-denialml_session"
MAXIMUM_SESSIONS = 10_000


@dataclass(frozen=True)
class SignIn:
    """One signed-in browser: whose key it stands for, never the key itself."""

    organization_id: str
    key_id: str
    csrf_token: str
    started_at: datetime
    last_seen_at: datetime


class SignIns:
    """The signed-in browsers of this process, by a digest of their token."""

    def __init__(self, *, idle: timedelta, lifetime: timedelta) -> None:
        self._idle = idle
        self._lifetime = lifetime
        self._by_digest: dict[bytes, SignIn] = {}
        self._lock = threading.Lock()

    def start(self, *, organization_id: str, key_id: str, now: datetime) -> str:
        """Sign a browser in; returns the token for its cookie, shown only there."""
        token = secrets.token_urlsafe(32)
        sign_in = SignIn(
            organization_id=organization_id,
            key_id=key_id,
            csrf_token=secrets.token_urlsafe(32),
            started_at=now,
            last_seen_at=now,
        )
        with self._lock:
            self._forget_expired(now)
            while len(self._by_digest) >= MAXIMUM_SESSIONS:
                self._by_digest.pop(next(iter(self._by_digest)))
            self._by_digest[_digest(token)] = sign_in
        return token

    def find(self, token: str, *, now: datetime) -> SignIn | None:
        """The session of a cookie, kept alive by this look; None once it has ended."""
        digest = _digest(token)
        with self._lock:
            sign_in = self._by_digest.get(digest)
            if sign_in is None:
                return None
            if self._has_ended(sign_in, now):
                del self._by_digest[digest]
                return None
            sign_in = replace(sign_in, last_seen_at=now)
            self._by_digest[digest] = sign_in
            return sign_in

    def end(self, token: str) -> None:
        """Sign a browser out; an unknown token is no fault."""
        with self._lock:
            self._by_digest.pop(_digest(token), None)

    def _has_ended(self, sign_in: SignIn, now: datetime) -> bool:
        return (
            now - sign_in.last_seen_at > self._idle
            or now - sign_in.started_at > self._lifetime
        )

    def _forget_expired(self, now: datetime) -> None:
        ended = [key for key, it in self._by_digest.items() if self._has_ended(it, now)]
        for key in ended:
            del self._by_digest[key]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def cookie_name(*, secure: bool) -> str:
    """`__Host-` pins the cookie to this host, which browsers allow only with Secure."""
    return SECURE_COOKIE_NAME if secure else PLAIN_COOKIE_NAME


def set_cookie(response: Response, token: str, *, secure: bool) -> None:
    """Hand the token to the browser: no script may read it, no other site send it."""
    response.set_cookie(
        cookie_name(secure=secure),
        token,
        httponly=True,
        samesite="strict",
        secure=secure,
        path="/",
    )


def clear_cookie(response: Response, *, secure: bool) -> None:
    """Take the token back."""
    response.delete_cookie(
        cookie_name(secure=secure),
        httponly=True,
        samesite="strict",
        secure=secure,
        path="/",
    )


def require_same_site(request: Request) -> None:
    """Refuse a form that another site sent, by what the browser says of its origin.

    Browsers send `Sec-Fetch-Site` or `Origin` with every form; a request with neither
    is no browser and carries no ambient cookie worth protecting.

    Raises `RequestProblem` (cross-site).
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        raise RequestProblem(ProblemType.CROSS_SITE)
    origin = request.headers.get("origin")
    if origin is None:
        return
    if urlsplit(origin).netloc != request.headers.get("host", ""):
        raise RequestProblem(ProblemType.CROSS_SITE)


def require_csrf_token(sign_in: SignIn, sent: str) -> None:
    """Refuse a form without the token of this session.

    Raises `RequestProblem` (cross-site).
    """
    if not hmac.compare_digest(sign_in.csrf_token.encode(), sent.encode()):
        raise RequestProblem(ProblemType.CROSS_SITE)
