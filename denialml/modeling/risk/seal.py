"""The seal of a bundle: which organization it belongs to, and that nobody changed it.

The manifest lists a SHA-256 of every file and is signed with Ed25519. Training signs
with the private key (`SigningSeal`); serving checks with the public key (`Seal`), which
cannot sign. Without the private key nobody can change a file, pass off another
organization's model, or serve one that was trained but never passed the gates
(`Status`).
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from denialml.errors import BundleRejected

Status = Literal["trained", "promoted"]
MANIFEST = "manifest.json"
_ED25519 = "ed25519"
_PURPOSE = b"denialml bundle manifest 2\n"
_KEY_BYTES = 32


class Seal:
    """An organization's id and the public key that its bundles are checked with.

    `public_key` is 32 raw bytes, or empty where no public key is at hand: then every
    bundle is refused.
    """

    __slots__ = ("_public_key", "organization_id")

    def __init__(self, organization_id: str, *, public_key: bytes) -> None:
        if public_key and len(public_key) != _KEY_BYTES:
            raise ValueError(f"an Ed25519 public key has {_KEY_BYTES} bytes")
        self.organization_id = organization_id
        self._public_key = public_key

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.organization_id!r})"

    def check(self, manifest: "Manifest") -> None:
        """Raise `BundleRejected` unless this key's private half signed the manifest."""
        if manifest.algorithm != _ED25519:
            raise BundleRejected(
                f"{MANIFEST} was signed by an earlier version of denialml, with another"
                " kind of key: run `denialml train` and `denialml promote`"
            )
        if not self._public_key:
            raise BundleRejected(
                "this machine has no public key to check a bundle with: run `denialml"
                " train` and `denialml promote` here, or copy bundle_public_key.pem"
                " from where they ran into the data directory"
            )
        try:
            signature = bytes.fromhex(manifest.signature)
            key = Ed25519PublicKey.from_public_bytes(self._public_key)
            key.verify(signature, _signed_part(manifest))
        except (InvalidSignature, ValueError) as error:
            raise BundleRejected(
                f"{MANIFEST} is not signed with this installation's key: run `denialml"
                " train` and `denialml promote` here, or, if this machine only serves,"
                " copy bundle_public_key.pem from the one that promoted it"
            ) from error


class SigningSeal(Seal):
    """A seal that signs too: only where training runs.

    `private_key` is 32 raw bytes.
    """

    __slots__ = ("_private_key",)

    def __init__(self, organization_id: str, *, private_key: bytes) -> None:
        if len(private_key) != _KEY_BYTES:
            raise ValueError(f"an Ed25519 private key has {_KEY_BYTES} bytes")
        self._private_key = Ed25519PrivateKey.from_private_bytes(private_key)
        public_key = self._private_key.public_key().public_bytes_raw()
        super().__init__(organization_id, public_key=public_key)

    def signature(self, manifest: "Manifest") -> str:
        """Ed25519 over all of the manifest but the signature, in hexadecimal."""
        return self._private_key.sign(_signed_part(manifest)).hex()


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`manifest.json`. `files` are names in the bundle with their SHA-256.

    `algorithm` is empty in bundles of versions that signed with a shared secret.
    `promoted_at` is an instant in UTC that sorts as text; empty where it was not said.
    """

    organization_id: str
    status: Status
    files: dict[str, str]
    algorithm: str = ""
    signature: str = ""
    promoted_at: str = ""


def write_manifest(
    directory: Path,
    names: Iterable[str],
    *,
    seal: SigningSeal,
    status: Status,
    promoted_at: datetime | None = None,
) -> None:
    """Sign these files of a bundle; an earlier manifest is replaced."""
    bare = Manifest(
        organization_id=seal.organization_id,
        status=status,
        algorithm=_ED25519,
        promoted_at=_instant(promoted_at),
        files={
            name: hashlib.sha256((directory / name).read_bytes()).hexdigest()
            for name in sorted(names)
        },
    )
    signed = msgspec.structs.replace(bare, signature=seal.signature(bare))
    content = msgspec.json.format(msgspec.json.encode(signed), indent=1)
    (directory / MANIFEST).write_bytes(content)


def checked_contents(
    directory: Path, *, seal: Seal, status: Status
) -> dict[str, bytes]:
    """The files of a bundle by name, after signature and hashes were checked.

    A promoted bundle is also accepted where a trained one is asked for.

    Raises
    ------
    BundleRejected
        If the manifest cannot be read, is unsigned, signed with another key or another
        kind of key, of another organization or not promoted; or a file is missing or
        changed.
    """
    manifest = _checked_manifest(directory, seal)
    if manifest.organization_id != seal.organization_id:
        raise BundleRejected("the bundle was made for another organization")
    if status == "promoted" and manifest.status != "promoted":
        raise BundleRejected("the bundle was trained but never promoted")
    contents = {}
    for name, expected in manifest.files.items():
        path = directory / name
        if path.name != name or not path.is_file():
            raise BundleRejected(f"{path.name} is missing from the bundle")
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != expected:
            raise BundleRejected(f"{name} does not match its hash in {MANIFEST}")
        contents[name] = content
    return contents


def promoted_at(directory: Path, *, seal: Seal) -> str:
    """The signed instant of a bundle's promotion; empty where it was not said.

    Raises `BundleRejected` if the manifest is not signed with the seal's key.
    """
    return _checked_manifest(directory, seal).promoted_at


def _checked_manifest(directory: Path, seal: Seal) -> Manifest:
    try:
        manifest = msgspec.json.decode(
            (directory / MANIFEST).read_bytes(), type=Manifest
        )
    except (msgspec.DecodeError, OSError) as error:
        raise BundleRejected(
            f"{MANIFEST} cannot be read or is unsigned: run `denialml train` and"
            " `denialml promote`"
        ) from error
    seal.check(manifest)
    return manifest


def _signed_part(manifest: Manifest) -> bytes:
    bare = msgspec.structs.replace(manifest, signature="")
    said = msgspec.to_builtins(bare)
    if not bare.promoted_at:  # so that bundles signed before it was said stay valid
        del said["promoted_at"]
    return _PURPOSE + msgspec.json.encode(said, order="deterministic")


def _instant(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
