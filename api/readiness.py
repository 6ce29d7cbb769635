"""Whether this service can do its work now, and what is missing if not."""

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from api.service import Service
from denialml.errors import StoreError
from denialml.store.database import check_schema


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """`database` and `model` are ``ok`` or ``missing``; `missing` says what to run."""

    ready: bool
    database: str
    missing: tuple[str, ...] = ()


def check_readiness(service: Service) -> Readiness:
    """Ask the database for its schema; never raises."""
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
    return Readiness(ready=not missing, database=database, missing=tuple(missing))
