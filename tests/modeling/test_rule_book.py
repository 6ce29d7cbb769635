"""What answers teach about the rules that lines broke: start, draw, decay, order."""

import math
from datetime import date, timedelta

import msgspec
import pytest

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.modeling.knowledge.answer_event import AnswerEvent
from denialml.modeling.knowledge.rule_book import RuleBook, RuleRates
from denialml.modeling.knowledge.rule_outcomes import BrokenRule
from tests.modeling.test_history import event

DAY = date(2024, 3, 4)
_DAY = timedelta(days=1)
MISSING = BrokenRule("BH-901", Severity.DENY_LIKELY, RootCause.AUTH_MISSING)
LATE = BrokenRule("BH-902", Severity.REJECT, RootCause.TIMELY_FILING)
SHORT = BrokenRule("BH-903", Severity.WARN, RootCause.CODING_TIME_UNITS)


def answered(
    number: int,
    *rules: BrokenRule,
    denied: bool,
    payer: str = "P1",
    on: date = DAY,
    cause: str = "auth_missing",
) -> AnswerEvent:
    one = event(number, denied=denied, received_on=on, cause=cause)
    view = msgspec.structs.replace(one.view, payer=payer)
    return msgspec.structs.replace(one, view=view, broken=rules)


def book_on(day: date, *events: AnswerEvent) -> RuleBook:
    book = RuleBook(events)
    book.advance(day)
    return book


def test_a_line_that_breaks_nothing_has_no_rate() -> None:
    told = book_on(DAY).about("P1", ())
    assert math.isnan(told.rate)
    assert math.isnan(told.usual)
    assert (told.answers, told.causes) == (0, ())


@pytest.mark.parametrize(("rule", "rate"), [(MISSING, 0.5), (LATE, 0.5), (SHORT, 0.05)])
def test_without_answers_a_finding_starts_by_its_class(
    rule: BrokenRule, rate: float
) -> None:
    told = book_on(DAY).about("P1", (rule,))
    assert told == RuleRates(
        rate=pytest.approx(rate), usual=pytest.approx(0.01), causes=told.causes
    )


def test_a_payers_rate_is_drawn_to_the_rules_that_to_its_classs_that_to_the_start() -> (
    None
):
    events = [answered(at, MISSING, denied=at < 6) for at in range(8)]
    book = book_on(DAY + _DAY, *events)
    decay = 2 ** (-1 / 270)
    six, eight = 6 * decay, 8 * decay
    of_class = (six + 0.5 * 20) / (eight + 20)
    of_rule = (six + of_class * 8) / (eight + 8)
    of_payer = (six + of_rule * 8) / (eight + 8)
    own = book.about("P1", (MISSING,))
    assert own.rate == pytest.approx(of_payer)
    assert own.answers == 8
    # Another payer, another rule: what is next wider stands in.
    other = book.about("P2", (MISSING,))
    assert other.rate == pytest.approx(of_rule)
    assert other.answers == 0
    assert book.about("P1", (LATE,)).rate == pytest.approx(of_class)
    assert book.about("P1", (SHORT,)).rate == pytest.approx(0.05)


def test_only_the_share_of_the_denial_that_is_the_rules_cause_counts() -> None:
    events = [answered(at, MISSING, denied=True, cause="late") for at in range(40)]
    assert book_on(DAY + _DAY, *events).about("P1", (MISSING,)).rate < 0.1


def test_answers_of_the_day_itself_are_not_known() -> None:
    events = [answered(at, MISSING, denied=True) for at in range(40)]
    book = book_on(DAY, *events)
    assert book.about("P1", (MISSING,)).rate == pytest.approx(0.5)
    book.advance(DAY + _DAY)
    assert book.about("P1", (MISSING,)).rate > 0.9


def test_an_answer_loses_half_its_weight_in_270_days() -> None:
    paid = [answered(at, MISSING, denied=False) for at in range(100)]
    later = DAY + timedelta(days=270)
    denied = [answered(200 + at, MISSING, denied=True, on=later) for at in range(50)]
    # Fifty new denials weigh what a hundred old payments still do.
    found = book_on(later + _DAY, *paid, *denied).about("P1", (MISSING,)).rate
    assert found == pytest.approx(0.5, abs=0.001)


def test_causes_strike_independently_each_by_its_worst_finding() -> None:
    twin = BrokenRule("BH-904", Severity.WARN, RootCause.AUTH_MISSING)
    told = book_on(DAY).about("P1", (MISSING, SHORT, twin))
    assert told.causes == (
        ("auth_missing", 0.5, pytest.approx(0.01)),
        ("coding_time_units", 0.05, pytest.approx(0.01)),
    )
    assert told.rate == pytest.approx(1 - 0.5 * 0.95)
    assert told.usual == pytest.approx(1 - 0.99**2)


def test_the_usual_rate_is_of_all_lines_for_the_same_cause() -> None:
    events = [answered(at, denied=at % 5 == 0, payer=f"P{at % 7}") for at in range(500)]
    told = book_on(DAY + _DAY, *events).about("P1", (MISSING,))
    assert told.usual == pytest.approx(0.2, abs=0.01)
    other = book_on(DAY + _DAY, *events).about("P1", (LATE,))
    assert other.usual < 0.01


def test_corrected_claims_teach_nothing_and_the_order_given_does_not_matter() -> None:
    events = [
        answered(at, MISSING, denied=at % 3 == 0, on=DAY + at * _DAY)
        for at in range(30)
    ]
    corrected = [
        msgspec.structs.replace(one, counts=False, claim_id=f"x{one.claim_id}")
        for one in events
    ]
    day = DAY + timedelta(days=60)
    plain = book_on(day, *events).about("P1", (MISSING, SHORT))
    assert (
        book_on(day, *corrected, *events[::-1]).about("P1", (MISSING, SHORT)) == plain
    )
    slow = RuleBook(events)
    for at in range(61):
        slow.advance(DAY + at * _DAY)
        slow.about("P1", (MISSING,))
    assert slow.about("P1", (MISSING, SHORT)) == plain
