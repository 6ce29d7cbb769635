"""The seal of a bundle: which organization it belongs to, and that nobody changed it.

The manifest lists a SHA-256 of every file and is signed with HMAC-SHA256 under a key
that lies outside the bundle. Someone who can write to the bundle's folder, but cannot
read the key, can neither change a file nor pass off another organization's model, nor
serve one that was trained but never passed the gates (`Status`). Whoever can read the
key can sign: keep it readable to the accounts that train and serve only.
"""

import hashlib
import hmac
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from denialml.errors import BundleRejected

Status = Literal["trained", "promoted"]
MANIFEST = "manifest.json"
_PURPOSE = b"denialml bundle manifest 1\n"
_SHORTEST_KEY = 32


class Seal:
    """An organization's id and the key its bundles are signed with."""

    __slots__ = ("_key", "organization_id")

    def __init__(self, organization_id: str, *, key: bytes) -> None:
        if len(key) < _SHORTEST_KEY:
            raise ValueError(f"the signing key needs {_SHORTEST_KEY} bytes or more")
        self.organization_id = organization_id
        self._key = key

    def __repr__(self) -> str:
        return f"Seal({self.organization_id!r})"

    def signature(self, manifest: "Manifest") -> str:
        """HMAC-SHA256 over all of the manifest but the signature, in hexadecimal."""
        bare = msgspec.structs.replace(manifest, signature="")
        content = msgspec.json.encode(bare, order="deterministic")
        return hmac.new(self._key, _PURPOSE + content, hashlib.sha256).hexdigest()


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`manifest.json`. `files` are names in the bundle with their SHA-256."""

    organization_id: str
    status: Status
    files: dict[str, str]
    signature: str = ""


def write_manifest(
    directory: Path, names: Iterable[str], *, seal: Seal, status: Status
) -> None:
    """Sign these files of a bundle; an earlier manifest is replaced."""
    bare = Manifest(
        organization_id=seal.organization_id,
        status=status,
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
        If the manifest cannot be read, is unsigned, signed with another key, of
        another organization or not promoted; or a file is missing or changed.
    """
    try:
        manifest = msgspec.json.decode(
            (directory / MANIFEST).read_bytes(), type=Manifest
        )
    except (msgspec.DecodeError, OSError) as error:
        raise BundleRejected(
            f"{MANIFEST} cannot be read or is unsigned: train and promote again"
        ) from error
    if not hmac.compare_digest(
        manifest.signature.encode(), seal.signature(manifest).encode()
    ):
        raise BundleRejected(
            f"{MANIFEST} is not signed with this installation's key: train and promote"
            " again"
        )
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
