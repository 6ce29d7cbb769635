"""Bulk writes that both databases understand: insert what is new, or replace."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from denialml.store.columns import Base

# Below SQLite's limit of bound values per statement, whatever else is bound.
CHUNK = 900


def insert_new(
    session: Session, row: type[Base], rows: Sequence[dict[str, Any]]
) -> None:
    """Insert rows; those whose primary key is already there stay as they are."""
    if rows:
        statement = _insert(session, row).on_conflict_do_nothing()
        session.connection().execute(statement, rows)


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
    statement = _insert(session, row)
    replaced = {name: statement.excluded[name] for name in rows[0] if name not in key}
    organization = table_of(row).c.organization_id
    session.connection().execute(
        statement.on_conflict_do_update(
            index_elements=list(key),
            set_=replaced,
            where=organization == statement.excluded["organization_id"],
        ),
        rows,
    )


def existing(
    session: Session, column: InstrumentedAttribute[str], values: Iterable[str]
) -> set[str]:
    """Which of these keys are already on file."""
    found: set[str] = set()
    for chunk in chunks(values):
        found.update(session.scalars(select(column).where(column.in_(chunk))))
    return found


def payloads_on_file(
    session: Session, row: Any, record_ids: Iterable[str]
) -> dict[str, str]:
    """The stored payloads of those practice records that are already on file."""
    found: dict[str, str] = {}
    for chunk in chunks(record_ids):
        statement = select(row.record_id, row.payload).where(row.record_id.in_(chunk))
        found |= {row.record_id: row.payload for row in session.execute(statement)}
    return found


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


def _insert(session: Session, row: type[Base]) -> Any:
    table = table_of(row)
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
