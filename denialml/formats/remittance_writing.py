"""Writes 835 files (005010X221A1), as payers send them."""

from collections.abc import Iterable, Sequence

from denialml.domain.remittance import (
    ClaimPayment,
    ProviderAdjustment,
    Remittance,
    ServicePayment,
)
from denialml.formats.adjustment_writing import write_adjustments, write_procedure
from denialml.formats.envelope_writing import (
    Envelope,
    SegmentWriter,
    code,
    day,
    money,
    text,
)
from denialml.formats.party_writing import Add

VERSION = "005010X221A1"
MOA_REMARKS = 5
PLB_PAIRS = 6

RemittanceGroup = tuple[
    Remittance, Sequence[ClaimPayment], Sequence[ProviderAdjustment]
]


def write_remittances(
    groups: Iterable[RemittanceGroup], *, envelope: Envelope
) -> bytes:
    """Write one transaction per remittance, with its claims and provider adjustments.

    GS04, which a reader takes for `received_on`, is the day of
    `envelope.created_at`: put remittances of different days into different files.
    Claim-level remark codes go to MOA, at most five.

    Raises:
        InputError: an identifier holds an X12 separator.
    """
    writer = SegmentWriter(envelope, functional_id="HP", version=VERSION)
    for remittance, payments, adjustments in groups:
        writer.start("835", control_number=remittance.transaction_control_number)
        _write_header(writer.add, remittance, envelope)
        if payments:
            writer.add("LX", "1")
        for payment in payments:
            _write_claim(writer.add, payment)
        _write_provider_adjustments(writer.add, adjustments)
        writer.end()
    return writer.to_bytes()


def _write_header(add: Add, remittance: Remittance, envelope: Envelope) -> None:
    method = code(remittance.payment_method, "payment_method")
    paid_on = day(remittance.payment_date)
    credit = code(remittance.credit_or_debit, "credit_or_debit")
    add(
        "BPR",
        "H" if method == "NON" else "I",
        money(remittance.payment),
        credit,
        method,
        *[""] * 11,
        paid_on,
    )
    payer = code(remittance.trace_payer_id, "trace_payer_id")
    add("TRN", "1", code(remittance.trace_number, "trace_number"), payer)
    add("DTM", "405", paid_on or day(envelope.created_at.date()))
    add("N1", "PR", text(remittance.payer_name))
    # X221 wants an address and a technical contact of the payer, which remittances
    # do not keep: the writer is the sender's own.
    add("N3", "PO BOX 1")
    add("N4", "SPRINGFIELD", "IL", "62701")
    add("REF", "2U", code(remittance.payer_id, "payer_id"))
    contact, phone = text(envelope.contact_name), envelope.contact_phone
    add("PER", "BL", contact, "TE", code(phone, "contact_phone"))
    npi, tax_id = (
        code(remittance.payee_npi, "npi"),
        code(remittance.payee_tax_id, "tax_id"),
    )
    qualifier, identifier = ("XX", npi) if npi else ("FI" if tax_id else "", tax_id)
    add("N1", "PE", text(remittance.payee_name), qualifier, identifier)
    if npi and tax_id:
        add("REF", "TJ", tax_id)


def _write_claim(add: Add, payment: ClaimPayment) -> None:
    add(
        "CLP",
        code(payment.patient_control_number, "patient_control_number"),
        code(payment.status_code, "status_code"),
        money(payment.charge),
        money(payment.paid),
        money(payment.patient_responsibility) if payment.patient_responsibility else "",
        code(payment.claim_filing_code, "claim_filing_code"),
        code(payment.payer_claim_control_number, "payer_claim_control_number"),
        code(payment.place_of_service, "place_of_service"),
        code(payment.frequency_code, "frequency_code"),
    )
    write_adjustments(add, payment.adjustments)
    _write_names(add, payment)
    remarks = [code(remark, "remark_codes") for remark in payment.remark_codes]
    for start in range(0, len(remarks), MOA_REMARKS):
        add("MOA", "", "", *remarks[start : start + MOA_REMARKS])
    if payment.medical_record_number:
        add("REF", "EA", code(payment.medical_record_number, "medical_record_number"))
    for qualifier, value in (
        ("232", payment.statement_from),
        ("233", payment.statement_to),
        ("050", payment.received_by_payer_on),
    ):
        if value is not None:
            add("DTM", qualifier, day(value))
    for service in payment.service_payments:
        _write_service(add, service)


def _write_names(add: Add, payment: ClaimPayment) -> None:
    member_id = code(payment.member_id, "member_id")
    names = text(payment.patient_last_name), text(payment.patient_first_name)
    add("NM1", "QC", "1", *names, "", "", "", "MI" if member_id else "", member_id)
    if payment.corrected_member_id:
        corrected = code(payment.corrected_member_id, "corrected_member_id")
        add("NM1", "74", "1", *[""] * 5, "C", corrected)
    if payment.rendering_npi:
        npi = code(payment.rendering_npi, "rendering_npi")
        add("NM1", "82", "1", *[""] * 5, "XX", npi)
    if payment.crossover_payer_id or payment.crossover_payer_name:
        name = text(payment.crossover_payer_name)
        crossover = code(payment.crossover_payer_id, "crossover_payer_id")
        add("NM1", "TT", "2", name, *[""] * 4, "PI" if crossover else "", crossover)


def _write_service(add: Add, service: ServicePayment) -> None:
    submitted = ""
    if service.submitted_procedure_code:
        submitted = write_procedure(
            "HC", service.submitted_procedure_code, service.submitted_modifiers
        )
    paid, sent = service.units_paid, service.units_submitted
    add(
        "SVC",
        write_procedure("HC", service.procedure_code, service.modifiers),
        money(service.charge),
        money(service.paid),
        "",
        money(paid) if paid is not None else "",
        submitted,
        money(sent) if sent is not None else "",
    )
    if service.service_date is not None:
        add("DTM", "472", day(service.service_date))
    write_adjustments(add, service.adjustments)
    if service.line_control_number:
        add("REF", "6R", code(service.line_control_number, "line_control_number"))
    if service.allowed is not None:
        add("AMT", "B6", money(service.allowed))
    for remark in service.remark_codes:
        add("LQ", "HE", code(remark, "remark_codes"))


def _write_provider_adjustments(
    add: Add, adjustments: Sequence[ProviderAdjustment]
) -> None:
    """PLB: neighbors of one provider and fiscal period share a segment."""
    start = 0
    while start < len(adjustments):
        first = adjustments[start]
        key = first.provider_id, first.fiscal_period_end
        elements: list[str] = []
        end = start
        while end < len(adjustments) and end - start < PLB_PAIRS:
            adjustment = adjustments[end]
            if (adjustment.provider_id, adjustment.fiscal_period_end) != key:
                break
            reason = code(adjustment.reason_code, "reason_code")
            reference = code(adjustment.reference, "reference")
            elements.append(f"{reason}:{reference}" if reference else reason)
            elements.append(money(adjustment.amount))
            end += 1
        add("PLB", code(first.provider_id, "provider_id"), day(key[1]), *elements)
        start = end
