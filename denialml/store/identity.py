"""Ids derived from content, keyed by the organization.

The same record in a renamed, split, re-wrapped or re-delimited file gets the same id,
because neither its place nor the envelope takes part. Trailing zeros of amounts do
not take part either: 100 and 100.00 are the same charge. The key keeps two
organizations' ids apart and makes ids useless for guessing content.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from hashlib import blake2b
from typing import Any, Final, get_args

import msgspec

from denialml.domain.claim import Claim, patient_key
from denialml.domain.record import Fact
from denialml.domain.remittance import ClaimPayment, Remittance

DIGEST_BYTES: Final = 12  # 96 bits: no two of 10^9 records share one by chance
_ENCODER = msgspec.json.Encoder()
_ZERO_AT_THE_END = re.compile(rb'\.[0-9]*0"')
_WHOLE = re.compile(rb'(?<=[0-9])\.0+"')
_TRAILING = re.compile(rb'(\.[0-9]*[1-9])0+"')
_SOURCE = b',"source":{'


class Identity:
    """Makes the ids of one organization's records."""

    def __init__(self, fingerprint_key: bytes) -> None:
        self._key = fingerprint_key

    def of_parts(self, kind: str, *parts: str) -> str:
        """An id from a natural key, for example ``of_parts("payer", payer_id)``."""
        return self._digest(kind, _ENCODER.encode(parts))

    def of_content(self, kind: str, record: Fact, payload: bytes) -> str:
        """An id from a record and its encoding, wherever it was read."""
        return self._digest(kind, canonical(payload, type(record)))

    def of_patient(self, claim: Claim) -> str:
        """A patient's id in the audit trail; empty where the claim does not say who.

        Of the number that links a claim to the patient's file (`patient_key`), so that
        all claims and records of one patient have one id.
        """
        return self.of_patient_number(patient_key(claim))

    def of_patient_number(self, number: str) -> str:
        """The same from the number itself; empty for an empty one."""
        return self.of_parts("pat", number) if number else ""

    def of_remittance(self, remittance: Remittance) -> str:
        """An id from payer, trace number, payment date and payee.

        Not from the amounts or the ST number: a clearinghouse that splits one
        remittance into several transactions changes those.
        """
        payment_date = remittance.payment_date
        return self.of_parts(
            "rem",
            remittance.payer_id or remittance.trace_payer_id or remittance.payer_name,
            remittance.trace_number,
            payment_date.isoformat() if payment_date is not None else "",
            remittance.payee_npi or remittance.payee_tax_id,
        )

    def of_payment(
        self, payment: ClaimPayment, payload: bytes, *, remittance_id: str
    ) -> str:
        """An id from the answer's content inside its remittance, before ordinals."""
        nested = _ENCODER.encode(payment.remittance)
        start = b'{"remittance":' + nested
        if payload.startswith(start):
            payload = payload[len(start) :]
        else:
            bare = msgspec.structs.replace(payment, remittance=_NO_REMITTANCE)
            payload = _ENCODER.encode(bare)
        return self._digest(
            "pay", remittance_id.encode() + canonical(payload, ClaimPayment)
        )

    def nth(self, identifier: str, ordinal: int) -> str:
        """The id of the nth (from 0) identical record in one transaction.

        A payer may answer two identical claims alike in one remittance; sending that
        remittance again must still add nothing.
        """
        if ordinal == 0:
            return identifier
        kind = identifier.partition("_")[0]
        return self.of_parts(kind, identifier, str(ordinal))

    def _digest(self, kind: str, content: bytes) -> str:
        digest = blake2b(
            content, digest_size=DIGEST_BYTES, key=self._key, person=kind.encode()
        )
        return f"{kind}_{digest.hexdigest()}"


_NO_REMITTANCE = Remittance(
    payer_id="",
    payer_name="",
    trace_number="",
    payment=Decimal(0),
    payment_date=None,
    received_on=None,
)


def encode(record: Fact) -> bytes:
    """The record as JSON bytes, its source last where it has one."""
    return _ENCODER.encode(record)


def canonical(payload: bytes, kind: type[Fact]) -> bytes:
    """Encoded content without its place, amounts' trailing zeros and defaults.

    `source` is the last field of every record, and a quote inside a string is always
    escaped in JSON, so the last unescaped ``,"source":{`` is that field. Encoding
    leaves out a default only where it is the very same object, so that equal records
    may be encoded with or without ``"units":"1"``; here it never takes part.
    """
    cut = payload.rfind(_SOURCE)
    if cut >= 0:
        payload = payload[:cut] + b"}"
    if _ZERO_AT_THE_END.search(payload) is not None:
        payload = _TRAILING.sub(rb'\1"', _WHOLE.sub(b'"', payload))
    defaults = _defaults(kind)
    payload = defaults.following.sub(b"", payload)
    for member in defaults.opening:
        if member in payload:
            payload = payload.replace(member + b",", b"{").replace(member, b"{")
    return payload


@dataclass(frozen=True)
class _Defaults:
    """Members of an encoded record that repeat a field's default.

    A member follows a comma, or opens an object that has no required field.
    """

    following: re.Pattern[bytes]
    opening: tuple[bytes, ...]


@cache
def _defaults(kind: type[Fact]) -> _Defaults:
    following: dict[bytes, None] = {}
    opening: dict[bytes, None] = {}
    for struct in sorted(_structs_in(kind), key=lambda each: each.__name__):
        for name, default in _encoded_defaults(struct):
            member = _ENCODER.encode(name) + b":" + _ENCODER.encode(default)
            following[re.escape(member.removeprefix(b'"'))] = None
            if not any(field.required for field in msgspec.structs.fields(struct)):
                opening[b"{" + member] = None
    # One pass over the bytes: searching for each member costs more than reading them.
    alternatives = b"|".join(following) or rb"(?!)"
    return _Defaults(re.compile(b',"(?:' + alternatives + b")"), tuple(opening))


def _encoded_defaults(struct: type[Fact]) -> Iterator[tuple[str, Any]]:
    for field in msgspec.structs.fields(struct):
        default = field.default
        if isinstance(default, str | Decimal | tuple) and default not in ("", ()):
            yield field.encode_name, default


def _structs_in(kind: Any) -> set[type[Fact]]:
    """The record types that a type is made of, itself included."""
    if isinstance(kind, type) and issubclass(kind, Fact):
        found = {kind}
        for field in msgspec.structs.fields(kind):
            found |= _structs_in(field.type)
        return found
    return {each for part in get_args(kind) for each in _structs_in(part)}
