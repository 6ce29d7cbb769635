"""The first schema: organizations, files, claims, answers, judgments, audit.

The statements are kept as SQL beside this file, one file for each database, exactly as
they were released; tests compare the result with `denialml.store.tables`.

SQLite has no statistics until someone runs ANALYZE, and without them takes an
organization for ten rows: a question for 900 control numbers would read the whole
organization. The script therefore states what the indexes are like in a practice of
some size (sqlite.org/optoverview, manual control of query plans); ANALYZE replaces it.
"""

from pathlib import Path

from alembic import op

revision = "v0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    dialect = op.get_bind().dialect.name
    script = Path(__file__).with_suffix(f".{dialect}.sql").read_text("utf-8")
    for statement in script.split(";\n"):
        if statement.strip():
            op.execute(statement)
