"""What a document is about: a denied claim with its people."""

from typing import Any

import msgspec

from denialml.simulation.people import Person, Worker
from denialml.simulation.state import Sent, State


class About(msgspec.Struct, frozen=True):
    """One denied claim with its people, as documents are written about it."""

    state: State
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


def about_submission(state: State, sent: Sent) -> About:
    """A submission with its patient and clinician."""
    visit = sent.session.visit
    return About(
        state, sent, state.people[visit.patient], state.staff.workers[visit.worker]
    )


def author_of(worker: Worker) -> str:
    """Name and credential, as a note is signed."""
    record = worker.record
    return f"{record.first_name} {record.last_name}, {worker.credential}"
