"""A folder of documents: each filed once, under the fields by which it is found."""

import hashlib
from random import Random
from typing import Any

import msgspec

from denialml.domain.document import Document, Sensitivity
from denialml.simulation.people import Person, Worker
from denialml.simulation.practice import DocumentTruth
from denialml.simulation.state import Sent, State


class About(msgspec.Struct, frozen=True):
    """One denied claim with its people, as documents are written about it."""

    sent: Sent
    person: Person
    worker: Worker

    @property
    def member_id(self) -> str:
        """The member number the claim was sent under."""
        return self.sent.coverage.member_id

    @property
    def patient_fields(self) -> dict[str, Any]:
        """The two identifiers under which a patient's document is filed."""
        return {
            "medical_record_number": self.person.medical_record_number,
            "member_id": self.member_id,
        }


class Folder:
    """Collects documents once each; `truths` labels those that are traps."""

    def __init__(self, state: State, *, seed: int) -> None:
        self.state = state
        self.random = Random(f"documents {seed}")
        self.documents: list[Document] = []
        self.truths: list[DocumentTruth] = []
        self._seen: set[str] = set()

    def add(
        self,
        key: str,
        kind: str,
        *,
        text: str,
        trap: str = "",
        sensitivity: Sensitivity = Sensitivity.PHI,
        **fields: Any,
    ) -> None:
        """File a document unless one with this key is there; `fields` as `Document`."""
        if key in self._seen:
            return
        self._seen.add(key)
        number = f"D{len(self.documents) + 1:06d}"
        document = Document(
            document_id=number,
            kind=kind,
            sensitivity=sensitivity,
            title=kind.replace("_", " ").capitalize(),
            file_name=f"{number}_{kind}.txt",
            media_type="text/plain",
            content_sha256=hashlib.sha256(text.encode()).hexdigest(),
            text=text,
        )
        self.documents.append(msgspec.structs.replace(document, **fields))
        if trap:
            self.truths.append(DocumentTruth(document_id=number, kind=kind, trap=trap))

    def chance(self, key: str, share: float) -> bool:
        """The same answer for the same key: drawn apart from everything else."""
        return Random(f"{key} {self.state.timeline.ends_on}").random() < share


def author_of(worker: Worker) -> str:
    """Name and credential, as a note is signed."""
    record = worker.record
    return f"{record.first_name} {record.last_name}, {worker.credential}"
