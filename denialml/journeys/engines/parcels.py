"""What travels to a worker: bytes that no log line shows.

A worker that fails writes the arguments of the call into its log. What we hand over is
therefore wrapped so that its representation says how long it is and nothing else.
"""

import zlib
from hashlib import sha256
from typing import Any, TypeVar

import msgspec

Kind = TypeVar("Kind")


class Parcel(msgspec.Struct, frozen=True, eq=False):
    """Bytes on their way to a worker. Equal where their digests are."""

    content: bytes
    digest: str

    def __repr__(self) -> str:
        return f"<parcel of {len(self.content)} bytes>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parcel) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


def parcel_of(content: bytes) -> Parcel:
    """Bytes as they are."""
    return Parcel(content, sha256(content).hexdigest())


def pack(value: Any) -> Parcel:
    """Records as compressed MessagePack."""
    return parcel_of(zlib.compress(msgspec.msgpack.encode(value), 1))


def unpack(parcel: Parcel, kind: type[Kind]) -> Kind:
    """The records again, equal to those that were packed."""
    return msgspec.msgpack.decode(zlib.decompress(parcel.content), type=kind)
