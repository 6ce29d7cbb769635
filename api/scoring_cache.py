"""Scorers kept ready between requests.

A scorer holds a practice's whole history and is costly to build, so it is kept until
the practice's records or the promoted model change. Kept or fresh, it gives the
same scores: there is one scoring function.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from sqlalchemy.orm import Session

from denialml.domain.claim import Claim
from denialml.domain.risk import RiskScore
from denialml.errors import ModelError
from denialml.journeys.score import Scorer, open_scorer
from denialml.journeys.written_rules import WrittenRules
from denialml.modeling.risk.bundle import Bundle, load_bundle
from denialml.modeling.risk.seal import Seal
from denialml.rules.organization_rules import PracticeRules
from denialml.store.organizations import get_organization

KEPT_SCORERS = 8


class ServedModel:
    """One practice's promoted bundle, loaded again when `promote` has replaced it.

    A bundle that fails its check never replaces one that is loaded: `fault` then says
    why, for `/readyz`, and scoring goes on with the last good one. `seal` is asked at
    each load: the first training makes the public key after the service has started.
    """

    def __init__(self, directory: Path, *, seal: Callable[[], Seal]) -> None:
        self._directory = directory
        self._seal = seal
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
                    self._bundle = load_bundle(self._directory, seal=self._seal())
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


class ServedModels:
    """Every practice's promoted bundle: practices never score with each other's.

    Bundles lie in one folder per organization id, checked with `public_key`.
    """

    def __init__(self, directory: Path, *, public_key: Callable[[], bytes]) -> None:
        self._directory = directory
        self._public_key = public_key
        self._lock = threading.Lock()
        self._models: dict[str, ServedModel] = {}

    def of(self, organization_id: str) -> ServedModel:
        """The model of one practice, whether or not one was promoted."""
        with self._lock:
            found = self._models.get(organization_id)
            if found is None:
                found = ServedModel(
                    self._directory / organization_id,
                    seal=lambda: Seal(organization_id, public_key=self._public_key()),
                )
                self._models[organization_id] = found
            return found

    def promoted(self) -> tuple[str, ...]:
        """The organizations that have a bundle on disk."""
        if not self._directory.is_dir():
            return ()
        return tuple(
            sorted(
                folder.name
                for folder in self._directory.iterdir()
                if (folder / "manifest.json").is_file()
            )
        )


class RulesOfPractices:
    """Every practice's own claim rules, read again when their file changes."""

    def __init__(self, file_of: Callable[[str], Path]) -> None:
        self._file_of = file_of
        self._lock = threading.Lock()
        self._rules: dict[str, WrittenRules] = {}

    def of(self, organization_id: str) -> WrittenRules:
        """The rules of one practice, whether or not it has written any."""
        with self._lock:
            found = self._rules.get(organization_id)
            if found is None:
                found = WrittenRules(self._file_of(organization_id))
                self._rules[organization_id] = found
            return found

    def faults(self) -> int:
        """How many of the practices that were asked about have a file with a fault."""
        with self._lock:
            known = list(self._rules.values())
        return sum(bool(one.fault) for one in known)


class Scorers:
    """Scorers ready for use, the least recently used given up first."""

    def __init__(self, models: ServedModels, rules: RulesOfPractices) -> None:
        self.models = models
        self.rules = rules
        self._kept: OrderedDict[str, Scorer] = OrderedDict()
        self._lock = threading.Lock()
        self._building: dict[str, threading.Lock] = {}

    def score_at_once(
        self,
        organization_id: str,
        claim: Claim,
        *,
        records_version: int,
        as_of: date,
        today: date,
    ) -> RiskScore | None:
        """The risk of one claim; None where that could take time.

        Nobody is waited for, nothing is built: for the thread of the event loop.
        """
        with self._lock:
            scorer = self._kept.get(organization_id)
        if scorer is None or scorer.records_version != records_version:
            return None
        if scorer.bundle is not self.models.of(organization_id).current():
            return None
        if scorer.rules is not self.rules.of(organization_id).ready():
            return None
        return scorer.score_at_once(claim, as_of=as_of, kept_day=today)

    def score(
        self,
        session: Session,
        organization_id: str,
        claims: Sequence[Claim],
        *,
        as_of: date | None,
        today: date,
        between: Callable[[], None],
        with_fixes: bool = True,
    ) -> tuple[list[RiskScore], Bundle]:
        """Score with the records and the model as they are now, building if need be.

        With the scores comes the model that gave them, for its cut-offs.

        The history as of `today` is kept ready; other days never move it. `between` is
        called before each slice of a batch and may raise to end the work.

        Raises `NoModel` or `BundleRejected` where there is no model to score with.
        """
        scorer = self._current(session, organization_id)
        scores = scorer.score(
            claims,
            as_of=as_of,
            kept_day=today,
            between=between,
            with_fixes=with_fixes,
        )
        return scores, scorer.bundle

    def _current(self, session: Session, organization_id: str) -> Scorer:
        """Built by one thread while the others wait for it."""
        bundle = self.models.of(organization_id).current()
        rules = self.rules.of(organization_id).current()
        version = get_organization(session, organization_id).records_version
        found = self._find(organization_id, bundle, rules, version)
        if found is not None:
            return found
        with self._lock:
            building = self._building.setdefault(organization_id, threading.Lock())
        with building:
            found = self._find(organization_id, bundle, rules, version)
            if found is None:
                found = open_scorer(
                    session, organization_id, bundle=bundle, rules=rules
                )
                self._keep(organization_id, found)
        return found

    def _find(
        self,
        organization_id: str,
        bundle: Bundle,
        rules: PracticeRules,
        version: int,
    ) -> Scorer | None:
        with self._lock:
            found = self._kept.get(organization_id)
            if found is None or found.bundle is not bundle:
                return None
            if found.rules is not rules:
                return None
            if found.records_version < version:
                return None
            self._kept.move_to_end(organization_id)
            return found

    def _keep(self, organization_id: str, kept: Scorer) -> None:
        with self._lock:
            self._kept[organization_id] = kept
            self._kept.move_to_end(organization_id)
            while len(self._kept) > KEPT_SCORERS:
                self._kept.popitem(last=False)
