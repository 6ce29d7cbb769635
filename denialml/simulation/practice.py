"""What a simulation returns: records a practice would hold, and the truth apart.

All of it is simulated. Only benchmarks and tests may read `truth` and `hidden`.
"""

from datetime import date

import msgspec

from denialml.domain.acknowledgment import ClaimAcknowledgment
from denialml.domain.claim import Claim
from denialml.domain.coverage import (
    Authorization,
    Clinician,
    EligibilityCheck,
    Enrollment,
    Payer,
)
from denialml.domain.denial import RootCause
from denialml.domain.document import Document
from denialml.domain.encounter import Encounter
from denialml.domain.remittance import ClaimPayment, ProviderAdjustment, Remittance
from denialml.simulation.hidden import HiddenSubmission

TRUTH_CAUSES: tuple[str, ...] = (*(cause.value for cause in RootCause), "payer_error")
"""Names of the entries of `TruthRow.cause_chances`, in order."""


class TruthRow(msgspec.Struct, frozen=True, gc=False):
    """The truth about one line of one frequency-1 submission.

    `p_true_line` and `p_true_claim` are exact: the probability, given what is on
    file on the submission day and remittances received before it, that a payer that
    adjudicates the claim denies this line, or any line. `status` is ``answered``,
    ``pending`` (the answer comes after the snapshot), ``rejected`` (277CA: never
    adjudicated, `denied` is None) or ``outgoing``. `root_cause` is None unless the
    line was denied; `payer_error` marks a denial without fault of the claim, whose
    root cause is what the payer stated. `cause_chances`: probability that a rule of
    the cause fires by itself, order of `TRUTH_CAUSES`. `cause_probabilities`, in the
    same order: probability that the line is denied for the cause, which is that of the
    first rule to fire; they add up to `p_true_line`. `cluster` names the
    clinician and payer, within which hidden states correlate rows: standard errors
    of means of `denied` must be taken over clusters.
    """

    patient_control_number: str
    submitted_on: date
    frequency_code: str
    line_number: int
    procedure_code: str
    payer_id: str
    status: str
    p_true_line: float
    p_true_claim: float
    denied: bool | None
    root_cause: RootCause | None
    payer_error: bool
    cause_chances: tuple[float, ...]
    cause_probabilities: tuple[float, ...]
    cluster: str


class DocumentTruth(msgspec.Struct, frozen=True, gc=False):
    """A document that must not be attached, or refutes the claim, and why.

    `trap` is one of `denialml.simulation.filing.TRAPS`, as of the denial for which the
    document was first filed; `attach` whether it may be attached all the same.
    """

    document_id: str
    kind: str
    trap: str
    attach: bool
    why: str


class Appeal(msgspec.Struct, frozen=True, gc=False):
    """The truth about one appeal of one denied submission.

    `evidence` are ids of the documents that were attached, `harmful` those among them
    that hurt. `evidence_score` (0 to 1) is computed from them for the cause, and
    `win_probability` from it: exact, given the payer. `late` means filed after the
    payer's window. `decided_on` and `won` are None while undecided at the snapshot; a
    won appeal is in the remittances as a reversal (CLP02 22) and a payment.
    """

    patient_control_number: str
    submitted_on: date
    payer_claim_control_number: str
    payer_id: str
    root_cause: RootCause
    payer_error: bool
    level: int
    filed_on: date
    late: bool
    evidence: tuple[str, ...]
    harmful: tuple[str, ...]
    evidence_score: float
    win_probability: float
    decided_on: date | None
    won: bool | None


class RemittanceAdvice(msgspec.Struct, frozen=True):
    """One 835 transaction with its claim payments and provider adjustments."""

    remittance: Remittance
    payments: tuple[ClaimPayment, ...]
    adjustments: tuple[ProviderAdjustment, ...] = ()


class SimulatedPractice(msgspec.Struct, frozen=True):
    """A practice of `seed` in the world `world`, as of the evening of `ends_on`.

    `claims` are all submissions in order of `submitted_on`; `outgoing` those
    prepared but not sent. `remittances` are those received before the newest days;
    `newest` those of the newest days, kept apart so that a demonstration can receive
    them. `truth` has a row per line of every frequency-1 submission, outgoing
    included. `appeals` are truth as well: no export of a practice holds them.
    `hidden`, by control number and submission day, is empty unless `simulate_practice`
    was told to keep causes.
    """

    seed: int
    world: int
    difficulty: str
    starts_on: date
    ends_on: date
    payers: tuple[Payer, ...]
    clinicians: tuple[Clinician, ...]
    enrollments: tuple[Enrollment, ...]
    eligibility_checks: tuple[EligibilityCheck, ...]
    authorizations: tuple[Authorization, ...]
    encounters: tuple[Encounter, ...]
    documents: tuple[Document, ...]
    claims: tuple[Claim, ...]
    acknowledgments: tuple[ClaimAcknowledgment, ...]
    remittances: tuple[RemittanceAdvice, ...]
    outgoing: tuple[Claim, ...]
    newest: tuple[RemittanceAdvice, ...]
    truth: tuple[TruthRow, ...]
    document_truth: tuple[DocumentTruth, ...]
    appeals: tuple[Appeal, ...]
    hidden: dict[tuple[str, date], HiddenSubmission] = msgspec.field(
        default_factory=dict
    )
