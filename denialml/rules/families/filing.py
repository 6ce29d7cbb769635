"""Filing in time, and the claim frequency codes that a payer takes."""

from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

from denialml.domain.counting import count_window
from denialml.domain.coverage import PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.reference import DeadlineRule, deadline_rules
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.circumstances import (
    FILING_WARNED_DAYS,
    SHORTEST_FILING_DAYS,
    Circumstance,
)
from denialml.rules.earlier_answers import answers_to_replaced
from denialml.rules.rule import (
    About,
    CannotTell,
    Found,
    Verdict,
    claim_rule,
    line_rule,
)

_YEAR_IN_DAYS = 365
_ORIGINAL, _REPLACEMENT, _VOID = "1", "7", "8"
# Some payers take 6 as a correction besides 7.
_KNOWN_FREQUENCIES = frozenset({"1", "6", "7", "8"})
_PRIMARY = "P"
# Law fixes these windows; the practice's own setting counts only where it is earlier
# (42 CFR 424.44, 32 CFR 199.7; review E02, E15).
_BY_LAW = {
    PayerType.MEDICARE: "medicare_filing",
    PayerType.TRICARE: "tricare_filing",
}
_AFTER_OTHER_INSURANCE = "tricare_other_insurance"
_CEILING = "medicaid_filing_ceiling"
_LIMIT_SETTING = CannotTell(
    "the payer's filing limit (filing_limit_days)",
    MissingRecord.PAYER,
    "filing_limit_days",
)
_ORIGINAL_ANSWER = CannotTell(
    "the day of the original claim's remittance, from which a replacement counts",
    MissingRecord.EARLIER_CLAIM,
)
_CORRECTION_SETTING = CannotTell(
    "the payer's limit for corrected claims (corrected_claim_limit_days)",
    MissingRecord.PAYER,
    "corrected_claim_limit_days",
)
_CORRECTION_FIX = (
    "Ask the payer whether it still takes the correction; where its answer was a"
    " denial, see whether the time to dispute it still runs. Never bill the patient for"
    " what was filed too late."
)
_SECONDARY_COUNT = CannotTell(
    "whether the payer counts a secondary claim from the primary payer's answer",
    MissingRecord.ELSEWHERE,
)
_PRIMARY_ANSWER = CannotTell(
    "the day of the primary payer's answer (DTP*573)", MissingRecord.CLAIM
)
_MEDICARE_FIX = (
    "Original Medicare gives no appeal for late filing: only an exception to the limit"
    " can be asked for (administrative error, retroactive entitlement, State Medicaid"
    " recoupment, retroactive disenrollment from a plan), or a reopening where the"
    " days were counted wrongly. Never bill the patient."
)
_DEFAULT_FIX = (
    "Look up the limit in the contract and write it down as the payer's setting; send"
    " the claim today where it is longer."
)
_NOT_ON_FILE = "this payer's own is not on file"
_FREQUENCY_SETTING = CannotTell(
    "whether the payer takes replacement and void claims (accepts_frequency_7)",
    MissingRecord.PAYER,
    "accepts_frequency_7",
)


class _Window(NamedTuple):
    """`last_day` is what the law allows, `ends_on` what plain counting gives."""

    ends_on: date
    last_day: date
    length: str
    by_default: bool = False


@line_rule(
    "BH-110",
    About(
        title="Filed too late",
        statement="The claim is sent within the payer's filing limit, counted from the"
        " date of service of each line; a replacement, where that has passed, within"
        " the payer's limit for corrected claims, counted from its answer.",
        severity=Severity.DENY_LIKELY,
        fields=(
            "2400 DTP*472",
            "2000B SBR01",
            "payer filing limit",
            "remittances of the original",
        ),
        reason_codes=("29",),
        root_cause=RootCause.TIMELY_FILING,
        fix="Where an earlier claim was accepted in time, the payer's own 277CA proves"
        " it. Never bill the patient for what was filed too late.",
        source="42 CFR 424.44, table of deadlines; rulebook BH-110",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        review=("E01", "E02", "E15", "E79"),
        only_where=frozenset({Circumstance.FILING_LIMIT}),
    ),
)
def filed_too_late(line: LineCase) -> Verdict:
    window = _window(line)
    if window is None:
        return None
    if isinstance(window, CannotTell):
        # Nothing is late yet within the shortest window that any payer sets.
        lag = line.facts.filing_lag_days
        return window if lag is not None and lag > SHORTEST_FILING_DAYS else None
    sent = line.of_claim.as_of
    if sent <= window.last_day:
        return None
    if line.claim.frequency_code == _REPLACEMENT:
        return _corrected_too_late(line)
    question = _open_question(line)
    if question is not None:
        return question
    return Found(
        says=f"{line.line.procedure_code} of {line.day} {_due(window, sent)}",
        severity=Severity.WARN if window.by_default else None,
        by_default=window.by_default,
        fix=_MEDICARE_FIX
        if line.of_claim.payer_type is PayerType.MEDICARE
        else _DEFAULT_FIX
        if window.by_default
        else "",
    )


@line_rule(
    "BH-111",
    About(
        title="Filing limit near",
        statement="At least 15 days are left until the payer's filing limit.",
        severity=Severity.WARN,
        fields=("2400 DTP*472", "payer filing limit"),
        reason_codes=("29",),
        root_cause=RootCause.TIMELY_FILING,
        fix="Send the claim now and watch for the payer's acceptance (277CA): a"
        " rejection counts as not filed.",
        source="table of deadlines; rulebook BH-111",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        review=("E15",),
        only_where=frozenset({Circumstance.FILING_LIMIT}),
    ),
)
def filing_limit_near(line: LineCase) -> Verdict:
    window = _window(line)
    if window is None:
        return None
    if isinstance(window, CannotTell):
        return window
    sent = line.of_claim.as_of
    left = (window.ends_on - sent).days
    if left >= FILING_WARNED_DAYS or sent > window.last_day:
        return None
    if line.claim.frequency_code == _REPLACEMENT or _open_question(line) is not None:
        return None
    if left < 0:
        return Found(
            says=f"The filing limit of {line.line.procedure_code} of {line.day} ended"
            f" on {window.ends_on}; only the weekend or holiday moves it to"
            f" {window.last_day}."
        )
    words = f"{line.line.procedure_code} of {line.day}"
    return Found(
        says=f"{words} should be filed by {window.ends_on} ({window.length}, the usual"
        f" limit: {_NOT_ON_FILE}): {left} days are left."
        if window.by_default
        else f"{words} must be filed by {window.ends_on} ({window.length}): {left} days"
        " are left.",
        by_default=window.by_default,
    )


@claim_rule(
    "BH-131",
    About(
        title="Frequency code that the payer does not take",
        statement="Medicare Part B takes professional claims of frequency 1 only; other"
        " payers take replacements (7) and voids (8) as they say.",
        severity=Severity.REJECT,
        fields=("CLM05-3", "payer accepts_frequency_7"),
        reason_codes=("16",),
        root_cause=RootCause.DUPLICATE_RESUBMISSION,
        fix="Ask the payer how it takes corrections (portal, form or telephone), and"
        " correct the claim that way.",
        source="MAC guidance on professional claims, review E03",
        support="conflict",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        review=("E03", "E79"),
        only_where=frozenset({Circumstance.NOT_ORIGINAL}),
    ),
)
def frequency_not_taken(case: ClaimCase) -> Verdict:
    frequency = case.claim.frequency_code
    if frequency == _ORIGINAL:
        return None
    if frequency not in _KNOWN_FREQUENCIES:
        return Found(
            says=f"The claim's frequency code is {frequency or 'empty'}; professional"
            " claims take 1 (original), 7 (replacement) or 8 (void).",
            fix="Set 1 where the payer never adjudicated the claim; where it did, ask"
            " the payer how it takes corrections.",
        )
    accepts = case.payer.accepts_frequency_7 if case.payer is not None else None
    if accepts:
        return None
    if case.payer_type is PayerType.MEDICARE:
        return Found(
            says=f"The claim has frequency {frequency}; Medicare Part B takes 1 only.",
            fix="After an answer that the claim could not be processed (MA130) send a"
            " new claim with frequency 1. After a processed claim with a minor error"
            " ask the contractor for a clerical-error reopening, else for a"
            " redetermination.",
        )
    if accepts is None:
        return _FREQUENCY_SETTING
    return Found(says=f"The claim has frequency {frequency}, which this payer refuses.")


def _due(window: _Window, sent: date) -> str:
    """When the service had to be filed. A usual limit binds nobody: it is told as
    what it is, never as the payer's."""
    if window.by_default:
        return (
            f"is sent on {sent}, after {window.last_day}: the usual limit"
            f" ({window.length}) has passed; {_NOT_ON_FILE}, and may be longer."
        )
    return (
        f"had to be filed by {window.last_day} ({window.length}); it is sent on {sent}."
    )


def _window(line: LineCase) -> _Window | CannotTell | None:
    """The line's filing window; None where its end is far or voids need none."""
    facts = line.facts
    lag, limit = facts.filing_lag_days, facts.filing_limit_days
    least = (
        SHORTEST_FILING_DAYS if limit is None or limit > SHORTEST_FILING_DAYS else limit
    )
    if lag is None or lag + FILING_WARNED_DAYS <= least:
        return None
    day = line.day
    if day is None or line.claim.frequency_code == _VOID:
        return None
    payer_type = line.of_claim.payer_type
    configured = None
    if limit is not None:
        end = day + timedelta(days=limit)
        configured = _Window(end, end, f"{limit} days from the date of service")
    if payer_type in _BY_LAW:
        law = _law_window(line, payer_type, day)
        # 365 days are how a practice writes down the year of the law (review E15).
        if limit is None or limit >= _YEAR_IN_DAYS or configured is None:
            return law
        return configured if configured.ends_on < law.ends_on else law
    if configured is not None:
        return configured
    return _default_window(line, payer_type, day)


def _law_window(line: LineCase, payer_type: PayerType, day: date) -> _Window:
    window = _counted(_rules()[_BY_LAW[payer_type]], day)
    if payer_type is PayerType.TRICARE and _is_secondary(line):
        answered = _primary_answered_on(line)
        if answered is not None:
            later = _counted(_rules()[_AFTER_OTHER_INSURANCE], answered)
            return max(window, later)
    return window


def _default_window(
    line: LineCase, payer_type: PayerType, day: date
) -> _Window | CannotTell:
    """The shortest window of the table: the payer's own rows, else those of its type.

    A State cannot pay past the federal ceiling: that one is no default.
    """
    if payer_type is PayerType.UNKNOWN:
        return _LIMIT_SETTING
    payer = line.payer
    name = payer.name.lower() if payer is not None else ""
    rules = _contract_rules(payer_type)
    named = [
        rule for rule in rules if any(part in name for part in rule.payer_names)
    ] or [rule for rule in rules if not rule.payer_names]
    if not named:
        return _LIMIT_SETTING
    if payer_type is PayerType.MEDICAID:
        ceiling = _counted(_rules()[_CEILING], day)
        if line.of_claim.as_of > ceiling.last_day:
            return ceiling
    window = min(_counted(rule, day) for rule in named)
    return window._replace(by_default=True)


def _corrected_too_late(line: LineCase) -> Verdict:
    """A replacement has a limit of its own, counted from the answer (review E79)."""
    answered = _answered_on(line)
    if answered is None:
        return _ORIGINAL_ANSWER
    limit = line.payer.corrected_claim_limit_days if line.payer is not None else None
    if limit is None:
        return _CORRECTION_SETTING
    end, sent = answered + timedelta(days=limit), line.of_claim.as_of
    if sent <= end:
        return None
    return Found(
        says=f"The replacement of {line.line.procedure_code} of {line.day} had to be"
        f" filed by {end} ({limit} days from the answer of {answered}); it is sent on"
        f" {sent}.",
        fix=_CORRECTION_FIX,
    )


def _answered_on(line: LineCase) -> date | None:
    """The day of the payer's last answer to the claim that this one replaces."""
    return max((one.received_on for one in answers_to_replaced(line)), default=None)


def _open_question(line: LineCase) -> CannotTell | None:
    """What else may set the start of the count once the first window has passed."""
    if not _is_secondary(line):
        return None
    payer_type = line.of_claim.payer_type
    if payer_type is PayerType.MEDICARE:
        return None
    if payer_type is PayerType.TRICARE:
        return _PRIMARY_ANSWER if _primary_answered_on(line) is None else None
    return _SECONDARY_COUNT


def _is_secondary(line: LineCase) -> bool:
    return line.claim.subscriber.payer_responsibility_code != _PRIMARY


def _primary_answered_on(line: LineCase) -> date | None:
    return max(
        (
            other.adjudicated_on
            for other in line.claim.other_payers
            if other.adjudicated_on is not None
        ),
        default=None,
    )


def _counted(rule: DeadlineRule, start: date) -> _Window:
    counted = count_window(rule, start)
    unit = rule.unit.removesuffix("s") if rule.length == 1 else rule.unit
    since = "date of service" if rule.counted_from == "service_date" else "answer"
    return _Window(
        counted.safe_on, counted.statutory_on, f"{rule.length} {unit} from the {since}"
    )


@cache
def _rules() -> dict[str, DeadlineRule]:
    return {rule.rule_id: rule for rule in deadline_rules()}


@cache
def _contract_rules(payer_type: PayerType) -> tuple[DeadlineRule, ...]:
    """Windows that a contract or a State sets, for payers of this type."""
    return tuple(
        rule
        for rule in deadline_rules()
        if rule.kind == "timely_filing"
        and rule.counted_from == "service_date"
        and payer_type.value in rule.payer_types
        and rule.rule_id != _CEILING
    )
