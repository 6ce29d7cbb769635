"""Which of the payer's letters on file is about a denied line.

A letter is about a line when it names the claim's control number or, where it names
none, the patient and the day of service. Where both name a patient or a payer they must
be the same: a control number mistyped must not bring another patient's letter. One
dated before the claim was sent is about something else, an earlier submission say. Of
several, the one dated nearest to the answer speaks. Texts stay inside: only numbers of
words leave (`note_words`).
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from denialml.domain.claim import Claim
from denialml.domain.document import PROTECTED_NOTES, Document
from denialml.modeling.root_cause.root_cause_book import DeniedLine

PAYER_LETTER = "um_denial_letter"
"""The document kind of a payer's letter about a denial."""
# An undated letter comes after every dated one.
_UNDATED_DAYS = 10**6


class PayerLetters:
    """The payers' letters of one practice.

    Parameters
    ----------
    documents : iterable of Document
        Any documents; only letters with a text that may be read are kept.
    """

    def __init__(self, documents: Iterable[Document] = ()) -> None:
        self._by_number: dict[str, list[Document]] = defaultdict(list)
        self._by_day: dict[date, list[Document]] = defaultdict(list)
        self._count = 0
        for one in documents:
            if not is_payer_letter(one):
                continue
            self._count += 1
            if number := _normal(one.patient_control_number):
                self._by_number[number].append(one)
            elif one.service_date is not None:
                self._by_day[one.service_date].append(one)

    def __len__(self) -> int:
        """How many letters there are."""
        return self._count

    def about(
        self, denied: DeniedLine, *, known_by: date | None = None
    ) -> Document | None:
        """The letter about one denied line, None without any.

        `known_by` leaves out letters dated later.
        """
        answered_on = denied.adjudicated.received_on

        def distance(letter: Document) -> tuple[int, str]:
            if letter.authored_on is None:
                return _UNDATED_DAYS, letter.document_id
            return abs((letter.authored_on - answered_on).days), letter.document_id

        fitting = [
            one
            for one in (*self._of_number(denied), *self._of_patient(denied))
            if not _contradicts(one, denied.claim)
            and _is_in_time(one, since=denied.submitted_on, until=known_by)
        ]
        return min(fitting, key=distance, default=None)

    def _of_number(self, denied: DeniedLine) -> list[Document]:
        days = {line.service_date for line in denied.claim.lines}
        found = self._by_number.get(_normal(denied.claim.patient_control_number), [])
        return [one for one in found if one.service_date in {None, *days}]

    def _of_patient(self, denied: DeniedLine) -> list[Document]:
        day = denied.line.service_date
        found = self._by_day.get(day, []) if day is not None else []
        return [one for one in found if _is_same_patient(one, denied.claim)]


def is_payer_letter(document: Document) -> bool:
    """Whether it is a payer's letter with a text that may be read."""
    return (
        document.kind == PAYER_LETTER
        and document.sensitivity not in PROTECTED_NOTES
        and bool(document.text.strip())
    )


def _is_in_time(letter: Document, *, since: date, until: date | None) -> bool:
    if letter.authored_on is None:
        return True
    return since <= letter.authored_on and (
        until is None or letter.authored_on <= until
    )


def _is_same_patient(letter: Document, claim: Claim) -> bool:
    """Whether a letter without a control number names the claim's patient.

    A member id alone may be that of a whole family: it tells the subscriber only.
    """
    if letter.medical_record_number:
        return letter.medical_record_number == claim.medical_record_number
    is_subscriber = claim.patient is None
    return (
        is_subscriber
        and bool(letter.member_id)
        and letter.member_id == claim.subscriber.member_id
    )


def _contradicts(letter: Document, claim: Claim) -> bool:
    """Whether both name a patient or payer, and not the same."""
    if letter.payer_id not in ("", claim.payer.payer_id):
        return True
    pairs = (
        (letter.medical_record_number, claim.medical_record_number),
        (letter.member_id, claim.subscriber.member_id),
    )
    named = [(_normal(mine), _normal(theirs)) for mine, theirs in pairs]
    return any(mine and theirs and mine != theirs for mine, theirs in named)


def _normal(number: str) -> str:
    """As numbers are compared: case and blanks aside."""
    return "".join(number.split()).upper()
