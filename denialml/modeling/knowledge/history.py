"""What the remittances received before a day had taught, and nothing else.

`History` holds every final answer in the order it was received and applies it when
`advance` passes its day. Looking something up never changes it, so a claim gets the
same numbers alone, in a batch, from the API and in a backtest.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from denialml.domain.denial import RootCause
from denialml.modeling.knowledge.evidence import (
    ClinicianEvidence,
    CoverageEvidence,
    FilingEvidence,
    VisitLimitEvidence,
)
from denialml.modeling.knowledge.line_view import LineView
from denialml.modeling.knowledge.loss_hazard import Hazard, Hazards
from denialml.modeling.knowledge.outcomes import Outcome, OutcomeBook, named_cause
from denialml.modeling.knowledge.rate_table import Key, RateTable
from denialml.modeling.knowledge.rate_tables import RATE_TABLES

_OVERALL_PRIOR = 0.15
_OVERALL_PRIOR_WEIGHT = 20.0
_CAUSE_PRIOR = 0.01
_LONGEST_DAYS = 12_000


class AnswerEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The initial determination of one line, as history learns it. Grain: line.

    `view` is the line as it looked on the day it was sent. `patient` links answers
    about one patient. `shares` are the causes that the codes name (`causes`), empty
    when paid. `counts`: whether it enters the rates (originals do; corrected claims
    are judged otherwise, but still prove coverage). `checked_on`, `check_active` and
    `check_named_other` are the eligibility answer that was on file when it was sent.
    `allowed`, `reason_code` and `recovered_on` are for `outcomes`, never for a rate.
    """

    received_on: date
    claim_id: str
    line_number: int
    submitted_on: date
    service_date: date
    patient: str
    view: LineView
    denied: bool
    shares: tuple[tuple[str, float], ...]
    counts: bool = True
    checked_on: date | None = None
    check_active: bool = False
    check_named_other: bool = False
    allowed: Decimal = Decimal(0)
    reason_code: str = ""
    recovered_on: date | None = None


class LineHistory(msgspec.Struct, frozen=True, gc=False):
    """What history says about one line. All four tuples are in table order.

    A weight is how many answers, decayed, stand behind the rate before it was drawn
    towards its parent's; NaN where the question does not arise. `answers` are those
    answers counted, none decayed; `usual` is the practice's rate for the same cause
    over all keys, against which a rate is high or low. Both serve the sentences only.
    """

    rates: tuple[float, ...]
    weights: tuple[float, ...]
    answers: tuple[int, ...]
    usual: tuple[float, ...]
    coverage: CoverageEvidence
    clinician: ClinicianEvidence
    filing: FilingEvidence
    limit: VisitLimitEvidence
    coverage_hazard: Hazard = Hazard()
    coordination_hazard: Hazard = Hazard()


class History:
    """Denial rates and evidence of one practice as of a day that only moves forward.

    Parameters
    ----------
    events : iterable of AnswerEvent
        In any order; applied by day received, claim id and line.
    """

    def __init__(self, events: Iterable[AnswerEvent] = ()) -> None:
        self._events: list[AnswerEvent] = sorted(events, key=_order)
        self._position = 0
        self.as_of = date.min
        self._tables = tuple(_Rates(table) for table in RATE_TABLES)
        names = [table.name for table in RATE_TABLES]
        self._pairs = tuple(
            (rates, names.index(table.parent) if table.parent else -1)
            for rates, table in zip(self._tables, RATE_TABLES, strict=True)
        )
        self._coverage: dict[tuple[str, str, str], CoverageEvidence] = {}
        self._clinicians: dict[tuple[str, str], ClinicianEvidence] = {}
        self._filing: dict[str, FilingEvidence] = {}
        self._limits: dict[tuple[str, str], VisitLimitEvidence] = {}
        self._lapses = Hazards()
        self._others = Hazards()
        self._usual: tuple[float, ...] = ()
        self.outcomes = OutcomeBook(
            [_outcome(event) for event in self._events if event.counts]
        )

    @property
    def events(self) -> Sequence[AnswerEvent]:
        """Every answer in the order received; the first `answers_known` are learnt."""
        return self._events

    @property
    def answers_known(self) -> int:
        """How many answered lines it has learnt, corrected claims included."""
        return self._position

    def advance(self, day: date) -> None:
        """Learn every answer received before `day`.

        Raises
        ------
        ValueError
            If `day` is earlier than the day it stands at.
        """
        if day < self.as_of:
            raise ValueError(f"history stands at {self.as_of} and cannot go back")
        events = self._events
        while self._position < len(events):
            event = events[self._position]
            if event.received_on >= day:
                break
            self._learn(event)
            self._position += 1
        self.outcomes.advance(day)
        if day != self.as_of or not self._usual:
            self._usual = self._usual_rates(day)
        self.as_of = day

    def about(self, view: LineView, *, patient: str) -> LineHistory:
        """What history says about a line that is sent on the day it stands at."""
        day = self.as_of.toordinal()
        usual = self._usual or self._usual_rates(self.as_of)
        rates: list[float] = []
        weights: list[float] = []
        answers: list[int] = []
        # One look-up for each of some thirty tables, written out: a call each would
        # take a third of the time in which a claim is scored.
        for position, (table, parent) in enumerate(self._pairs):
            prior = usual[position] if parent < 0 else rates[parent]
            key = table.key(view)
            counts = None if key is None else table.counts.get(key)
            if counts is None:
                rates.append(_NAN if key is None else prior)
                weights.append(_NAN if key is None else 0.0)
                answers.append(0)
                continue
            since, known, denied, count = counts
            decay = table.decay[min(int(day - since), _LONGEST_DAYS)]
            weight = known * decay
            prior_weight = table.prior_weight
            rates.append(
                (denied * decay + prior * prior_weight) / (weight + prior_weight)
            )
            weights.append(weight)
            answers.append(int(count))
        return LineHistory(
            tuple(rates),
            tuple(weights),
            tuple(answers),
            usual,
            self._coverage.get((patient, view.payer, view.member), _NO_COVERAGE),
            self._clinicians.get((view.clinician, view.payer), _NO_CLINICIAN),
            self._filing.get(view.payer, _NO_FILING),
            self._limits.get((view.payer, view.plan), _NO_LIMIT),
            self._lapses.of(view.payer),
            self._others.of(view.payer),
        )

    def _usual_rates(self, day: date) -> tuple[float, ...]:
        """Each table's rate over all its keys; a table with a parent has the
        parent's, and all that ask for any denial have the first table's."""
        usual: list[float] = []
        for table, parent in self._pairs:
            if parent >= 0:
                usual.append(usual[parent])
            else:
                asked = table if table.causes else self._tables[0]
                usual.append(asked.overall(day.toordinal()))
        return tuple(usual)

    def _learn(self, event: AnswerEvent) -> None:
        view = event.view
        shares = dict(event.shares)
        if event.counts:
            day = event.received_on.toordinal()
            for table in self._tables:
                table.learn(view, day, event.denied, shares)
            limit_key = (view.payer, view.plan)
            limit = self._limits.get(limit_key, _NO_LIMIT)
            self._limits[limit_key] = limit.learn(
                visits=view.visits_this_year,
                denied=event.denied,
                limit_share=shares.get(RootCause.BENEFIT_LIMIT, 0.0),
            )
            filing = self._filing.get(view.payer, _NO_FILING)
            self._filing[view.payer] = filing.learn(
                lag_days=(event.submitted_on - event.service_date).days,
                answer_days=(event.received_on - event.submitted_on).days,
                denied=event.denied,
                late_share=shares.get(RootCause.TIMELY_FILING, 0.0),
            )
        patient_key = (event.patient, view.payer, view.member)
        coverage = self._coverage.get(patient_key, _NO_COVERAGE)
        self._learn_losses(event, coverage, shares)
        self._coverage[patient_key] = coverage.learn(
            event.service_date, denied=event.denied, shares=shares
        )
        clinician_key = (view.clinician, view.payer)
        clinician = self._clinicians.get(clinician_key, _NO_CLINICIAN)
        self._clinicians[clinician_key] = clinician.learn(
            event.service_date, denied=event.denied, shares=shares
        )

    def _learn_losses(
        self, event: AnswerEvent, before: CoverageEvidence, shares: dict[str, float]
    ) -> None:
        """How long coverage and coordination had stood unproved, and whether they did.

        Only what an answer settles counts: paid, or refused for this very matter; and
        only while the last word on the matter was a proof.
        """
        checked = event.checked_on
        for hazards, cause, proved, refused, vouched in (
            (
                self._lapses,
                RootCause.ELIGIBILITY_COVERAGE,
                before.coverage_proved,
                before.coverage_refused,
                event.check_active,
            ),
            (
                self._others,
                RootCause.COB_WRONG_PAYER,
                before.coordination_proved,
                before.coordination_refused,
                checked is not None and not event.check_named_other,
            ),
        ):
            lost = shares.get(cause, 0.0) > _SETTLED
            if event.denied and not lost:
                continue
            if vouched and checked is not None and (proved is None or checked > proved):
                proved = checked
            if refused is not None and proved is not None and refused > proved:
                continue
            hazards.learn(
                event.view.payer,
                received=event.received_on,
                proved=proved,
                answered=event.service_date,
                refused=lost,
            )


_SETTLED = 0.5
_NO_COVERAGE = CoverageEvidence()
_NO_CLINICIAN = ClinicianEvidence()
_NO_FILING = FilingEvidence()
_NO_LIMIT = VisitLimitEvidence()


class _Rates:
    """The counts of one table: key -> [day, weight, denied weight, answers].

    The two weights are decayed, the answers are not.
    """

    __slots__ = (
        "_overall",
        "_per_answer",
        "causes",
        "counts",
        "decay",
        "key",
        "prior_weight",
    )

    def __init__(self, table: RateTable) -> None:
        self.key = table.key
        self.causes = table.causes
        self.prior_weight = table.prior_weight
        self.decay = [math.exp2(-days / table.half_life_days) for days in _DAYS]
        self._per_answer = 1.0
        if table.half_life_answers:
            self.decay = [1.0] * len(_DAYS)
            self._per_answer = math.exp2(-1.0 / table.half_life_answers)
        self.counts: dict[Key, list[float]] = {}
        self._overall: list[float] = [0.0, 0.0, 0.0, 0.0]

    def learn(
        self, view: LineView, day: int, denied: bool, shares: dict[str, float]
    ) -> None:
        key = self.key(view)
        if key is None:
            return
        value = float(denied)
        if denied and self.causes:
            value = sum(
                share for cause, share in shares.items() if cause in self.causes
            )
        counts = self.counts.get(key)
        if counts is None:
            counts = self.counts[key] = [day, 0.0, 0.0, 0.0]
        self._add(counts, day, value)
        self._add(self._overall, day, value)

    def _add(self, counts: list[float], day: int, value: float) -> None:
        decay = self.decay[self._elapsed(counts, day)] * self._per_answer
        counts[0] = day
        counts[1] = counts[1] * decay + 1.0
        counts[2] = counts[2] * decay + value
        counts[3] += 1.0

    def overall(self, day: int) -> float:
        prior = _CAUSE_PRIOR if self.causes else _OVERALL_PRIOR
        counts = self._overall
        decay = self.decay[self._elapsed(counts, day)]
        return (counts[2] * decay + prior * _OVERALL_PRIOR_WEIGHT) / (
            counts[1] * decay + _OVERALL_PRIOR_WEIGHT
        )

    @staticmethod
    def _elapsed(counts: list[float], day: int) -> int:
        return min(int(day - counts[0]), _LONGEST_DAYS) if counts[0] else 0


_NAN = float("nan")
_DAYS = range(_LONGEST_DAYS + 1)


def _outcome(event: AnswerEvent) -> Outcome:
    return Outcome(
        received_on=event.received_on,
        payer=event.view.payer,
        code=event.view.code,
        denied=event.denied,
        allowed=event.allowed,
        reason_code=event.reason_code,
        cause=named_cause(dict(event.shares)),
        recovered_on=event.recovered_on,
    )


def _order(event: AnswerEvent) -> tuple[date, str, int]:
    return event.received_on, event.claim_id, event.line_number
