"""Claims that repeat, replace or void what was sent before."""

from decimal import Decimal

from denialml.domain.adjudication import LineOutcome
from denialml.domain.coverage import PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.facts import SentLine
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.circumstances import Circumstance
from denialml.rules.earlier_answers import answers_to_replaced
from denialml.rules.rule import (
    About,
    CannotTell,
    Found,
    Verdict,
    claim_rule,
    line_rule,
)
from denialml.rules.words import listed

_ORIGINAL, _REPLACEMENT, _VOID = "1", "7", "8"
_REPLACING = frozenset({"7", "8"})
# They tell the payer that the service was meant to be there again.
_REPEATED = frozenset({"59", "76", "77", "XE", "XP", "XS", "XU"})
_EARLIER_CLINICIAN = CannotTell(
    "the clinician of the line sent before", MissingRecord.EARLIER_CLAIM
)
_CLINICIANS = CannotTell("who delivered each of the two lines", MissingRecord.CLAIM)
_ONE = Decimal(1)
_DENIED = LineOutcome.DENIED
_WANTS_A_NEW_CLAIM = {
    "MA130": "it could not be processed",
    "N142": "a new claim is wanted",
}
_NO_ANSWER = CannotTell(
    "the payer's answer to the claim that this one replaces",
    MissingRecord.EARLIER_CLAIM,
)
_REOPENING = (
    "Medicare Part B takes no replacements: after a processed claim ask the contractor"
    " for a clerical-error reopening or a redetermination; send a new claim only after"
    " an answer that the first could not be processed (MA130)."
)

_OTHER_WAY = (
    "This payer takes no replacements: ask it how it takes corrections (portal, form or"
    " telephone), and correct the claim that way."
)


@line_rule(
    "BH-112",
    About(
        title="Exact duplicate of a claim sent before",
        statement="The same service (day, code, modifiers, clinician, units, charge)"
        " is sent to a payer once as an original.",
        severity=Severity.HOLD,
        fields=("2400", "CLM05-3", "claims sent before"),
        reason_codes=("18",),
        remark_codes=("N111",),
        root_cause=RootCause.DUPLICATE_RESUBMISSION,
        fix="Do not send it again; ask for the status of the first. Send it as new only"
        " where the payer never took the first into its system or answered that it"
        " could not be processed (MA130); a change goes the payer's way of correction.",
        source="CARC 18, RARC N111; rulebook BH-112",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        review=("E03", "E49", "E58"),
        only_where=frozenset({Circumstance.SENT_BEFORE}),
    ),
)
def exact_duplicate(line: LineCase) -> Verdict:
    # The fact looks at day, code and payer; a replacement repeats by design.
    if not line.facts.same_service_already_sent:
        return None
    if line.claim.frequency_code != _ORIGINAL:
        return None
    unsure = False
    for earlier in _standing(line):
        if _is_exact(line, earlier):
            if not earlier.clinician_npi:
                unsure = True
                continue
            return Found(
                says=f"{line.line.procedure_code} of {line.day} was sent to this payer"
                f" on {earlier.submitted_on} with the same modifiers, clinician, units"
                " and charge."
            )
    return _EARLIER_CLINICIAN if unsure else None


@claim_rule(
    "BH-113",
    About(
        title="Replacement or void without the payer's claim number",
        statement="A claim of frequency 7 or 8 carries the payer's number of the claim"
        " that it replaces or voids.",
        severity=Severity.REJECT,
        fields=("CLM05-3", "2300 REF*F8"),
        reason_codes=("16",),
        remark_codes=("M47", "N152"),
        root_cause=RootCause.DUPLICATE_RESUBMISSION,
        fix="Add the payer's claim control number of the original from its remittance;"
        " a claim that was rejected has none and is sent as an original.",
        source="X12 005010X222 REF*F8, RARC M47 and N152; rulebook BH-113",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        only_where=frozenset({Circumstance.NOT_ORIGINAL}),
    ),
)
def original_number_missing(case: ClaimCase) -> Verdict:
    claim = case.claim
    if (
        claim.frequency_code not in _REPLACING
        or claim.original_payer_claim_control_number
    ):
        return None
    if _takes_no_replacements(case):
        # No number helps there: rule BH-131 says what does.
        return None
    return Found(
        says=f"The claim has frequency {claim.frequency_code} and no payer claim"
        " control number of the original."
    )


@claim_rule(
    "BH-114",
    About(
        title="Replacement of a claim that was never processed",
        statement="A claim that the payer could not process, or of which it asked for a"
        " new one, is not replaced (frequency 7) but sent anew.",
        severity=Severity.DENY_LIKELY,
        fields=("CLM05-3", "2300 REF*F8", "remittances of the original"),
        reason_codes=("16",),
        remark_codes=("N142", "MA130"),
        root_cause=RootCause.DUPLICATE_RESUBMISSION,
        fix="Send it as a new claim (frequency 1) without the number of the original,"
        " with what the payer's answer found missing, before the filing limit ends.",
        source="RARC N142 and MA130; rulebook BH-114",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        review=("E03", "E79"),
        only_where=frozenset({Circumstance.NOT_ORIGINAL}),
    ),
)
def replaces_unprocessed(case: ClaimCase) -> Verdict:
    claim = case.claim
    if claim.frequency_code != _REPLACEMENT or not case.lines:
        return None
    answers = answers_to_replaced(case.lines[0])
    if not answers:
        # Without the payer's number rule BH-113 says what to do.
        return _NO_ANSWER if claim.original_payer_claim_control_number else None
    answered_on = max(one.received_on for one in answers)
    last = [one for one in answers if one.received_on == answered_on]
    if any(one.outcome is not _DENIED for one in last):
        return None
    for code, why in _WANTS_A_NEW_CLAIM.items():
        if any(code in one.remark_codes for one in last):
            return Found(
                says=f"The claim has frequency 7; the payer's answer of {answered_on}"
                f" to the original says that {why} ({code})."
            )
    # Whether the payer takes replacements of what it denied, rule BH-131 says.
    return None


@line_rule(
    "BH-115",
    About(
        title="Correction sent as an original",
        statement="A claim that changes one already sent under the same number is not"
        " sent as an original again.",
        severity=Severity.WARN,
        fields=("CLM01", "CLM05-3", "2400", "claims sent before"),
        reason_codes=("18",),
        root_cause=RootCause.DUPLICATE_RESUBMISSION,
        fix="Send it as a replacement with the payer's number of the original, unless"
        " the payer wants a new claim after its answer.",
        source="rulebook BH-115",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        review=("E03", "E58"),
        only_where=frozenset({Circumstance.SENT_BEFORE}),
    ),
)
def correction_as_original(line: LineCase) -> Verdict:
    if not line.facts.same_service_already_sent:
        return None
    if line.claim.frequency_code != _ORIGINAL:
        return None
    number = line.claim.patient_control_number
    changed = None
    for earlier in _standing(line):
        if earlier.patient_control_number != number:
            continue
        if _is_exact(line, earlier):
            return None
        changed = earlier
    if changed is None:
        return None
    if not changed.clinician_npi:
        return _EARLIER_CLINICIAN
    return Found(
        says=f"{line.line.procedure_code} of {line.day} was sent under the same claim"
        f" number on {changed.submitted_on} with other modifiers, units or charge, and"
        " this claim is marked as an original.",
        fix=_REOPENING
        if line.of_claim.payer_type is PayerType.MEDICARE
        else _OTHER_WAY
        if _takes_no_replacements(line.of_claim)
        else "",
    )


@line_rule(
    "BH-076",
    About(
        title="Two sessions of one day look like a duplicate",
        statement="A second session with the same code, day and clinician carries a"
        " modifier that says so (59, 76, 77 or an X modifier).",
        severity=Severity.WARN,
        fields=("2400 SV101", "2400 DTP*472", "claims sent before"),
        reason_codes=("18", "B14"),
        remark_codes=("M86",),
        root_cause=RootCause.DUPLICATE_RESUBMISSION,
        fix="Where the notes show two sessions with their own times, add the modifier"
        " that this payer wants, or for a code counted in units bill all units of the"
        " day on one line; where there was one session, bill it once.",
        source="rulebook BH-076",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        review=("E58",),
        only_where=frozenset({Circumstance.SENT_BEFORE, Circumstance.OTHER_SERVICES}),
    ),
)
def sessions_look_alike(line: LineCase) -> Verdict:
    if len(line.of_claim.lines) == 1 and not line.facts.same_service_already_sent:
        return None
    if line.day is None or not _REPEATED.isdisjoint(line.line.modifiers):
        return None
    code, number = line.line.procedure_code, line.line.line_number
    alike = [
        other.line.line_number
        for other in line.same_session_lines
        if other.line.procedure_code == code
        and set(other.line.modifiers) == set(line.line.modifiers)
    ]
    if any(other < number for other in alike):
        if not line.rendering_npi:
            return _CLINICIANS
        numbers = listed(map(str, sorted([*alike, number])))
        return Found(
            says=f"Lines {numbers} bill {code} of {line.day} under one NPI"
            " without a modifier for a second session."
        )
    return _alike_before(line)


def _alike_before(line: LineCase) -> Verdict:
    """The same service under another claim number, but not its exact duplicate."""
    if not line.facts.same_service_already_sent:
        return None
    if line.claim.frequency_code != _ORIGINAL:
        return None
    for earlier in _standing(line):
        if (
            earlier.patient_control_number == line.claim.patient_control_number
            or set(earlier.modifiers) != set(line.line.modifiers)
            or _is_exact(line, earlier)
        ):
            continue
        if not earlier.clinician_npi:
            return _EARLIER_CLINICIAN
        return Found(
            says=f"{line.line.procedure_code} of {line.day} by the same clinician was"
            f" sent on {earlier.submitted_on} under another claim number; no modifier"
            " tells the second session."
        )
    return None


def _takes_no_replacements(case: ClaimCase) -> bool:
    """As the payer's setting says; Medicare Part B does not where nothing is set."""
    accepts = case.payer.accepts_frequency_7 if case.payer is not None else None
    return accepts is False or (
        accepts is None and case.payer_type is PayerType.MEDICARE
    )


def _standing(line: LineCase) -> list[SentLine]:
    """Lines sent to this payer for the same day, code and clinician, and not voided.

    One whose clinician is not known may be of the same.
    """
    day, code = line.day, line.line.procedure_code
    if day is None:
        return []
    alike = [
        one
        for one in line.records.sent
        if one.service_date == day
        and one.procedure_code == code
        and one.payer_id == line.claim.payer.payer_id
        and one.clinician_npi in (line.rendering_npi, "")
    ]
    for one in alike:
        if one.frequency_code == _VOID:
            return [
                earlier
                for earlier in alike
                if earlier.frequency_code != _VOID and not _is_voided(earlier, alike)
            ]
    return alike


def _is_voided(earlier: SentLine, sent: list[SentLine]) -> bool:
    return any(
        one.frequency_code == _VOID
        and one.submitted_on >= earlier.submitted_on
        and one.patient_control_number == earlier.patient_control_number
        for one in sent
    )


def _is_exact(line: LineCase, earlier: SentLine) -> bool:
    billed = line.line
    units = billed.units if billed.unit_basis == "UN" else _ONE
    return (
        set(earlier.modifiers) == set(billed.modifiers)
        and earlier.units == units
        and earlier.charge == billed.charge
    )
