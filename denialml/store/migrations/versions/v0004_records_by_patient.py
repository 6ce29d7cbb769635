"""Eligibility checks, authorizations and encounters are found by their patient.

The two numbers are taken from the payloads of what is already on file.
"""

import sqlalchemy as sa
from alembic import op

revision = "v0004"
down_revision = "v0003"
branch_labels = None
depends_on = None

TABLES = ("eligibility_checks", "authorizations", "encounters")
NUMBERS = {"medical_record_number": "by_patient", "member_id": "by_member"}


def upgrade() -> None:
    """Add both numbers to the three tables, fill them and index them."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in TABLES:
        for number in NUMBERS:
            op.add_column(
                table,
                sa.Column(number, sa.String(), nullable=False, server_default=""),
            )
        stated = {
            number: f"json_extract(payload, '$.{number}')"
            if on_sqlite
            else f"payload::json ->> '{number}'"
            for number in NUMBERS
        }
        # Names of our own tables and columns, never a value of a record.
        filled = ", ".join(
            f"{number} = coalesce({value}, '')" for number, value in stated.items()
        )
        op.execute(f"UPDATE {table} SET {filled}")  # noqa: S608
        for number, suffix in NUMBERS.items():
            op.create_index(f"{table}_{suffix}", table, ["organization_id", number])
