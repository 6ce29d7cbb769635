"""The key that tests seal audit trails with."""

from denialml.store.audit_key import AuditKey

AUDIT_KEY = AuditKey.of(b"an audit key that only tests use")
