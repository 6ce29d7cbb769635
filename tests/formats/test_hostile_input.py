"""Files made to break a reader: never an exception, never unbounded memory."""

import io
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from denialml.domain.claim import Claim
from denialml.errors import UnreadableFile
from denialml.formats import open_reader, read_bytes
from tests.formats.interchange import (
    CLAIM_HEADER,
    ISA,
    interchange,
    professional,
    remittance,
)

ROOT = Path(__file__).resolve().parents[2]
PAYMENT = remittance(
    """
    CLP*C1*1*150*100**CI*ICN1
    CAS*CO*45*10
    NM1*QC*1*DOE*ANA****MI*M1
    MOA***MA01
    SVC*HC:90837:95*150*100**1
    DTM*472*20260203
    CAS*CO*45*40
    LQ*HE*N362
    PLB*1*20261231*WO:1*5
    """
)
CLAIM = professional(
    """
    CLM*C1*150***11:B:1*Y*A*Y*Y
    HI*ABK:F411
    SBR*S*18*******MB
    AMT*D*10
    NM1*PR*2*X*****PI*Y
    LX*1
    SV1*HC:90837*150*UN*1***1
    DTP*472*RD8*20260203-20260204
    """
)
SEEDS = [PAYMENT, CLAIM]
FUZZ = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

UNREADABLE = {
    "empty": (b"", "empty"),
    "blank": (b"  \r\n\0\x1a", "empty"),
    "zip": (b"PK\x03\x04" + os.urandom(200), "zip archive"),
    "gzip": (b"\x1f\x8b\x08" + os.urandom(200), "gzip"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
    "xml": (b"<?xml version='1.0'?><a/>", "XML"),
    "json": (b'{"claims": []}', "JSON"),
    "prose": (b"Dear Sir or Madam,\nISA is mentioned here.\n", "not recognized"),
    "another table": (b"a,b,c\n1,2,3\n", "not recognized"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_not_ours_is_refused_with_a_reason(name: str) -> None:
    data, reason = UNREADABLE[name]
    with pytest.raises(UnreadableFile, match=reason) as caught:
        read_bytes(data, file="f")
    assert "expected an X12 file" in str(caught.value)


def read_without_raising(data: bytes) -> None:
    """Nothing but UnreadableFile may come out, and losses must be told."""
    try:
        reading = read_bytes(data, file="f")
    except UnreadableFile:
        return
    if not reading.records or not reading.complete:
        assert reading.problems


@given(data=st.binary(max_size=2000))
@FUZZ
def test_random_bytes(data: bytes) -> None:
    read_without_raising(data)


@given(data=st.binary(max_size=600))
@FUZZ
def test_random_bytes_after_a_header(data: bytes) -> None:
    read_without_raising(ISA.encode() + data)


@given(
    seed=st.sampled_from(SEEDS),
    edits=st.lists(
        st.tuples(st.integers(0, 700), st.integers(0, 20), st.binary(max_size=6)),
        max_size=8,
    ),
)
@example(seed=PAYMENT, edits=[(106, 0, b"ISA*")])
@example(seed=PAYMENT, edits=[(3, 0, b"\xb9")])
@FUZZ
def test_damaged_files(seed: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    for position, length, replacement in edits:
        seed = seed[:position] + replacement + seed[position + length :]
    read_without_raising(seed)


VALUES = "1 -5.50 x HC:90837:95 20260203 20261399 ABK:F411 QC 20 22 23 PT EV SS 472 "
MORE_VALUES = "RD8 11:B:7 1E9 \x00 :::"
IDENTIFIERS = (
    "CLM CLP SVC SV1 CAS NM1 N1 N3 N4 REF DTP DTM HL SBR PAT PRV HI LX AMT NTE MOA MIA "
    "LQ PLB BPR TRN BHT EB LS LE AAA DMG STC HCR HSD UM AK1 AK2 IK3 IK4 IK5 AK9 ST SE "
    "GS GE TA1 OI SVD"
)
ELEMENT = st.sampled_from(["", *VALUES.split(), *MORE_VALUES.split(" ")])
NAMES = IDENTIFIERS.split()
SEGMENT = st.tuples(st.sampled_from(NAMES), st.lists(ELEMENT, max_size=17)).map(
    lambda parts: "*".join([parts[0], *parts[1]])
)


@given(
    kind=st.sampled_from(["837", "835", "277", "999", "271", "278"]),
    segments=st.lists(SEGMENT, max_size=25),
)
@FUZZ
def test_segments_in_any_order(kind: str, segments: list[str]) -> None:
    read_without_raising(interchange("\n".join(segments), kind=kind))


@given(segments=st.lists(SEGMENT, max_size=10))
@FUZZ
def test_stray_segments_lose_no_other_claim(segments: list[str]) -> None:
    """Whatever one claim is followed by, a whole claim of the next ST is read."""
    stray = [s for s in segments if s[:2] not in ("ST", "SE", "GS", "GE")]
    data = professional("\n".join(stray)) + CLAIM
    last = read_bytes(data, file="f").records[-1]
    [alone] = read_bytes(CLAIM, file="f").records
    assert isinstance(last, Claim)
    assert isinstance(alone, Claim)
    assert replace(last, source=None) == replace(alone, source=None)


def test_a_thousand_problems_are_enough() -> None:
    body = "\n".join(["CLP*C*1*x*x"] * 1500)
    reading = read_bytes(remittance(body), file="f")
    assert len(reading.problems) == 1001
    assert reading.problems[-1].code == "too-many-problems"
    assert "further problems" in reading.problems[-1].message


def test_numbers_too_long_for_any_account_are_refused() -> None:
    body = f"CLP*C1*1*{'9' * 5000}*0\nCLP*C2*1*1*1"
    reading = read_bytes(remittance(body, payment="1"), file="f")
    assert [p.code for p in reading.problems] == ["bad-amount"]


def test_a_csv_with_a_huge_cell() -> None:
    data = b"npi,last_name\n1," + b"x" * 200_000 + b"\n2,Roe\n"
    reading = read_bytes(data, file="clinicians.csv")
    assert [problem.code for problem in reading.problems] == ["bad-row"]
    assert len(reading.records) == 1


def test_problems_hold_no_name_or_member_number_in_their_text() -> None:
    body = CLAIM_HEADER.replace("19800102", "SECRETDAY").replace("M1", "SECRETID")
    data = professional("CLM*C1*SECRET***11:B:1*Y*A*Y*Y", header=body)
    for problem in read_bytes(data, file="f").problems:
        assert "SECRET" not in problem.message + problem.fix + problem.expected
        assert "DOE" not in problem.message


MEMORY_SCRIPT = """
import io, re, sys
from denialml.formats import open_reader
class Endless(io.RawIOBase):
    def __init__(self, head, size):
        self.head, self.left = head, size
    def read(self, size=-1):
        if self.head:
            head, self.head = self.head, b""
            return head
        if self.left <= 0:
            return b""
        self.left -= size
        return b"X" * size
def peak():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read()).group(1))
before = peak()
head = sys.stdin.buffer.read()
reader = open_reader(Endless(head + b" " * 5000, 60_000_000), file="f")
for _ in reader:
    pass
assert not reader.complete
print((peak() - before) // 1024)
"""


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="peak memory is read from /proc"
)
def test_sixty_megabytes_without_a_terminator_stay_in_bounded_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEMORY_SCRIPT],
        input=ISA.encode(),
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    assert int(done.stdout) < 20


GROUP = "GS*HC*A*B*20261123*1800*1*X*005010X222A1~"
ENVELOPES = {
    "ISA": ISA.strip() * 47_000,
    "ST": ISA.strip() + GROUP + "ST*837*0001*005010X222A1~" * 200_000,
    "ST and SE": ISA.strip() + GROUP + "ST*837*1~SE*2*1~" * 300_000,
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_five_megabytes_of_envelopes_are_given_up_soon(name: str) -> None:
    data = ENVELOPES[name].encode()
    began = time.process_time()
    reading = read_bytes(data, file="f")
    assert time.process_time() - began < 5
    assert reading.records == ()
    assert not reading.complete
    assert reading.problems


def test_a_thousand_empty_transactions_lose_no_claim() -> None:
    """Lines of business without claims that day, sent as empty transactions."""
    empty = interchange("BHT*0019*00*1*20260204", kind="837") * 1000
    assert len(read_bytes(empty + CLAIM, file="f").records) == 1


def test_reading_the_same_bytes_twice_gives_the_same_records() -> None:
    source = random.Random(7)
    data = bytearray(PAYMENT * 3)
    for _ in range(40):
        data[source.randrange(len(data))] = source.randrange(256)
    first = list(open_reader(io.BytesIO(bytes(data)), file="f"))
    assert list(open_reader(io.BytesIO(bytes(data)), file="f")) == first
