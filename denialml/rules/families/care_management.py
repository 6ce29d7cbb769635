"""Care management by calendar month, and the add-ons of primary care bundles."""

from datetime import date

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.code_sets import CARE_OF_A_MONTH
from denialml.rules.other_services import (
    NO_CLINICIAN,
    NO_DAY,
    OtherService,
    all_of_same_clinician,
    bases_between,
    lines_of,
    month_of,
    rests_on,
    services_between,
)
from denialml.rules.rule import (
    MEDICARE,
    About,
    CannotTell,
    Found,
    Verdict,
    line_rule,
)
from denialml.rules.words import listed

_BUNDLE_ADD_ONS = frozenset({"G0568", "G0569", "G0570"})
_BUNDLES = frozenset({"G0556", "G0557", "G0558"})


@line_rule(
    "BH-073",
    About(
        title="Second care management service of the month",
        statement="A billing practitioner bills one kind of behavioral care management"
        " once for a patient and calendar month.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2400 DTP*472", "claims sent before"),
        reason_codes=("119", "18"),
        remark_codes=("M86", "N20"),
        root_cause=RootCause.BUNDLING_SAME_DAY,
        fix="Keep the one service of the month that the time log supports.",
        source="fairpath.ai, rulebook BH-073",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=CARE_OF_A_MONTH,
        review=("E45",),
    ),
)
def second_service_of_month(line: LineCase) -> Verdict:
    if line.day is None:
        return NO_DAY
    first, last = month_of(line.day)
    rivals = [
        other
        for other in services_between(line, CARE_OF_A_MONTH, first, last)
        if _is_earlier(line, line.day, other)
    ]
    others = all_of_same_clinician(line, rivals)
    if not isinstance(others, list):
        return others
    beside = listed(f"{one.code} of {one.day} ({one.where})" for one in others)
    return Found(
        says=f"{line.line.procedure_code} of {line.day} is a further care management"
        f" service of the month beside {beside}.",
        lines=lines_of(line, *others),
    )


@line_rule(
    "BH-074",
    About(
        title="Primary care bundle add-on without the bundle",
        statement="G0568, G0569 and G0570 rest on G0556, G0557 or G0558 of the same"
        " month by the same practitioner.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2400 DTP*472", "claims sent before"),
        reason_codes=("B15", "107"),
        remark_codes=("N122",),
        root_cause=RootCause.BUNDLING_SAME_DAY,
        fix="Bill the bundle of the month with it where the practitioner delivered"
        " that; else take the add-on off.",
        source="fairpath.ai, rulebook BH-074",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        payer_types=MEDICARE,
        codes=_BUNDLE_ADD_ONS,
        valid_from=date(2026, 1, 1),
        review=("E19", "E45"),
    ),
)
def add_on_without_bundle(line: LineCase) -> Verdict:
    if line.day is None:
        return NO_DAY
    code = line.line.procedure_code
    bundles = bases_between(line, _BUNDLES, *month_of(line.day))
    month = f"{line.day:%Y-%m}"
    if bundles:
        rests = rests_on(line, bundles)
        if rests:
            return None
        if rests is None:
            return NO_CLINICIAN
        return Found(
            says=f"{code} of {month} rests on {bundles[0].code} ({bundles[0].where}),"
            " which another practitioner bills.",
            lines=lines_of(line, bundles[0]),
        )
    if not line.records.sent:
        return CannotTell(
            "claims sent before in the month, where the bundle may stand",
            MissingRecord.EARLIER_CLAIM,
        )
    return Found(says=f"{code} stands without G0556, G0557 or G0558 of {month}.")


def _is_earlier(line: LineCase, day: date, other: OtherService) -> bool:
    """Of two on one claim only the later line speaks. The same code sent again for the
    same day is a duplicate, which other rules name."""
    if other.line_number is not None:
        return (other.day, other.line_number) < (day, line.line.line_number)
    return other.code != line.line.procedure_code or other.day != day
