"""When payers answer: learnt from what was received, and true of what follows."""

from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.simulated_records import records_of
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.observation import answer_events, observe_lines
from denialml.modeling.risk.answer_time import AnswerTimes, answer_times
from denialml.modeling.risk.frames import NEVER, Frame
from denialml.modeling.risk.slicing import usable_rows
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.simulation import simulate_practice
from tests.modeling.conftest import TRAINED_AS_OF


def delays(payer: str, days: list[int], *, age: int = 170) -> AnswerTimes:
    return AnswerTimes(
        [payer] * len(days),
        denied=np.zeros(len(days), dtype=np.bool_),
        delay_days=np.array(days, dtype=np.int32),
        age_days=np.full(len(days), age, dtype=np.int32),
    )


def test_without_truncation_it_is_the_share_of_delays() -> None:
    times = delays("P1", [10, 20, 20, 40] * 250)
    for days, share in ((9, 0.0), (10, 0.25), (19, 0.25), (20, 0.75), (40, 1.0)):
        found = times.answered_within("P1", days, denied=False)
        assert found == pytest.approx(share, abs=0.01)


def test_quick_answers_to_new_claims_do_not_make_a_payer_look_quick() -> None:
    """Half of all answers take 10 days and half 50; new claims show only the first."""
    ages = np.arange(1, 160)
    rows = [(age, delay) for age in ages for delay in (10, 50) if delay < age]
    times = AnswerTimes(
        ["P1"] * len(rows) * 20,
        denied=np.zeros(len(rows) * 20, dtype=np.bool_),
        delay_days=np.array([delay for _, delay in rows] * 20, dtype=np.int32),
        age_days=np.array([age for age, _ in rows] * 20, dtype=np.int32),
    )
    seen = np.mean([delay == 10 for _, delay in rows])
    assert seen > 0.55
    assert times.answered_within("P1", 30, denied=False) == pytest.approx(0.5, abs=0.01)


def test_a_payer_with_few_answers_is_drawn_towards_all_payers() -> None:
    times = AnswerTimes(
        ["P1"] * 400 + ["P2"],
        denied=np.zeros(401, dtype=np.bool_),
        delay_days=np.array([20] * 400 + [90], dtype=np.int32),
        age_days=np.full(401, 170, dtype=np.int32),
    )
    assert times.answered_within("P2", 30, denied=False) > 0.9
    assert times.answered_within("unheard of", 30, denied=False) > 0.9


def test_denials_are_told_apart_and_mixed_by_risk() -> None:
    times = AnswerTimes(
        ["P1"] * 800,
        denied=np.array([False] * 400 + [True] * 400),
        delay_days=np.array([15] * 400 + [45] * 400, dtype=np.int32),
        age_days=np.full(800, 170, dtype=np.int32),
    )
    assert times.expected("P1", denial_risk=0.05).median == 15
    assert times.expected("P1", denial_risk=0.95).median == 45
    middle = times.expected("P1", denial_risk=0.5)
    assert (middle.low, middle.high) == (15, 45)


def test_a_history_without_answers_expects_nothing() -> None:
    assert answer_times(History()) is None


def test_later_answers_do_not_change_what_was_expected() -> None:
    practice = simulate_practice(
        seed=107, claims=800, starts_on=date(2023, 1, 1), ends_on=date(2023, 12, 31)
    )
    records = records_of(practice)
    events = answer_events(observe_lines(records, FactBook(records)))
    day = date(2023, 9, 1)
    whole, before = (
        History(kept)
        for kept in (events, [one for one in events if one.received_on < day])
    )
    found = []
    for history in (whole, before):
        history.advance(day)
        times = answer_times(history)
        assert times is not None
        found.append(
            [times.expected(one.view.payer, denial_risk=0.2) for one in events[:50]]
        )
    assert found[0] == found[1]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [101, 102])
def test_the_interval_holds_80_of_100_answers_on_simulated_practices(seed: int) -> None:
    practice = simulate_practice(
        seed=seed, claims=8000, starts_on=date(2023, 1, 1), ends_on=date(2024, 12, 31)
    )
    records = records_of(practice)
    observed = observe_lines(records, FactBook(records))
    history = History(answer_events(observed))
    inside, below, count = 0, 0.0, 0
    for day in (date(2024, 3, 1), date(2024, 5, 1), date(2024, 7, 1)):
        history.advance(day)
        times = answer_times(history)
        assert times is not None
        for one in observed:
            if (
                not 0 <= (one.submitted_on - day).days < 31
                or not one.is_original
                or one.answer is None
                or one.denied is None
            ):
                continue
            took = (one.answer.received_on - one.submitted_on).days
            expected = times.expected(one.view.payer, denial_risk=0.18)
            inside += expected.low <= took <= expected.high
            # Days are whole: half of those on the day itself lie below it.
            below += (took < expected.median) + 0.5 * (took == expected.median)
            count += 1
    assert count > 500
    assert inside / count == pytest.approx(0.8, abs=0.06)
    assert below / count == pytest.approx(0.5, abs=0.07)


def test_newest_answers_stand_for_those_not_yet_answered(small_frame: Frame) -> None:
    labels = small_frame.labels(known_by=TRAINED_AS_OF)
    usable = usable_rows(
        small_frame,
        labels,
        specification=TrainingSpecification(),
        known_by=TRAINED_AS_OF,
    )
    sent = small_frame.submitted_on
    weight = usable.weight[usable.rows]
    assert (weight >= 1).all()
    assert (weight <= 2).all()
    assert (weight > 1).any()
    # Weighted, the newest two open weeks weigh what was really sent in them.
    newest = [
        row
        for row in usable.rows.tolist()
        if date.fromordinal(int(sent[row])) >= TRAINED_AS_OF - timedelta(days=24)
    ]
    assert newest
    first = min(int(sent[row]) for row in newest)
    last = max(int(sent[row]) for row in newest)
    asked = int(((sent >= first) & (sent <= last)).sum())
    assert usable.weight[newest].sum() == pytest.approx(asked, rel=0.25)


def test_an_outcome_does_not_decide_whether_its_line_takes_part() -> None:
    """Payments take 10 days, denials 40: of the last 39 days only payments are in."""
    known_by = date(2024, 6, 1)
    day = known_by.toordinal()
    sent = np.repeat(np.arange(day - 300, day, dtype=np.int32), 10)
    denied = np.tile(np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0], dtype=np.int8), 300)
    rows = len(sent)
    payer = SimpleNamespace(view=SimpleNamespace(payer="P1"))
    frame = Frame(
        matrix=np.zeros((rows, 1)),
        denied=denied,
        submitted_on=sent,
        answered_on=(sent + np.where(denied == 1, 40, 10)).astype(np.int32),
        rejected_on=np.full(rows, NEVER, dtype=np.int32),
        original=np.ones(rows, dtype=np.bool_),
        claim=np.arange(rows, dtype=np.int32),
        lines=(payer,) * rows,  # type: ignore[arg-type]
    )
    usable = usable_rows(
        frame,
        frame.labels(known_by=known_by),
        specification=TrainingSpecification(),
        known_by=known_by,
    )
    assert sent[usable.rows].max() == day - 41
    assert denied[usable.rows].mean() == pytest.approx(0.2)
