"""Payers' letters on file take part in judging, and only they; the reading is audited.

The claim is the API's example; its answer is made general (16, no remark), so that
it names no cause by itself.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from api.examples import example_835, example_837p
from denialml.domain.denial import RootCause
from denialml.domain.document import Document, Sensitivity
from denialml.formats.practice_csv import csv_file_name, write_csv
from denialml.journeys.denials import find_denials, judge_denials
from denialml.journeys.ingest import ingest_files
from denialml.journeys.judgments import Judgments, after_file, brings_letters
from denialml.modeling.root_cause.payer_letters import PAYER_LETTER
from denialml.store.audit import AuditAction, list_events
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.denials import StoredDenial, all_denials
from denialml.store.organizations import create_organization, get_organization
from tests.audit_key import AUDIT_KEY

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
TODAY = NOW.date()
CLAIMS = 32
TEXT = (
    "NOTICE OF CLAIM DENIAL\nClaim: {number}\n"
    "The member's other insurance is primary and must be billed first."
)
NEUTRAL = (
    "NOTICE OF CLAIM DENIAL\nClaim: {number}\n"
    "The enclosed decision concerns treatment billed recently."
)


class Practice:
    """A practice of 32 claims, some denied as the second payer, most for nothing."""

    def __init__(self, session: Session, folder: Path) -> None:
        self.session, self.folder = session, folder
        made = create_organization(session, "Practice", now=NOW)
        self.organization_id = made.organization_id
        self.last: Judgments | None = None
        self.before: dict[str, StoredDenial] = {}
        for at in range(CLAIMS):
            self.take(f"{at}.837", self._own(example_837p(), at).encode())
            answer = self._own(example_835(), at)
            codes = "CAS*CO*22*180" if at < 15 else "CAS*CO*16*180"
            self.take(f"{at}.835", answer.replace("CAS*CO*197*180", codes).encode())

    def _own(self, text: str, at: int) -> str:
        """The example as the claim of another patient."""
        text = text.replace("EXAMPLE-0001", f"EXAMPLE-{at:04}")
        text = text.replace("EXM0000001", f"EXM{at:07}").replace("MRN-1", f"MRN-{at}")
        return text.replace("NG000001", f"NG{at:06}").replace("EXAMPLE0001", f"E{at}")

    def take(self, name: str, content: bytes) -> bool:
        """Ingest a file, remember what it touched; whether it brought letters."""
        path = self.folder / name
        path.write_bytes(content)
        before = get_organization(self.session, self.organization_id).records_version
        (report,) = ingest_files(
            self.session, self.organization_id, [path], now=NOW, actor="test"
        )
        assert report.complete, report.problems
        if self.last is not None:
            self.last = after_file(
                self.session,
                self.organization_id,
                self.last,
                report,
                records_version=before,
            )
        return brings_letters(self.session, self.organization_id, report)

    def take_letters(self, *letters: Document) -> bool:
        """Take in documents.csv with the texts in the folder beside it."""
        (self.folder / "documents").mkdir(exist_ok=True)
        for one in letters:
            (self.folder / "documents" / one.file_name).write_text(one.text)
        return self.take(csv_file_name(Document), write_csv(letters, kind=Document))

    def judge(self) -> dict[str, StoredDenial]:
        """Judge what changed; then everything, which must say the same."""
        _, self.last = judge_denials(
            self.session,
            self.organization_id,
            as_of=TODAY,
            now=NOW,
            actor="test",
            last=self.last,
        )
        found = all_denials(self.session, self.organization_id)
        whole = self.session.begin_nested()
        report = find_denials(
            self.session, self.organization_id, as_of=TODAY, now=NOW, actor="test"
        )
        assert report.changed == report.new == 0
        assert all_denials(self.session, self.organization_id) == found
        whole.rollback()
        return {one.denial.patient_control_number: one for one in found}

    def events(self, action: AuditAction) -> list[int | None]:
        events = list_events(self.session, self.organization_id, limit=10_000)
        return [one.record_count for one in events if one.action is action]


def letter(at: int, text: str = TEXT, **fields: object) -> Document:
    given = {
        "document_id": f"LTR-{at}",
        "kind": PAYER_LETTER,
        "sensitivity": Sensitivity.PHI,
        "patient_control_number": f"example-{at:04}",
        "authored_on": date(2026, 10, 20),
        "text": text.format(number=at),
    } | fields
    given["file_name"] = f"{given['document_id']}.txt"
    return Document(**given)  # type: ignore[arg-type]


# Letters of the denials whose codes tell, by which the words are learnt; some others.
# What stands in more than a fifth of all letters tells nothing.
TELLING = tuple(letter(at) for at in range(5))
OTHERS = tuple(letter(at, NEUTRAL) for at in range(5, 30))


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    folder = tmp_path_factory.mktemp("letters")
    engine = open_engine(f"sqlite:///{folder}/denialml.db", audit_key=AUDIT_KEY)
    migrate(engine)
    with open_session(engine) as session:
        made = Practice(session, folder)
        made.judge()
        assert made.take_letters(*TELLING, *OTHERS)
        made.before = made.judge()
        yield made
    engine.dispose()


@pytest.fixture(autouse=True)
def undone(practice: Practice) -> Iterator[None]:
    """Every test leaves the practice as it found it."""
    last, savepoint = practice.last, practice.session.begin_nested()
    yield
    savepoint.rollback()
    practice.session.expire_all()
    practice.last = last


def chance(stored: StoredDenial, cause: RootCause) -> float:
    assert stored.finding is not None
    known = {it.root_cause: it.probability for it in stored.finding.probabilities}
    return known.get(cause, 0.0)


COB = RootCause.COB_WRONG_PAYER
ASKED = "EXAMPLE-0031"


def test_a_letter_that_arrives_moves_its_denial_and_no_other(
    practice: Practice,
) -> None:
    before = practice.before
    assert practice.take_letters(letter(31))
    after = practice.judge()
    assert chance(after[ASKED], COB) > 1.3 * chance(before[ASKED], COB)
    finding = after[ASKED].finding
    assert finding is not None
    assert finding.letter_id == "LTR-31"
    assert "The words of the payer's letter rather point to" in finding.basis[-2]
    moved = [number for number in after if after[number] != before[number]]
    assert moved == [ASKED]
    assert practice.events(AuditAction.DENIALS_FOUND)[-1] == 1
    assert practice.events(AuditAction.LETTERS_READ)[-1] == 1


@pytest.mark.parametrize(
    "unfit",
    [
        {"kind": "progress_note"},
        {"sensitivity": Sensitivity.PSYCHOTHERAPY_NOTE},
        {"sensitivity": Sensitivity.SUD_COUNSELING_NOTE},
        {"title": "Psychotherapy notes"},
        {"text": f"{TEXT}\nThis is my process note of the session."},
        {
            "text": "These notes are kept separate from the medical record (45 CFR"
            f" 164.501).\n{TEXT}"
        },
        {"patient_control_number": "EXAMPLE-9999"},
        {"payer_id": "ANOTHER"},
        {"medical_record_number": "EXAMPLE-MRN-30"},
        {"member_id": "EXM0000030"},
        {"service_date": date(2026, 9, 1)},
        {"authored_on": date(2026, 9, 1)},
        {"authored_on": date(2027, 1, 1)},
        {"text": ""},
    ],
    ids=lambda fields: next(iter(fields)) + " " + str(next(iter(fields.values()))),
)
def test_a_document_that_is_no_letter_about_it_is_not_read(
    practice: Practice, unfit: dict[str, object]
) -> None:
    before = practice.before
    practice.take_letters(letter(31, **unfit))
    assert practice.judge()[ASKED] == before[ASKED]


@pytest.mark.parametrize(
    ("fields", "is_read"),
    [
        ({"medical_record_number": "EXAMPLE-MRN-31"}, True),
        ({"member_id": "EXM0000031"}, True),
        ({"medical_record_number": "EXAMPLE-MRN-30"}, False),
        ({"member_id": "EXM0000031", "service_date": None}, False),
        (
            {"medical_record_number": "EXAMPLE-MRN-31", "member_id": "EXM0000030"},
            False,
        ),
    ],
)
def test_a_letter_without_a_number_is_found_by_patient_and_day(
    practice: Practice, fields: dict[str, object], is_read: bool
) -> None:
    given = {"patient_control_number": "", "service_date": date(2026, 10, 5)} | fields
    practice.take_letters(letter(31, **given))
    finding = practice.judge()[ASKED].finding
    assert finding is not None
    assert (finding.letter_id == "LTR-31") is is_read


def test_a_letter_that_turns_out_to_be_about_another_claim_is_taken_from_the_first(
    practice: Practice,
) -> None:
    before = practice.before
    practice.take_letters(letter(31))
    assert practice.judge()[ASKED] != before[ASKED]
    practice.take_letters(letter(31, patient_control_number="EXAMPLE-0030"))
    after = practice.judge()
    finding = after[ASKED].finding
    assert finding is not None
    assert finding.letter_id == ""
    other = after["EXAMPLE-0030"].finding
    assert other is not None
    assert other.letter_id == "LTR-31"


def test_of_two_letters_the_one_nearest_to_the_answer_is_read(
    practice: Practice,
) -> None:
    far = letter(31, document_id="FAR", authored_on=date(2026, 10, 30))
    near = letter(31, document_id="NEAR", authored_on=date(2026, 10, 21))
    practice.take_letters(far, near)
    finding = practice.judge()[ASKED].finding
    assert finding is not None
    assert finding.letter_id == "NEAR"


def test_a_file_without_letters_brings_none(practice: Practice) -> None:
    assert not practice.take_letters(letter(31, kind="progress_note"))
