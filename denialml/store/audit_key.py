"""The secret that seals the audit trail; it is never in the database.

A door reads it from its settings and hands it to `open_engine`; whoever records an
event then finds it on the connection. Without it nothing can be recorded, and who can
write the database but has no key cannot make an event that verifies.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from denialml.errors import AuditKeyMissing

# Under which name a connection carries the key.
AUDIT_KEY: Final = "denialml_audit_key"
_DIGEST: Final = "sha256"


@dataclass(frozen=True, slots=True)
class AuditKey:
    """What is derived of one secret, so that no two uses share a key.

    `key_id` names the secret without telling it: a trail remembers by which one it was
    begun.
    """

    chain: bytes = field(repr=False)
    checkpoint: bytes = field(repr=False)
    key_id: str

    @classmethod
    def of(cls, secret: bytes) -> "AuditKey":
        """The keys of a secret of at least 32 bytes."""

        def derived(purpose: str) -> bytes:
            return hmac.digest(secret, f"denialml audit {purpose} v1".encode(), _DIGEST)

        return cls(
            chain=derived("chain"),
            checkpoint=derived("checkpoint"),
            key_id=derived("key id").hex()[:16],
        )


def key_of(connection: Connection) -> AuditKey:
    """The key that a door opened this connection's engine with.

    Raises:
        AuditKeyMissing: the engine was opened without one.
    """
    found = connection.get_execution_options().get(AUDIT_KEY)
    if not isinstance(found, AuditKey):
        raise AuditKeyMissing(
            "nothing can be audited without the audit key: "
            "open the database with open_engine(url, audit_key=...)"
        )
    return found


def first_link(organization_id: str) -> str:
    """What stands before an organization's first event, in hexadecimal."""
    return hashlib.sha256(f"denialml audit v1 {organization_id}".encode()).hexdigest()
