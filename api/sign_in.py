"""Who is looking at the pages: server-side sessions behind one cookie.

A person signs in by pasting an API key. The browser then holds only a random token;
what it stands for is in the database (`denialml.store.sign_ins`), so every worker knows
it and a restart ends nothing. Signing out, idling too long or revoking the key does.
Forms carry a token of the session and must come from our own pages.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import Engine
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from api.problems import ProblemType, RequestProblem
from denialml.store.database import open_session
from denialml.store.sign_ins import (
    SignInLimits,
    add_sign_in,
    end_sign_in,
    find_sign_in,
    note_look,
)

PLAIN_COOKIE_NAME = "denialml_session"
SECURE_COOKIE_NAME = "__Host-denialml_session"
TOKEN_BYTES = 32
# A token is 43 characters; nothing longer is worth hashing.
LONGEST_TOKEN = 100
# A look is written down only when the last one is this old, or a fifteenth of the idle
# limit: a page view must not cost a write, and nobody idles out much too early.
LOOK_INTERVAL = timedelta(minutes=1)


@dataclass(frozen=True)
class SignIn:
    """One signed-in browser: whose key it stands for, never the key itself."""

    organization_id: str
    key_id: str
    csrf_token: str


@dataclass(frozen=True)
class SignIns:
    """The signed-in browsers of all processes that share the database.

    `looks` is where a look is noted, in a short transaction of its own.
    """

    looks: Engine
    pepper: bytes
    limits: SignInLimits

    def start(
        self, session: Session, *, organization_id: str, key_id: str, now: datetime
    ) -> str:
        """Sign a browser in; returns the token for its cookie, shown only there."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        add_sign_in(
            session,
            organization_id,
            key_id=key_id,
            token=token,
            pepper=self.pepper,
            limits=self.limits,
            now=now,
        )
        return token

    def find(self, session: Session, token: str, *, now: datetime) -> SignIn | None:
        """The session of a cookie, kept alive by this look; None once it has ended.

        `session` is read only; no lock is taken but to note a look now and then.
        """
        if not token or len(token) > LONGEST_TOKEN:
            return None
        found = find_sign_in(
            session, token, pepper=self.pepper, limits=self.limits, now=now
        )
        if found is None:
            return None
        if now - found.last_seen_at >= min(LOOK_INTERVAL, self.limits.idle / 15):
            with open_session(self.looks) as noting:
                note_look(noting, found.organization_id, digest=found.digest, now=now)
                noting.commit()
        return SignIn(
            organization_id=found.organization_id,
            key_id=found.key_id,
            csrf_token=self._form_token(token),
        )

    def end(self, session: Session, token: str) -> None:
        """Sign a browser out; an unknown token is no fault."""
        if token and len(token) <= LONGEST_TOKEN:
            end_sign_in(session, token, pepper=self.pepper)

    def _form_token(self, token: str) -> str:
        """The token of the session's forms: follows from the cookie, is not stored."""
        message = b"form:" + token.encode("utf-8", "surrogateescape")
        return hmac.new(self.pepper, message, hashlib.sha256).hexdigest()


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
