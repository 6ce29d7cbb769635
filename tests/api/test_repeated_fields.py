"""Looking for a field given twice costs one pass, however many fields there are."""

import time

import pytest

from api.bodies import repeated_field


def seconds(body: bytes) -> float:
    started = time.process_time()
    repeated_field(body)
    return time.process_time() - started


def fields(count: int, *, distinct: int) -> bytes:
    return b"{" + b",".join(b'"k%d":1' % (at % distinct) for at in range(count)) + b"}"


def test_many_fields_given_twice_cost_no_more_than_as_many_given_once() -> None:
    once = min(seconds(fields(100_000, distinct=100_000)) for _ in range(3))
    twice = min(seconds(fields(100_000, distinct=99_999)) for _ in range(3))
    assert twice < 5 * once + 0.05


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"a": 1, "b": 2}', None),
        (b'{"a": 1, "b": 2, "b": 3}', "b"),
        (b'{"a": {"c": 1, "c": 2}, "d": 1}', "c"),
        (b'[{"a": 1}, {"a": 1}]', None),
    ],
)
def test_a_field_given_twice_is_named(body: bytes, name: str | None) -> None:
    assert repeated_field(body) == name
