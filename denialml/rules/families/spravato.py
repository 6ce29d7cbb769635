"""Esketamine (Spravato): the visit with the drug, and the drug alone."""

from datetime import date, timedelta
from decimal import Decimal

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.code_sets import PSYCHOTHERAPY_WITH_VISIT, VISITS
from denialml.rules.other_services import (
    NO_DAY,
    are_sent,
    clinician_of,
    in_conflict,
    lines_of,
    named,
)
from denialml.rules.rule import (
    MEDICARE_AND_ADVANTAGE,
    About,
    CannotTell,
    Found,
    Verdict,
    line_rule,
)
from denialml.rules.words import listed, plain

_BUNDLES = frozenset({"G2082", "G2083"})
_DRUGS = frozenset({"J0013", "S0013"})
_IN_BUNDLE = (
    VISITS | PSYCHOTHERAPY_WITH_VISIT | _DRUGS | {"99415", "99416", "99417", "G2212"}
)
_SMALL_DOSE = 56
# J0013 follows S0013 on this day.
_FIRST_DAY_OF_J0013 = date(2026, 1, 1)
# CPT: a patient is new who had no service of the clinician for three years.
_THREE_YEARS = timedelta(days=3 * 365)
_NO_DOSE = CannotTell(
    "the dose given, in milligrams, in the note",
    MissingRecord.ENCOUNTER,
    "dose_milligrams",
)
_NEW_UNKNOWN = CannotTell(
    "whether the patient is new to the clinician (the note)",
    MissingRecord.ENCOUNTER,
    "is_new_patient",
)


@line_rule(
    "BH-067",
    About(
        title="Esketamine visit with a service that it includes",
        statement="G2082 and G2083 include the visit, the observation and the drug of"
        " the day.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2400 DTP*472", "2310B/2420A NM109"),
        reason_codes=("97", "236"),
        remark_codes=("N20", "M15"),
        root_cause=RootCause.BUNDLING_SAME_DAY,
        fix="Take the included lines off; where the payer wants visit, observation and"
        " drug apart, bill those without G2082 or G2083.",
        source="neolytix.com, pabau.com G2083, rulebook BH-067",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        codes=_BUNDLES | _IN_BUNDLE,
        review=("E23",),
    ),
)
def bundle_with_included_service(line: LineCase) -> Verdict:
    others = in_conflict(line, _BUNDLES, _IN_BUNDLE)
    if not isinstance(others, list):
        return others
    own = line.line.procedure_code
    says = (
        f"{own} of {line.day} includes {listed(named(others))}."
        if own in _BUNDLES
        else f"{own} of {line.day} is included in {listed(named(others))}."
    )
    milder = None if _follows_medicare(line) else Severity.WARN
    return Found(
        says=says,
        severity=Severity.WARN if are_sent(others) else milder,
        lines=lines_of(line, *others),
    )


@line_rule(
    "BH-068",
    About(
        title="Esketamine code or units against the dose",
        statement="G2082 is for up to 56 mg, G2083 for more; J0013 and S0013 count one"
        " unit for each milligram.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2400 SV104", "encounter dose"),
        reason_codes=("153", "150"),
        remark_codes=("M53", "N163"),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Bill the code and units of the dose that the note documents.",
        source="pabau.com G2083, rulebook BH-068",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=_BUNDLES | _DRUGS,
    ),
)
def dose_against_code(line: LineCase) -> Verdict:
    # A line with JW bills what was thrown away, not the dose.
    if "JW" in line.line.modifiers:
        return None
    note = line.records.note
    dose = note.dose_milligrams if note is not None else None
    if dose is None:
        return _NO_DOSE
    code = line.line.procedure_code
    if code in _BUNDLES:
        fitting = "G2082" if dose <= _SMALL_DOSE else "G2083"
        if code == fitting and dose > 0:
            return None
        return Found(says=f"The note documents {dose} mg, which is not {code}.")
    same = [
        other
        for other in line.of_claim.lines
        if other.line.procedure_code == code
        and other.day == line.day
        and "JW" not in other.line.modifiers
    ]
    units = sum((other.line.units for other in same), Decimal(0))
    if units == dose or same[0] is not line:
        return None
    return Found(
        says=f"{code} is billed with {plain(units)} units; the note documents {dose}"
        " mg."
    )


@line_rule(
    "BH-070",
    About(
        title="Esketamine visit of a new patient",
        statement="G2082 and G2083 are for patients whom the clinician's practice has"
        " seen before.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "encounter new patient", "claims sent before"),
        reason_codes=("B16", "150"),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Bill the visit that the note documents for a new patient; G2082 and G2083"
        " come with a later one.",
        source="neolytix.com, rulebook BH-070",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=_BUNDLES,
    ),
)
def bundle_for_new_patient(line: LineCase) -> Verdict:
    if line.day is None:
        return NO_DAY
    if _seen_before(line, line.day):
        return None
    note = line.records.note
    is_new = note.is_new_patient if note is not None else None
    if is_new is None:
        return _NEW_UNKNOWN
    if not is_new:
        return None
    return Found(
        says=f"{line.line.procedure_code} of {line.day} is for an established patient;"
        " the note says new.",
        severity=None if _follows_medicare(line) else Severity.WARN,
    )


@line_rule(
    "BH-071",
    About(
        title="Esketamine drug code of another year",
        statement="Esketamine is S0013 through 2025-12-31, J0013 from 2026-01-01 on.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2400 DTP*472"),
        reason_codes=("181",),
        remark_codes=("M20", "N56"),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Bill the drug code that was valid on the date of service; both count one"
        " unit a milligram.",
        source="neolytix.com, swiftmds.com, rulebook BH-071",
        support="verified",
        fix_class=FixClass.DATA_CORRECTION,
        fix_by=FixBy.BILLER,
        codes=_DRUGS,
    ),
)
def drug_code_of_another_year(line: LineCase) -> Verdict:
    if line.day is None:
        return NO_DAY
    valid = "J0013" if line.day >= _FIRST_DAY_OF_J0013 else "S0013"
    code = line.line.procedure_code
    if code == valid:
        return None
    return Found(says=f"{code} is not valid on {line.day}; {valid} is.")


def _follows_medicare(line: LineCase) -> bool:
    """Other payers take these codes as Medicare has made them, or do not: look."""
    return line.of_claim.payer_type in MEDICARE_AND_ADVANTAGE


def _seen_before(line: LineCase, day: date) -> bool:
    clinician = clinician_of(line)
    if not clinician:
        return False
    return any(
        one.clinician_npi == clinician
        and one.service_date is not None
        and day - _THREE_YEARS <= one.service_date < day
        for one in line.records.sent
    )
