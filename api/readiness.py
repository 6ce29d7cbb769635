"""Whether this service can do its work now, and what is missing if not."""

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from api.service import Service
from denialml.errors import ModelError, StoreError
from denialml.store.database import check_schema


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """`database` is ``ok`` or ``missing``; `missing` says what to run.

    `model` is ``ok``, ``missing``, or ``degraded``: a newer bundle failed its check
    and the one before still scores.
    """

    ready: bool
    database: str
    model: str
    model_version: str
    missing: tuple[str, ...] = ()


def check_readiness(service: Service) -> Readiness:
    """Ask the database for its schema and the model for its version; never raises."""
    missing: list[str] = []
    database = "ok"
    try:
        check_schema(service.engine)
    except StoreError as error:
        database = "missing"
        missing.append(f"{error} (run `denialml ingest` or `denialml serve`)")
    except SQLAlchemyError:
        database = "missing"
        missing.append("the database cannot be reached; check DENIALML_DATABASE_URL")
    model, model_version = "ok", ""
    try:
        model_version = service.scorers.model.current().version
    except ModelError as error:
        model = "missing"
        missing.append(f"{error} (run `denialml train`, then `denialml promote`)")
    if model == "ok" and service.scorers.model.fault:
        model = "degraded"
    return Readiness(
        ready=not missing,
        database=database,
        model=model,
        model_version=model_version,
        missing=tuple(missing),
    )
