"""SQLite asks its indexes for control numbers and ids, never the whole organization."""

from pathlib import Path

import pytest
from sqlalchemy import Executable, bindparam, select
from sqlalchemy.dialects import sqlite

from denialml.store import linking, payer_letters, provisional, refiling, tables
from denialml.store.database import migrate, open_engine
from denialml.store.membership import one_of
from denialml.store.writing import table_of
from tests.audit_key import AUDIT_KEY


def _by_id(row: type[tables.Base], key: str) -> Executable:
    columns = table_of(row).c
    return select(columns.payload).where(
        columns.organization_id == bindparam("organization_id"),
        one_of(columns[key], "keys"),
    )


STATEMENTS = {
    "payments of control numbers": linking._PAYMENTS_OF,
    "claims of control numbers": linking._CLAIMS_OF,
    "acknowledgments of control numbers": linking._ACKNOWLEDGMENTS_OF,
    "control numbers with claims": refiling._KEYS_WITH_CLAIMS,
    "payments that were refiled": refiling._REFILED_OF,
    "payments by service": refiling._UNSETTLED_ON,
    "control numbers by service": refiling._NUMBERS_ON,
    "provisional claims": provisional.CLAIMS.provisional,
    "provisional answers": provisional.PAYMENTS.provisional,
    "claims a faulty one may repeat": provisional.CLAIMS.any_stored,
    "answers a faulty one may repeat": provisional.PAYMENTS.any_stored,
    "stored answers by claim": linking._ANSWERS_OF[0],
    "stored answers by payment": linking._ANSWERS_OF[1],
    "all letters of the payers": payer_letters.ALL_LETTERS,
    "letters about control numbers": payer_letters.LETTERS_OF_CLAIMS,
    "letters about patients": payer_letters.LETTERS_OF_PATIENTS,
    "letters by document id": payer_letters.OF_IDS,
    "claims by id": _by_id(tables.ClaimRow, "claim_id"),
    "answers by claim": _by_id(tables.LineAdjudicationRow, "claim_id"),
    "answers by payment": _by_id(tables.LineAdjudicationRow, "payment_id"),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_batch_of_keys_is_looked_up_in_an_index(tmp_path: Path, name: str) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/denialml.db", audit_key=AUDIT_KEY)
    migrate(engine)
    compiled = STATEMENTS[name].compile(dialect=sqlite.dialect())
    with engine.connect() as connection:
        steps = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {compiled}", ("",) * len(compiled.positiontup or ())
        ).all()
    engine.dispose()
    (plan,) = [step.detail for step in steps if "SEARCH" in step.detail]
    assert "USING" in plan
    assert not plan.endswith("(organization_id=?)"), plan
