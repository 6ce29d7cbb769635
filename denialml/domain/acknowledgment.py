"""What came back before adjudication: 277CA per claim, 999 per file."""

from datetime import date
from decimal import Decimal
from typing import Literal

from denialml.domain.record import Fact, Source


class ClaimStatus(Fact, frozen=True):
    """One STC composite: category (A1 ... A8), status code, entity."""

    category_code: str
    status_code: str
    entity_code: str = ""


class ClaimAcknowledgment(Fact, frozen=True):
    """One claim's answer in a 277CA (005010X214, 2200D).

    `accepted` follows the category: A1 and A2 are acceptances, A3, A6, A7 and A8
    rejections; None for any other category. A rejection is not a denial: the payer
    never adjudicated. `status_date` is STC02, `action_code` STC03 (WQ accept, U
    reject). `payer_claim_control_number` is REF*1K.
    """

    patient_control_number: str
    accepted: bool | None
    statuses: tuple[ClaimStatus, ...]
    status_date: date | None = None
    action_code: str = ""
    charge: Decimal | None = None
    payer_claim_control_number: str = ""
    payer_id: str = ""
    payer_name: str = ""
    service_date: date | None = None
    service_date_end: date | None = None
    received_on: date | None = None
    source: Source | None = None


class FileFault(Fact, frozen=True):
    """One IK3 or IK4 (AK3, AK4) of a 999: a segment or element that was refused."""

    segment_id: str
    segment_position: int | None = None
    loop: str = ""
    element_position: str = ""
    fault_code: str = ""
    fault_value: str = ""


class FileAcknowledgment(Fact, frozen=True):
    """One transaction set's answer in a 999 (005010X231): about the file, not claims.

    `verdict` is IK501 (A accepted, E accepted with errors, R rejected, M, W, X) or,
    where no IK5 was sent, AK901 of the group.
    """

    group_control_number: str
    transaction_control_number: str
    transaction_kind: str
    verdict: str
    faults: tuple[FileFault, ...] = ()
    fault_codes: tuple[str, ...] = ()
    received_on: date | None = None
    source: Source | None = None


Acceptance = Literal["accepted", "rejected", "unknown"]
