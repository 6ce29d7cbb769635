"""Whether this service can do its work now, and what is missing if not."""

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from api.resources import Service
from denialml.errors import ModelError, StoreError
from denialml.store.database import check_schema


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """`database` is ``ok`` or ``missing``; `missing` says what to run.

    `model` is ``ok``, ``missing`` (no practice can be scored), or ``degraded``: a
    practice's bundle failed its check; where one was loaded before, it still scores.
    `models` counts the practices that have a model. `rules` is ``ok``, or ``degraded``
    where an organization's rules file has a fault: the last good rules stand, and where
    there were none its claims are not scored.
    """

    ready: bool
    database: str
    model: str
    models: int
    rules: str = "ok"
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
    model, models, fault = _check_models(service)
    if fault:
        missing.append(f"{fault} (run `denialml train`, then `denialml promote`)")
    faults = service.scorers.rules.faults()
    return Readiness(
        ready=not missing,
        database=database,
        model=model,
        models=models,
        rules="degraded" if faults else "ok",
        # Anybody may ask: neither the organization nor its file's words are said.
        missing=(*missing, *_faulty_rules(faults)),
    )


def _check_models(service: Service) -> tuple[str, int, str]:
    """State, how many practices' bundles load, and what is missing if none does."""
    served = service.scorers.models
    loaded, degraded, fault = 0, False, "no model has been promoted for scoring"
    for organization_id in served.promoted():
        model = served.of(organization_id)
        try:
            model.current()
        except ModelError as error:
            degraded, fault = True, str(error)
            continue
        loaded += 1
        degraded = degraded or bool(model.fault)
    if not loaded:
        return "missing", 0, fault
    return ("degraded" if degraded else "ok"), loaded, ""


def _faulty_rules(count: int) -> tuple[str, ...]:
    if not count:
        return ()
    return (
        f"rules files with a fault: {count} (`denialml rules --check FILE` names the"
        " line)",
    )
