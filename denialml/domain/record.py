"""The two base types every domain record derives from, and where facts came from."""

import msgspec


class Fact(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """Something that was sent, received or written down.

    Encoding omits fields at their default, so that adding an optional field later
    changes neither stored records nor their fingerprints. Decoding refuses unknown
    fields, so that a caller's misspelt field is an error and not a silent loss.
    """


class Judgment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something denialml concluded. Encodes every field, also those that are null."""


class Source(Fact, frozen=True):
    """Where a record was read: a file and the ordinals of its segments.

    `segment` counts segments of the whole file from 1, ISA included, over every
    interchange. For CSV it is the row number of the file, the header being row 1.
    `line_segments` gives, in the order of the record's lines, the segment at which
    each starts; empty for records without lines. A source never takes part in a
    fingerprint: the same claim in a renamed or re-wrapped file is the same claim.
    """

    file: str
    segment: int
    line_segments: tuple[int, ...] = ()
