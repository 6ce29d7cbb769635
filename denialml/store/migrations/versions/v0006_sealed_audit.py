"""Audit events are numbered by organization and sealed in a chain.

The events of older schemas are sealed here, once, in their order and with the key of
the door that migrates; the last event of each trail then says how many they were. From
then on there is no event without a seal, and none is ever sealed afterwards.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

from denialml.store.audit_chain import sealed_rows
from denialml.store.audit_key import first_link, key_of

revision = "v0006"
down_revision = "v0005"
branch_labels = None
depends_on = None

BATCH = 1000
_COPIED = (
    "occurred_at",
    "actor",
    "action",
    "record_kind",
    "record_id",
    "record_count",
)


def upgrade() -> None:
    """Make the two tables, and move what is on file into them, sealed.

    Raises:
        AuditKeyMissing: there are events, and this database was opened without the key.
    """
    op.drop_index("audit_events_by_organization", table_name="audit_events")
    op.rename_table("audit_events", "unsealed_events")
    if op.get_bind().dialect.name == "postgresql":
        # A renamed table keeps the name of its key, which the new one needs.
        op.execute("ALTER INDEX audit_events_pkey RENAME TO unsealed_events_pkey")
    events = op.create_table(
        "audit_events",
        _organization(),
        sa.Column("sequence", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("record_kind", sa.String(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("record_count", sa.BigInteger()),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("mac", sa.String(64), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "audit_events_by_action",
        "audit_events",
        ["organization_id", "action", "sequence"],
    )
    heads = op.create_table(
        "audit_heads",
        _organization(),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
    )
    _seal_older_events(events, heads)
    op.drop_table("unsealed_events")
    if op.get_bind().dialect.name == "sqlite":
        # Why: see the first schema.
        op.execute("DELETE FROM sqlite_stat1 WHERE tbl = 'audit_events'")
        op.execute(
            "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES"
            " ('audit_events', 'audit_events', '1000000 500000 1'),"
            " ('audit_events', 'audit_events_by_action', '1000000 500000 20000 1')"
        )


def _seal_older_events(events: sa.Table, heads: sa.Table) -> None:
    bind = op.get_bind()
    older = sa.table(
        "unsealed_events",
        sa.column("event_id", sa.BigInteger),
        sa.column("organization_id", sa.String),
        *(sa.column(name, events.c[name].type) for name in _COPIED),
    )
    found = bind.execute(
        sa.select(older).order_by(older.c.organization_id, older.c.event_id)
    ).mappings()
    for organization_id, unsealed in groupby(found, lambda row: row["organization_id"]):
        key, sequence, mac = key_of(bind), 0, first_link(organization_id)
        for batch in _batches(unsealed):
            rows = sealed_rows(key, organization_id, batch, sequence=sequence, mac=mac)
            bind.execute(sa.insert(events), rows)
            sequence, mac = rows[-1]["sequence"], rows[-1]["mac"]
        bind.execute(
            sa.insert(heads),
            {
                "organization_id": organization_id,
                "sequence": sequence,
                "mac": mac,
                "key_id": key.key_id,
            },
        )


def _batches(unsealed: Iterator[Any]) -> Iterator[list[dict[str, Any]]]:
    """The events of one organization, and a last one that counts them."""
    batch: list[dict[str, Any]] = []
    count = 0
    for row in unsealed:
        batch.append(
            {
                **{name: row[name] for name in _COPIED},
                "occurred_at": _in_utc(row["occurred_at"]),
                "patient_id": "",
                "request_id": "",
            }
        )
        count += 1
        if len(batch) == BATCH:
            yield batch
            batch = []
    last = {
        "occurred_at": _in_utc(row["occurred_at"]),
        "actor": "migration",
        "action": "audit.sealed",
        "record_kind": "audit_event",
        "record_id": "",
        "record_count": count,
        "patient_id": "",
        "request_id": "",
    }
    yield [*batch, last]


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _organization() -> sa.Column[str]:
    return sa.Column(
        "organization_id",
        sa.String(64),
        sa.ForeignKey("organizations.organization_id"),
        primary_key=True,
        nullable=False,
    )
