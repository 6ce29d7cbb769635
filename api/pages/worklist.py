"""The worklist: denials to work on, in the order of what can be lost."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from sqlalchemy import select
from starlette.responses import HTMLResponse

from api.dependencies import Visit, admitted
from api.pages.denial_view import cause_label, worklist_row
from api.pages.rendering import frame_of, render
from api.permissions import Permission
from denialml.domain.coverage import Payer
from denialml.domain.denial import RootCause, Route
from denialml.journeys.worklist import in_work_order
from denialml.store.audit import AuditAction
from denialml.store.denials import (
    DenialSort,
    DenialStatus,
    StoredDenial,
    all_denials,
    list_denials,
    total_denials,
)
from denialml.store.payloads import payload_decoder
from denialml.store.tables import DenialRow, PayerRow

router = APIRouter(prefix="/denials", include_in_schema=False)
ROWS_PER_PAGE = 50

# The order to work in comes first: what can still be won before what is past.
WORK_ORDER = "work"
SORT_WORDS = {
    WORK_ORDER: "What to work on first",
    DenialSort.DEADLINE.value: "Soonest deadline",
    DenialSort.AMOUNT.value: "Largest amount",
    DenialSort.NEWEST.value: "Newest denial",
    DenialSort.OLDEST.value: "Oldest denial",
}


@dataclass(frozen=True)
class Filter:
    """What the worklist is narrowed to; empty strings do not narrow."""

    status: DenialStatus | None
    payer_id: str | None
    root_cause: RootCause | None
    route: Route | None
    sort: str

    def arguments(self) -> dict[str, Any]:
        """As the store's questions take it."""
        return {
            "status": self.status,
            "payer_id": self.payer_id,
            "root_cause": self.root_cause,
            "route": self.route,
        }

    def query(self, cursor: str) -> str:
        """The address of another page of the same list."""
        asked = {
            "status": self.status or "all",
            "payer_id": self.payer_id or "",
            "root_cause": self.root_cause.value if self.root_cause else "",
            "route": self.route.value if self.route else "",
            "sort": self.sort,
            "cursor": cursor,
        }
        return "/denials?" + urlencode({k: v for k, v in asked.items() if v})

    def fits(self, stored: StoredDenial) -> bool:
        """Whether one denial belongs in the list."""
        finding, route = stored.finding, stored.route
        return (
            self.payer_id in (None, stored.denial.payer_id)
            and (
                self.root_cause is None
                or (finding is not None and finding.root_cause is self.root_cause)
            )
            and (
                self.route is None or (route is not None and route.route is self.route)
            )
        )

    @property
    def narrows(self) -> bool:
        """Whether anything but the status and the order was chosen."""
        return bool(self.payer_id or self.root_cause or self.route)


def read_filter(
    status: Annotated[str, Query(pattern="^(open|closed|all)$")] = "open",
    payer_id: Annotated[str, Query(max_length=80, pattern=r"^[\x20-\x7e]*$")] = "",
    root_cause: Annotated[str, Query(max_length=40)] = "",
    route: Annotated[str, Query(max_length=40)] = "",
    sort: Annotated[str, Query(max_length=40)] = WORK_ORDER,
) -> Filter:
    """The filter form, whose empty choices arrive as empty strings."""
    statuses: dict[str, DenialStatus] = {"open": "open", "closed": "closed"}
    return Filter(
        status=statuses.get(status),
        payer_id=payer_id or None,
        root_cause=next((it for it in RootCause if it.value == root_cause), None),
        route=next((it for it in Route if it.value == route), None),
        sort=sort if sort in SORT_WORDS else WORK_ORDER,
    )


@dataclass(frozen=True)
class Rows:
    """One page of denials; `cursor` asks for the next, None: this was the last."""

    denials: tuple[StoredDenial, ...]
    cursor: str | None


def read_rows(visit: Visit, chosen: Filter, cursor: str) -> Rows:
    """One page in the chosen order.

    The order to work in depends on the day, so it is made here over the whole list
    and its cursor is a place in it; the other orders are the store's.
    """
    if chosen.sort != WORK_ORDER:
        page = list_denials(
            visit.session,
            visit.organization_id,
            **chosen.arguments(),
            sort=DenialSort(chosen.sort),
            cursor=cursor or None,
            limit=ROWS_PER_PAGE,
        )
        return Rows(page.denials, page.cursor)
    start = int(cursor) if cursor.isdecimal() else 0
    stored = all_denials(visit.session, visit.organization_id, status=chosen.status)
    ordered = in_work_order(filter(chosen.fits, stored), as_of=visit.today)
    end = start + ROWS_PER_PAGE
    return Rows(ordered[start:end], str(end) if len(ordered) > end else None)


@router.get("")
def show_worklist(
    visit: Annotated[
        Visit,
        Depends(admitted(Permission.DENIALS_READ, by_cookie=True), scope="function"),
    ],
    chosen: Annotated[Filter, Depends(read_filter)],
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> HTMLResponse:
    """One page of the worklist."""
    page = read_rows(visit, chosen, cursor)
    totals = total_denials(visit.session, visit.organization_id, **chosen.arguments())
    visit.note(
        AuditAction.DENIALS_LISTED, "denials", "", record_count=len(page.denials)
    )
    return render(
        "worklist.html.j2",
        frame=frame_of(visit),
        chosen=chosen,
        payers=_payers_with_denials(visit),
        causes=[(cause.value, cause_label(cause)) for cause in RootCause],
        routes=[route.value for route in Route],
        sorts=list(SORT_WORDS.items()),
        rows=[worklist_row(it, today=visit.today) for it in page.denials],
        totals=totals,
        is_first=not cursor,
        next_page=chosen.query(page.cursor) if page.cursor else "",
    )


def _payers_with_denials(visit: Visit) -> list[tuple[str, str]]:
    """Payers of the filter: (id, name), by name."""
    ids = visit.session.scalars(
        select(DenialRow.payer_id)
        .where(DenialRow.organization_id == visit.organization_id)
        .distinct()
    )
    payloads = visit.session.scalars(
        select(PayerRow.payload).where(
            PayerRow.organization_id == visit.organization_id
        )
    )
    decode = payload_decoder(Payer).decode
    names = {payer.payer_id: payer.name for payer in map(decode, payloads)}
    return sorted(
        ((payer_id, names.get(payer_id) or payer_id) for payer_id in ids),
        key=lambda it: it[1],
    )
