"""Ids follow content: nothing but content, and all of it."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from denialml.domain.claim import Claim, Diagnosis, ServiceLine
from denialml.domain.record import Fact, Source
from denialml.domain.remittance import ClaimPayment
from denialml.store.identity import Identity, canonical, encode
from denialml.store.practice_rows import PRACTICE_RECORDS
from tests.store.samples import adjustments, claim, line, payment, remittance, service

IDENTITY = Identity(b"k" * 32)


def claim_id(record: Claim) -> str:
    return IDENTITY.of_content("clm", record, encode(record))


def payment_id(record: ClaimPayment, remittance_id: str = "rem_1") -> str:
    return IDENTITY.of_payment(record, encode(record), remittance_id=remittance_id)


def changed(record: Any, **fields: Any) -> Any:
    return msgspec.structs.replace(record, **fields)


CLAIM = claim("A1", line(1, charge="150.50"), line(2, "90785", "20"))
PAYMENT = payment("A1", service(paid="110", cas="CO-45 40"))

SAME_CLAIMS = {
    "another place": changed(CLAIM, source=Source(file="x.edi", segment=7)),
    "decoded from JSON": msgspec.json.decode(encode(CLAIM), type=Claim),
    "defaults spelt out": msgspec.json.decode(
        encode(CLAIM)
        .replace(b'"charge":"20"', b'"charge":"20","units":"1","unit_basis":"UN"')
        .replace(b'{"member_id"', b'{"relationship_code":"18","member_id"')
        .replace(b'"submitted_on"', b'"frequency_code":"1","submitted_on"'),
        type=Claim,
    ),
    "other zeros": changed(CLAIM, total_charge=Decimal("170.5000")),
    "units with decimals": changed(
        CLAIM, lines=(CLAIM.lines[0], changed(CLAIM.lines[1], units=Decimal("1.0")))
    ),
}
OTHER_CLAIMS = {
    "number": changed(CLAIM, patient_control_number="A2"),
    "day of sending": changed(CLAIM, submitted_on=None),
    "amount": changed(CLAIM, total_charge=Decimal("170.05")),
    "ten times the amount": changed(CLAIM, total_charge=Decimal("1705")),
    "units": changed(CLAIM, lines=(line(1, charge="150.50", units=Decimal(10)),)),
    "frequency": changed(CLAIM, frequency_code="7"),
    "order of lines": changed(CLAIM, lines=CLAIM.lines[::-1]),
    "diagnosis": changed(CLAIM, diagnoses=(Diagnosis(code="F412"),)),
    "a note that looks like JSON": changed(CLAIM, note='","source":{"file":"'),
    "another such note": changed(CLAIM, note='","source":{"file":"y'),
}


@pytest.mark.parametrize("same", SAME_CLAIMS.values(), ids=SAME_CLAIMS.keys())
def test_what_does_not_change_a_claim_does_not_change_its_id(same: Claim) -> None:
    assert claim_id(same) == claim_id(CLAIM)


def test_what_changes_a_claim_changes_its_id() -> None:
    ids = {claim_id(each) for each in [CLAIM, *OTHER_CLAIMS.values()]}
    assert len(ids) == 1 + len(OTHER_CLAIMS)


def test_ids_of_two_keys_never_agree() -> None:
    other = Identity(b"o" * 32)
    assert other.of_content("clm", CLAIM, encode(CLAIM)) != claim_id(CLAIM)
    assert other.of_parts("pyr", "60054") != IDENTITY.of_parts("pyr", "60054")


def test_ids_of_two_kinds_never_agree() -> None:
    assert IDENTITY.of_parts("pyr", "1") != IDENTITY.of_parts("cln", "1")


def test_a_payment_is_told_by_its_remittance_and_content() -> None:
    split = changed(
        PAYMENT,
        remittance=remittance("T9", payment="5", transaction_control_number="0002"),
    )
    assert payment_id(split) == payment_id(PAYMENT)
    assert payment_id(PAYMENT, "rem_2") != payment_id(PAYMENT)
    other = payment("A1", service(paid="110", cas="CO-45 39, CO-253 1"))
    assert payment_id(other) != payment_id(PAYMENT)
    assert IDENTITY.nth(payment_id(PAYMENT), 0) == payment_id(PAYMENT)
    assert IDENTITY.nth(payment_id(PAYMENT), 1) != payment_id(PAYMENT)


def test_a_remittance_is_told_by_payer_trace_day_and_payee() -> None:
    first = remittance("T1")
    of = IDENTITY.of_remittance
    split = changed(first, payment=Decimal(5), transaction_control_number="0007")
    assert of(split) == of(first)
    for other in (
        changed(first, trace_number="T2"),
        changed(first, payer_id="X"),
        changed(first, payment_date=None),
        changed(first, payee_npi="1234567893"),
    ):
        assert of(other) != of(first)


# Readers decode bytes, which never gives half of a surrogate pair.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    note=TEXT,
    number=TEXT,
    cents=st.integers(0, 10**7),
    units=st.decimals(0, 99, places=2),
)
def test_an_id_survives_storing_and_reading_back(
    note: str, number: str, cents: int, units: Decimal
) -> None:
    record = claim(
        number,
        line(1, charge=str(Decimal(cents).scaleb(-2)), units=units),
        note=note,
        source=Source(file=note, segment=1, line_segments=(3,)),
    )
    again = msgspec.json.decode(encode(record), type=Claim)
    assert claim_id(again) == claim_id(record)
    moved = changed(again, source=None)
    assert claim_id(moved) == claim_id(record)


# Of texts that look like amounts, "1.0" and "1" share an id.
PLAIN_TEXT = st.text(
    st.characters(exclude_characters=".", exclude_categories=["Cs"]), max_size=12
)


@given(first=PLAIN_TEXT, second=PLAIN_TEXT)
def test_two_texts_have_one_id_only_when_they_are_equal(
    first: str, second: str
) -> None:
    ids = [claim_id(changed(CLAIM, medical_record_number=each, note="n"))
           for each in (first, second)]  # fmt: skip
    assert (ids[0] == ids[1]) == (first == second)


def test_every_record_ends_with_its_source() -> None:
    """`canonical` relies on it."""
    kinds: list[type[Fact]] = [Claim, ClaimPayment, *PRACTICE_RECORDS]
    assert {kind.__name__: kind.__struct_fields__[-1] for kind in kinds} == {
        kind.__name__: "source" for kind in kinds
    }


def test_canonical_content_is_json_without_defaults() -> None:
    spelt = (
        b'{"line_number":1,"procedure_code":"90837","charge":"150.00",'
        b'"service_date":null,"units":"1.0","unit_basis":"UN","modifiers":["95"],'
        b'"procedure_qualifier":"HC"}'
    )
    assert canonical(spelt, ServiceLine) == (
        b'{"line_number":1,"procedure_code":"90837","charge":"150",'
        b'"service_date":null,"modifiers":["95"]}'
    )
    assert adjustments("CO-45 40")[0].group_code == "CO"
