"""Column types that SQLite and PostgreSQL keep alike, and the shapes tables share.

Money is stored as whole cents beside the payload (which keeps the exact Decimal), so
that sums and sorts are exact on both databases. Days are DATE. Instants are UTC.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, Dialect, ForeignKey, String, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

CENTS_PER_DOLLAR = 100


class Instant(TypeDecorator[datetime]):
    """A moment with a zone, kept in UTC; SQLite itself would drop the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        """Convert to UTC.

        Raises:
            ValueError: the moment carries no zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        """Say again that it is UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value


class Base(DeclarativeBase):
    """Root of all tables."""

    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it from the class)
        str: String(),
        datetime: Instant(),
        int: BigInteger(),
    }


def cents(amount: Decimal) -> int:
    """Dollars as whole cents, half a cent to even (X12 amounts have two decimals)."""
    return round(amount * CENTS_PER_DOLLAR)


def dollars(whole_cents: int) -> Decimal:
    """Whole cents as dollars with two decimals."""
    return Decimal(whole_cents).scaleb(-2)


OrganizationColumn = Annotated[
    str, mapped_column(String(64), ForeignKey("organizations.organization_id"))
]
RecordKey = Annotated[str, mapped_column(String(64), primary_key=True)]
FileColumn = Annotated[
    str, mapped_column(String(64), ForeignKey("source_files.file_id"))
]
Payload = Annotated[str, mapped_column(Text())]
