"""ETag, If-None-Match and If-Match: what was read is what is changed, or nobody is.

An ETag is a keyed digest of the answer's bytes, so that two readers of the same state
hold the same tag and nobody learns anything about the record from it.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Header
from starlette.responses import Response

from api.dependencies import Visit
from api.problems import ProblemType, RequestProblem
from denialml.store.database import lock_organization

ETAG: Final = "ETag"
ANY: Final = "*"
DIGEST_BYTES: Final = 18
CHANGE_PROBLEMS: Final = (
    ProblemType.RECORD_CHANGED,
    ProblemType.PRECONDITION_REQUIRED,
)
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')

IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        description="The `ETag` of what you have: 304 without a body where it stands.",
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description=(
            "The `ETag` of what you read: where it has changed since, nothing is done "
            "and the answer is 412. `*` stands for whatever it is now. Without it: 428."
        ),
    ),
]


def tagged(
    visit: Visit, response: Response, *, if_none_match: str | None = None
) -> Response:
    """The answer with its ETag; 304 without a body where the caller has it already.

    Reading is audited either way: who asks learns that nothing has changed.
    """
    tag = etag_of(visit, bytes(response.body))
    if if_none_match is not None and _matches(if_none_match, tag, weakly=True):
        return Response(status_code=304, headers={ETAG: tag})
    response.headers[ETAG] = tag
    return response


def etag_of(visit: Visit, content: bytes) -> str:
    """The ETag of an answer's bytes, in its quotes."""
    parts = (b"etag", visit.organization_id.encode(), content)
    digest = hmac.new(visit.service.pepper, b"\0".join(parts), hashlib.sha256).digest()
    return f'"{base64.urlsafe_b64encode(digest[:DIGEST_BYTES]).decode()}"'


def require_unchanged(
    visit: Visit, if_match: str | None, current: Callable[[], Response]
) -> None:
    """Refuse a change of what is no longer as its caller read it.

    `current` makes the answer that reading it would give now. From here on until the
    transaction ends nobody else changes the organization's records.

    Raises `RequestProblem`: precondition-required without a tag, record-changed with
    the ETag that it has now.
    """
    if if_match is None:
        raise RequestProblem(ProblemType.PRECONDITION_REQUIRED)
    lock_organization(visit.session, visit.organization_id)
    tag = etag_of(visit, bytes(current().body))
    if not _matches(if_match, tag, weakly=False):
        raise RequestProblem(ProblemType.RECORD_CHANGED, headers={ETAG: tag})


def _matches(header: str, tag: str, *, weakly: bool) -> bool:
    """RFC 9110 8.8.3.2: a change needs the very same bytes, a reading does not."""
    if header.strip() == ANY:
        return True
    return any(
        f'"{value}"' == tag and (weakly or not weak)
        for weak, value in _TAG.findall(header)
    )
