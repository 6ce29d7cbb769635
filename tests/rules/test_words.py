"""Numbers and lists as the rules' sentences print them."""

from decimal import Decimal

import pytest

from denialml.rules.words import dollars, listed, plain, service


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2, "2"),
        (Decimal("2.00"), "2"),
        (Decimal("1.50"), "1.5"),
        (Decimal("2E+1"), "20"),
        (Decimal("100"), "100"),
        (Decimal("0.00"), "0"),
    ],
)
def test_numbers_have_no_empty_digits(value: Decimal | int, text: str) -> None:
    assert plain(value) == text


def test_amounts_are_dollars_and_cents() -> None:
    assert dollars(Decimal("1250")) == "$1,250.00"
    assert dollars(Decimal("0.5")) == "$0.50"
    assert dollars(Decimal("-5")) == "-$5.00"


def test_of_many_words_the_first_are_named() -> None:
    assert listed(["90834"]) == "90834"
    assert listed(["90834", "90837"]) == "90834 and 90837"
    assert listed("abcdefg") == "a, b, c, d, e, f and g"
    assert listed("abcdefgh") == "a, b, c, d, e, f and 2 more"


def test_a_line_without_a_code_begins_a_sentence_too() -> None:
    assert service("90834") == "90834"
    assert service(" ") == "A line without a procedure code"
