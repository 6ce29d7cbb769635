"""Whether a column is one of many given values, as one bound parameter.

An IN list has one parameter for each value, so every length is a statement of its own
that is rendered, prepared and planned anew; ingestion asks some ten of them for every
file. Here the values travel as one: a JSON array on SQLite, an array on PostgreSQL.
"""

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Text, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

_Value = str | int | date


class _Values(TypeDecorator[Iterable[_Value]]):
    """Values of one type as one parameter."""

    impl = Text
    cache_ok = True

    def __init__(self, item_type: TypeEngine[Any]) -> None:
        super().__init__()
        self.item_type = item_type

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """An array where the database has one, else text."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(ARRAY(self.item_type))
        return dialect.type_descriptor(Text())

    def process_bind_param(
        self, value: Iterable[_Value] | None, dialect: Dialect
    ) -> Any:
        """The array, or its JSON, in which a day is written as SQLite keeps it."""
        values = list(value or ())
        if dialect.name == "postgresql":
            return values
        return json.dumps(values, default=date.isoformat)


class _OneOf(FunctionElement[Any]):
    # Not Boolean: SQLAlchemy would write "(...) = 1" on SQLite, which hides the column
    # from its indexes.
    inherit_cache = True
    type = NullType()


def one_of(column: Any, name: str) -> ColumnElement[bool]:
    """`column` is one of the values bound to `name` when the statement runs.

    The column holds text, whole numbers or days.
    """
    return _OneOf(column, bindparam(name, type_=_Values(column.type)))


@compiles(_OneOf, "sqlite")
def _on_sqlite(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.clauses
    asked = compiler.process(column, **options)
    given = compiler.process(values, **options)
    return f"{asked} IN (SELECT value FROM json_each({given}))"  # noqa: S608


@compiles(_OneOf, "postgresql")
def _on_postgresql(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.clauses
    return (
        f"{compiler.process(column, **options)} = "
        f"ANY({compiler.process(values, **options)})"
    )
