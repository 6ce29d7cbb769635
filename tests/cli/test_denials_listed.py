"""What `denialml denials` lists: denials of the day asked about, and those to check."""

from datetime import date
from pathlib import Path

import msgspec
import pytest

from denialml.cli.appeals import _listed, _Wanted
from denialml.modeling.root_cause import practice_learning
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.denials import DenialSort, DenialStatus, save_denials
from tests.audit_key import AUDIT_KEY
from tests.journeys.test_confirming import TODAY, Desk


def listed(
    desk: Desk,
    on: date = TODAY,
    *,
    status: DenialStatus = "open",
    to_check: bool = False,
    sort: DenialSort | None = None,
) -> int:
    page = _listed(
        desk.session,
        desk.organization_id,
        _Wanted(status, None, None, None, to_check),
        sort=sort,
        limit=25,
        on=on,
    )
    return len(page.denials)


def test_denials_of_later_days_are_not_listed_and_closed_ones_are_checked_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(practice_learning, "ASKED_EVERY", 1)
    engine = open_engine(f"sqlite:///{tmp_path}/denialml.db", audit_key=AUDIT_KEY)
    migrate(engine)
    with open_session(engine) as session:
        desk = Desk(session)
        (found,) = desk.judge()
        assert found.denial.denied_on > date(2026, 10, 1)
        assert listed(desk) == listed(desk, sort=DenialSort.DEADLINE) == 1
        before = date(2026, 10, 1)
        assert listed(desk, before) == 0
        assert listed(desk, before, sort=DenialSort.DEADLINE) == 0
        closed = msgspec.structs.replace(found, status="closed", closed_reason="paid")
        save_denials(session, desk.organization_id, (closed,))
        assert listed(desk) == 0
        assert listed(desk, to_check=True) == 1
    engine.dispose()
