"""Every sample of ../shared/x12, against an independent count and two other readers.

The totals are written down: a reader that silently loses claims changes them.
"""

import io
from collections import Counter
from decimal import Decimal, InvalidOperation

import oxedi
import pytest
from pyx12.errors import X12Error
from pyx12.x12file import X12Reader

from denialml.domain.claim import Claim
from denialml.domain.problem import Reading
from denialml.domain.record import Fact
from denialml.domain.remittance import ClaimPayment
from denialml.formats import read_bytes
from tests.formats.corpus import ROOT, Sample, samples, segment_counts

pytestmark = pytest.mark.skipif(
    not ROOT.is_dir(), reason="the corpus ../shared/x12 is not on this machine"
)
CLAIMS = samples("837P")
REMITTANCES = samples("835")
ANSWERS = samples("277CA", "999", "271", "278", "TA1", "270", "276", "277")
# Claims without a single SV1; everything else that has a CLM or CLP is read.
WITHOUT_LINES = 2
# One claim of derived/835/15 stands at the cut.
CUT_OFF = 1


def read(sample: Sample) -> Reading[Fact]:
    return read_bytes(sample.path.read_bytes(), file=sample.path.name)


def count(sample: Sample) -> tuple[Reading[Fact], int, int]:
    """The reading, the claims in it, and those that the plain tokenizer counts."""
    kind, identifier = (
        (Claim, "CLM") if sample.kind == "837P" else (ClaimPayment, "CLP")
    )
    reading = read(sample)
    found = sum(isinstance(record, kind) for record in reading.records)
    return reading, found, segment_counts(sample.path.read_bytes())[identifier]


@pytest.mark.parametrize("sample", CLAIMS + REMITTANCES, ids=lambda s: s.name[-60:])
def test_claims_are_counted_right_or_a_problem_says_why(sample: Sample) -> None:
    reading, found, counted = count(sample)
    lost = [p for p in reading.problems if p.severity == "error"]
    if sample.consistent or reading.complete:
        assert found == counted
    else:
        assert lost
    if found != counted:
        named = {"claim-without-lines", "claim-cut-off"}
        assert counted - found == sum(p.code in named for p in lost)
    if sample.expected_claims is not None and found != sample.expected_claims:
        assert lost
    if counted == 0:
        assert not reading.complete


def test_totals_of_the_corpus() -> None:
    totals: Counter[str] = Counter()
    for sample in CLAIMS + REMITTANCES:
        _, found, counted = count(sample)
        totals[f"{sample.kind} files"] += 1
        totals[f"{sample.kind} read"] += found
        totals[f"{sample.kind} counted"] += counted
    assert totals == {
        "837P files": 103,
        "837P read": 2175,
        "837P counted": 2175 + WITHOUT_LINES,
        "835 files": 65,
        "835 read": 1187,
        "835 counted": 1187 + CUT_OFF,
    }


def test_most_consistent_files_are_read_without_an_error() -> None:
    """The manifest checks counts only; control numbers are checked here as well."""
    complete = sum(read(sample).complete for sample in CLAIMS + REMITTANCES)
    assert complete == 98


@pytest.mark.parametrize("sample", ANSWERS, ids=lambda s: s.name[-60:])
def test_answers_give_records_or_a_problem(sample: Sample) -> None:
    reading = read(sample)
    assert reading.records or reading.problems or sample.kind == "TA1"
    if sample.kind in ("277CA", "999"):
        identifier = "STC" if sample.kind == "277CA" else "AK2"
        counted = segment_counts(sample.path.read_bytes())
        expected = 1 if identifier == "STC" else counted["AK2"]
        assert len(reading.records) == expected
    if sample.kind in ("270", "276", "277"):
        codes = {problem.code for problem in reading.problems}
        assert "unsupported-transaction" in codes
        assert not reading.complete


def test_totals_of_the_answers() -> None:
    totals: Counter[str] = Counter()
    for sample in samples("277CA", "999", "271", "278"):
        totals[sample.kind] += len(read(sample).records)
    assert totals == {"277CA": 3, "999": 11, "271": 169, "278": 4}


@pytest.mark.parametrize("sample", REMITTANCES, ids=lambda s: s.name[-60:])
def test_remittances_agree_with_oxedi(sample: Sample) -> None:
    data = sample.path.read_bytes()
    try:
        result = oxedi.parse(data)
    except oxedi.ParseError:
        pytest.skip("oxedi refuses this file")
    theirs = [row for row in result.tables["claims"].to_pylist()]
    reading = read(sample)
    ours = [r for r in reading.records if isinstance(r, ClaimPayment)]
    if len(theirs) != len(ours):
        pytest.skip("oxedi reads another number of claims than the file has CLP")
    assert [r.patient_control_number for r in ours] == [
        row["patient_control_number"] for row in theirs
    ]


def x12_sum(
    data: bytes, identifier: str, position: int
) -> tuple[Counter[str], Decimal]:
    """Segment counts and the sum of one element, by pyx12's segment reader."""
    counts: Counter[str] = Counter()
    total = Decimal(0)
    text = data.decode("latin-1").removeprefix("\xef\xbb\xbf")
    for segment in X12Reader(io.StringIO(text)):
        name = segment.get_seg_id()
        counts[name] += 1
        if name == identifier:
            value = segment.get_value(f"{identifier}{position:02d}")
            total += Decimal(value or "0")
    return counts, total


@pytest.mark.parametrize("sample", CLAIMS + REMITTANCES, ids=lambda s: s.name[-60:])
def test_sums_agree_with_pyx12(sample: Sample) -> None:
    identifier, position = ("CLM", 2) if sample.kind == "837P" else ("CLP", 3)
    try:
        data = sample.path.read_bytes()
        counts, total = x12_sum(data, identifier, position)
    except (X12Error, InvalidOperation, AssertionError, IndexError) as fault:
        pytest.skip(f"pyx12 cannot read this file: {type(fault).__name__}")
    reading, found, counted = count(sample)
    if counts[identifier] != counted or found != counted:
        pytest.skip("pyx12 reads another number of claims than the file has")
    charges = [
        r.total_charge if isinstance(r, Claim) else r.charge
        for r in reading.records
        if isinstance(r, Claim | ClaimPayment)
    ]
    assert sum(charges, Decimal(0)) == total
