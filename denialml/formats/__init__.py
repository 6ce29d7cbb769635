"""Files in and out: X12 transactions and the practice's CSV exports.

`open_reader` recognizes any supported file and streams its records; the writers
take domain records and return bytes. Bad content is a `Problem` beside what could
be read, never an exception. See docs/formats.md.
"""

from denialml.formats.reading import RecordReader, open_reader, read_bytes, read_file

__all__ = ["RecordReader", "open_reader", "read_bytes", "read_file"]
