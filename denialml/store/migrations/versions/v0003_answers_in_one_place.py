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
    """Drop the three tables.

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
