"""What senders do to files on the way: every tolerance, and what it is reported as."""

import io

import pytest

from denialml.domain.remittance import ClaimPayment
from denialml.formats import open_reader, read_bytes
from denialml.formats.x12 import LONGEST_SEGMENT, read_isa
from tests.formats.interchange import ISA, remittance

TWO_CLAIMS = remittance(
    """
    CLP*C1*1*150*100**CI*ICN1
    NM1*QC*1*DOE*ANA****MI*M1
    SVC*HC:90837*150*100
    CAS*CO*45*50
    CLP*C2*4*120*0**CI*ICN2
    NM1*QC*1*ROE*JO****MI*M2
    SVC*HC:90834*120*0
    CAS*CO*197*120
    """,
    payment="100",
)


def control_numbers(data: bytes) -> list[str]:
    records = read_bytes(data, file="remit.835").records
    return [r.patient_control_number for r in records if isinstance(r, ClaimPayment)]


def codes(data: bytes) -> list[str]:
    return [p.code for p in read_bytes(data, file="remit.835").problems]


def wrapped(data: bytes, width: int) -> bytes:
    return b"\n".join(data[at : at + width] for at in range(0, len(data), width))


CONTROL = str.maketrans({"*": "\x1d", ":": "\x1f", "~": "\x1c"})
PIPES = str.maketrans({"*": "|", ":": ">"})
TEXT = TWO_CLAIMS.decode()
UNPADDED = TEXT.replace(ISA, "ISA*00**00**ZZ*S*ZZ*R*260301*0930*^*00501*1*0*T*:~")
UNPADDED = UNPADDED.replace("IEA*1*000000001", "IEA*1*1")

VARIANTS = {
    "one line": (TEXT, []),
    "line feed after the terminator": (TEXT.replace("~", "~\n"), []),
    "carriage return and line feed": (TEXT.replace("~", "~\r\n"), []),
    "line feed is the terminator": (TEXT.replace("~", "\n"), []),
    "carriage return is the terminator": (TEXT.replace("~", "\r"), []),
    "CRLF is the terminator": (TEXT.replace("~", "\r\n"), []),
    "pipes and angle brackets": (TEXT.translate(PIPES), []),
    "control characters": (TEXT.translate(CONTROL), []),
    "byte-order mark": ("\xef\xbb\xbf" + TEXT, []),
    "blank lines before ISA": ("\r\n \n" + TEXT, []),
    "indented": (TEXT.replace("~", "~\n    "), []),
    "tabs": (TEXT.replace("~", "~\n\t"), []),
    "blank after the terminator": (TEXT.replace("~", "~ "), []),
    "padding at the end": (TEXT + "\n\x1a\0\0", []),
    "no last terminator": (TEXT.rstrip("~"), ["missing-final-terminator"]),
    "ISA not padded": (UNPADDED, ["interchange-header-not-padded"]),
    "ISA11 is U": (TEXT.replace("*^*00501", "*U*00501"), []),
    "lower-case identifiers": (
        TEXT.replace("CLP*", "clp*").replace("CAS*", "cas*").replace("LX*", "lx*"),
        ["lower-case-segment-id"],
    ),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_tolerance(name: str) -> None:
    text, expected = VARIANTS[name]
    data = text.encode("latin-1")
    assert control_numbers(data) == ["C1", "C2"]
    assert codes(data) == expected
    assert read_bytes(data, file="remit.835").complete


@pytest.mark.parametrize("width", [80, 79, 37, 106])
def test_hard_wrapped_lines_are_joined(width: int) -> None:
    data = wrapped(TWO_CLAIMS, width)
    assert control_numbers(data) == ["C1", "C2"]
    assert codes(data) == ["wrapped-lines"]


def test_utf_16_with_byte_order_mark() -> None:
    assert control_numbers(TEXT.encode("utf-16")) == ["C1", "C2"]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_accents_survive_in_both_usual_encodings(encoding: str) -> None:
    data = TEXT.replace("DOE*ANA", "MUÑOZ*ZOË").encode(encoding)
    first = next(
        r for r in read_bytes(data, file="f").records if isinstance(r, ClaimPayment)
    )
    assert (first.patient_last_name, first.patient_first_name) == ("MUÑOZ", "ZOË")


def test_delimiters_are_read_again_at_every_interchange() -> None:
    data = (TEXT + TEXT.translate(PIPES) + TEXT.replace("~", "\n")).encode()
    assert control_numbers(data) == ["C1", "C2"] * 3
    assert codes(data) == []


def test_interchanges_concatenated_without_the_last_terminator() -> None:
    data = (TEXT.rstrip("~") + "\n" + TEXT).encode()
    assert control_numbers(data) == ["C1", "C2"] * 2


def test_a_surname_isa_starts_no_interchange() -> None:
    data = TEXT.replace("DOE*ANA", "ISA*ISA").replace("*M1~", "*ISA~").encode()
    assert control_numbers(data) == ["C1", "C2"]
    assert codes(data) == []


def test_a_wrapped_line_that_starts_with_isa_starts_no_interchange() -> None:
    data = TEXT.replace("DOE*ANA", "\nISA*ANA").encode()
    assert control_numbers(data) == ["C1", "C2"]


def test_without_an_interchange_header_the_content_is_read_but_not_trusted() -> None:
    data = TEXT[len(ISA) :].encode()
    reading = read_bytes(data, file="remit.835")
    assert control_numbers(data) == ["C1", "C2"]
    assert codes(data) == ["missing-interchange-header", "unexpected-segment"]
    assert not reading.complete


@pytest.mark.parametrize("chunk", [1, 2, 7, 64])
def test_any_chunking_of_the_stream_reads_the_same(chunk: int) -> None:
    class Dribble(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(chunk, size) if size and size > 0 else chunk)

    records = list(open_reader(Dribble(TWO_CLAIMS), file="remit.835"))
    assert tuple(records) == read_bytes(TWO_CLAIMS, file="remit.835").records


def test_segments_are_counted_over_the_whole_file() -> None:
    records = read_bytes(TWO_CLAIMS + TWO_CLAIMS, file="remit.835").records
    places = [r.source for r in records if isinstance(r, ClaimPayment)]
    assert [(p.segment, p.line_segments) for p in places if p] == [
        (10, (12,)),
        (14, (16,)),
        (30, (32,)),
        (34, (36,)),
    ]


ENVELOPE_FAULTS = {
    "segment count": ("SE*16*0001", "SE*15*0001", "segment-count-mismatch", "SE01"),
    "transaction control": ("SE*16*0001", "SE*16*9", "control-number-mismatch", "SE02"),
    "transaction count": ("GE*1*1", "GE*2*1", "transaction-count-mismatch", "GE01"),
    "group control": ("GE*1*1", "GE*1*7", "control-number-mismatch", "GE02"),
    "group count": ("IEA*1*", "IEA*3*", "group-count-mismatch", "IEA01"),
    "interchange": ("IEA*1*000000001", "IEA*1*2", "control-number-mismatch", "IEA02"),
    "no SE": ("SE*16*0001~", "", "envelope-not-closed", "SE"),
    "no GE": ("GE*1*1~", "", "envelope-not-closed", "GE"),
    "no IEA": ("IEA*1*000000001~", "", "envelope-not-closed", "IEA"),
}


@pytest.mark.parametrize("name", ENVELOPE_FAULTS)
def test_an_envelope_that_does_not_add_up_is_never_success(name: str) -> None:
    old, new, code, element = ENVELOPE_FAULTS[name]
    assert old in TEXT
    reading = read_bytes(TEXT.replace(old, new).encode(), file="remit.835")
    assert [(p.code, p.element) for p in reading.problems] == [(code, element)]
    assert not reading.complete
    assert control_numbers(TEXT.replace(old, new).encode()) == ["C1", "C2"]


@pytest.mark.parametrize("end", [len(TEXT) - 60, len(TEXT) - 75, len(TEXT) - 90])
def test_a_cut_file_keeps_whole_claims_and_names_the_cut_one(end: int) -> None:
    reading = read_bytes(TEXT[:end].encode(), file="remit.835")
    assert not reading.complete
    cut = [p for p in reading.problems if p.code == "claim-cut-off"]
    whole = control_numbers(TEXT[:end].encode())
    assert whole == ["C1"]
    assert [(p.segment, p.loop) for p in cut] == [(14, "2100")]


def test_a_transaction_without_claims_is_never_success() -> None:
    reading = read_bytes(remittance(""), file="remit.835")
    assert [p.code for p in reading.problems] == ["transaction-without-records"]
    assert not reading.complete


def test_an_endless_segment_is_dropped_and_the_rest_is_read() -> None:
    filler = "NTE*" + "X" * (2 * LONGEST_SEGMENT) + "~"
    data = TEXT.replace("CLP*C2", filler + "CLP*C2").encode()
    reading = read_bytes(data, file="remit.835")
    assert "segment-too-long" in [p.code for p in reading.problems]
    assert control_numbers(data) == ["C1", "C2"]
    assert not reading.complete


def test_isa_must_have_sixteen_elements() -> None:
    assert read_isa("ISA*00*1~GS*HC~ST*837*1~") is None


def test_the_counts_of_a_reader() -> None:
    reader = open_reader(io.BytesIO(TWO_CLAIMS * 2), file="remit.835")
    assert sum(1 for _ in reader) == 6
    assert reader.transactions == {"835": 2}
    assert reader.counts == {"Remittance": 2, "ClaimPayment": 4}
    assert reader.complete


def test_a_transaction_left_open_before_other_delimiters_keeps_its_claims() -> None:
    opened = TEXT[: TEXT.index("SE*16")]
    reading = read_bytes((opened + TEXT.translate(PIPES)).encode(), file="f")
    records = [r for r in reading.records if isinstance(r, ClaimPayment)]
    assert [r.patient_control_number for r in records] == ["C1", "C2"] * 2
    assert {p.code for p in reading.problems} == {"envelope-not-closed"}
    assert not reading.complete


def test_two_bad_elements_of_one_segment_are_both_named() -> None:
    data = TEXT.replace("CLP*C2*4*120*0**CI", "CLP*C2*4*12O*0*x*CI").encode()
    reading = read_bytes(data, file="f")
    assert [p.element for p in reading.problems][:2] == ["CLP03", "CLP05"]
    assert control_numbers(data) == ["C1"]
