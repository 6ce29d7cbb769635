"""The 999 with which a clearinghouse answers each 837 file of a simulated practice.

It says that the file could be read, set by set, and nothing about claims. Only
accepted files are simulated: a file that is refused is mended and sent again the same
hour, and leaves no trace in a practice's folder.
"""

from denialml.formats import Envelope
from denialml.formats.envelope_writing import SegmentWriter

_ELEMENT, _SET = "*", "ST"


def file_receipt(content: bytes, *, envelope: Envelope) -> bytes:
    """A 999 (005010X231A1) that accepts every transaction set of an 837 file.

    `content` is the file as `denialml.formats.write_claims` wrote it; `envelope` that
    of the answer, with the control number of the file's group.
    """
    writer = SegmentWriter(envelope, functional_id="FA", version="005010X231A1")
    writer.start("999")
    sets = [
        segment.split(_ELEMENT)
        for segment in content.decode().replace("\n", "").split("~")
        if segment.startswith(f"{_SET}{_ELEMENT}")
    ]
    guide = sets[0][3]
    writer.add("AK1", "HC", str(envelope.control_number), guide)
    for _, kind, number, *_ in sets:
        writer.add("AK2", kind, number, guide)
        writer.add("IK5", "A")
    count = str(len(sets))
    writer.add("AK9", "A", count, count, count)
    writer.end()
    return writer.to_bytes()
