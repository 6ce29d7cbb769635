"""What remittances teach: decay, evidence, order and the arrow of time."""

from datetime import date, timedelta

import pytest

from denialml.domain.claim import Claim
from denialml.domain.facts import PracticeRecords, SubmittedClaim
from denialml.modeling.knowledge.answer_event import AnswerEvent
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History, LineHistory
from denialml.modeling.knowledge.line_view import LineView, view_line
from denialml.modeling.knowledge.rate_tables import RATE_TABLES
from tests.modeling.small_practice import make_claim

DAY = date(2024, 3, 4)
_DAY = timedelta(days=1)
POSITION = {table.name: at for at, table in enumerate(RATE_TABLES)}


def view_of(claim: Claim) -> LineView:
    book = FactBook(PracticeRecords())
    assert claim.submitted_on is not None
    facts = book.line_facts(claim, claim.lines[0], as_of=claim.submitted_on)
    return view_line(claim, claim.lines[0], facts)


def event(
    number: int,
    *,
    denied: bool,
    received_on: date,
    cause: str = "auth_missing",
    day: date = DAY,
    patient: str = "R1",
) -> AnswerEvent:
    claim = make_claim(f"C{number}", day=day, patient=patient)
    assert claim.submitted_on is not None
    return AnswerEvent(
        received_on=received_on,
        claim_id=f"c{number:03}",
        line_number=1,
        submitted_on=claim.submitted_on,
        service_date=day,
        patient=patient,
        view=view_of(claim),
        denied=denied,
        shares=((cause, 1.0),) if denied else (),
    )


def ask(history: History, *, patient: str = "R1") -> LineHistory:
    return history.about(
        view_of(make_claim("Q", day=DAY, patient=patient)), patient=patient
    )


def test_an_answer_counts_from_the_day_after_it_was_received() -> None:
    history = History([event(1, denied=True, received_on=DAY)])
    history.advance(DAY)
    assert ask(history).weights[POSITION["payer"]] == 0.0
    history.advance(DAY + _DAY)
    assert ask(history).weights[POSITION["payer"]] == pytest.approx(1.0, abs=0.01)


def test_rates_rise_with_denials_and_decay_to_half() -> None:
    table = RATE_TABLES[POSITION["payer_code"]]
    events = [event(at, denied=True, received_on=DAY) for at in range(40)]
    history = History(events)
    history.advance(DAY + _DAY)
    fresh = ask(history)
    history.advance(DAY + timedelta(days=table.half_life_days))
    old = ask(history)
    at = POSITION["payer_code"]
    assert fresh.rates[at] > 0.8
    assert old.weights[at] == pytest.approx(20.0)
    assert old.rates[at] < fresh.rates[at]


def test_the_newest_answers_outweigh_many_old_ones() -> None:
    paid = [event(at, denied=False, received_on=DAY) for at in range(100)]
    denied = [
        event(100 + at, denied=True, received_on=DAY + 5 * _DAY) for at in range(8)
    ]
    history = History([*paid, *denied])
    history.advance(DAY + 6 * _DAY)
    asked = ask(history)
    assert asked.rates[POSITION["authorization_visit_denial"]] < 0.15
    assert asked.rates[POSITION["authorization_newest"]] > 0.6


def test_only_denials_of_a_tables_causes_count_in_it() -> None:
    events = [
        event(at, denied=True, received_on=DAY, cause="diagnosis_coding")
        for at in range(30)
    ]
    history = History(events)
    history.advance(DAY + _DAY)
    asked = ask(history)
    assert asked.rates[POSITION["diagnosis_denial"]] > 0.6
    assert asked.rates[POSITION["authorization_denial"]] < 0.05


def test_asking_changes_nothing() -> None:
    history = History([event(1, denied=True, received_on=DAY)])
    history.advance(DAY + _DAY)
    first = ask(history)
    ask(history, patient="R9")
    history.about(view_of(make_claim("Z", day=DAY, payer="P9")), patient="R9")
    assert ask(history) == first


def test_the_order_in_which_answers_are_handed_in_does_not_matter() -> None:
    events = [
        event(at, denied=at % 3 == 0, received_on=DAY + (at % 7) * _DAY)
        for at in range(60)
    ]
    forward, backward = History(events), History(reversed(events))
    for history in (forward, backward):
        history.advance(DAY + 30 * _DAY)
    assert ask(forward) == ask(backward)


def test_advancing_day_by_day_equals_advancing_at_once() -> None:
    events = [
        event(at, denied=at % 4 == 0, received_on=DAY + at * _DAY) for at in range(20)
    ]
    slow, fast = History(events), History(events)
    for days in range(31):
        slow.advance(DAY + days * _DAY)
        ask(slow)
    fast.advance(DAY + 30 * _DAY)
    assert ask(slow) == ask(fast)


def test_history_never_goes_back() -> None:
    history = History()
    history.advance(DAY)
    with pytest.raises(ValueError, match="cannot go back"):
        history.advance(DAY - _DAY)


def test_a_denial_for_coverage_and_a_later_payment() -> None:
    refused = event(
        1, denied=True, received_on=DAY + 20 * _DAY, cause="eligibility_coverage"
    )
    paid = event(2, denied=False, received_on=DAY + 40 * _DAY, day=DAY + 7 * _DAY)
    history = History([refused, paid])
    history.advance(DAY + 21 * _DAY)
    first = ask(history).coverage
    assert (first.coverage_refused, first.coverage_proved) == (DAY, None)
    history.advance(DAY + 41 * _DAY)
    then = ask(history).coverage
    assert (then.coverage_refused, then.coverage_proved) == (DAY, DAY + 7 * _DAY)
    assert ask(history, patient="R2").coverage.answers == 0


def test_a_denial_for_authorization_proves_coverage() -> None:
    history = History([event(1, denied=True, received_on=DAY)])
    history.advance(DAY + _DAY)
    assert ask(history).coverage.coverage_proved == DAY


def test_corrected_claims_prove_coverage_but_enter_no_rate(
    small_records: PracticeRecords,
) -> None:
    from denialml.modeling.knowledge.observation import answer_events, observe_lines
    from tests.modeling.small_practice import answer

    claim = make_claim("C1", day=DAY, frequency_code="7")
    assert claim.submitted_on is not None
    records = PracticeRecords(
        submitted_claims=(
            SubmittedClaim(claim_id="c1", submitted_on=claim.submitted_on, claim=claim),
        ),
        adjudications=(answer("c1", received_on=DAY + 9 * _DAY),),
    )
    events = answer_events(observe_lines(records, FactBook(records)))
    history = History(events)
    history.advance(DAY + 10 * _DAY)
    asked = ask(history)
    assert asked.coverage.coverage_proved == DAY
    assert asked.weights[POSITION["payer"]] == 0.0
