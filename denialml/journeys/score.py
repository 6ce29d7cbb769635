"""Score claims of a practice by its stored history."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from sqlalchemy.orm import Session

from denialml.domain.chain import VOID
from denialml.domain.claim import Claim
from denialml.domain.facts import PracticeRecords
from denialml.domain.problem import Problem
from denialml.domain.risk import RiskScore
from denialml.errors import InputError
from denialml.journeys.claim_check import ClaimCheck
from denialml.journeys.engines.engine import Engine, LocalEngine
from denialml.journeys.histories import Histories
from denialml.journeys.turns import Turns
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.observation import answer_events, observe_lines
from denialml.modeling.risk import denial_risk
from denialml.modeling.risk.bundle import Bundle
from denialml.rules.organization_rules import NO_RULES_OF_ITS_OWN, PracticeRules
from denialml.store.organizations import get_organization
from denialml.store.records import practice_records

# A batch gives way to whoever waits after this many lines: some tenths of a second.
# Fewer would lose the batch explanation (`modeling.risk.bundle`), which is faster.
SLICE_LINES = 600
# With fixes a line costs several times as much.
SLICE_LINES_WITH_FIXES = 100


def _nothing() -> None:
    """Nobody asked to be called between slices."""


class Scorer:
    """A practice's records, made ready to score any number of claims.

    Making one reads the practice's whole history (about a second for ten thousand
    claims, three where claim rules take part in the risk), so keep it between requests
    and make a new one when `is_current` says that records were added. Safe to share
    between threads.
    """

    def __init__(
        self,
        records: PracticeRecords,
        bundle: Bundle,
        *,
        rules: PracticeRules = NO_RULES_OF_ITS_OWN,
        records_version: int = 0,
    ) -> None:
        self.bundle = bundle
        self.rules = rules
        self.records_version = records_version
        self._fact_book = FactBook(records)
        self._check = ClaimCheck(self._fact_book, rules, bundle)
        observed = observe_lines(
            records, self._fact_book, answered_only=True, with_rules=bundle.with_rules
        )
        self._histories = Histories(
            answer_events(observed), with_rules=bundle.with_rules
        )
        # One at a time: fact book and bundle keep what they worked out, unguarded.
        # Moving a history to another day, which takes longer, is outside of it.
        self._desk = Turns()

    def score(
        self,
        claims: Sequence[Claim],
        *,
        as_of: date | None = None,
        kept_day: date | None = None,
        between: Callable[[], None] = _nothing,
        with_fixes: bool = True,
    ) -> list[RiskScore]:
        """Risks in the order of the claims.

        `as_of` None: each claim as of its own submission day (BHT04). `kept_day` is the
        day whose history stays ready whatever other days are asked about. Batches give
        way to others after `SLICE_LINES` lines, or fewer with fixes; `between` is
        called before each slice and may raise to end the work. Without fixes a batch
        takes a fraction of the time: each fix is a claim scored again.

        Raises
        ------
        InputError
            If a claim has no lines, is a void (`without_voids`), or has no submission
            day where `as_of` is None.
        """
        scores: dict[int, RiskScore] = {}
        lines = SLICE_LINES_WITH_FIXES if with_fixes else SLICE_LINES
        for day, some in slices_of(claims, as_of=as_of, lines=lines):
            between()
            standing = self._histories.at(day, kept_day=kept_day)
            with standing.turns.turn():
                history = standing.stand_at(day)
                with self._desk.turn():
                    found = self._score(
                        [claims[at] for at in some], history, with_fixes=with_fixes
                    )
            scores.update(zip(some, found, strict=True))
        return [scores[at] for at in range(len(claims))]

    def score_at_once(
        self, claim: Claim, *, as_of: date, kept_day: date
    ) -> RiskScore | None:
        """The same for one claim; None where that means waiting or moving a history."""
        day = _day_of(claim, as_of)
        standing = self._histories.found_at(day, kept_day=kept_day)
        if standing is None or not standing.turns.take_at_once():
            return None
        try:
            history = standing.history
            if history is None or history.as_of != day:
                return None
            if not self._desk.take_at_once():
                return None
            try:
                return self._score([claim], history, with_fixes=True)[0]
            finally:
                self._desk.give_back()
        finally:
            standing.turns.give_back()

    def _score(
        self, claims: Sequence[Claim], history: History, *, with_fixes: bool
    ) -> list[RiskScore]:
        judged = [self._check.judged(claim, history.as_of) for claim in claims]
        scores = denial_risk.score_claims(
            claims,
            fact_book=self._fact_book,
            history=history,
            bundle=self.bundle,
            as_of=history.as_of,
            broken=[self._check.broken(one) for one in judged]
            if self.bundle.with_rules
            else None,
        )
        return [
            self._check.checked(one, score, history if with_fixes else None)
            for one, score in zip(judged, scores, strict=True)
        ]

    def is_current(self, session: Session, organization_id: str) -> bool:
        """Whether the organization's records are still those that were read."""
        organization = get_organization(session, organization_id)
        return organization.records_version == self.records_version


def slices_of(
    claims: Sequence[Claim], *, as_of: date | None = None, lines: int = SLICE_LINES
) -> list[tuple[date, Sequence[int]]]:
    """The positions of claims that are scored at once, about so many lines, by day.

    A slice scored by itself gives the same numbers as within its batch.

    Raises
    ------
    InputError
        As `Scorer.score`.
    """
    days = [_day_of(claim, as_of) for claim in claims]
    return [
        (day, some)
        for day in sorted(set(days))
        for some in _slices(
            [at for at, one in enumerate(days) if one == day], claims, most=lines
        )
    ]


def _slices(
    positions: Sequence[int], claims: Sequence[Claim], *, most: int
) -> Iterator[Sequence[int]]:
    """The positions in their order, in parts of about `most` service lines."""
    some: list[int] = []
    lines = 0
    for at in positions:
        some.append(at)
        lines += len(claims[at].lines)
        if lines >= most:
            yield some
            some, lines = [], 0
    if some:
        yield some


def open_scorer(
    session: Session,
    organization_id: str,
    *,
    bundle: Bundle,
    rules: PracticeRules = NO_RULES_OF_ITS_OWN,
) -> Scorer:
    """Read an organization's records and make them ready to score."""
    version = get_organization(session, organization_id).records_version
    records = practice_records(session, organization_id)
    return Scorer(records, bundle, rules=rules, records_version=version)


def score_claims(
    session: Session,
    organization_id: str,
    claims: Sequence[Claim],
    *,
    bundle: Bundle,
    rules: PracticeRules = NO_RULES_OF_ITS_OWN,
    as_of: date | None = None,
    engine: Engine | None = None,
    with_fixes: bool = True,
) -> list[RiskScore]:
    """Score claims once; keep a `Scorer` to score again and again."""
    return (engine or LocalEngine()).score_claims(
        practice_records(session, organization_id),
        claims,
        bundle=bundle,
        rules=rules,
        as_of=as_of,
        with_fixes=with_fixes,
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
