"""Until when one can appeal a denial, or file and correct a claim.

Where law fixes the window for the type of plan (original Medicare, TRICARE), that law
decides, and a practice's own setting only where it is the earlier one. For other plans
the contract decides: the practice's setting, or else every window that could apply to
the payer's type is listed and the earliest day shown, as such: nothing is guessed
silently. Where no right to appeal exists the answer says so and
names what exists instead. The windows are data (`deadline_rules`).
"""

from collections.abc import Iterable
from datetime import date, timedelta

import msgspec

from denialml.domain.claim import Claim
from denialml.domain.counting import (
    CountedDays,
    count_window,
    is_business_day,
    last_business_day,
)
from denialml.domain.coverage import Payer, PayerType
from denialml.domain.denial import Deadline, DeadlineBasis, Denial
from denialml.reference import DeadlineRule, deadline_rules

# What SBR09 says of the payer's type, where the practice has not set it up.
FILING_CODE_TYPES = {
    "MA": (PayerType.MEDICARE,),
    "MB": (PayerType.MEDICARE,),
    "16": (PayerType.MEDICARE_ADVANTAGE,),
    "MC": (PayerType.MEDICAID, PayerType.MEDICAID_MANAGED_CARE),
    "CH": (PayerType.TRICARE,),
    "VA": (PayerType.VETERANS,),
    "BL": (PayerType.COMMERCIAL,),
    "CI": (PayerType.COMMERCIAL,),
    "12": (PayerType.COMMERCIAL,),
    "13": (PayerType.COMMERCIAL,),
    "14": (PayerType.COMMERCIAL,),
    "15": (PayerType.COMMERCIAL,),
}
TIMELY_FILING_REASON = "29"
UNPROCESSABLE_REMARK = "MA130"
NO_APPEAL_REMARK = "N211"
# Windows that law or federal rule fixes for every provider of the plan, by their rules:
# 42 CFR 405.942 and 424.44(a); 32 CFR 199.10 and 199.7(d). Managed plans (Medicare
# Advantage, Medicaid) and commercial ones are left out: the law's windows there are the
# member's or a non-contract provider's, and a contracted provider has its contract.
FIXED_BY_LAW = {
    PayerType.MEDICARE: frozenset({"medicare_redetermination", "medicare_filing"}),
    PayerType.TRICARE: frozenset(
        {
            *("tricare_reconsideration", "tricare_appeal"),
            *("tricare_filing", "tricare_other_insurance"),
        }
    ),
}
# Only windows that a denial itself opens; later levels begin with later decisions.
OPENED_BY_DENIAL = frozenset({"notice", "remittance"})
APPEAL_KINDS = frozenset({"appeal", "dispute"})

_NO_RIGHT_TIMELY = (
    "Original Medicare: a timely-filing denial is no initial determination, so there"
    " is no redetermination. Ask for an exception to the filing limit (administrative"
    " error, retroactive entitlement, State Medicaid recoupment, retroactive"
    " disenrollment) or, where the contractor counted wrongly, for a reopening. Never"
    " bill the patient."
)
_NO_RIGHT_UNPROCESSABLE = (
    "MA130: the claim was unprocessable and carries no appeal right. Send a corrected"
    " new claim within the filing limit."
)
_NO_RIGHT_STATED = (
    "The payer states that there is no appeal right (N211). Check the contract and the"
    " plan's notice before relying on it."
)


def appeal_deadline(
    denial: Denial, *, payer: Payer | None, claim: Claim | None = None
) -> Deadline:
    """The last day to appeal or dispute one denial.

    `claim` helps where the payer's type is not set up (SBR09). Days are counted from
    `denial.denied_on`, the day the remittance could be known.
    """
    types = plausible_payer_types(payer, claim)
    absent = _no_right(denial, types)
    if absent:
        return Deadline(status="no_appeal_right", due_on=None, bases=(), note=absent)
    configured = None
    if payer is not None and payer.appeal_window_days is not None:
        configured = _configured(
            payer.appeal_window_days,
            counted_from=denial.denied_on,
            name="appeal window set up for this payer",
            event="remittance",
        )
    windows = [
        (rule, denial.denied_on)
        for rule in _rules_for(types, payer, kinds=APPEAL_KINDS)
        if rule.counted_from in OPENED_BY_DENIAL and "recoupment" not in rule.level
    ]
    return _law_before_contract(
        types,
        windows,
        configured=configured,
        setting="appeal window (appeal_window_days)",
    )


def filing_deadline(
    claim: Claim,
    payer: Payer | None,
    *,
    remitted_on: date | None = None,
) -> Deadline:
    """The last day to file a claim or, after a remittance, to correct it.

    Filing counts from the earliest date of service of the lines; correcting from
    `remitted_on`, the day of the answer, None for a claim not yet answered. Where
    neither lines nor answer give a day, no day is shown.
    """
    types = plausible_payer_types(payer, claim)
    days = [line.service_date for line in claim.lines if line.service_date is not None]
    if remitted_on is not None and PayerType.MEDICARE not in types:
        return _correction_deadline(payer, types, remitted_on)
    if not days:
        return Deadline(
            status="not_configured",
            due_on=None,
            bases=(),
            note="The claim has no date of service to count from.",
        )
    configured = None
    if payer is not None and payer.filing_limit_days is not None:
        configured = _configured(
            payer.filing_limit_days,
            counted_from=min(days),
            name="filing limit set up for this payer",
            event="date of service",
        )
    starts = _filing_starts(claim, min(days))
    rules = _rules_for(types, payer, kinds=frozenset({"timely_filing"}))
    windows = [
        (rule, starts[rule.counted_from])
        for rule in rules
        if rule.counted_from in starts
    ]
    return _law_before_contract(
        types,
        windows,
        configured=configured,
        setting="filing limit (filing_limit_days)",
    )


def reopening_deadline(denial: Denial) -> Deadline:
    """The last day to ask a Medicare contractor to reopen, safely counted.

    One year from the notice for any reason. A clerical error may be reopened later by
    law (42 CFR 405.980), but contractors ask for it within the year.
    """
    rules = [rule for rule in deadline_rules() if rule.kind == "reopening"]
    bases = tuple(_basis(rule, denial.denied_on) for rule in rules)
    due_on = min(basis.due_on for basis in bases)
    return Deadline(
        status="configured",
        due_on=due_on,
        bases=bases,
        note=" ".join(filter(None, (rules[0].note, _weekend_note(due_on)))),
    )


def plausible_payer_types(
    payer: Payer | None, claim: Claim | None = None
) -> frozenset[PayerType]:
    """The payer's type as set up, else what the claim's filing code allows."""
    if payer is not None and payer.payer_type is not PayerType.UNKNOWN:
        return frozenset({payer.payer_type})
    code = claim.subscriber.claim_filing_code if claim is not None else ""
    return frozenset(FILING_CODE_TYPES.get(code, (PayerType.UNKNOWN,)))


def _no_right(denial: Denial, types: frozenset[PayerType]) -> str:
    reasons = {one.reason_code for one in denial.adjustments}
    if TIMELY_FILING_REASON in reasons and types == {PayerType.MEDICARE}:
        return _NO_RIGHT_TIMELY
    if UNPROCESSABLE_REMARK in denial.remark_codes and types == {PayerType.MEDICARE}:
        return _NO_RIGHT_UNPROCESSABLE
    return _NO_RIGHT_STATED if NO_APPEAL_REMARK in denial.remark_codes else ""


def _correction_deadline(
    payer: Payer | None, types: frozenset[PayerType], remitted_on: date
) -> Deadline:
    if payer is not None and payer.corrected_claim_limit_days is not None:
        return _configured(
            payer.corrected_claim_limit_days,
            counted_from=remitted_on,
            name="corrected-claim limit set up for this payer",
            event="remittance",
        )
    # A replacement is bounded by the dispute window where that is the shorter one.
    kinds = frozenset({"corrected_claim", "dispute"})
    rules = [
        rule
        for rule in _rules_for(types, payer, kinds=kinds)
        if rule.counted_from == "remittance"
    ]
    return _earliest(
        [(rule, remitted_on) for rule in rules],
        setting="corrected-claim limit (corrected_claim_limit_days)",
    )


def _filing_starts(claim: Claim, first_day: date) -> dict[str, date]:
    """From when each kind of filing window counts; the primary's answer if sent."""
    starts = {"service_date": first_day}
    answered = [
        other.adjudicated_on
        for other in claim.other_payers
        if other.adjudicated_on is not None
    ]
    if answered and claim.subscriber.payer_responsibility_code != "P":
        starts["primary_remittance"] = max(answered)
    return starts


def _rules_for(
    types: frozenset[PayerType], payer: Payer | None, *, kinds: frozenset[str]
) -> list[DeadlineRule]:
    """Rules that could apply: the type's own and those naming this payer."""
    name = payer.name.lower() if payer is not None else ""
    wanted = {payer_type.value for payer_type in types}
    return [
        rule
        for rule in deadline_rules()
        if rule.kind in kinds
        and wanted & set(rule.payer_types)
        and (not rule.payer_names or any(part in name for part in rule.payer_names))
    ]


def _configured(days: int, *, counted_from: date, name: str, event: str) -> Deadline:
    due_on = counted_from + timedelta(days=days)
    basis = DeadlineBasis(
        rule=name,
        due_on=due_on,
        counted_from=counted_from,
        length=f"{days} days from the {event}",
        support="configured",
        source="payer setting of the practice",
    )
    return Deadline(
        status="configured",
        due_on=due_on,
        bases=(basis,),
        note=_weekend_note(due_on),
    )


def _law_before_contract(
    types: frozenset[PayerType],
    windows: list[tuple[DeadlineRule, date]],
    *,
    configured: Deadline | None,
    setting: str,
) -> Deadline:
    """The law's window, the practice's own where it ends earlier, else the earliest."""
    law = _by_law(types, windows)
    if law is None:
        return configured or _earliest(windows, setting=setting)
    if configured is None:
        return law
    assert configured.due_on is not None
    assert law.due_on is not None
    if configured.due_on <= law.due_on:
        return configured
    note = f"{law.note} This payer's {setting} ends later and is not used."
    return msgspec.structs.replace(law, note=note)


def _by_law(
    types: frozenset[PayerType], windows: Iterable[tuple[DeadlineRule, date]]
) -> Deadline | None:
    """The window that law fixes for the plan; None where a contract decides.

    Where the law gives two (TRICARE after other insurance) the later one counts.
    """
    if len(types) != 1:
        return None
    fixed = FIXED_BY_LAW.get(next(iter(types)), frozenset())
    ruled = [(rule, start) for rule, start in windows if rule.rule_id in fixed]
    if not ruled:
        return None
    bases = sorted(
        (_basis(rule, start) for rule, start in ruled),
        key=lambda basis: (basis.due_on, basis.rule),
        reverse=True,
    )
    due_on = bases[0].due_on
    notes = dict.fromkeys(rule.note for rule, _ in ruled if rule.note)
    return Deadline(
        status="statutory",
        due_on=due_on,
        bases=tuple(bases),
        note=" ".join(filter(None, (*notes, _weekend_note(due_on)))),
    )


def _earliest(
    windows: Iterable[tuple[DeadlineRule, date]], *, setting: str
) -> Deadline:
    bases = sorted(
        (_basis(rule, counted_from) for rule, counted_from in windows),
        key=lambda basis: (basis.due_on, basis.rule),
    )
    missing = f"This payer's {setting} is not configured."
    if not bases:
        return Deadline(
            status="not_configured",
            due_on=None,
            bases=(),
            note=f"{missing} No window of the tables applies.",
        )
    due_on = bases[0].due_on
    note = f"{missing} The earliest plausible day is shown; check the contract."
    return Deadline(
        status="not_configured",
        due_on=due_on,
        bases=tuple(bases),
        note=" ".join(filter(None, (note, _weekend_note(due_on)))),
    )


def _basis(rule: DeadlineRule, counted_from: date) -> DeadlineBasis:
    counted = count_window(rule, counted_from)
    return DeadlineBasis(
        rule=f"{rule.level} ({rule.appellant})",
        due_on=counted.safe_on,
        counted_from=counted_from,
        length=_length(rule, counted),
        support=rule.support,
        source=rule.source,
    )


def _length(rule: DeadlineRule, counted: CountedDays) -> str:
    unit = rule.unit.replace("_", " ")
    if rule.length == 1:
        unit = unit.removesuffix("s")
    event = rule.counted_from.replace("_", " ")
    told = f"{rule.length} {unit} from the {event}"
    if rule.presumed_receipt_days:
        told += f", presumed received after {rule.presumed_receipt_days} days"
    if counted.statutory_on != counted.safe_on:
        told += f"; by law it would end on {counted.statutory_on}"
    return told


def _weekend_note(due_on: date) -> str:
    if is_business_day(due_on):
        return ""
    before = last_business_day(due_on)
    return f"{due_on} is no business day: send it by {before}."
