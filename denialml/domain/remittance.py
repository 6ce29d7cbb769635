"""What a payer answered with money (X12 835, 005010X221)."""

from datetime import date
from decimal import Decimal

from denialml.domain.record import Fact, Source


class ClaimAdjustment(Fact, frozen=True):
    """One CAS triplet: why charge and payment differ.

    `group_code` is CO, PR, OA, PI or CR; `reason_code` a CARC; `amount` dollars, as
    signed in the file; `quantity` None where not sent.
    """

    group_code: str
    reason_code: str
    amount: Decimal
    quantity: Decimal | None = None


class Remittance(Fact, frozen=True):
    """One 835 transaction (ST): a payment to a payee by a payer. Grain: ST.

    `trace_number` is TRN02 (check or EFT number), `payment_date` BPR16, `payment`
    BPR02, `payment_method` BPR04. `received_on` is the day from which the practice
    could know the content: the interchange's own date (GS04), or BPR16 where that
    is missing. History for a claim submitted on day D uses remittances with
    `received_on` earlier than D.
    """

    payer_id: str
    payer_name: str
    trace_number: str
    payment: Decimal
    payment_date: date | None
    received_on: date | None
    payment_method: str = ""
    credit_or_debit: str = "C"
    payee_npi: str = ""
    payee_tax_id: str = ""
    payee_name: str = ""
    trace_payer_id: str = ""
    transaction_control_number: str = ""
    source: Source | None = None


class ServicePayment(Fact, frozen=True):
    """One SVC (2110): the payer's answer to one line.

    `procedure_code` and `modifiers` are as adjudicated (SVC01);
    `submitted_procedure_code` (SVC06) is set when the payer changed it.
    `service_date` falls back to the claim's DTM*232. `remark_codes` are LQ*HE.
    `allowed` is AMT*B6 (None where not sent). `line_control_number` is REF*6R.
    """

    procedure_code: str
    charge: Decimal
    paid: Decimal
    modifiers: tuple[str, ...] = ()
    units_paid: Decimal | None = None
    submitted_procedure_code: str = ""
    submitted_modifiers: tuple[str, ...] = ()
    units_submitted: Decimal | None = None
    service_date: date | None = None
    line_control_number: str = ""
    adjustments: tuple[ClaimAdjustment, ...] = ()
    remark_codes: tuple[str, ...] = ()
    allowed: Decimal | None = None


class ClaimPayment(Fact, frozen=True):
    """One CLP (2100): the payer's answer to one claim.

    `status_code` is CLP02 (1-3 processed, 4 denied, 19-21 forwarded, 22 reversal,
    23 not our claim, 25 predetermination). `payer_claim_control_number` is CLP07.
    `adjustments` and `remark_codes` (MOA, MIA) are those of the claim level; lines
    have their own, and the two add up, they never repeat each other.
    `service_payments` is empty for a claim adjudicated as a whole.
    """

    remittance: Remittance
    patient_control_number: str
    status_code: str
    charge: Decimal
    paid: Decimal
    patient_responsibility: Decimal = Decimal(0)
    claim_filing_code: str = ""
    payer_claim_control_number: str = ""
    place_of_service: str = ""
    frequency_code: str = ""
    adjustments: tuple[ClaimAdjustment, ...] = ()
    remark_codes: tuple[str, ...] = ()
    service_payments: tuple[ServicePayment, ...] = ()
    patient_last_name: str = ""
    patient_first_name: str = ""
    member_id: str = ""
    corrected_member_id: str = ""
    rendering_npi: str = ""
    crossover_payer_id: str = ""
    crossover_payer_name: str = ""
    medical_record_number: str = ""
    received_by_payer_on: date | None = None
    statement_from: date | None = None
    statement_to: date | None = None
    source: Source | None = None


class ProviderAdjustment(Fact, frozen=True):
    """One PLB pair: money moved outside any claim (takebacks, interest).

    `reason_code` is PLB03-1 (WO overpayment recovery, FB forwarding balance, L6
    interest, 72 authorized return ...), `reference` PLB03-2. A positive `amount`
    lowers the payment.
    """

    remittance: Remittance
    provider_id: str
    reason_code: str
    amount: Decimal
    reference: str = ""
    fiscal_period_end: date | None = None
    source: Source | None = None
