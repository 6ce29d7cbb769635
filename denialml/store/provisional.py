"""Records read with a fault, which give way to the mended ones.

A payer sends a remittance with an amount that is no number, and later sends it again in
good order. What could be read of the first is stored, because it may be all that ever
comes; it is provisional. When a record comes from another file that agrees with it in
everything a fault does not touch, it takes the provisional one's place and keeps its
id, so that no money counts twice and no denial or letter loses what it is about. The
id that the mended record would have had becomes an alias.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from sqlalchemy import Executable, bindparam, select, update
from sqlalchemy.orm import Session

from denialml.domain.problem import Problem
from denialml.store.columns import Base
from denialml.store.membership import one_of
from denialml.store.rows import Row
from denialml.store.tables import ClaimPaymentRow, ClaimRow, RecordAliasRow
from denialml.store.writing import insert_new, run, table_of

# What matching has decided about a stored record; a completed one is matched anew.
_OF_MATCHING: Final = frozenset({"claim_id", "chain_key", "accepted"})


@dataclass(frozen=True)
class ProvisionalKind:
    """One table: its key, and the columns in which a mended record agrees.

    The first of `agreeing` is how provisional rows are looked up, `number` how others.
    """

    row: type[Base]
    key: str
    number: str
    agreeing: tuple[str, ...]

    @cached_property
    def provisional(self) -> Executable:
        """Provisional rows of an organization that another file brought."""
        columns = table_of(self.row).c
        return self._stored(
            columns.provisional.is_(True), one_of(columns[self.agreeing[0]], "keys")
        )

    @cached_property
    def any_stored(self) -> Executable:
        """Rows of an organization that another file brought, provisional or not."""
        return self._stored(one_of(table_of(self.row).c[self.number], "keys"))

    def _stored(self, *conditions: Any) -> Executable:
        columns = table_of(self.row).c
        return select(
            columns[self.key], *(columns[name] for name in self.agreeing)
        ).where(
            columns.organization_id == bindparam("organization_id"),
            columns.file_id != bindparam("file_id"),
            *conditions,
        )


CLAIMS: Final = ProvisionalKind(
    ClaimRow,
    "claim_id",
    "control_number_key",
    (
        "control_number_key",
        "submitted_on",
        "payer_id",
        "frequency_code",
        "total_charge_cents",
    ),
)
PAYMENTS: Final = ProvisionalKind(
    ClaimPaymentRow,
    "payment_id",
    "chain_key",
    (
        "remittance_id",
        "control_number_key",
        "payer_claim_control_number",
        "status_code",
        "charge_cents",
        "paid_cents",
    ),
)


@dataclass(frozen=True)
class Arrived:
    """New rows by what becomes of them: inserted, in a stored one's place, dropped."""

    fresh: list[Row]
    mended: list[Row]
    repeated: list[Row]


def complete(
    session: Session, organization_id: str, kind: ProvisionalKind, rows: list[Row]
) -> Arrived:
    """Let new rows take the place of the provisional ones they mend.

    A provisional row that agrees with one on file says nothing new and is repeated.
    Mended and repeated rows' ids are aliases from now on.
    """
    good = [row for row in rows if not row["provisional"]]
    faulty = [row for row in rows if row["provisional"]]
    mended = _stored_twins(session, organization_id, kind, kind.provisional, good)
    repeated = _stored_twins(session, organization_id, kind, kind.any_stored, faulty)
    _replace(session, kind, mended)
    aliases = mended | repeated
    insert_new(
        session,
        RecordAliasRow,
        [
            {
                "alias_id": row[kind.key],
                "organization_id": organization_id,
                "record_id": stored_id,
            }
            for stored_id, row in aliases.items()
        ],
    )
    gone = {row[kind.key] for row in aliases.values()}
    return Arrived(
        [row for row in rows if row[kind.key] not in gone] if gone else rows,
        list(mended.values()),
        list(repeated.values()),
    )


def _stored_twins(
    session: Session,
    organization_id: str,
    kind: ProvisionalKind,
    statement: Executable,
    rows: Sequence[Row],
) -> dict[str, Row]:
    """Rows that agree with a stored one of another file, by the stored one's id."""
    if not rows:
        return {}
    key = kind.agreeing[0] if statement is kind.provisional else kind.number
    waiting: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    found = run(
        session,
        statement,
        organization_id=organization_id,
        file_id=rows[0]["file_id"],
        keys={row[key] for row in rows},
    )
    for stored in found:
        waiting[tuple(stored)[1:]].append(stored[0])
    twins: dict[str, Row] = {}
    for row in rows if waiting else ():
        stored_ids = waiting.get(tuple(row[name] for name in kind.agreeing))
        if stored_ids:
            twins[stored_ids.pop(0)] = row
    return twins


def _replace(session: Session, kind: ProvisionalKind, mended: dict[str, Row]) -> None:
    if not mended:
        return
    table = table_of(kind.row)
    names = [
        column.name
        for column in table.columns
        if column.name not in _OF_MATCHING | {kind.key, "organization_id"}
    ]
    session.connection().execute(
        update(table)
        .where(table.c[kind.key] == bindparam("stored_id"))
        .values({name: bindparam(f"new_{name}") for name in names}),
        [
            {"stored_id": stored_id} | {f"new_{name}": row[name] for name in names}
            for stored_id, row in mended.items()
        ],
    )


def faulty_starts(starts: Iterable[int], problems: Iterable[Problem]) -> set[int]:
    """Which records, by the ordinals of their first segments, were read with a fault.

    A fault in a claim's own segments is the claim's; one in the levels above (2000,
    2010) is that of the next claim. Both are errors, not warnings.
    """
    ordered = sorted(starts)
    found: set[int] = set()
    for problem in problems:
        if problem.severity != "error" or problem.segment is None or not ordered:
            continue
        if (problem.loop or "").startswith(("2000", "2010")):
            position = bisect_left(ordered, problem.segment)
        else:
            position = bisect_right(ordered, problem.segment) - 1
        if 0 <= position < len(ordered):
            found.add(ordered[position])
    return found
