"""What Medicare's own edits (unit limits, code pairs) have in common.

They bind original Medicare. Others use them, or tables like them, by their own word.
"""

from denialml.domain.coverage import PayerType
from denialml.domain.edit import Severity
from denialml.domain.facts import SentLine
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.rule import MEDICAID, CannotTell, Found, Verdict

_USUALLY_APPLIED_BY = MEDICAID | {PayerType.MEDICARE_ADVANTAGE}
_NO_PAYER_TYPE = CannotTell(
    "the payer's type (Medicare, Medicaid, commercial)",
    MissingRecord.PAYER,
    "payer_type",
)


def binds_payer(line: LineCase, setting: bool | None) -> bool:
    """Whether Medicare's edit surely holds: it is Medicare's claim, or the
    organization wrote down that the payer uses it."""
    return line.of_claim.payer_type is PayerType.MEDICARE or setting is True


def as_the_payer_applies_it(
    line: LineCase,
    verdict: Found | CannotTell,
    *,
    setting: bool | None,
    missing: CannotTell,
) -> Verdict:
    """What Medicare's edit means for this payer.

    `setting` is what the organization wrote down for the payer; `missing` is said
    where it is needed and None. Medicaid and Medicare Advantage use edits of this
    kind, Medicaid with tables of its own: without a setting only a warning.
    """
    payer_type = line.of_claim.payer_type
    if binds_payer(line, setting):
        return verdict
    if setting is False:
        return None
    if isinstance(verdict, CannotTell):
        return verdict
    if payer_type in _USUALLY_APPLIED_BY:
        return Found(
            says=verdict.says,
            severity=Severity.WARN,
            lines=verdict.lines,
            by_default=True,
            fix=verdict.fix,
        )
    return _NO_PAYER_TYPE if payer_type is PayerType.UNKNOWN else missing


def sent_that_day(line: LineCase) -> list[SentLine]:
    """Lines of other claims that this payer was sent for the day and clinician.

    As they stand: of several submissions of a claim the last, none of a voided one.
    Empty for a replacement or void, which may stand in the place of any of them.
    """
    sent = line.records.sent
    day = line.day
    if not sent or day is None or line.claim.frequency_code != "1":
        return []
    number = line.claim.patient_control_number
    payer_id = line.claim.payer.payer_id
    latest: dict[str, list[SentLine]] = {}
    # Oldest first, and nothing is sent before it is delivered.
    for one in reversed(sent):
        if one.submitted_on < day:
            break
        if one.payer_id != payer_id or one.patient_control_number == number:
            continue
        lines = latest.setdefault(one.patient_control_number, [])
        if not lines or lines[0].submitted_on == one.submitted_on:
            lines.append(one)
    return [
        one
        for lines in latest.values()
        for one in lines
        if one.service_date == day
        and one.frequency_code != "8"
        and one.clinician_npi == line.rendering_npi
    ]
