"""A change in how a payer answers, as the radar reports it.

Nothing here can hold PHI: payer, procedure code, modifiers, place, diagnosis category
and reason codes, days and counts.
"""

from datetime import date
from enum import StrEnum

from denialml.domain.record import Judgment


class ChangeClock(StrEnum):
    """Which days the start of a change is counted in.

    SUBMITTED: claims sent from that day on. SERVICE: services delivered from that day
    on. RECEIVED: answers received from that day on, whenever the claim was sent.
    """

    SUBMITTED = "submitted"
    SERVICE = "service"
    RECEIVED = "received"


class ChangeStatus(StrEnum):
    """OPEN: the newest answers still show it. RESOLVED: the payer answers as before."""

    OPEN = "open"
    RESOLVED = "resolved"


class ChangedGroup(Judgment, frozen=True):
    """The narrowest group of lines that explains a change.

    `procedure_code`, `place_of_service` and `diagnosis_category` (the first three
    characters of ICD-10-CM) are empty, `modifiers` None where the change does not
    depend on them. `modifiers` empty: lines without any modifier.
    """

    payer_id: str
    procedure_code: str = ""
    place_of_service: str = ""
    modifiers: tuple[str, ...] | None = None
    diagnosis_category: str = ""


class AnswerCount(Judgment, frozen=True):
    """Answers of one group in one stretch of time. Lines are counted.

    `denied` are those denied for the change's reason, `denied_otherwise` the others.
    """

    answers: int
    denied: int
    denied_otherwise: int

    @property
    def rate(self) -> float:
        """Share denied for the change's reason; 0 without answers."""
        return self.denied / self.answers if self.answers else 0.0


class PayerChange(Judgment, frozen=True):
    """A payer began to deny what it paid before. Grain: payer x group x reason x start.

    `reason` is group and reason code (``CO-4``), empty where denials rose under several
    reasons. `began_on` is the likeliest first day, counted by `clock`;
    `began_earliest` and `began_latest` hold 90% of the probability. `detected_on` is
    the day whose answers raised the alarm. `before` counts answers of the year before
    the start, `since` those from the start on (to `resolved_on` where it is resolved).
    `rest` counts the payer's other lines since the start: what stayed the same.
    `added_points` is the rise of the denial rate in percentage points. `log_evidence`
    is the logarithm of the evidence against "nothing changed" that the newest answers
    give; `log_evidence_needed` what an alarm took. `resolved_on` is None while open.
    `sentence` says it in billing words.
    """

    group: ChangedGroup
    reason: str
    status: ChangeStatus
    clock: ChangeClock
    began_on: date
    began_earliest: date
    began_latest: date
    detected_on: date
    resolved_on: date | None
    before: AnswerCount
    since: AnswerCount
    rest: AnswerCount
    added_points: float
    log_evidence: float
    log_evidence_needed: float
    sentence: str


class RetrainProposal(Judgment, frozen=True):
    """Whether the changes speak for training a new model now, and why."""

    recommended: bool
    reason: str


class RadarReport(Judgment, frozen=True):
    """What the radar saw in the answers received before `as_of`.

    `changes` are newest first. `answers` are the line answers it read. `watched` are
    the groups with enough earlier answers to be watched, `unwatched_payers` the payers
    without (too few answers so far).
    """

    as_of: date
    answers: int
    watched: int
    unwatched_payers: tuple[str, ...]
    changes: tuple[PayerChange, ...]
    proposal: RetrainProposal
