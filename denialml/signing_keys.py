"""The two key files of bundles: the private one signs, the public one checks.

Both lie in the data directory, outside every bundle, as PEM. The private key is made
where training first runs and stays there (0600); a machine that only serves is given
a copy of the public key, and can then check bundles but never sign one.
"""

import stat
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from denialml.errors import BundleRejected, InputError
from denialml.settings import Settings, create_once, owner_only

PRIVATE_KEY_FILE_NAME = "bundle_private_key.pem"
PUBLIC_KEY_FILE_NAME = "bundle_public_key.pem"


def bundle_private_key(settings: Settings) -> bytes:
    """The key that bundles are signed with, 32 raw bytes; both files made on first use.

    Losing it makes every later bundle foreign to those who hold the public key: remove
    both files, train and promote again.

    Raises `PermissionError` when others can read it, `InputError` when this machine
    holds the public key of another (it only serves) or the file is not such a key, and
    `BundleRejected` as `bundle_public_key`.
    """
    private = settings.data_directory / PRIVATE_KEY_FILE_NAME
    public = settings.data_directory / PUBLIC_KEY_FILE_NAME
    if not private.exists():
        if public.exists():
            raise InputError(
                f"this machine has {public.name} and no {private.name}: it serves what"
                " another machine trains. Train and promote there"
            )
        create_once(private, _private_pem(Ed25519PrivateKey.generate()))
    key = _private_key(private)
    _write_public(public, key)
    if _public_key(public) != key.public_key().public_bytes_raw():
        raise InputError(
            f"{public.name} does not belong to {private.name}: what is signed here"
            " could not be served here. Remove the one that was copied by mistake"
        )
    return key.private_bytes_raw()


def bundle_public_key(settings: Settings) -> bytes:
    """The key that bundles are checked with, 32 raw bytes; empty where there is none.

    Makes no key and never reads the private one. Raises `BundleRejected` when others
    can change the file, or it is not such a key.
    """
    public = settings.data_directory / PUBLIC_KEY_FILE_NAME
    return _public_key(public) if public.exists() else b""


def _private_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write_public(path: Path, key: Ed25519PrivateKey) -> None:
    if not path.exists():
        content = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        create_once(path, content)


def _private_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(owner_only(path), password=None)
    except (ValueError, TypeError) as error:
        raise InputError(f"{path.name} is not an Ed25519 private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path.name} is not an Ed25519 private key")
    return key


def _public_key(path: Path) -> bytes:
    """Reading it harms nobody; whoever could change it could have any bundle served."""
    found, folder = path.stat(), path.parent.stat()
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise BundleRejected(
            f"{path.name} can be changed by others; run chmod 600 on it"
        )
    if found.st_uid not in (folder.st_uid, 0):
        raise BundleRejected(
            f"{path.name} belongs to another account than its folder, which can change"
            " it; run chown on it"
        )
    if folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX:
        raise BundleRejected(
            f"the folder of {path.name} can be written by everybody, who can put"
            " another key there; run chmod o-w on it"
        )
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except ValueError as error:
        raise BundleRejected(f"{path.name} is not an Ed25519 public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise BundleRejected(f"{path.name} is not an Ed25519 public key")
    return key.public_bytes_raw()
