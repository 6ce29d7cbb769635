"""The 31 source attributes: all answered, or with the reason why not."""

import pytest

from denialml.modeling.retraining.card_answers import NOT_ASSESSED, STANDING_ANSWERS
from denialml.modeling.retraining.source_attributes import (
    SOURCE_ATTRIBUTES,
    answer_attributes,
    unanswered,
)

MEASURED = dict.fromkeys(("4.i", "4.iii", "7.i", "7.ii", "8.ii", "8.iv"), "0.3")


def test_there_are_31_in_nine_groups() -> None:
    counts: dict[str, int] = {}
    for each in SOURCE_ATTRIBUTES:
        counts[each.group] = counts.get(each.group, 0) + 1
    assert list(counts.values()) == [4, 4, 2, 4, 2, 4, 5, 4, 2]
    assert len({each.number for each in SOURCE_ATTRIBUTES}) == 31


def test_standing_measured_and_missing_answers_make_the_whole() -> None:
    answered = answer_attributes(STANDING_ANSWERS | MEASURED, NOT_ASSESSED)
    assert unanswered(answered) == ()
    reasons = [one for one in answered if not one.assessed]
    assert [one.number for one in reasons] == list(NOT_ASSESSED)
    assert all(len(one.answer) > 20 for one in reasons)


@pytest.mark.parametrize(
    ("answers", "reasons"),
    [
        pytest.param(STANDING_ANSWERS, NOT_ASSESSED, id="one is missing"),
        pytest.param(
            STANDING_ANSWERS | MEASURED | {"6.i": "yes"}, NOT_ASSESSED, id="both"
        ),
        pytest.param(
            STANDING_ANSWERS | MEASURED | {"10.i": "?"}, NOT_ASSESSED, id="unknown"
        ),
    ],
)
def test_a_gap_is_refused(answers: dict[str, str], reasons: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="one answer or one reason"):
        answer_attributes(answers, reasons)


def test_a_blank_answer_counts_as_none() -> None:
    answered = answer_attributes(
        STANDING_ANSWERS | MEASURED | {"2.i": " "}, NOT_ASSESSED
    )
    assert unanswered(answered) == ("2.i",)
