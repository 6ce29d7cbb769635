"""What the remittances received before a day had taught, and nothing else.

`History` holds every final answer in the order it was received and applies it when
`advance` passes its day. Looking something up never changes it, so a claim gets the
same numbers alone, in a batch, from the API and in a backtest.
"""

from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from denialml.modeling.knowledge.answer_event import (
    AnswerEvent,
    denied_share,
    in_order,
)
from denialml.modeling.knowledge.evidence import (
    ClinicianEvidence,
    CoverageEvidence,
    FilingEvidence,
    VisitLimitEvidence,
)
from denialml.modeling.knowledge.evidence_book import EvidenceBook
from denialml.modeling.knowledge.line_view import LineView
from denialml.modeling.knowledge.loss_hazard import Hazard
from denialml.modeling.knowledge.outcomes import Outcome, OutcomeBook, named_cause
from denialml.modeling.knowledge.rate_tables import (
    KEYS,
    KEYS_OF,
    PARENTS,
    RATE_TABLES,
    USUAL_OF,
)
from denialml.modeling.knowledge.rule_book import NOTHING_BROKEN, RuleBook, RuleRates
from denialml.modeling.knowledge.rule_outcomes import Broken
from denialml.modeling.knowledge.table_rates import LONGEST_DAYS, TableRates


class LineHistory(msgspec.Struct, frozen=True, gc=False):
    """What history says about one line. All four tuples are in table order.

    A weight is how many answers, decayed, stand behind the rate before it was drawn
    towards its parent's; NaN where the question does not arise. `answers` are those
    answers counted, none decayed; `usual` is the practice's rate for the same cause
    over all keys, against which a rate is high or low. Both serve the sentences only.
    `rule_rates` are of the claim rules that the line breaks.
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
    rule_rates: RuleRates = NOTHING_BROKEN


class History:
    """Denial rates and evidence of one practice as of a day that only moves forward.

    Parameters
    ----------
    events : iterable of AnswerEvent
        In any order; applied by day received, claim id and line.
    with_rules : bool
        Whether the rules that lines broke take part: the events were then made of
        lines observed with them.
    """

    def __init__(
        self, events: Iterable[AnswerEvent] = (), *, with_rules: bool = False
    ) -> None:
        self._events = in_order(events)
        self._rules = RuleBook(self._events) if with_rules else None
        self._evidence = EvidenceBook(self._events)
        self._tables = tuple(TableRates(table) for table in RATE_TABLES)
        self._asked = tuple(zip(self._tables, KEYS_OF, PARENTS, strict=True))
        self._usual: tuple[float, ...] = ()
        self.outcomes = OutcomeBook(
            [_outcome(event) for event in self._events if event.counts]
        )

    @property
    def as_of(self) -> date:
        """The day it stands at."""
        return self._evidence.as_of

    @property
    def with_rules(self) -> bool:
        """Whether the rules that a line breaks take part in what is said of it."""
        return self._rules is not None

    @property
    def events(self) -> Sequence[AnswerEvent]:
        """Every answer in the order received; the first `answers_known` are learnt."""
        return self._events

    @property
    def answers_known(self) -> int:
        """How many answered lines it has learnt, corrected claims included."""
        return self._evidence.position

    def advance(self, day: date) -> None:
        """Learn every answer received before `day`.

        Raises
        ------
        ValueError
            If `day` is earlier than the day it stands at.
        """
        moved = day != self.as_of
        new = self._evidence.advance(day)
        self._learn([event for event in new if event.counts])
        self.outcomes.advance(day)
        if self._rules is not None:
            self._rules.advance(day)
        if moved or not self._usual:
            self._usual = self._usual_rates(day)

    def about(
        self, view: LineView, *, patient: str, broken: Broken = ()
    ) -> LineHistory:
        """What history says about a line that is sent on the day it stands at.

        `broken` are the claim rules that it breaks, read only `with_rules`.
        """
        day = self.as_of.toordinal()
        usual = self._usual or self._usual_rates(self.as_of)
        keys = [read(view) for read in _KEY_READERS]
        rates: list[float] = []
        weights: list[float] = []
        answers: list[int] = []
        # One look-up for each of some thirty tables, written out: a call each would
        # take a third of the time in which a claim is scored.
        for position, (table, which, parent) in enumerate(self._asked):
            prior = usual[position] if parent < 0 else rates[parent]
            key = keys[which]
            counts = None if key is None else table.counts.get(key)
            if counts is None:
                rates.append(_NAN if key is None else prior)
                weights.append(_NAN if key is None else 0.0)
                answers.append(0)
                continue
            days = day - counts.since
            decay = table.decay[days if days < LONGEST_DAYS else LONGEST_DAYS]
            weight = counts.weight * decay
            prior_weight = table.prior_weight
            rates.append(
                (counts.denied * decay + prior * prior_weight) / (weight + prior_weight)
            )
            weights.append(weight)
            answers.append(counts.answers)
        return LineHistory(
            tuple(rates),
            tuple(weights),
            tuple(answers),
            usual,
            *self._evidence.about(view, patient=patient),
            rule_rates=NOTHING_BROKEN
            if self._rules is None
            else self._rules.about(view.payer, broken),
        )

    def _learn(self, events: Sequence[AnswerEvent]) -> None:
        """Table after table; the same keys and values serve several of them."""
        if not events:
            return
        views = [event.view for event in events]
        days = [event.received_on.toordinal() for event in events]
        keys = [[read(view) for view in views] for read in _KEY_READERS]
        values: dict[frozenset[str], list[float]] = {}
        for position, (rates, which, _) in enumerate(self._asked):
            causes = RATE_TABLES[position].causes
            if causes not in values:
                values[causes] = [denied_share(event, causes) for event in events]
            rates.learn(keys[which], days, values[causes])
            if position in _ASKED_FOR_USUAL:
                rates.learn_overall(keys[which], days, values[causes])

    def _usual_rates(self, day: date) -> tuple[float, ...]:
        """Of each table, the rate over all keys of the table that is asked for it."""
        overall = {
            at: self._tables[at].overall(day.toordinal()) for at in _ASKED_FOR_USUAL
        }
        return tuple(overall[asked] for asked in USUAL_OF)


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


_NAN = float("nan")
_KEY_READERS = tuple(words.reader() for words in KEYS)
_ASKED_FOR_USUAL = frozenset(USUAL_OF)
