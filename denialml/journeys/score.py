"""Score claims of a practice by its stored history."""

from collections.abc import Sequence
from datetime import date
from threading import Lock

from sqlalchemy.orm import Session

from denialml.domain.chain import VOID
from denialml.domain.claim import Claim
from denialml.domain.facts import PracticeRecords
from denialml.domain.problem import Problem
from denialml.domain.risk import RiskScore
from denialml.errors import InputError
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.observation import answer_events, observe_lines
from denialml.modeling.risk import denial_risk
from denialml.modeling.risk.bundle import Bundle
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
            If a claim has no lines, is a void (`without_voids`), or has no submission
            day where `as_of` is None.
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


def without_voids(
    claims: Sequence[Claim], *, file: str
) -> tuple[list[Claim], tuple[Problem, ...]]:
    """The claims that can be denied, and a warning for each void among the others.

    A void (CLM05-3 8) asks the payer to take an earlier claim back. It is neither paid
    nor denied, so a denial probability would be a number about nothing.
    """
    voids = [claim for claim in claims if claim.frequency_code == VOID]
    return (
        [claim for claim in claims if claim.frequency_code != VOID],
        tuple(
            Problem(
                severity="warning",
                code="void-claim-not-scored",
                file=file,
                message=f"claim {claim.patient_control_number} is a void: it takes an"
                " earlier claim back and was not scored",
                expected="a claim that asks for payment (CLM05-3 1 or 7)",
                fix="Nothing, if it is meant to be a void; else set CLM05-3.",
                segment=claim.source.segment if claim.source is not None else None,
                loop="2300",
                element="CLM05-3",
                value=VOID,
            )
            for claim in voids
        ),
    )


def _day_of(claim: Claim, as_of: date | None) -> date:
    if not claim.lines:
        raise InputError(
            f"claim {claim.patient_control_number!r} has no service line to score"
        )
    if claim.frequency_code == VOID:
        raise InputError(
            f"claim {claim.patient_control_number!r} is a void (frequency 8): it takes"
            " an earlier claim back and has no denial risk"
        )
    day = as_of or claim.submitted_on
    if day is None:
        raise InputError(
            f"claim {claim.patient_control_number!r} states no submission day;"
            " say as of which day to score it"
        )
    return day
