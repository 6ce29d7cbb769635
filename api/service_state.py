"""How the service is at the moment of being asked: what `/metrics` shows as gauges."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, time

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.readiness import check_readiness
from api.resources import Service
from denialml.errors import ModelError


class ServiceState(Collector):
    """Asks the service's database, models and disk on each scrape; never raises."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """Readiness, models, rules files and space on the disk."""
        ready = check_readiness(self._service)
        yield _gauge("ready", "1: the service can do its work", ready.ready)
        yield _gauge(
            "database_up", "1: reachable, with the right schema", ready.database == "ok"
        )
        yield _gauge(
            "rules_files_faulty",
            "Organizations' rules files that were asked for and have a fault",
            self._service.scorers.rules.faults(),
        )
        yield from self._models()
        free = free_bytes(self._service)
        if free is not None:
            yield _gauge(
                "disk_free_bytes", "Free space where the data directory is", free
            )

    def _models(self) -> Iterator[Metric]:
        served = self._service.scorers.models
        days: list[date] = []
        degraded = 0
        for organization_id in served.promoted():
            model = served.of(organization_id)
            try:
                bundle = model.current()
            except ModelError:
                degraded += 1
                continue
            degraded += bool(model.fault)
            days.append(date.fromisoformat(bundle.facts.training.trained_as_of))
        yield _gauge(
            "models_serving", "Organizations whose claims are scored", len(days)
        )
        yield _gauge(
            "models_degraded",
            "Organizations whose promoted model failed its check; the last good one "
            "serves where there is one",
            degraded,
        )
        if days:
            oldest = datetime.combine(min(days), time(), tzinfo=UTC)
            age = (self._service.clock() - oldest).total_seconds()
            yield _gauge(
                "oldest_model_age_seconds",
                "Since the day up to which the oldest serving model knows answers",
                max(age, 0),
            )


def free_bytes(service: Service) -> int | None:
    """What an unprivileged account may still write; None where nobody can tell."""
    try:
        found = os.statvfs(service.settings.data_directory)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"denialml_{name}", help_text, value=float(value))
