"""Bulk writes that both databases understand: insert what is new, or replace."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Date, Dialect, Executable, Result, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from denialml.store.columns import Base
from denialml.store.membership import one_of

# Below SQLite's limit of bound values per statement, whatever else is bound.
CHUNK = 900


@dataclass(frozen=True)
class _Insertion:
    """An INSERT compiled once, with what turns a row into its bound values.

    Handing rows to the driver ourselves costs a third of what the statement compiler
    asks for each of them, and ingestion inserts some ten rows for every claim.
    """

    text: str
    values_of: Callable[[dict[str, Any]], tuple[Any, ...]]
    converters: tuple[tuple[int, Callable[[Any], Any]], ...]

    def bound(self, rows: Iterable[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
        """The rows as the driver wants them."""
        for row in rows:
            values = list(self.values_of(row))
            for position, convert in self.converters:
                values[position] = convert(values[position])
            yield tuple(values)


def insert_new(
    session: Session, row: type[Base], rows: Sequence[dict[str, Any]]
) -> None:
    """Insert rows; those whose primary key is already there stay as they are."""
    if rows:
        connection = session.connection()
        insertion = _insertion(connection.dialect, table_of(row))
        connection.exec_driver_sql(insertion.text, list(insertion.bound(rows)))


@lru_cache(maxsize=256)
def _insertion(dialect: Dialect, table: Table) -> _Insertion:
    names = [column.name for column in table.columns]
    statement = _dialect_insert(dialect, table).on_conflict_do_nothing()
    compiled = statement.compile(dialect=dialect, column_keys=names)
    ordered = compiled.positiontup or names
    converters = []
    for position, name in enumerate(ordered):
        kind = table.c[name].type.dialect_impl(dialect)
        # What SQLAlchemy itself would write for a day, without its format string.
        convert = (
            _iso_day
            if dialect.name == "sqlite" and isinstance(kind, Date)
            else kind.bind_processor(dialect)
        )
        if convert is not None:
            converters.append((position, convert))
    text = str(compiled)
    if not compiled.positional:
        # psycopg takes named parameters; plain positions are quicker to fill.
        text = text % dict.fromkeys(names, "%s")
        ordered = names
    return _Insertion(text, itemgetter(*ordered), tuple(converters))


def _iso_day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def upsert(
    session: Session,
    row: type[Base],
    rows: Sequence[dict[str, Any]],
    *,
    key: tuple[str, ...],
) -> None:
    """Insert rows, or replace every other column where the key is already there.

    A row of another organization under the same key is never touched.
    """
    if not rows:
        return
    connection = session.connection()
    statement = _dialect_insert(connection.dialect, table_of(row))
    replaced = {name: statement.excluded[name] for name in rows[0] if name not in key}
    organization = table_of(row).c.organization_id
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(key),
            set_=replaced,
            where=organization == statement.excluded["organization_id"],
        ),
        rows,
    )


def existing(
    session: Session, row: type[Base], key: str, values: Iterable[str]
) -> set[str]:
    """Which of these keys are already on file."""
    keys = list(values)
    if not keys:
        return set()
    return set(run(session, _keys_on_file(row, key), keys=keys).scalars())


@lru_cache(maxsize=256)
def _keys_on_file(row: type[Base], key: str) -> Executable:
    column = table_of(row).c[key]
    return select(column).where(one_of(column, "keys"))


def payloads_on_file(
    session: Session, row: Any, record_ids: Iterable[str]
) -> dict[str, str]:
    """The stored payloads of those practice records that are already on file."""
    keys = list(record_ids)
    if not keys:
        return {}
    rows = run(session, _payloads_by_id(row), keys=keys)
    return {stored.record_id: stored.payload for stored in rows}


@lru_cache(maxsize=256)
def _payloads_by_id(row: type[Base]) -> Executable:
    columns = table_of(row).c
    return select(columns.record_id, columns.payload).where(
        one_of(columns.record_id, "keys")
    )


def run(session: Session, statement: Executable, **values: Any) -> Result[Any]:
    """Execute on tables, without the mapper: half the cost for a small statement.

    A statement made once, with `values` bound to its parameters, costs half again.
    """
    return session.connection().execute(statement, values or None)


def chunks(values: Iterable[str]) -> Iterable[list[str]]:
    """Distinct values in sorted runs that fit one statement."""
    distinct = sorted(set(values))
    for start in range(0, len(distinct), CHUNK):
        yield distinct[start : start + CHUNK]


def table_of(row: type[Base]) -> Table:
    """The table behind a row type."""
    table = row.__table__
    assert isinstance(table, Table)
    return table


def _dialect_insert(dialect: Dialect, table: Table) -> Any:
    if dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
