"""Cursors: where the next page of a list begins, sealed.

A cursor can be neither read nor made by a caller, and opens nothing but the list that
made it: another organization's, another list's or one with other filters is refused.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Annotated, Final, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Query

from api.dependencies import Visit
from api.problems import FieldError, ProblemType, RequestProblem

P = TypeVar("P")
MAXIMUM_LIMIT: Final = 200
MAXIMUM_CURSOR_LENGTH: Final = 1000
_NONCE_BYTES: Final = 12

Cursor = Annotated[
    str | None,
    Query(
        max_length=MAXIMUM_CURSOR_LENGTH,
        description="The `cursor` of the page before, with the same filters.",
    ),
]
Limit = Annotated[
    int, Query(ge=1, le=MAXIMUM_LIMIT, description="How many on one page.")
]


class Cursors:
    """The cursors of one list: its name, and the filters that it was asked with."""

    def __init__(self, visit: Visit, name: str, *filters: object) -> None:
        key = hmac.new(visit.service.pepper, b"cursors", hashlib.sha256).digest()
        self._cipher = AESGCM(key)
        self._list = msgspec.json.encode((visit.organization_id, name, filters))

    def seal(self, place: object) -> str:
        """A place of the list as a cursor."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        content = self._cipher.encrypt(nonce, msgspec.json.encode(place), self._list)
        return base64.urlsafe_b64encode(nonce + content).decode().rstrip("=")

    def open(self, cursor: str, place: type[P]) -> P:
        """The place that `seal` was given.

        Raises `RequestProblem` (invalid-request) for anything else.
        """
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            sealed = base64.b64decode(padded, altchars=b"-_", validate=True)
            nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            opened = self._cipher.decrypt(nonce, content, self._list)
        except (ValueError, InvalidTag):
            raise RequestProblem(
                ProblemType.INVALID_REQUEST,
                errors=(
                    FieldError(
                        parameter="cursor",
                        message="Expected a cursor of this list with these filters",
                    ),
                ),
            ) from None
        return msgspec.json.decode(opened, type=place)
