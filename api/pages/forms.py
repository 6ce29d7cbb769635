"""Forms of our own pages: read, and refused without the token of the session."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.dependencies import Visit
from api.problems import ProblemType, RequestProblem
from api.sign_in import require_csrf_token, require_same_site

MAXIMUM_FIELDS = 50
CSRF_FIELD = "csrf_token"
# Forms that need no session, so anybody can send them.
PUBLIC_FORMS = frozenset({"/sign-in", "/sign-out"})
LONGEST_PART_HEAD_BYTES = 1000
# The sign-in form sends one key; only the upload page needs more, and a session.
LONGEST_URLENCODED_BYTES = 2_000_000
_BOUNDARY = re.compile(r'boundary="?([A-Za-z0-9\'()+_,./:=? -]{1,70}?)"?\s*(?:;|$)')


# One bounded expression each: a part's head is hostile until proven otherwise, and the
# standard library's header parser takes quadratic time on an open quote.
_NAME = re.compile(rb'(?i);[ \t]*name="([^"\r\n]{0,100})"')
_FILE_NAME = re.compile(rb'(?i);[ \t]*filename="([^"\r\n]{0,400})"')


@dataclass(frozen=True)
class Form:
    """What a form sent: text fields, and files as (name, bytes)."""

    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A text field; empty where it was not sent."""
        return self.fields.get(name, "")


async def read_form(request: Request) -> Form:
    """The form of this request, which must come from our own pages.

    Raises `RequestProblem`: cross-site, or unsupported-media-type.
    """
    require_same_site(request)
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    body = await request.body()
    if kind == "application/x-www-form-urlencoded":
        return _read_urlencoded(body)
    if kind == "multipart/form-data" and request.url.path not in PUBLIC_FORMS:
        return await run_in_threadpool(_read_multipart, body, content_type)
    raise RequestProblem(ProblemType.UNSUPPORTED_MEDIA_TYPE, "Send an HTML form.")


def require_token(visit: Visit, form: Form) -> None:
    """Refuse a form that does not carry the token of this session.

    Raises `RequestProblem` (cross-site).
    """
    if visit.sign_in is None:
        raise RequestProblem(ProblemType.CROSS_SITE)
    require_csrf_token(visit.sign_in, form.text(CSRF_FIELD))


def _read_urlencoded(body: bytes) -> Form:
    if len(body) > LONGEST_URLENCODED_BYTES:
        raise RequestProblem(ProblemType.BODY_TOO_LARGE)
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"),
            keep_blank_values=True,
            max_num_fields=MAXIMUM_FIELDS,
        )
    except ValueError:
        raise RequestProblem(ProblemType.INVALID_REQUEST) from None
    return Form(fields=dict(pairs))


def _read_multipart(body: bytes, content_type: str) -> Form:
    """RFC 7578, in memory: the gate has bounded the body already."""
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise RequestProblem(ProblemType.INVALID_REQUEST)
    delimiter = b"--" + match[1].encode()
    parts = (b"\r\n" + body).split(b"\r\n" + delimiter)
    if len(parts) > MAXIMUM_FIELDS + 2 or not parts[-1].startswith(b"--"):
        raise RequestProblem(ProblemType.INVALID_REQUEST)
    form = Form()
    for part in parts[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        if len(head) > LONGEST_PART_HEAD_BYTES:
            raise RequestProblem(ProblemType.INVALID_REQUEST)
        name = _NAME.search(head)
        if name is None:
            continue
        field_name = name[1].decode("utf-8", "replace")
        file_name = _FILE_NAME.search(head)
        if file_name is None:
            form.fields[field_name] = content.decode("utf-8", "replace")
        elif content:
            form.files[field_name] = (file_name[1].decode("utf-8", "replace"), content)
    return form
