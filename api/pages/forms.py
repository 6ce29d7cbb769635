"""Forms of our own pages: read, and refused without the token of the session."""

import re
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from urllib.parse import parse_qsl

from starlette.requests import Request

from api.dependencies import Visit
from api.problems import ProblemType, RequestProblem
from api.sign_in import require_csrf_token, require_same_site

MAXIMUM_FIELDS = 50
CSRF_FIELD = "csrf_token"
_BOUNDARY = re.compile(r'boundary="?([A-Za-z0-9\'()+_,./:=? -]{1,70}?)"?\s*(?:;|$)')


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
    if kind == "multipart/form-data":
        return _read_multipart(body, content_type)
    raise RequestProblem(ProblemType.UNSUPPORTED_MEDIA_TYPE, "Send an HTML form.")


def require_token(visit: Visit, form: Form) -> None:
    """Refuse a form that does not carry the token of this session.

    Raises `RequestProblem` (cross-site).
    """
    if visit.sign_in is None:
        raise RequestProblem(ProblemType.CROSS_SITE)
    require_csrf_token(visit.sign_in, form.text(CSRF_FIELD))


def _read_urlencoded(body: bytes) -> Form:
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
        headers = BytesHeaderParser().parsebytes(head.lstrip(b"\r\n"))
        name = headers.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            continue
        file_name = headers.get_filename()
        if file_name is None:
            form.fields[name] = content.decode("utf-8", "replace")
        elif content:
            form.files[name] = (file_name, content)
    return form
