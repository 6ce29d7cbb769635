"""What a caller says of a job: how to read what was handed in, and as of which day."""

from datetime import date
from typing import Final

import msgspec

from api.bodies import X12_MEDIA_TYPE
from api.permissions import Permission
from api.routes.files import FHIR_MEDIA_TYPE, FILE_TYPES
from denialml.store.jobs import JobKind

LINES_MEDIA_TYPE: Final = "application/x-ndjson"
MEDIA_TYPES: Final = {
    JobKind.SCORE: frozenset({LINES_MEDIA_TYPE, X12_MEDIA_TYPE, FHIR_MEDIA_TYPE}),
    JobKind.INGEST: FILE_TYPES,
}
# What a key needs for the work itself, besides the permission for jobs.
PERMISSIONS: Final = {
    JobKind.SCORE: Permission.CLAIMS_SCORE,
    JobKind.INGEST: Permission.FILES_WRITE,
}


class JobOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Kept with the job. `today` is the day on which it was handed in.

    Every try, also one of tomorrow, reads the same options and so does the same.
    """

    media_type: str
    today: date
    as_of: date | None = None
    with_fixes: bool = False
