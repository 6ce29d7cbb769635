"""Denials are found once, judged, closed when settled, and never lost."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from denialml.domain.adjudication import LineAdjudication, LineOutcome
from denialml.domain.denial import Route
from denialml.domain.facts import PracticeRecords, SubmittedClaim
from denialml.journeys.denials import find_denials
from denialml.journeys.denying_answers import (
    denied_amount,
    denying_answers,
    recovered_amount,
    unexplained_lines,
)
from denialml.journeys.ingest import ingest_files
from denialml.journeys.simulate import write_practice
from denialml.journeys.worklist import in_work_order, open_worklist, view_denial
from denialml.simulation import SimulatedPractice, simulate_practice
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.denials import all_denials
from denialml.store.organizations import create_organization
from tests.audit_key import AUDIT_KEY
from tests.store.samples import adjustments, claim, line

NOW = datetime(2025, 1, 15, 12, 0, tzinfo=UTC)
SENT = date(2024, 3, 3)


def sent(claim_id: str, *, frequency: str = "1", day: int = 3, lines=()):
    return SubmittedClaim(
        claim_id=claim_id,
        submitted_on=date(2024, 3, day),
        claim=claim(
            "A100",
            *(lines or (line(service_date=date(2024, 3, 2)),)),
            frequency_code=frequency,
            submitted_on=date(2024, 3, day),
        ),
    )


def answered(
    claim_id: str,
    outcome: LineOutcome,
    *,
    day: int,
    cas: str = "",
    paid: str = "0",
    sequence: int = 0,
    line_number: int = 1,
) -> LineAdjudication:
    return LineAdjudication(
        claim_id=claim_id,
        line_number=line_number,
        payment_id=f"pay-{claim_id}-{day}",
        received_on=date(2024, 4, day),
        outcome=outcome,
        charge=Decimal(150),
        paid=Decimal(paid),
        allowed=None,
        adjustments=adjustments(cas),
        remark_codes=(),
        sequence=sequence,
    )


def found(submitted: list[SubmittedClaim], answers: list[LineAdjudication]):
    """(claim, day denied, reason of closing, recovered) of each denying answer."""
    records = PracticeRecords(
        submitted_claims=tuple(submitted), adjudications=tuple(answers)
    )
    return [
        (
            one.adjudicated.claim_id,
            one.adjudicated.received_on.day,
            one.settlement.reason,
            one.settlement.recovered,
        )
        for one in denying_answers(records)
    ]


DENIED, PAID = LineOutcome.DENIED, LineOutcome.PAID
REVERSED, PARTIAL = LineOutcome.REVERSED, LineOutcome.PARTIAL


def test_a_denied_line_without_a_later_answer_is_open():
    denial = answered("c1", DENIED, day=1, cas="CO-197 150")
    assert found([sent("c1")], [denial]) == [("c1", 1, "", Decimal(0))]


def test_a_paid_line_is_no_denial():
    assert found([sent("c1")], [answered("c1", PAID, day=1, paid="90")]) == []


def test_a_correction_that_was_paid_closes_the_denial():
    answers = [
        answered("c1", DENIED, day=1, cas="CO-4 150"),
        answered("c2", PAID, day=20, paid="90"),
    ]
    assert found([sent("c1"), sent("c2", frequency="7", day=9)], answers) == [
        ("c1", 1, "Paid on 2024-04-20 after the claim was sent again.", Decimal(90))
    ]


def test_a_line_denied_twice_and_paid_once_is_recovered_once():
    submitted = [sent("c1"), sent("c2", frequency="7", day=9)]
    answers = [
        answered("c1", DENIED, day=1, cas="CO-4 150"),
        answered("c2", DENIED, day=20, cas="CO-4 150"),
        answered("c2", REVERSED, day=25, cas="CO-4 -150", sequence=1),
        answered("c2", PAID, day=25, paid="90", sequence=2),
    ]
    records = PracticeRecords(
        submitted_claims=tuple(submitted), adjudications=tuple(answers)
    )
    found = denying_answers(records)
    assert [one.settlement.recovered for one in found] == [Decimal(90), Decimal(90)]
    assert recovered_amount(found) == Decimal(90)


def test_e80_a_charge_written_down_in_full_is_no_denial_and_is_not_lost():
    records = PracticeRecords(
        submitted_claims=(sent("c1"),),
        adjudications=(answered("c1", LineOutcome.UNKNOWN, day=1, cas="CO-45 150"),),
    )
    assert denying_answers(records) == ()
    assert [one.charge for one in unexplained_lines(records)] == [Decimal(150)]


def test_a_correction_not_yet_answered_leaves_it_open():
    submitted = [sent("c1"), sent("c2", frequency="7", day=30)]
    answers = [answered("c1", DENIED, day=1, cas="CO-4 150")]
    assert found(submitted, answers) == [("c1", 1, "", Decimal(0))]


def test_the_payer_taking_its_denial_back_closes_it():
    answers = [
        answered("c1", DENIED, day=1, cas="CO-197 150"),
        answered("c1", REVERSED, day=8, cas="CO-197 -150", sequence=1),
        answered("c1", PAID, day=8, paid="90", sequence=2),
    ]
    assert found([sent("c1")], answers) == [
        ("c1", 1, "The payer paid it on 2024-04-08.", Decimal(90))
    ]


def test_money_taken_back_and_denied_is_a_denial_although_first_paid():
    answers = [
        answered("c1", PAID, day=1, paid="90"),
        answered("c1", REVERSED, day=8, paid="-90", sequence=1),
        answered("c1", DENIED, day=8, cas="CO-27 150", sequence=2),
    ]
    assert found([sent("c1")], answers) == [("c1", 8, "", Decimal(0))]


def test_a_denied_correction_replaces_the_first_denial_on_the_list():
    answers = [
        answered("c1", DENIED, day=1, cas="CO-4 150"),
        answered("c2", DENIED, day=20, cas="CO-197 150"),
    ]
    assert found([sent("c1"), sent("c2", frequency="7", day=9)], answers) == [
        ("c1", 1, "A later answer to the same service took its place.", Decimal(0)),
        ("c2", 20, "", Decimal(0)),
    ]


def test_a_duplicate_of_a_paid_claim_is_closed_without_recovery():
    answers = [
        answered("c1", PAID, day=1, paid="90"),
        answered("c2", DENIED, day=9, cas="CO-18 150"),
    ]
    assert found([sent("c1"), sent("c2", day=5)], answers) == [
        ("c2", 9, "The same service had been paid on 2024-04-01.", Decimal(0))
    ]


def test_a_withdrawn_claim_has_nothing_left_to_do():
    submitted = [sent("c1"), sent("c2", frequency="8", day=20)]
    answers = [
        answered("c1", DENIED, day=1, cas="CO-4 150"),
        answered("c2", REVERSED, day=25),
    ]
    closed = [reason for _, _, reason, _ in found(submitted, answers)]
    assert closed == ["The claim was withdrawn (void)."]


def test_each_denied_line_of_a_claim_is_its_own_denial():
    lines = (
        line(1, "99214", service_date=date(2024, 3, 2)),
        line(2, "90833", service_date=date(2024, 3, 2)),
    )
    answers = [
        answered("c1", PAID, day=1, paid="90", line_number=1),
        answered("c1", DENIED, day=1, cas="CO-97 150", line_number=2),
    ]
    assert found([sent("c1", lines=lines)], answers) == [("c1", 1, "", Decimal(0))]


@pytest.mark.parametrize(
    ("cas", "paid", "amount"),
    [
        ("CO-197 150", "0", "150"),
        ("CO-45 30, CO-197 120", "0", "120"),
        ("CO-150 40, CO-45 30", "80", "40"),
        ("CO-ZZZ 150", "0", "150"),
    ],
)
def test_denied_amount_is_what_denial_reasons_took(cas: str, paid: str, amount: str):
    answer = answered("c1", DENIED, day=1, cas=cas, paid=paid)
    assert denied_amount(answer) == Decimal(amount)


@pytest.fixture(scope="module")
def practice() -> SimulatedPractice:
    return simulate_practice(
        seed=31, claims=400, starts_on=date(2024, 1, 1), ends_on=date(2024, 12, 31)
    )


@pytest.fixture(scope="module")
def store(
    practice: SimulatedPractice, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Session, str, Path]]:
    """A simulated practice in a database; its newest remittance not yet taken in."""
    folder = tmp_path_factory.mktemp("practice")
    write_practice(practice, folder)
    engine = open_engine(f"sqlite:///{folder}/denialml.db", audit_key=AUDIT_KEY)
    migrate(engine)
    with open_session(engine) as session:
        organization = create_organization(session, "Simulated", now=NOW)
        identity = organization.organization_id
        paths = sorted(path for path in (folder / "practice").rglob("*.*"))
        files = [path for path in paths if path.parent.name != "documents"]
        for _ in ingest_files(session, identity, files, now=NOW, actor="test"):
            session.commit()
        yield session, identity, folder
    engine.dispose()


def run(store: tuple[Session, str, Path], *, as_of: date):
    session, identity, _ = store
    report = find_denials(session, identity, as_of=as_of, now=NOW, actor="test")
    session.commit()
    return report


@pytest.mark.slow
def test_denials_of_a_simulated_practice_from_files_to_worklist(store, practice):
    session, identity, folder = store
    half = run(store, as_of=date(2024, 8, 1))
    assert half.new > 10
    assert (half.changed, half.known) == (0, 0)
    before = {one.denial.denial_id: one for one in all_denials(session, identity)}

    whole = run(store, as_of=practice.ends_on)
    after = {one.denial.denial_id: one for one in all_denials(session, identity)}
    assert set(before) <= set(after)
    assert len(after) == len(before) + whole.new
    assert whole.open + whole.closed == len(after)
    assert whole.recovered_amount > 0
    assert whole.open_amount == sum(
        (one.denial.denied_amount for one in after.values() if one.status == "open"),
        Decimal(0),
    )

    again = run(store, as_of=practice.ends_on)
    assert (again.new, again.changed, again.known) == (0, 0, len(after))
    assert {
        one.denial.denial_id: one for one in all_denials(session, identity)
    } == after

    for stored in after.values():
        assert stored.finding is not None
        assert stored.route is not None
        assert stored.deadline is not None
        assert (stored.status == "closed") is bool(stored.closed_reason)
        assert stored.denial.denied_amount > 0

    newest = sorted((folder / "newest").rglob("*.edi"))
    for report in ingest_files(session, identity, newest, now=NOW, actor="test"):
        assert report.complete
        session.commit()
    later = run(store, as_of=practice.ends_on + timedelta(days=30))
    assert len(all_denials(session, identity)) == len(after) + later.new

    first = open_worklist(session, identity, as_of=practice.ends_on, limit=5)
    assert 0 < len(first) <= 5
    for stored in first:
        view = view_denial(
            session, identity, stored.denial.denial_id, as_of=practice.ends_on
        )
        assert view.stored == stored
        assert all(reason.label for reason in view.reasons)
        refiled = stored.route.route in (
            Route.CORRECTED_CLAIM,
            Route.NEW_CLAIM,
            Route.REOPENING,
        )
        assert (view.filing_deadline is not None) is refiled


@pytest.mark.slow
def test_work_order_puts_near_deadlines_before_large_amounts(store, practice):
    session, identity, _ = store
    run(store, as_of=practice.ends_on)
    as_of = practice.ends_on
    ordered = in_work_order(all_denials(session, identity, status="open"), as_of=as_of)
    assert len(ordered) > 10

    def tier(stored) -> int:
        due_on = stored.deadline.due_on
        if due_on is None or due_on < as_of:
            return 3
        left = (due_on - as_of).days
        return 0 if left <= 14 else 1 if left <= 45 else 2

    tiers = [tier(one) for one in ordered]
    assert tiers == sorted(tiers)
    for one, following in pairwise(ordered):
        if tier(one) == tier(following):
            assert one.denial.denied_amount >= following.denial.denied_amount


def test_lines_without_a_submission_on_file_are_left_out():
    denial = answered("c9", DENIED, day=1, cas="CO-197 150", line_number=4)
    assert found([sent("c1")], [denial]) == []
    other = answered("c1", DENIED, day=1, cas="CO-197 150", line_number=4)
    assert found([sent("c1")], [other]) == []
