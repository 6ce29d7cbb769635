"""What a key may do. Named `thing:verb`; deny by default: a route without one fails.

The text of each member is stored with the key and shown to the person who issues it;
docs/access-and-audit.md has a row for each (a test compares).
"""

from enum import StrEnum


class Permission(StrEnum):
    """One right of an API key within its own organization."""

    CLAIMS_SCORE = "claims:score"
    FILES_WRITE = "files:write"
    REMITTANCES_WRITE = "remittances:write"
    DENIALS_READ = "denials:read"
    DENIALS_WRITE = "denials:write"
    APPEALS_READ = "appeals:read"
    APPEALS_WRITE = "appeals:write"
    RECORDS_READ = "records:read"
    JOBS_RUN = "jobs:run"
    AUDIT_READ = "audit:read"


ALL_PERMISSIONS = tuple(Permission)
