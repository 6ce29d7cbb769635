"""Values given as one parameter find the same rows on both databases."""

from datetime import date

import pytest
from sqlalchemy import BigInteger, Column, Date, MetaData, String, Table, select
from sqlalchemy.orm import Session

from denialml.store.membership import one_of
from denialml.store.writing import run

THINGS = Table(
    "things",
    MetaData(),
    Column("name", String(), primary_key=True),
    Column("size", BigInteger()),
    Column("day", Date()),
)
ROWS = [
    {"name": "plain", "size": 1, "day": date(2026, 3, 1)},
    {"name": 'a "quoted" one\\', "size": 2, "day": date(2026, 3, 2)},
    {"name": "Ünïcode ☂", "size": 3, "day": None},
]


@pytest.mark.parametrize(
    ("column", "values", "found"),
    [
        ("name", ["plain", "absent"], [1]),
        ("name", ['a "quoted" one\\', "Ünïcode ☂"], [2, 3]),
        ("name", ["' OR 1=1 --"], []),
        ("name", [], []),
        ("size", {2, 3, 9}, [2, 3]),
        ("day", {date(2026, 3, 2), date(2026, 3, 9)}, [2]),
        ("name", [*(f"absent {number}" for number in range(5000)), "plain"], [1]),
    ],
)
def test_rows_of_the_given_values_are_found(
    session: Session, column: str, values: list[object], found: list[int]
) -> None:
    THINGS.create(session.connection())
    session.execute(THINGS.insert(), ROWS)
    statement = (
        select(THINGS.c.size)
        .where(one_of(THINGS.c[column], "given"))
        .order_by(THINGS.c.size)
    )
    assert list(run(session, statement, given=values).scalars()) == found
