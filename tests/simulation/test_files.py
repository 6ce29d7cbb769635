"""The written files: the same bytes, valid, balanced, read back equal, truth apart."""

import csv
import io
import logging
from collections import Counter
from pathlib import Path

import pytest

from denialml.domain.acknowledgment import ClaimAcknowledgment, FileAcknowledgment
from denialml.domain.claim import Claim
from denialml.domain.coverage import Authorization, EligibilityCheck
from denialml.domain.document import Document
from denialml.domain.encounter import Encounter
from denialml.domain.record import Fact
from denialml.domain.remittance import ClaimPayment, ProviderAdjustment, Remittance
from denialml.formats import open_reader
from denialml.journeys.simulate import write_practice
from denialml.simulation import SimulatedPractice


@pytest.fixture(scope="module")
def written(
    four_months: SimulatedPractice, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    write_practice(four_months, folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def read_all(folder: Path) -> Counter[type[Fact]]:
    """Every record below the folder; fails on any problem or incomplete file."""
    found: Counter[type[Fact]] = Counter()
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.parent.name == "documents":
            continue
        with path.open("rb") as stream:
            reader = open_reader(
                stream, file=path.name, documents_directory=path.parent / "documents"
            )
            found.update(type(record) for record in reader)
        assert reader.problems == [], path.name
        assert reader.complete, path.name
    return found


def test_the_same_practice_gives_the_same_bytes(
    four_months: SimulatedPractice, written: Path, tmp_path: Path
) -> None:
    write_practice(four_months, tmp_path)
    assert contents(tmp_path) == contents(written)


def test_folders(written: Path) -> None:
    assert sorted(path.name for path in written.iterdir()) == [
        "newest",
        "outgoing",
        "practice",
        "truth",
    ]
    names = {path.name for path in (written / "practice").iterdir()}
    assert names >= {
        "837P",
        "835",
        "999",
        "277CA",
        "271",
        "278",
        "documents",
        "payers.csv",
    }


def test_the_truth_is_nowhere_in_the_practice(written: Path) -> None:
    for name, content in contents(written).items():
        if not name.startswith("truth"):
            assert b"p_true" not in content
            assert b"root_cause" not in content


def test_everything_written_is_read_back(
    four_months: SimulatedPractice, written: Path
) -> None:
    found = read_all(written / "practice")
    payments = sum(len(one.payments) for one in four_months.remittances)
    adjustments = sum(len(one.adjustments) for one in four_months.remittances)
    assert found[Claim] == len(four_months.claims)
    assert found[Remittance] == len(four_months.remittances)
    assert found[ClaimPayment] == payments
    assert found[ProviderAdjustment] == adjustments
    assert found[ClaimAcknowledgment] == len(four_months.acknowledgments)
    assert found[EligibilityCheck] == len(four_months.eligibility_checks)
    assert found[Authorization] == len(four_months.authorizations)
    assert found[Encounter] == len(four_months.encounters)
    assert found[Document] == len(four_months.documents)


def test_every_claim_file_is_acknowledged(written: Path) -> None:
    """One 999 per 837 file, of the same sets."""
    files = sorted(path.name for path in (written / "practice" / "837P").iterdir())
    answers = sorted(path.name for path in (written / "practice" / "999").iterdir())
    assert files == answers
    for name in files:
        sent = (written / "practice" / "837P" / name).read_text()
        with (written / "practice" / "999" / name).open("rb") as stream:
            receipts = list(open_reader(stream, file=name))
        assert all(isinstance(one, FileAcknowledgment) for one in receipts)
        assert len(receipts) == sent.count("ST*837*")
        assert {one.verdict for one in receipts} == {"A"}  # type: ignore[union-attr]


def test_claims_read_back_equal(four_months: SimulatedPractice, written: Path) -> None:
    read = []
    for path in sorted((written / "practice" / "837P").iterdir()):
        with path.open("rb") as stream:
            read += list(open_reader(stream, file=path.name))
    expected = {
        (one.patient_control_number, one.submitted_on, one.frequency_code): one
        for one in four_months.claims
    }
    assert len(read) == len(four_months.claims)
    for claim in read:
        assert isinstance(claim, Claim)
        key = (claim.patient_control_number, claim.submitted_on, claim.frequency_code)
        sent = expected[key]
        assert claim.lines == sent.lines
        assert claim.subscriber == sent.subscriber
        assert claim.patient == sent.patient
        assert claim.medical_record_number == sent.medical_record_number
        assert claim.other_payers == sent.other_payers
        assert (
            claim.original_payer_claim_control_number
            == sent.original_payer_claim_control_number
        )


def test_truth_file_has_a_row_per_line(
    four_months: SimulatedPractice, written: Path
) -> None:
    text = (written / "truth" / "truth.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(four_months.truth)
    for row, truth in zip(rows, four_months.truth, strict=True):
        assert row["patient_control_number"] == truth.patient_control_number
        assert float(row["p_true_line"]) == pytest.approx(truth.p_true_line, abs=1e-6)
        assert row["denied"] == ("" if truth.denied is None else str(int(truth.denied)))


def test_progress_is_told(four_months: SimulatedPractice, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    paths = write_practice(
        four_months, tmp_path, progress=lambda done, total: told.append((done, total))
    )
    assert told[-1] == (len(paths), len(paths))


@pytest.mark.filterwarnings("ignore")  # pyx12's own, which are not ours to mend
@pytest.mark.parametrize(
    "folder", ["practice/837P", "practice/835", "outgoing", "newest"]
)
def test_files_pass_the_implementation_guides(written: Path, folder: str) -> None:
    """pyx12's maps of X222A1 and X221A1: loops, elements, code lists, balance."""
    for path in sorted((written / folder).iterdir()):
        assert guide_faults(path) == [], path.name


@pytest.mark.filterwarnings("ignore")
def test_a_broken_file_does_not_pass(written: Path, tmp_path: Path) -> None:
    whole = (written / "newest" / "835.edi").read_text()
    broken = tmp_path / "broken.edi"
    broken.write_text(whole.replace("DTM*405*", "DTM*999*", 1))
    assert guide_faults(broken)


class _Faults(logging.Handler):
    def __init__(self) -> None:
        super().__init__(level=logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        # pyx12 cannot write a 999 about an 835 and logs that as an error of its own.
        if "Failed to create 999" not in record.getMessage():
            self.told.append(record.getMessage())


def guide_faults(path: Path) -> list[str]:
    """What pyx12 finds wrong with a file against the guide it names."""
    import pyx12.params
    import pyx12.x12n_document

    faults = _Faults()
    log = logging.getLogger("pyx12")
    log.addHandler(faults)
    propagated, log.propagate = log.propagate, False
    try:
        valid = pyx12.x12n_document.x12n_document(
            pyx12.params.params(), str(path), io.StringIO(), None
        )
    finally:
        log.removeHandler(faults)
        log.propagate = propagated
    return faults.told if faults.told or valid else ["not valid"]
