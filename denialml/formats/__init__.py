"""Files in and out: X12 transactions, FHIR resources and the practice's CSV exports.

`open_reader` recognizes any supported file and streams its records; the writers
take domain records and return bytes. Bad content is a `Problem` beside what could
be read, never an exception. See docs/formats.md.
"""

from denialml.formats.acknowledgment_writing import write_claim_acknowledgments
from denialml.formats.claim_writing import write_claims
from denialml.formats.coverage_writing import write_authorizations, write_eligibility
from denialml.formats.csv_columns import spreadsheet_text
from denialml.formats.envelope_writing import Envelope
from denialml.formats.fhir_answer_writing import write_fhir_answers
from denialml.formats.fhir_claim_writing import write_fhir_claims
from denialml.formats.practice_csv import csv_file_name, write_csv
from denialml.formats.reading import RecordReader, open_reader, read_bytes, read_file
from denialml.formats.remittance_writing import write_remittances

__all__ = [
    "Envelope",
    "RecordReader",
    "csv_file_name",
    "open_reader",
    "read_bytes",
    "read_file",
    "spreadsheet_text",
    "write_authorizations",
    "write_claim_acknowledgments",
    "write_claims",
    "write_csv",
    "write_eligibility",
    "write_fhir_answers",
    "write_fhir_claims",
    "write_remittances",
]
