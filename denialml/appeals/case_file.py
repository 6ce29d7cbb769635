"""Everything on file about one denial: what a letter may speak of, and nothing else."""

from denialml.appeals.deadlines import plausible_payer_types
from denialml.domain.acknowledgment import ClaimAcknowledgment
from denialml.domain.claim import Claim, ServiceLine
from denialml.domain.coverage import (
    Authorization,
    Clinician,
    EligibilityCheck,
    Enrollment,
    Payer,
    PayerType,
)
from denialml.domain.denial import Deadline, Denial, RootCauseFinding, RouteFinding
from denialml.domain.document import Document
from denialml.domain.encounter import Encounter
from denialml.domain.facts import LineFacts
from denialml.domain.record import Judgment


class CaseFile(Judgment, frozen=True):
    """One denial with its claim line and what the practice holds about it.

    Grain: one denial. `documents`, `encounters` and the others are candidates: they
    were found by the patient or by the claim, and `evidence` decides which of them
    may be used. `payer` None: the practice has not set this payer up. `facts` None:
    not computed.
    """

    denial: Denial
    finding: RootCauseFinding
    route: RouteFinding
    deadline: Deadline
    claim: Claim
    line: ServiceLine
    payer: Payer | None = None
    facts: LineFacts | None = None
    documents: tuple[Document, ...] = ()
    encounters: tuple[Encounter, ...] = ()
    authorizations: tuple[Authorization, ...] = ()
    eligibility_checks: tuple[EligibilityCheck, ...] = ()
    enrollments: tuple[Enrollment, ...] = ()
    clinicians: tuple[Clinician, ...] = ()
    acknowledgments: tuple[ClaimAcknowledgment, ...] = ()


def payer_type(case: CaseFile) -> PayerType:
    """The type as set up, else the one that the claim's filing code says, else UNKNOWN.

    The same reading as the deadline's: a claim sent to Medicare Part B (MB) is
    Medicare's also where nobody has set that payer up.
    """
    types = plausible_payer_types(case.payer, case.claim)
    return next(iter(types)) if len(types) == 1 else PayerType.UNKNOWN
