"""Which problem an exception becomes: one table, read from the most specific up.

Messages of `DenialmlError` are written to be shown (ids, codes and places only);
those of anything else are not, and stay inside.
"""

from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from api.problems import FieldError, ProblemType, RequestProblem
from denialml import errors

_BY_ERROR: tuple[tuple[type[Exception], ProblemType], ...] = (
    (errors.UnreadableFile, ProblemType.UNREADABLE_FILE),
    (errors.UnknownRecord, ProblemType.NOT_FOUND),
    (errors.NotPermitted, ProblemType.NOT_PERMITTED),
    (errors.RulesRejected, ProblemType.RULES_UNAVAILABLE),
    (errors.InputError, ProblemType.INVALID_REQUEST),
    (errors.DraftBlocked, ProblemType.DRAFT_BLOCKED),
    (errors.ModelError, ProblemType.MODEL_UNAVAILABLE),
    (errors.StoreError, ProblemType.STORE_UNAVAILABLE),
)
_BY_STATUS = {
    404: ProblemType.NOT_FOUND,
    405: ProblemType.METHOD_NOT_ALLOWED,
    413: ProblemType.BODY_TOO_LARGE,
    400: ProblemType.UNREADABLE_BODY,
}


def as_problem(error: Exception) -> RequestProblem:
    """The problem that answers for `error`; an unknown one says nothing of itself."""
    if isinstance(error, RequestProblem):
        return error
    if isinstance(error, RequestValidationError):
        return RequestProblem(
            ProblemType.INVALID_REQUEST, errors=_parameter_errors(error)
        )
    if isinstance(error, HTTPException):
        kind = _BY_STATUS.get(error.status_code, ProblemType.INTERNAL_ERROR)
        return RequestProblem(kind, headers=dict(error.headers or {}))
    for kind_of_error, kind in _BY_ERROR:
        if isinstance(error, kind_of_error):
            return RequestProblem(kind, str(error))
    if isinstance(error, OperationalError) and is_disk_full(error):
        return RequestProblem(ProblemType.STORE_FULL)
    if isinstance(error, (OperationalError, InterfaceError, PoolTimeout)):
        return RequestProblem(ProblemType.STORE_UNAVAILABLE)
    if isinstance(error, DataError):
        # A value that the database cannot hold, such as a NUL in PostgreSQL's text.
        return RequestProblem(ProblemType.INVALID_REQUEST)
    return RequestProblem(ProblemType.INTERNAL_ERROR)


def is_disk_full(error: OperationalError) -> bool:
    """Whether the database has no room left, SQLite or PostgreSQL (53100)."""
    original = error.orig
    return (
        getattr(original, "sqlite_errorname", "") == "SQLITE_FULL"
        or getattr(original, "sqlstate", "") == "53100"
    )


def _parameter_errors(error: RequestValidationError) -> tuple[FieldError, ...]:
    """Which parameter and what was expected, without the value that was sent."""
    return tuple(
        FieldError(
            parameter=".".join(str(part) for part in fault["loc"][1:]),
            message=str(fault["msg"]),
        )
        for fault in error.errors()
    )
