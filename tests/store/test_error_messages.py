"""What a database says of a failure names columns and constraints, never values."""

import traceback

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from denialml.store import office_tables
from tests.store.samples import NOW


def test_an_error_names_the_column_and_not_the_row(session: Session) -> None:
    """PostgreSQL adds the whole failing row to the message of a missing value."""
    row = {
        "organization_id": "org_1",
        "name": "CANARY-DOE",
        "fingerprint_key": b"CANARY" * 5,
        "is_simulated": None,
        "records_version": 0,
        "created_at": NOW,
    }
    with pytest.raises(IntegrityError, match="is_simulated") as caught:
        session.execute(insert(office_tables.OrganizationRow).values(row))
    told = "".join(traceback.format_exception(caught.value))
    assert "CANARY" not in told
    assert "434e4152" not in told.lower()


def test_a_value_of_the_wrong_kind_is_not_repeated(session: Session) -> None:
    """PostgreSQL quotes the value; SQLite takes any value and has no such error."""
    if session.get_bind().dialect.name == "sqlite":
        assert session.scalar(text("SELECT CAST('CANARY' AS INTEGER)")) == 0
        return
    with pytest.raises(DataError, match="invalid input syntax") as caught:
        session.execute(text("SELECT CAST('CANARY' || '' AS INTEGER)"))
    told = str(caught.value.orig) + "".join(caught.value.args)
    assert "CANARY" not in told
