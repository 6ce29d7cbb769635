"""Confirmed causes as kept: versions, what stands, and the model learnt of them."""

import pytest
from sqlalchemy.orm import Session

from denialml.domain.denial import RootCause
from denialml.errors import UnknownRecord
from denialml.store.cause_confirmations import (
    confirmations_of,
    save_confirmation,
    standing_confirmations,
)
from denialml.store.cause_models import (
    cause_model,
    cause_model_version,
    save_cause_model,
)
from denialml.store.denials import save_denials
from denialml.store.records import adjudications
from tests.store.files import claims_file, ingest, remittance_file
from tests.store.samples import (
    NOW,
    claim,
    confirmation,
    finding,
    payment,
    service,
    stored_denial,
)

COB, AUTH = RootCause.COB_WRONG_PAYER, RootCause.AUTH_MISSING


@pytest.fixture
def two_denials(session: Session, organization_id: str) -> None:
    ingest(session, organization_id, claims_file([claim("A2")]))
    denied = payment("A2", service(cas="CO-197 150"), status="4")
    ingest(session, organization_id, remittance_file([denied]))
    (answer,) = adjudications(session, organization_id)
    made = [
        stored_denial(
            denial_id,
            claim_id=answer.claim_id,
            payment_id=answer.payment_id,
            finding=finding(),
        )
        for denial_id in ("den_1", "den_2")
    ]
    save_denials(session, organization_id, tuple(made))


def test_the_newest_confirmation_stands_and_none_is_lost(
    session: Session, organization_id: str, two_denials: None
) -> None:
    given = [
        confirmation("den_1", COB, 1),
        confirmation("den_1", AUTH, 2),
        confirmation("den_2", COB, 3),
        confirmation("den_2", None, 4),
    ]
    versions = [save_confirmation(session, organization_id, one) for one in given]
    assert versions == [1, 2, 1, 2]
    history = confirmations_of(session, organization_id, "den_1")
    assert history == (given[1], given[0])
    # That of the second denial was taken back.
    assert standing_confirmations(session, organization_id) == {"den_1": given[1]}
    assert standing_confirmations(session, organization_id, ["den_2"]) == {}
    assert standing_confirmations(session, organization_id, []) == {}


def test_a_denial_that_is_not_on_file_is_not_confirmed(
    session: Session, organization_id: str
) -> None:
    with pytest.raises(UnknownRecord):
        save_confirmation(session, organization_id, confirmation("den_9"))


def test_a_learnt_model_takes_the_place_of_the_one_before(
    session: Session, organization_id: str
) -> None:
    assert cause_model(session, organization_id) is None
    assert cause_model_version(session, organization_id) == ""
    for version in ("one", "two"):
        save_cause_model(
            session, organization_id, version.encode(), version=version, now=NOW
        )
    assert cause_model(session, organization_id) == b"two"
    assert cause_model_version(session, organization_id) == "two"
