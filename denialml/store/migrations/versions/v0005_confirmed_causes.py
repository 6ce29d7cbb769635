"""Confirmed causes, what is learnt of them, and documents found by kind and claim."""

import sqlalchemy as sa
from alembic import op

revision = "v0005"
down_revision = "v0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two tables; number and index the documents."""
    _number_documents()
    op.create_table(
        "cause_confirmations",
        sa.Column("confirmation_id", sa.String(64), primary_key=True),
        _organization(),
        sa.Column(
            "denial_id",
            sa.String(64),
            sa.ForeignKey("denials.denial_id"),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("root_cause", sa.String()),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
    )
    op.create_index(
        "cause_confirmations_by_denial",
        "cause_confirmations",
        ["organization_id", "denial_id", "version"],
        unique=True,
    )
    op.create_table(
        "cause_models",
        _organization(primary_key=True),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("learnt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        # Why: see the first schema.
        op.execute(
            "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES"
            " ('documents', 'documents_by_kind', '1000000 500000 40000 2 1'),"
            " ('cause_confirmations', 'cause_confirmations_by_denial',"
            " '1000000 500000 1 1')"
        )


def _organization(*, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(
        "organization_id",
        sa.String(64),
        sa.ForeignKey("organizations.organization_id"),
        primary_key=primary_key,
        nullable=False,
    )


def _number_documents() -> None:
    """Normalized control numbers of the documents, as matching compares them."""
    op.add_column(
        "documents",
        sa.Column("control_number_key", sa.String(), nullable=False, server_default=""),
    )
    documents = sa.table(
        "documents",
        sa.column("record_id", sa.String),
        sa.column("patient_control_number", sa.String),
        sa.column("control_number_key", sa.String),
    )
    bind = op.get_bind()
    numbered = bind.execute(
        sa.select(documents.c.record_id, documents.c.patient_control_number).where(
            documents.c.patient_control_number != ""
        )
    ).all()
    if numbered:
        bind.execute(
            sa.update(documents)
            .where(documents.c.record_id == sa.bindparam("record"))
            .values(control_number_key=sa.bindparam("number")),
            [
                {"record": record_id, "number": "".join(number.split()).upper()}
                for record_id, number in numbered
            ],
        )
    op.create_index(
        "documents_by_kind",
        "documents",
        ["organization_id", "kind", "control_number_key", "medical_record_number"],
    )
