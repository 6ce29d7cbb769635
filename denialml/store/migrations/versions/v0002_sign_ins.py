"""Sign-ins move from the memory of one process into the database."""

from pathlib import Path

from alembic import op

revision = "v0002"
down_revision = "v0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of signed-in browsers."""
    dialect = op.get_bind().dialect.name
    script = Path(__file__).with_suffix(f".{dialect}.sql").read_text("utf-8")
    for statement in script.split(";\n"):
        if statement.strip():
            op.execute(statement)
