"""Writes what payers say before a service: 271 (X279A1) and 278 (X217) responses."""

from collections.abc import Iterable, Mapping

from denialml.domain.coverage import (
    Authorization,
    AuthorizationDecision,
    EligibilityCheck,
    EligibilityResult,
)
from denialml.formats.acknowledgment_writing import NO_NAMES
from denialml.formats.adjustment_writing import write_procedure
from denialml.formats.eligibility_codes import (
    MEDICARE_RISK_PLAN,
    OTHER_PAYER,
    QUALIFIED_BENEFICIARY,
)
from denialml.formats.envelope_writing import (
    Envelope,
    SegmentWriter,
    code,
    day,
    money,
    text,
)
from denialml.formats.party_writing import Add

ELIGIBILITY_VERSION = "005010X279A1"
AUTHORIZATION_VERSION = "005010X217"
_BENEFITS = {
    EligibilityResult.ACTIVE: "1",
    EligibilityResult.INACTIVE: "6",
    # "Cannot process": the payer answered, and nothing can be told from it.
    EligibilityResult.UNKNOWN: "V",
}
_DECISIONS = {
    AuthorizationDecision.APPROVED: "A1",
    AuthorizationDecision.MODIFIED: "A6",
    AuthorizationDecision.DENIED: "A3",
    AuthorizationDecision.PENDED: "A4",
    AuthorizationDecision.UNKNOWN: "CT",
}


def write_eligibility(
    checks: Iterable[EligibilityCheck],
    *,
    envelope: Envelope,
    subscriber_names: Mapping[str, tuple[str, str]] = NO_NAMES,
) -> bytes:
    """Write one 271 transaction per check, dated `checked_on` (BHT04).

    The person is written as the subscriber. Of a check without names,
    `subscriber_names` gives last and first name by member id, for files that people
    look into. The provider addressed is the receiver.

    Raises:
        InputError: an identifier holds an X12 separator.
    """
    writer = SegmentWriter(envelope, functional_id="HB", version=ELIGIBILITY_VERSION)
    for position, check in enumerate(checks, start=1):
        writer.start("271")
        add = writer.add
        reference = f"{envelope.control_number}-{position}"
        clock = envelope.created_at.strftime("%H%M")
        add("BHT", "0022", "11", reference, day(check.checked_on), clock)
        _write_parties(add, "PR", check.payer_id, envelope)
        _write_member(add, check, subscriber_names.get(check.member_id, ("", "")))
        _write_benefits(add, check)
        writer.end()
    return writer.to_bytes()


def write_authorizations(
    authorizations: Iterable[Authorization],
    *,
    envelope: Envelope,
    subscriber_names: Mapping[str, tuple[str, str]] = NO_NAMES,
) -> bytes:
    """Write one 278 response per authorization, dated `issued_on` (BHT04).

    `units` are written as visits of the whole event (HSD*VS), each procedure code as
    a service of its own.

    Raises:
        InputError: an identifier holds an X12 separator.
    """
    writer = SegmentWriter(envelope, functional_id="HI", version=AUTHORIZATION_VERSION)
    for position, authorization in enumerate(authorizations, start=1):
        writer.start("278")
        add = writer.add
        reference = f"{envelope.control_number}-{position}"
        clock = envelope.created_at.strftime("%H%M")
        issued_on = day(authorization.issued_on)
        add("BHT", "0007", "11", reference, issued_on, clock, "18")
        _write_parties(add, "X3", authorization.payer_id, envelope)
        names = subscriber_names.get(authorization.member_id, ("", ""))
        add("HL", "3", "2", "22", "1")
        _write_insured(add, authorization.member_id, names)
        if authorization.medical_record_number:
            record = authorization.medical_record_number
            add("REF", "EJ", code(record, "medical_record_number"))
        _write_event(add, authorization, reference)
        writer.end()
    return writer.to_bytes()


def _write_parties(add: Add, entity: str, payer_id: str, envelope: Envelope) -> None:
    add("HL", "1", "", "20", "1")
    add("NM1", entity, "2", *[""] * 5, "PI", code(payer_id, "payer_id"))
    add("HL", "2", "1", "21", "1")
    receiver = text(envelope.receiver_name)
    receiver_id = code(envelope.receiver_id, "receiver_id")
    add("NM1", "1P", "2", receiver, *[""] * 4, "SV", receiver_id)


def _write_insured(add: Add, member_id: str, name: tuple[str, str]) -> None:
    last, first = text(name[0]), text(name[1])
    add("NM1", "IL", "1", last, first, "", "", "", "MI", code(member_id, "member_id"))


def _write_member(add: Add, check: EligibilityCheck, name: tuple[str, str]) -> None:
    add("HL", "3", "2", "22", "0")
    if check.trace_number:
        trace_number = code(check.trace_number, "trace_number")
        add("TRN", "2", trace_number, "9DENIALML1")
    has_name = check.last_name or check.first_name
    own = (check.last_name, check.first_name) if has_name else name
    _write_insured(add, check.member_id, own)
    if check.medical_record_number:
        add("REF", "EJ", code(check.medical_record_number, "medical_record_number"))
    if check.reject_reason_code:
        add("AAA", "N", "", code(check.reject_reason_code, "reject_reason_code"), "C")
    if check.birth_date is not None or check.gender:
        add("DMG", "D8", day(check.birth_date), code(check.gender, "gender"))
    for qualifier, value in (
        ("346", check.coverage_begin),
        ("347", check.coverage_end),
        ("472", check.service_date),
    ):
        if value is not None:
            add("DTP", qualifier, "D8", day(value))


def _write_benefits(add: Add, check: EligibilityCheck) -> None:
    answered = check.result is not EligibilityResult.UNKNOWN
    if answered or not check.reject_reason_code:
        plan_name = text(check.plan_name) if answered else ""
        add("EB", _BENEFITS[check.result], "", "30", "", plan_name)
    if check.mental_health_active is not None:
        add("EB", "1" if check.mental_health_active else "I", "", "MH")
    if check.behavioral_payer_id:
        if not check.mental_health_active:
            add("EB", "U", "", "MH")
        behavioral_payer = code(check.behavioral_payer_id, "behavioral_payer_id")
        _write_payer(add, "", behavioral_payer)
    for insurance_type, is_member in (
        (MEDICARE_RISK_PLAN, check.is_medicare_advantage),
        (QUALIFIED_BENEFICIARY, check.is_qualified_beneficiary),
    ):
        if is_member is not None:
            add("EB", OTHER_PAYER if is_member else "I", "", "30", insurance_type)
    if check.visits_remaining is not None:
        visits = str(check.visits_remaining)
        add("EB", "F", "", "MH", "", "", "29", "", "", "VS", visits)
    if check.other_payer_id or check.other_payer_name:
        payer_id = code(check.other_payer_id, "other_payer_id")
        add("EB", OTHER_PAYER, "", "30")
        _write_payer(add, text(check.other_payer_name), payer_id)


def _write_payer(add: Add, name: str, payer_id: str) -> None:
    """Loop 2120: whom the benefit before it speaks of."""
    add("LS", "2120")
    add("NM1", "PR", "2", name, *[""] * 4, "PI" if payer_id else "", payer_id)
    add("LE", "2120")


def _write_event(add: Add, authorization: Authorization, reference: str) -> None:
    codes = authorization.procedure_codes
    add("HL", "4", "3", "EV", "1" if codes else "0")
    add("TRN", "2", reference, "9DENIALML1")
    add("UM", "HS", "I", "A6")
    number = code(authorization.authorization_number, "authorization_number")
    add("HCR", _DECISIONS[authorization.decision], number)
    begins_on, ends_on = authorization.begins_on, authorization.ends_on
    if begins_on is not None and ends_on is not None:
        add("DTP", "007", "RD8", f"{day(begins_on)}-{day(ends_on)}")
    elif begins_on is not None:
        add("DTP", "007", "D8", day(begins_on))
    elif ends_on is not None:
        add("DTP", "036", "D8", day(ends_on))
    if authorization.units is not None:
        add("HSD", "VS", money(authorization.units))
    if authorization.clinician_npi:
        npi = code(authorization.clinician_npi, "clinician_npi")
        add("NM1", "SJ", "1", *[""] * 5, "XX", npi)
    for level, procedure in enumerate(codes, start=5):
        add("HL", str(level), "4", "SS", "0")
        add("SV1", write_procedure("HC", procedure, ()))
