"""Checkpoints: signed lines that say how far each trail had come, kept elsewhere.

A chain alone cannot tell that its end was cut off. A checkpoint file can: one JSON
object a line, only ever added to, each signed together with the line before. Kept on
another machine, or printed, it shows every later change of what it saw.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy.orm import Session

from denialml.errors import CheckpointRefused
from denialml.store.audit_key import AuditKey
from denialml.store.audit_verifying import verify_trail

_FIRST_SIGNATURE: Final = ""


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far an organization's trail had come at a moment.

    `signature` is HMAC-SHA256, under a key derived of the audit key, of the signature
    of the line before and of the other fields; hex.
    """

    at: datetime
    organization_id: str
    sequence: int
    mac: str
    key_id: str
    signature: str = ""


@dataclass(frozen=True, slots=True)
class CheckpointFile:
    """The lines of one file, oldest first, all of them signed with the key."""

    lines: tuple[Checkpoint, ...] = ()

    def latest(self, organization_id: str) -> Checkpoint | None:
        """The newest line of an organization."""
        for line in reversed(self.lines):
            if line.organization_id == organization_id:
                return line
        return None

    def seals(self, organization_id: str) -> dict[int, str]:
        """Every seal that was exported of an organization, by its number."""
        return {
            line.sequence: line.mac
            for line in self.lines
            if line.organization_id == organization_id and line.sequence
        }


def read_checkpoints(content: bytes, *, key: AuditKey) -> CheckpointFile:
    """The lines of a checkpoint file.

    Raises:
        CheckpointRefused: a line is unreadable, or was not signed with this key after
            the line before it; names the line.
    """
    lines: list[Checkpoint] = []
    signature = _FIRST_SIGNATURE
    for number, text in enumerate(content.splitlines(), 1):
        try:
            line = msgspec.json.decode(text, type=Checkpoint)
        except msgspec.DecodeError:
            raise CheckpointRefused(
                f"line {number} of the checkpoint file is no checkpoint"
            ) from None
        if not hmac.compare_digest(line.signature, _sign(line, signature, key)):
            raise CheckpointRefused(
                f"line {number} of the checkpoint file was not signed with the key "
                f"{key.key_id} after the line before it"
            )
        lines.append(line)
        signature = line.signature
    return CheckpointFile(tuple(lines))


def next_checkpoints(
    session: Session,
    organization_ids: Iterable[str],
    file: CheckpointFile,
    *,
    key: AuditKey,
    now: datetime,
) -> tuple[Checkpoint, ...]:
    """A line for each trail, to follow the lines of the file.

    What came after a trail's last checkpoint is verified first.

    Raises:
        CheckpointRefused: a trail does not verify, or has gone back behind the file.
    """
    signature = file.lines[-1].signature if file.lines else _FIRST_SIGNATURE
    added = []
    for organization_id in organization_ids:
        last = file.latest(organization_id)
        verdict = verify_trail(
            session,
            organization_id,
            key=key,
            checkpoints=file.seals(organization_id),
            since=_place_before(last),
        )
        if verdict.fault is not None:
            raise CheckpointRefused(
                f"the trail of {organization_id} does not verify at number "
                f"{verdict.fault.sequence}: {verdict.fault.kind}"
            )
        line = Checkpoint(
            now, organization_id, verdict.sequence, verdict.mac, key.key_id
        )
        signature = _sign(line, signature, key)
        added.append(msgspec.structs.replace(line, signature=signature))
    return tuple(added)


def encode_checkpoints(lines: Iterable[Checkpoint]) -> bytes:
    """The lines as they stand in a file."""
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def _place_before(last: Checkpoint | None) -> tuple[int, str] | None:
    return None if last is None or not last.sequence else (last.sequence, last.mac)


def _sign(line: Checkpoint, previous: str, key: AuditKey) -> str:
    unsigned = msgspec.json.encode(msgspec.structs.replace(line, signature=""))
    return hmac.digest(key.checkpoint, previous.encode() + unsigned, "sha256").hex()
