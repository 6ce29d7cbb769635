"""Score claims of a practice by its stored history."""

from collections.abc import Sequence
from datetime import date
from threading import Lock

from sqlalchemy.orm import Session

from denialml.domain.claim import Claim
from denialml.domain.facts import PracticeRecords
from denialml.domain.risk import RiskScore
from denialml.errors import InputError
from denialml.modeling import denial_risk
from denialml.modeling.bundle import Bundle
from denialml.modeling.facts import FactBook
from denialml.modeling.history import History
from denialml.modeling.observation import answer_events, observe_lines
from denialml.store.organizations import get_organization
from denialml.store.records import practice_records


class Scorer:
    """A practice's records, made ready to score any number of claims.

    Making one reads the practice's whole history (about a second for ten thousand
    claims), so keep it between requests and make a new one when `is_current` says
    that records were added. Safe to share between threads.
    """

    def __init__(
        self, records: PracticeRecords, bundle: Bundle, *, records_version: int = 0
    ) -> None:
        self.bundle = bundle
        self.records_version = records_version
        self._fact_book = FactBook(records)
        observed = observe_lines(records, self._fact_book, answered_only=True)
        self._events = answer_events(observed)
        self._history = History(self._events)
        self._lock = Lock()

    def score(
        self, claims: Sequence[Claim], *, as_of: date | None = None
    ) -> list[RiskScore]:
        """Risks in the order of the claims.

        `as_of` None: each claim as of its own submission day (BHT04).

        Raises
        ------
        InputError
            If a claim has no lines, or no submission day where `as_of` is None.
        """
        days = [_day_of(claim, as_of) for claim in claims]
        scores: dict[int, RiskScore] = {}
        with self._lock:
            for day in sorted(set(days)):
                self._stand_at(day)
                positions = [at for at, each in enumerate(days) if each == day]
                found = denial_risk.score_claims(
                    [claims[at] for at in positions],
                    fact_book=self._fact_book,
                    history=self._history,
                    bundle=self.bundle,
                    as_of=day,
                )
                scores.update(zip(positions, found, strict=True))
        return [scores[at] for at in range(len(claims))]

    def is_current(self, session: Session, organization_id: str) -> bool:
        """Whether the organization's records are still those that were read."""
        organization = get_organization(session, organization_id)
        return organization.records_version == self.records_version

    def _stand_at(self, day: date) -> None:
        if day < self._history.as_of:
            self._history = History(self._events)
        self._history.advance(day)


def open_scorer(session: Session, organization_id: str, *, bundle: Bundle) -> Scorer:
    """Read an organization's records and make them ready to score."""
    version = get_organization(session, organization_id).records_version
    records = practice_records(session, organization_id)
    return Scorer(records, bundle, records_version=version)


def score_claims(
    session: Session,
    organization_id: str,
    claims: Sequence[Claim],
    *,
    bundle: Bundle,
    as_of: date | None = None,
) -> list[RiskScore]:
    """Score claims once; keep a `Scorer` to score again and again."""
    return open_scorer(session, organization_id, bundle=bundle).score(
        claims, as_of=as_of
    )


def _day_of(claim: Claim, as_of: date | None) -> date:
    if not claim.lines:
        raise InputError(
            f"claim {claim.patient_control_number!r} has no service line to score"
        )
    day = as_of or claim.submitted_on
    if day is None:
        raise InputError(
            f"claim {claim.patient_control_number!r} states no submission day;"
            " say as of which day to score it"
        )
    return day
