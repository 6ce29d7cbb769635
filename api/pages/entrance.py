"""Signing in by pasting an API key, and signing out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.dependencies import grant_of_plaintext, grant_of_sign_in
from api.pages.forms import CSRF_FIELD, Form, read_form
from api.pages.rendering import render
from api.problems import ProblemType, RequestProblem
from api.resources import Service, service_of
from api.sign_in import clear_cookie, cookie_name, require_csrf_token, set_cookie
from denialml.store.audit import AuditAction, record_event
from denialml.store.database import open_session

router = APIRouter(include_in_schema=False)
FIRST_PAGE = "/denials"


@router.get("/")
def show_entrance(request: Request) -> Response:
    """The sign-in form, or the worklist for who is signed in already."""
    service = service_of(request)
    now = service.clock()
    with open_session(service.engine, read_only=True) as session:
        sign_in = service.sign_ins.find(session, _token(request, service), now=now)
        if sign_in is not None and grant_of_sign_in(session, sign_in, now=now):
            return RedirectResponse(FIRST_PAGE, status_code=303)
    return _entrance()


@router.post("/sign-in")
def sign_in(request: Request, form: Annotated[Form, Depends(read_form)]) -> Response:
    """Exchange a key for a session; the key itself is not kept."""
    service = service_of(request)
    now = service.clock()
    with open_session(service.engine, read_only=True) as session:
        # Anybody may try a key, so trying takes no lock.
        try:
            grant = grant_of_plaintext(
                service, session, form.text("api_key").strip(), now=now
            )
        except RequestProblem as problem:
            if problem.problem_type is not ProblemType.NO_KEY:
                raise
            return _entrance(failed=True)
    with open_session(service.engine) as session:
        record_event(
            session,
            grant.organization_id,
            actor=grant.key_id,
            action=AuditAction.SESSION_OPENED,
            record_kind="api_key",
            record_id=grant.key_id,
            now=now,
        )
        service.sign_ins.end(session, _token(request, service))
        token = service.sign_ins.start(
            session,
            organization_id=grant.organization_id,
            key_id=grant.key_id,
            now=now,
        )
        session.commit()
    response = RedirectResponse(FIRST_PAGE, status_code=303)
    set_cookie(response, token, secure=service.settings.secure_cookies)
    return response


@router.post("/sign-out")
def sign_out(request: Request, form: Annotated[Form, Depends(read_form)]) -> Response:
    """End the session on the server and take the cookie back."""
    service = service_of(request)
    now = service.clock()
    token = _token(request, service)
    with open_session(service.engine, read_only=True) as session:
        sign_in = service.sign_ins.find(session, token, now=now)
    if sign_in is not None:
        require_csrf_token(sign_in, form.text(CSRF_FIELD))
        with open_session(service.engine) as session:
            record_event(
                session,
                sign_in.organization_id,
                actor=sign_in.key_id,
                action=AuditAction.SESSION_CLOSED,
                record_kind="api_key",
                record_id=sign_in.key_id,
                now=now,
            )
            service.sign_ins.end(session, token)
            session.commit()
    response = RedirectResponse("/", status_code=303)
    clear_cookie(response, secure=service.settings.secure_cookies)
    return response


def _entrance(*, failed: bool = False) -> HTMLResponse:
    return render("sign_in.html.j2", status=401 if failed else 200, failed=failed)


def _token(request: Request, service: Service) -> str:
    name = cookie_name(secure=service.settings.secure_cookies)
    return request.cookies.get(name, "")
