"""Denials and drafts as kept: pages, filters, versions."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from denialml.domain.denial import RootCause, Route
from denialml.errors import InputError
from denialml.store import denials, drafts
from denialml.store.denials import DenialSort
from denialml.store.records import adjudications
from tests.store.files import claims_file, ingest, remittance_file
from tests.store.samples import (
    claim,
    deadline,
    draft,
    finding,
    payment,
    route,
    service,
    stored_denial,
)


@pytest.fixture
def answered(session: Session, organization_id: str) -> tuple[str, str]:
    """Ids of a denied claim and of the answer that denied it."""
    ingest(session, organization_id, claims_file([claim("A2")]))
    denied = payment("A2", service(cas="CO-197 150"), status="4")
    ingest(session, organization_id, remittance_file([denied]))
    (answer,) = adjudications(session, organization_id)
    return answer.claim_id, answer.payment_id


@pytest.fixture
def worklist(
    session: Session, organization_id: str, answered: tuple[str, str]
) -> list[denials.StoredDenial]:
    """Seven denials of two payers, with equal deadlines and one without."""
    claim_id, payment_id = answered
    due = [5, 3, 3, None, 9, 3, 1]
    made = [
        stored_denial(
            f"den_{number}",
            claim_id=claim_id,
            payment_id=payment_id,
            amount=str(100 + 10 * (number % 3)),
            denied=date(2026, 3, 1) + timedelta(days=number // 2),
            payer_id="60054" if number % 2 else "62308",
            finding=finding(
                RootCause.AUTH_MISSING if number < 4 else RootCause.TIMELY_FILING
            ),
            route=route(Route.APPEAL if number < 5 else Route.RECORDS),
            deadline=deadline(None if day is None else date(2026, 6, day)),
            status="closed" if number == 6 else "open",
        )
        for number, day in enumerate(due)
    ]
    denials.save_denials(session, organization_id, tuple(made))
    return made


ORDERS = {
    DenialSort.DEADLINE: "6 1 2 5 0 4 3",
    DenialSort.AMOUNT: "2 5 1 4 0 3 6",
    DenialSort.NEWEST: "6 4 5 2 3 0 1",
    DenialSort.OLDEST: "0 1 2 3 4 5 6",
}


@pytest.mark.parametrize("sort", DenialSort)
@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_pages_of_any_size_make_the_whole_list(
    session: Session,
    organization_id: str,
    worklist: list[denials.StoredDenial],
    sort: DenialSort,
    limit: int,
) -> None:
    found: list[str] = []
    cursor = None
    for _ in range(len(worklist)):
        page = denials.list_denials(
            session, organization_id, sort=sort, limit=limit, cursor=cursor
        )
        assert len(page.denials) <= limit
        found += [each.denial.denial_id for each in page.denials]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == [f"den_{number}" for number in ORDERS[sort].split()]


def test_filters_narrow_the_list_and_its_total(
    session: Session, organization_id: str, worklist: list[denials.StoredDenial]
) -> None:
    filters: list[tuple[dict[str, object], str]] = [
        ({}, "0 1 2 3 4 5 6"),
        ({"status": "open"}, "0 1 2 3 4 5"),
        ({"payer_id": "60054"}, "1 3 5"),
        ({"root_cause": RootCause.TIMELY_FILING}, "4 5 6"),
        ({"route": Route.RECORDS, "status": "open"}, "5"),
        ({"payer_id": "' OR 1=1 --"}, ""),
    ]
    for asked, expected in filters:
        page = denials.list_denials(
            session, organization_id, sort=DenialSort.OLDEST, **asked
        )
        total = denials.total_denials(session, organization_id, **asked)
        ids = [each.denial.denial_id for each in page.denials]
        assert ids == [f"den_{number}" for number in expected.split()]
        assert total.count == len(ids)
        assert total.denied_amount == sum(
            (each.denial.denied_amount for each in page.denials), Decimal(0)
        )


@pytest.mark.parametrize(
    "cursor", ["", "zz", "00", "5b5d", "é", "'; DROP TABLE denials"]
)
def test_a_made_up_cursor_is_refused(
    session: Session, organization_id: str, cursor: str
) -> None:
    with pytest.raises(InputError, match="cursor"):
        denials.list_denials(session, organization_id, cursor=cursor)


def test_a_cursor_of_another_order_is_refused(
    session: Session, organization_id: str, worklist: list[denials.StoredDenial]
) -> None:
    page = denials.list_denials(
        session, organization_id, sort=DenialSort.AMOUNT, limit=2
    )
    with pytest.raises(InputError, match="another order"):
        denials.list_denials(
            session, organization_id, sort=DenialSort.NEWEST, cursor=page.cursor
        )


def test_saving_a_denial_again_replaces_what_was_concluded(
    session: Session, organization_id: str, worklist: list[denials.StoredDenial]
) -> None:
    (first, *_) = worklist
    closed = stored_denial(
        "den_0",
        claim_id=first.denial.claim_id,
        payment_id=first.denial.payment_id,
        status="closed",
        closed_reason="Paid after correction.",
    )
    denials.save_denials(session, organization_id, (closed,))
    assert denials.get_denial(session, organization_id, "den_0") == closed
    assert denials.total_denials(session, organization_id).count == len(worklist)


def test_drafts_are_added_as_versions(
    session: Session, organization_id: str, worklist: list[denials.StoredDenial]
) -> None:
    first, second = draft("drf_1", denial_id="den_0"), draft("drf_2", denial_id="den_0")
    assert drafts.save_draft(session, organization_id, first) == 1
    assert drafts.save_draft(session, organization_id, second) == 2
    assert (
        drafts.save_draft(session, organization_id, draft("d", denial_id="den_1")) == 1
    )
    assert drafts.get_draft(session, organization_id, "drf_1") == first
    assert drafts.latest_draft(session, organization_id, "den_0") == second
    assert drafts.latest_draft(session, organization_id, "den_5") is None
    of_one = drafts.list_drafts(session, organization_id, denial_id="den_0")
    assert of_one == (second, first)
