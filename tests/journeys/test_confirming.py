"""A person's word on a denial's cause: it wins, is kept with what was said before, and
can be undone. The claim is the API's example, denied for a missing authorization."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from api.examples import example_835, example_837p
from denialml.domain.denial import RootCause, Route
from denialml.errors import InputError, UnknownRecord
from denialml.journeys.cause_learning import learn_causes
from denialml.journeys.confirming import confirm_cause
from denialml.journeys.denials import find_denials
from denialml.journeys.draft import draft_appeal
from denialml.journeys.ingest import ingest_file
from denialml.journeys.worklist import view_denial
from denialml.store.audit import AuditAction, list_events
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.denials import StoredDenial, all_denials, list_denials
from denialml.store.organizations import create_organization
from tests.audit_key import AUDIT_KEY

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
TODAY = NOW.date()
AUTH, COB = RootCause.AUTH_MISSING, RootCause.COB_WRONG_PAYER


class Desk:
    """One practice with the example claim and what payers answered to it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.organization_id = create_organization(
            session, "Practice", now=NOW
        ).organization_id
        self.take("one.837", example_837p())
        self.take("one.835", example_835())
        self.judge()

    def take(self, name: str, text: str) -> None:
        report = ingest_file(
            self.session,
            self.organization_id,
            io.BytesIO(text.encode()),
            file=name,
            now=NOW,
            actor="test",
        )
        assert report.complete, report.problems

    def judge(self, as_of: date = TODAY) -> tuple[StoredDenial, ...]:
        find_denials(
            self.session, self.organization_id, as_of=as_of, now=NOW, actor="test"
        )
        found = all_denials(self.session, self.organization_id)
        return tuple(sorted(found, key=lambda one: one.denial.denied_on))

    def confirm(
        self, stored: StoredDenial, cause: RootCause | None, minutes: int = 0
    ) -> StoredDenial:
        return confirm_cause(
            self.session,
            self.organization_id,
            stored.denial.denial_id,
            cause,
            as_of=TODAY,
            now=NOW + timedelta(minutes=minutes),
            actor="key_1",
        )

    def actions(self) -> list[AuditAction]:
        events = list_events(self.session, self.organization_id)
        return [one.action for one in events if one.actor == "key_1"]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    engine = open_engine(f"sqlite:///{tmp_path}/denialml.db", audit_key=AUDIT_KEY)
    migrate(engine)
    with open_session(engine) as session:
        yield Desk(session)
    engine.dispose()


def test_a_confirmed_cause_wins_in_what_is_shown_listed_routed_and_drafted(
    desk: Desk,
) -> None:
    (before,) = desk.judge()
    assert before.finding is not None
    assert before.finding.root_cause is AUTH
    after = desk.confirm(before, COB)
    assert after.finding is not None
    assert after.finding.root_cause is COB
    assert after.finding.modeled_cause is AUTH
    assert after.finding.probabilities == before.finding.probabilities
    assert after.finding.basis[0] == "A person corrected the cause."
    assert after.route is not None
    assert after.route.route is Route.OTHER_PAYER
    listed = list_denials(desk.session, desk.organization_id, root_cause=COB)
    assert listed.denials == (after,)
    view = view_denial(
        desk.session, desk.organization_id, after.denial.denial_id, as_of=TODAY
    )
    assert view.candidates == "Confirmed by a person on 2026-11-02."
    (statement,) = view.confirmations
    assert statement.before == before.finding
    assert (statement.confirmed_by, statement.confirmed_at) == ("key_1", NOW)
    assert desk.actions() == [AuditAction.CAUSE_CONFIRMED]
    draft = draft_appeal(
        desk.session,
        desk.organization_id,
        after.denial.denial_id,
        now=NOW,
        actor="test",
    )
    assert draft.finding.root_cause is COB


def test_judging_again_leaves_what_a_person_said(desk: Desk) -> None:
    (before,) = desk.judge()
    after = desk.confirm(before, COB)
    assert desk.judge() == (after,)
    assert desk.judge(TODAY + timedelta(days=1)) == (after,)


def test_a_newer_word_undoes_an_older_and_taking_back_restores_the_model(
    desk: Desk,
) -> None:
    (before,) = desk.judge()
    desk.confirm(before, COB)
    confirmed = desk.confirm(before, AUTH, minutes=1)
    assert confirmed.finding is not None
    assert before.finding is not None
    assert confirmed.finding.basis == (
        "A person confirmed this cause.",
        *before.finding.basis,
    )
    assert confirmed.route == before.route
    assert desk.confirm(before, None, minutes=2) == before
    assert desk.judge() == (before,)
    view = view_denial(
        desk.session, desk.organization_id, before.denial.denial_id, as_of=TODAY
    )
    assert [one.root_cause for one in view.confirmations] == [None, AUTH, COB]
    assert {one.before for one in view.confirmations} == {before.finding}
    with pytest.raises(InputError, match="nothing to undo"):
        desk.confirm(before, None, minutes=3)


def test_the_same_word_again_adds_nothing_and_a_view_shows_the_newest(
    desk: Desk,
) -> None:
    (before,) = desk.judge()
    confirmed = desk.confirm(before, COB)
    assert desk.confirm(before, COB, minutes=1) == confirmed
    assert desk.actions() == [AuditAction.CAUSE_CONFIRMED]
    for at in range(2, 24):
        desk.confirm(before, (COB, AUTH)[at % 2 == 0], minutes=at)
    view = view_denial(
        desk.session, desk.organization_id, before.denial.denial_id, as_of=TODAY
    )
    assert len(view.confirmations) == 20
    assert view.confirmations[0].confirmed_at == NOW + timedelta(minutes=23)


def test_an_answer_that_only_upholds_a_denial_follows_it(desk: Desk) -> None:
    again = (
        example_835().replace("CAS*CO*197", "CAS*CO*193").replace("261020", "261028")
    )
    again = again.replace("20261020", "20261028").replace("EXAMPLE0001", "EXAMPLE0002")
    desk.take("two.835", again)
    first, second = desk.judge()
    assert second.denial.adjustments[0].reason_code == "193"
    assert second.finding is not None
    assert second.finding.root_cause is AUTH
    desk.confirm(first, COB)
    confirmed, upheld = desk.judge()
    assert upheld.finding is not None
    assert upheld.finding.root_cause is COB
    assert upheld.finding.basis[0].startswith("The payer upheld")
    assert upheld.route == confirmed.route
    # Its own word counts more than the first denial's.
    own = desk.confirm(upheld, AUTH, minutes=1)
    assert own.finding is not None
    assert own.finding.root_cause is AUTH
    desk.confirm(upheld, None, minutes=2)
    desk.confirm(first, None, minutes=3)
    found = [one.finding and one.finding.root_cause for one in desk.judge()]
    assert found == [AUTH, AUTH]


def test_another_organization_can_neither_see_nor_say_anything(desk: Desk) -> None:
    (before,) = desk.judge()
    other = create_organization(desk.session, "Other", now=NOW).organization_id
    with pytest.raises(UnknownRecord):
        confirm_cause(
            desk.session,
            other,
            before.denial.denial_id,
            COB,
            as_of=TODAY,
            now=NOW,
            actor="key_2",
        )
    assert desk.judge() == (before,)


def test_from_few_denials_nothing_is_learnt_and_the_desk_says_so(desk: Desk) -> None:
    (before,) = desk.judge()
    desk.confirm(before, COB)
    report = learn_causes(
        desk.session, desk.organization_id, as_of=TODAY, now=NOW, actor="key_1"
    )
    assert (report.lines, report.confirmed, report.is_kept) == (1, 1, False)
    assert "Too few denied lines" in report.reason
    assert desk.actions()[-1] is AuditAction.CAUSES_LEARNT
    assert before.finding is not None
    assert before.finding.model_version == "codes-records"
    view = view_denial(
        desk.session, desk.organization_id, before.denial.denial_id, as_of=TODAY
    )
    assert view.stored.finding is not None
    desk.confirm(before, None, minutes=1)
    view = view_denial(
        desk.session, desk.organization_id, before.denial.denial_id, as_of=TODAY
    )
    assert view.candidates.startswith("Codes and this claim's records alone")
