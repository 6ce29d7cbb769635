"""A patient's other services near a line: on its claim, or sent to the payer before.

Edits between two codes bind one clinician (review E23). Where a claim names nobody as
rendering, an organization's NPI stands in, and who delivered the line is not known.
"""

from datetime import date, timedelta

import msgspec

from denialml.domain.claim import Claim
from denialml.domain.edit import Severity
from denialml.domain.facts import SentLine
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.rule import CannotTell, Found, Verdict
from denialml.rules.words import listed

NO_DAY = CannotTell("date of service", MissingRecord.CLAIM)
NO_CLINICIAN = CannotTell(
    "the clinician who delivered each service (rendering NPI)", MissingRecord.CLAIM
)
SEPARATE_SESSION_MODIFIERS = frozenset({"59", "XE", "XP", "XS", "XU"})
_ONE_DAY = timedelta(days=1)


class OtherService(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Another service of the patient.

    `clinician_npi` empty: not known. `line_number` None: it was sent before, on the
    day `sent_on`.
    """

    code: str
    day: date
    clinician_npi: str
    modifiers: tuple[str, ...]
    line_number: int | None = None
    sent_on: date | None = None

    @property
    def where(self) -> str:
        """Where it is billed, as a sentence says it."""
        if self.line_number is not None:
            return f"line {self.line_number}"
        return f"the claim sent on {self.sent_on}"

    @property
    def is_separate(self) -> bool:
        """Whether a modifier says that it was a session of its own."""
        return not SEPARATE_SESSION_MODIFIERS.isdisjoint(self.modifiers)


def clinician_of(line: LineCase) -> str:
    """NPI of the person who delivered the line; empty: not known."""
    return _person(line.rendering_npi, line.claim)


def same_session(
    line: LineCase, codes: frozenset[str], *, unmarked: bool = False
) -> list[OtherService] | CannotTell | None:
    """The services of these codes by the line's clinician on its day; None: there are
    none.

    Cannot tell where only one that may be another clinician's is there. `unmarked`:
    what carries a modifier for a separate session is left out.
    """
    if line.day is None:
        on_claim = line.of_claim.lines
        return (
            NO_DAY
            if any(
                other is not line and other.line.procedure_code in codes
                for other in on_claim
            )
            else None
        )
    if codes.isdisjoint(line.facts.other_codes_same_day):
        return None
    services = services_between(line, codes, line.day, line.day)
    return all_of_same_clinician(
        line, [one for one in services if not (unmarked and one.is_separate)]
    )


def in_conflict(
    line: LineCase,
    codes: frozenset[str],
    others: frozenset[str],
    *,
    unmarked: bool = False,
) -> list[OtherService] | CannotTell | None:
    """Services of the line's session that stand in conflict with it: one of `codes`
    with one of `others`.

    Of two lines of the claim the one with a code of `codes` speaks; beside a service
    that was sent before, either. `unmarked`: none where either carries a modifier for a
    separate session.
    """
    if unmarked and not SEPARATE_SESSION_MODIFIERS.isdisjoint(line.line.modifiers):
        return None
    if line.line.procedure_code in codes:
        return same_session(line, others, unmarked=unmarked)
    day = line.day
    if day is None or codes.isdisjoint(line.facts.other_codes_same_day):
        return None
    sent = [
        one
        for one in services_between(line, codes, day, day)
        if one.sent_on is not None and not (unmarked and one.is_separate)
    ]
    return all_of_same_clinician(line, sent)


def all_of_same_clinician(
    line: LineCase, services: list[OtherService]
) -> list[OtherService] | CannotTell | None:
    """Those of them by the line's clinician; another's are left alone."""
    clinician = clinician_of(line)
    own = [one for one in services if clinician and one.clinician_npi == clinician]
    if own:
        return own
    unknown = any(not clinician or not one.clinician_npi for one in services)
    return NO_CLINICIAN if unknown else None


def of_same_clinician(
    line: LineCase, services: list[OtherService]
) -> OtherService | CannotTell | None:
    """The first of them by the line's clinician; another's are left alone."""
    found = all_of_same_clinician(line, services)
    return found[0] if isinstance(found, list) else found


def together(
    line: LineCase,
    others: list[OtherService],
    *,
    without: str = "",
    severity: Severity | None = None,
    fix: str = "",
) -> Found:
    """Says that one clinician bills the line and the others of one day.

    Only a warning where they were sent before: what became of them is not known.
    """
    lacking = f", without {without}" if without else ""
    if are_sent(others):
        severity = Severity.WARN
    billed = listed((line.line.procedure_code, *named(others)))
    return Found(
        says=f"{billed} of {line.day} are billed by the same clinician{lacking}.",
        severity=severity,
        lines=lines_of(line, *others),
        fix=fix,
    )


def excluded_by(
    line: LineCase, codes: frozenset[str], others: frozenset[str]
) -> Verdict:
    """Found where the line's clinician bills one of `codes` and one of `others`."""
    found = in_conflict(line, codes, others)
    return together(line, found) if isinstance(found, list) else found


def named(services: list[OtherService]) -> list[str]:
    """Each with the place where it is billed, once."""
    return list(dict.fromkeys(f"{one.code} ({one.where})" for one in services))


def are_sent(services: list[OtherService]) -> bool:
    """Whether none of them stands on the line's own claim."""
    return all(one.sent_on is not None for one in services)


def lines_of(line: LineCase, *others: OtherService) -> tuple[int, ...]:
    """LX01 of the line and of those others that are on its claim."""
    numbers = {one.line_number for one in others if one.line_number is not None}
    return tuple(sorted(numbers | {line.line.line_number}))


def rests_on(line: LineCase, bases: list[OtherService]) -> bool | None:
    """Whether one of the bases is by the add-on's clinician; None: not known.

    Where neither names anybody, the payer sees one provider.
    """
    clinician = clinician_of(line)
    if any(base.clinician_npi == clinician for base in bases):
        return True
    if clinician and all(base.clinician_npi for base in bases):
        return False
    return None


def services_between(
    line: LineCase, codes: frozenset[str], first: date, last: date
) -> list[OtherService]:
    """Other services of these codes from `first` to `last` that compete with the line,
    those on its claim first.

    Left out of what was sent: the claim's own earlier submissions, and whatever was
    voided or sent again since. A replacement (CLM05-3 7) is judged by itself: which of
    the claims sent before it replaces is not known.
    """
    found = _on_claim(line, codes, first, last)
    claim, sent = line.claim, line.records.sent
    if claim.frequency_code in ("7", "8"):
        return found
    for one in _sent(line, codes, first, last):
        if one.patient_control_number != claim.patient_control_number and not any(
            later.patient_control_number == one.patient_control_number
            and later.submitted_on > one.submitted_on
            for later in sent
        ):
            found.append(_of_sent(one, claim))
    return found


def bases_between(
    line: LineCase, codes: frozenset[str], first: date, last: date
) -> list[OtherService]:
    """Services of these codes from `first` to `last` that an add-on may rest on.

    The base may have been sent in an earlier submission of the same claim, unless this
    one replaces that. What was voided or replaced since stands no more.
    """
    claim = line.claim
    found = _on_claim(line, codes, first, last)
    own = claim.patient_control_number if claim.frequency_code == "7" else None
    found += [
        _of_sent(one, claim)
        for one in _sent(line, codes, first, last)
        if one.patient_control_number != own
        and not any(
            later.patient_control_number == one.patient_control_number
            and later.submitted_on > one.submitted_on
            and later.frequency_code in ("7", "8")
            for later in line.records.sent
        )
    ]
    return found


def month_of(day: date) -> tuple[date, date]:
    """First and last day of the calendar month."""
    first = day.replace(day=1)
    next_month = (first + timedelta(days=31)).replace(day=1)
    return first, next_month - _ONE_DAY


def _on_claim(
    line: LineCase, codes: frozenset[str], first: date, last: date
) -> list[OtherService]:
    case = line.of_claim
    if len(case.lines) == 1:
        return []
    return [
        OtherService(
            code=other.line.procedure_code,
            day=other.day,
            clinician_npi=clinician_of(other),
            modifiers=other.line.modifiers,
            line_number=other.line.line_number,
        )
        for other in (case.lines_of_day(first) if first == last else case.lines)
        if other is not line
        and other.line.procedure_code in codes
        and other.day is not None
        and first <= other.day <= last
    ]


def _sent(
    line: LineCase, codes: frozenset[str], first: date, last: date
) -> list[SentLine]:
    """Newest first. They are filed by the day they were sent, and no service is sent
    before its day: what was sent before `first` is not read."""
    payer_id = line.claim.payer.payer_id
    found = []
    for one in reversed(line.records.sent):
        if one.submitted_on < first:
            break
        if (
            one.procedure_code in codes
            and one.service_date is not None
            and first <= one.service_date <= last
            and one.payer_id == payer_id
            and one.frequency_code != "8"
        ):
            found.append(one)
    return found


def _of_sent(one: SentLine, claim: Claim) -> OtherService:
    assert one.service_date is not None
    return OtherService(
        code=one.procedure_code,
        day=one.service_date,
        clinician_npi=_person(one.clinician_npi, claim),
        modifiers=one.modifiers,
        sent_on=one.submitted_on,
    )


def _person(npi: str, claim: Claim) -> str:
    billing = claim.billing_provider
    return "" if npi == billing.npi and not billing.first_name else npi
