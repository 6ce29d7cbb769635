"""Domain records as the JSON text of a payload column, and back."""

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_ENCODER = msgspec.json.Encoder()
_DECODERS: dict[type[Any], msgspec.json.Decoder[Any]] = {}


def to_payload(record: object) -> str:
    """The record as JSON text; amounts keep their decimals, days are ISO dates."""
    return _ENCODER.encode(record).decode()


def from_payload(payload: str, kind: type[T]) -> T:
    """The record that `to_payload` wrote."""
    return payload_decoder(kind).decode(payload)


def payload_decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """One decoder for each type; building one costs more than a hundred decodes."""
    found: msgspec.json.Decoder[T] | None = _DECODERS.get(kind)
    if found is None:
        found = _DECODERS[kind] = msgspec.json.Decoder(kind)
    return found
