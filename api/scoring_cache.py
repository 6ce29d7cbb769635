"""Scorers kept ready between requests.

A scorer holds a practice's whole history and is costly to build, so it is kept until
the practice's records or the promoted model change. Kept or fresh, it gives the
same scores: there is one scoring function.
"""

import threading
from collections import OrderedDict
from pathlib import Path

from sqlalchemy.orm import Session

from denialml.errors import ModelError
from denialml.journeys.score import Scorer, open_scorer
from denialml.modeling.bundle import Bundle, load_bundle
from denialml.store.organizations import get_organization

KEPT_SCORERS = 8


class ServedModel:
    """The promoted bundle, loaded again when `promote` has replaced it.

    A bundle that fails its check never replaces one that is loaded: `fault` then says
    why, for `/readyz`, and scoring goes on with the last good one.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._bundle: Bundle | None = None
        self.fault = ""

    def current(self) -> Bundle:
        """The bundle to score with.

        Raises `NoModel` or `BundleRejected` where none has ever been loaded.
        """
        stamp = self._manifest_stamp()
        with self._lock:
            if self._bundle is None or stamp != self._stamp:
                try:
                    self._bundle = load_bundle(self._directory)
                    self.fault = ""
                except ModelError as error:
                    self.fault = str(error)
                    if self._bundle is None:
                        raise
                self._stamp = stamp
            return self._bundle

    def _manifest_stamp(self) -> tuple[int, int] | None:
        try:
            found = (self._directory / "manifest.json").stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino


class Scorers:
    """Scorers ready for use, the least recently used given up first."""

    def __init__(self, model: ServedModel) -> None:
        self.model = model
        self._kept: OrderedDict[str, Scorer] = OrderedDict()
        self._lock = threading.Lock()
        self._building: dict[str, threading.Lock] = {}

    def scorer(self, session: Session, organization_id: str) -> Scorer:
        """The scorer of a practice for its records and the model as they are now.

        Built by one thread while the others wait for it. Raises `NoModel` or
        `BundleRejected` where there is no model to score with.
        """
        bundle = self.model.current()
        version = get_organization(session, organization_id).records_version
        found = self._find(organization_id, bundle, version)
        if found is not None:
            return found
        with self._lock:
            building = self._building.setdefault(organization_id, threading.Lock())
        with building:
            found = self._find(organization_id, bundle, version)
            if found is None:
                found = open_scorer(session, organization_id, bundle=bundle)
                self._keep(organization_id, found)
        return found

    def _find(
        self, organization_id: str, bundle: Bundle, version: int
    ) -> Scorer | None:
        with self._lock:
            found = self._kept.get(organization_id)
            if found is None or found.bundle is not bundle:
                return None
            if found.records_version < version:
                return None
            self._kept.move_to_end(organization_id)
            return found

    def _keep(self, organization_id: str, scorer: Scorer) -> None:
        with self._lock:
            self._kept[organization_id] = scorer
            self._kept.move_to_end(organization_id)
            while len(self._kept) > KEPT_SCORERS:
                self._kept.popitem(last=False)
