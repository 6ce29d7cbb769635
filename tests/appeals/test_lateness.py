"""A letter that comes after its last day says so before anyone sends it."""

from datetime import date

import msgspec
import pytest

from denialml.appeals.drafting import draft_letter
from denialml.appeals.lateness import lateness
from denialml.domain.denial import Deadline, RootCause, Route
from tests.appeals.cases import AUTHORIZATION, DRAFTED, PAYER, case

ON = DRAFTED.date()


def correction(limit, route=Route.CORRECTED_CLAIM):
    return case(
        RootCause.AUTH_MISSING,
        route,
        authorizations=(AUTHORIZATION,),
        payer=msgspec.structs.replace(PAYER, corrected_claim_limit_days=limit),
    )


def test_a_corrected_claim_after_the_configured_limit_is_warned_of():
    draft = draft_letter(correction(10), drafted_at=DRAFTED)
    assert draft.status == "draft"
    late = [one.why for one in draft.missing if one.kind == "deadline"]
    assert late == [
        "The last day to send a corrected claim was April 16, 2026 (corrected-claim "
        "limit set up for this payer, 10 days from the remittance). Ask the payer for "
        "an exception before it is sent, or review the balance for write-off."
    ]
    assert late[0] in draft.route.warnings


def test_a_corrected_claim_within_its_limit_names_the_last_day():
    draft = draft_letter(correction(180), drafted_at=DRAFTED)
    assert "deadline" not in {one.kind for one in draft.missing}
    (goes_along,) = [one for one in draft.missing if one.kind == "corrected_claim"]
    assert "Last day to send it: October 3, 2026" in goes_along.why


def test_a_limit_that_is_not_set_up_is_called_a_usual_one():
    record = correction(None)
    late = lateness(record, on=date(2031, 1, 1))
    assert "earliest usual limit" in late[0]


@pytest.mark.parametrize(
    ("route", "said"), [(Route.RECORDS, "records now"), (Route.APPEAL, "good cause")]
)
def test_appeals_and_records_after_the_appeal_window_say_so(route, said):
    past = Deadline(status="configured", due_on=date(2026, 4, 19), bases=())
    record = case(
        RootCause.DOCUMENTATION_INSUFFICIENT, route, reason="252", deadline=past
    )
    (late,) = lateness(record, on=ON)
    assert "April 19, 2026" in late
    assert said in late


def test_a_new_claim_is_held_against_the_filing_limit():
    record = correction(180, Route.NEW_CLAIM)
    assert lateness(record, on=date(2026, 5, 31)) == ()
    assert "May 31, 2026" in lateness(record, on=date(2026, 6, 1))[0]


def test_nothing_is_said_on_the_last_day_itself():
    assert lateness(correction(14), on=ON) == ()
    assert lateness(correction(13), on=ON) != ()
