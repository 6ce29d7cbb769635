"""A file encrypted under a passphrase, in pieces, so that any size fits the memory.

scrypt makes the key, AES-256-GCM seals each piece under its number and whether it is
the last: pieces that are changed, swapped, left out or cut off at the end do not open.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from denialml.errors import InputError

MAGIC: Final = b"denialml sealed 1\n"
SHORTEST_PASSPHRASE: Final = 16
PIECE_BYTES: Final = 1 << 20
_SALT_BYTES: Final = 16
_TAG_BYTES: Final = 16
_MORE, _LAST = b"more", b"last"


class WrongPassphrase(InputError):
    """The passphrase is another one, or the file was changed."""


def seal(source: BinaryIO, target: BinaryIO, *, passphrase: bytes) -> None:
    """Encrypt all of `source` into `target`.

    Raises:
        InputError: the passphrase is too short to keep anything secret.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise InputError(
            f"the passphrase must have at least {SHORTEST_PASSPHRASE} characters"
        )
    salt = os.urandom(_SALT_BYTES)
    cipher = AESGCM(_key(passphrase, salt))
    target.write(MAGIC + salt)
    piece, number = source.read(PIECE_BYTES), 0
    while True:
        following = source.read(PIECE_BYTES)
        place = _MORE if following else _LAST
        target.write(cipher.encrypt(number.to_bytes(12, "big"), piece, place))
        if not following:
            return
        piece, number = following, number + 1


def is_sealed(source: BinaryIO) -> bool:
    """Whether a file begins like a sealed one; it is wound back."""
    found = source.read(len(MAGIC)) == MAGIC
    source.seek(0)
    return found


def opened(source: BinaryIO, *, passphrase: bytes) -> Iterator[bytes]:
    """The pieces of a sealed file, each checked before it is given.

    Raises:
        WrongPassphrase: at the first piece that does not open.
    """
    source.seek(len(MAGIC))
    cipher = AESGCM(_key(passphrase, source.read(_SALT_BYTES)))
    piece, number = source.read(PIECE_BYTES + _TAG_BYTES), 0
    while True:
        following = source.read(PIECE_BYTES + _TAG_BYTES)
        place = _MORE if following else _LAST
        try:
            yield cipher.decrypt(number.to_bytes(12, "big"), piece, place)
        except (InvalidTag, ValueError) as error:
            raise WrongPassphrase(
                "the passphrase is another one, or the file was changed or cut off"
            ) from error
        if not following:
            return
        piece, number = following, number + 1


def _key(passphrase: bytes, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=1 << 15, r=8, p=1).derive(passphrase)
