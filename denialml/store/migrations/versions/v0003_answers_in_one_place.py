"""Tables that repeated parts of a payload and that nothing asked are gone.

Ids are written in another form since then, which no statement can mend: they come
from a keyed digest of the records. A database that already holds files is therefore
refused; the files, read into a new one, end with the same records.
"""

import sqlalchemy as sa
from alembic import op

from denialml.errors import SchemaOutdated

revision = "v0003"
down_revision = "v0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the three tables, and let mended records take the place of faulty ones.

    Raises:
        SchemaOutdated: the database already holds files.
    """
    if op.get_bind().execute(sa.text("SELECT 1 FROM source_files LIMIT 1")).first():
        raise SchemaOutdated(
            "the database was filled before the first release, with ids of another"
            " form: ingest the same files into a new one"
        )
    for table in ("claim_adjustments", "service_payments", "service_lines"):
        op.drop_table(table)
    for table, column in (
        ("claims", "control_number_key"),
        ("claim_payments", "remittance_id"),
    ):
        op.add_column(
            table,
            sa.Column(
                "provisional", sa.Boolean(), nullable=False, server_default=sa.false()
            ),
        )
        op.create_index(
            f"{table}_provisional",
            table,
            ["organization_id", column],
            sqlite_where=sa.text("provisional IS 1"),
            postgresql_where=sa.text("provisional IS true"),
        )
    op.create_table(
        "record_aliases",
        sa.Column("alias_id", sa.String(64), primary_key=True),
        sa.Column(
            "organization_id",
            sa.String(64),
            sa.ForeignKey("organizations.organization_id"),
            nullable=False,
        ),
        sa.Column("record_id", sa.String(64), nullable=False),
    )
