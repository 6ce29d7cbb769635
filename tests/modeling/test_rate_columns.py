"""A frame's rates at once and a line's rates alone are the same bits."""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec
import numpy as np
import pytest

from benchmarks.simulated_records import records_of
from denialml.domain.claim import patient_key
from denialml.domain.facts import PracticeRecords
from denialml.modeling.knowledge.answer_event import AnswerEvent, in_order
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.observation import (
    ObservedLine,
    answer_events,
    observe_lines,
)
from denialml.modeling.knowledge.rate_columns import rate_columns
from denialml.modeling.knowledge.rate_tables import RATE_TABLES
from denialml.modeling.risk.feature import LineInput
from denialml.modeling.risk.features import FEATURES, line_features
from denialml.modeling.risk.frames import build_frame
from denialml.simulation import simulate_practice

POSITION = {table.name: at for at, table in enumerate(RATE_TABLES)}
_DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def simulated() -> PracticeRecords:
    return records_of(
        simulate_practice(
            seed=101, claims=1500, starts_on=date(2024, 1, 1), ends_on=date(2025, 3, 31)
        )
    )


Told = tuple[tuple[float, ...], ...]


def alone(history: History, one: ObservedLine) -> Told:
    """What a history says of one line that nobody else asks about."""
    told = history.about(one.view, patient=patient_key(one.claim))
    return told.rates, told.weights, told.answers, told.usual


def history_on(day: date, events: Sequence[AnswerEvent]) -> History:
    """A history that was brought to the day in one step."""
    history = History(events)
    history.advance(day)
    return history


def test_every_row_of_a_simulated_practice_has_the_bits_of_a_row_alone(
    simulated: PracticeRecords,
) -> None:
    frame = build_frame(simulated, originals_only=False)
    book = FactBook(simulated)
    observed = observe_lines(simulated, book, with_rules=True)
    history = History(answer_events(observed), with_rules=True)
    broken = {(one.claim_id, one.line.line_number): one.broken for one in observed}
    for position, one in enumerate(frame.lines):
        if one.submitted_on > history.as_of:
            history.advance(one.submitted_on)
        facts = book.line_facts(one.claim, one.line, as_of=one.submitted_on)
        about = history.about(
            one.view,
            patient=patient_key(one.claim),
            broken=broken[one.claim_id, one.line.line_number],
        )
        row = LineInput(one.claim, one.line, facts, one.view, about)
        assert line_features(row).tobytes() == frame.matrix[position].tobytes()
    assert len(frame.lines) > 1500
    assert frame.matrix.shape[1] == len(FEATURES)


def test_rates_at_once_are_the_rates_alone_whatever_is_asked(
    small_records: PracticeRecords,
) -> None:
    """Lines of any order and day: before all answers, after them, decades later."""
    observed = observe_lines(small_records, FactBook(small_records))
    events = in_order(answer_events(observed))
    stranger = msgspec.structs.replace(
        observed[0].view, payer="P9", same_day_families=""
    )
    beside = msgspec.structs.replace(observed[5].view, same_day_families="group")
    lines = [
        *observed[::211],
        msgspec.structs.replace(observed[0], view=stranger),
        msgspec.structs.replace(observed[5], view=beside),
    ]
    for day in (
        events[0].received_on,
        events[0].received_on + _DAY,
        events[len(events) // 2].received_on,
        events[-1].received_on + 30 * _DAY,
        date(2060, 1, 1),
    ):
        found = rate_columns(events, [one.view for one in lines], [day] * len(lines))
        history = history_on(day, events)
        for position, one in enumerate(lines):
            assert repr(found.row(position)) == repr(alone(history, one))


def test_corrected_claims_enter_no_rate_of_a_frame(
    small_records: PracticeRecords,
) -> None:
    observed = observe_lines(small_records, FactBook(small_records))
    events = [
        msgspec.structs.replace(one, counts=at % 3 == 0)
        for at, one in enumerate(in_order(answer_events(observed))[:400])
    ]
    day = date(2026, 1, 1)
    one = observed[10]
    found = rate_columns(events, [one.view], [day])
    assert repr(found.row(0)) == repr(alone(history_on(day, events), one))
    assert found.answers.max() <= 134


def test_without_answers_rates_are_assumed(small_records: PracticeRecords) -> None:
    [one, *_] = observe_lines(small_records, FactBook(small_records))
    found = rate_columns([], [one.view], [one.submitted_on])
    assert found.rates[0, POSITION["payer"]] == 0.15
    assert found.rates[0, POSITION["necessity"]] == 0.01
    assert np.isnan(found.rates[0, POSITION["same_day_denial"]])
    assert repr(found.row(0)) == repr(alone(history_on(one.submitted_on, []), one))


def test_no_lines_have_no_rows() -> None:
    assert rate_columns([], [], []).rates.shape == (0, len(RATE_TABLES))
    assert build_frame(PracticeRecords()).matrix.shape == (0, len(FEATURES))
