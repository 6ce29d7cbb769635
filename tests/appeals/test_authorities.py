"""An authority is cited only where it is in force for this plan, state and day."""

from datetime import date

import msgspec
import pytest

from denialml.appeals.authorities import (
    UNCONFIRMED,
    authorities,
    in_force,
    select_authorities,
)
from denialml.appeals.drafting import draft_letter
from denialml.domain.coverage import PayerType
from denialml.domain.denial import RootCause
from tests.appeals.cases import AUTHORIZATION, DRAFTED, PAYER, case

TOPICS = tuple(sorted({topic for one in authorities() for topic in one.topics}))
SERVICE = date(2026, 3, 2)


def cited(payer_type, *, topics=TOPICS, state="CO", service_date=SERVICE, on=SERVICE):
    found = select_authorities(
        topics, payer_type=payer_type, state=state, service_date=service_date, on=on
    )
    return {one.authority_id for one in found}


@pytest.mark.parametrize("payer_type", sorted(UNCONFIRMED))
def test_nothing_is_cited_where_the_plan_type_is_not_confirmed(payer_type):
    assert cited(payer_type, state="CA") == set()


def test_parity_is_never_cited_to_medicare_or_medicare_advantage():
    for payer_type in (PayerType.MEDICARE, PayerType.MEDICARE_ADVANTAGE):
        assert cited(payer_type, topics=("parity", "comparative_analysis")) == set()


def test_self_funded_plans_get_no_state_law():
    assert "california-sb-855" not in cited(
        PayerType.COMMERCIAL_SELF_FUNDED, state="CA"
    )


@pytest.mark.parametrize(
    ("payer_type", "state", "expected"),
    [
        (PayerType.COMMERCIAL_INSURED, "CA", True),
        (PayerType.MARKETPLACE, "CA", True),
        (PayerType.COMMERCIAL_INSURED, "CO", False),
        (PayerType.COMMERCIAL_INSURED, "", False),
        (PayerType.MEDICAID_MANAGED_CARE, "CA", False),
    ],
)
def test_california_law_binds_insured_california_plans_only(
    payer_type, state, expected
):
    assert ("california-sb-855" in cited(payer_type, state=state)) is expected


def test_what_is_not_enforced_or_was_reversed_is_cited_to_nobody():
    for payer_type in PayerType:
        assert not cited(payer_type, state="CA") & {
            "mhpaea-2024-rule",
            "wit-v-united-behavioral-health",
        }


def test_an_authority_is_not_cited_for_a_service_before_it_was_in_force():
    topics = ("authorization_on_file",)
    plan = PayerType.MEDICARE_ADVANTAGE
    assert cited(plan, topics=topics) == {"ma-approved-in-advance"}
    assert cited(plan, topics=topics, service_date=date(2023, 12, 31)) == set()


def test_an_authority_that_ended_is_not_cited_any_more():
    ended = msgspec.structs.replace(authorities()[0], in_force_to=date(2026, 3, 1))
    assert in_force(ended, on=date(2026, 3, 1))
    assert not in_force(ended, on=date(2026, 3, 2))


def test_every_entry_names_whom_it_binds_and_where_it_comes_from():
    ids = [one.authority_id for one in authorities()]
    assert len(ids) == len(set(ids))
    for one in authorities():
        assert one.payer_types
        assert one.topics
        assert one.source
        assert not one.statement.endswith(".")


def test_an_unconfirmed_plan_type_is_listed_as_missing():
    payer = msgspec.structs.replace(PAYER, payer_type=PayerType.COMMERCIAL)
    draft = draft_letter(
        case(RootCause.MEDICAL_NECESSITY, payer=payer), drafted_at=DRAFTED
    )
    assert draft.citations == ()
    assert "plan_type" in {m.kind for m in draft.missing}


def test_approval_in_advance_is_argued_only_with_an_authorization_on_file():
    payer = msgspec.structs.replace(PAYER, payer_type=PayerType.MEDICARE_ADVANTAGE)

    def citations(**changed):
        record = case(RootCause.MEDICAL_NECESSITY, payer=payer, **changed)
        draft = draft_letter(record, drafted_at=DRAFTED)
        assert draft.status == "draft"
        return {one.authority_id for one in draft.citations}

    assert "ma-approved-in-advance" not in citations()
    assert "ma-approved-in-advance" in citations(authorizations=(AUTHORIZATION,))
