"""Files in and out: X12 transactions and the practice's CSV exports.

`open_reader` recognizes any supported file and streams its records; the writers
take domain records and return bytes. Bad content is a `Problem` beside what could
be read, never an exception. See docs/formats.md.
"""

from denialml.formats.acknowledgment_writing import write_claim_acknowledgments
from denialml.formats.claim_editing import PlacedEdit, edit_claim
from denialml.formats.claim_segment_writing import (
    SubmittedClaim,
    write_claim_segments,
)
from denialml.formats.claim_segments import ClaimSegments, claim_segments
from denialml.formats.claim_writing import write_claims
from denialml.formats.coverage_writing import write_authorizations, write_eligibility
from denialml.formats.csv_columns import spreadsheet_text
from denialml.formats.envelope_writing import Envelope
from denialml.formats.practice_csv import csv_file_name, write_csv
from denialml.formats.reading import RecordReader, open_reader, read_bytes, read_file
from denialml.formats.remittance_writing import write_remittances

__all__ = [
    "ClaimSegments",
    "Envelope",
    "PlacedEdit",
    "RecordReader",
    "SubmittedClaim",
    "claim_segments",
    "csv_file_name",
    "edit_claim",
    "open_reader",
    "read_bytes",
    "read_file",
    "spreadsheet_text",
    "write_authorizations",
    "write_claim_acknowledgments",
    "write_claim_segments",
    "write_claims",
    "write_csv",
    "write_eligibility",
    "write_remittances",
]
