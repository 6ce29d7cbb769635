"""A stored denial in the words of a page: computed here, drawn by the template."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from api.pages.rendering import day, words
from denialml.domain.denial import Deadline, RootCause
from denialml.domain.remittance import ClaimAdjustment
from denialml.reference import adjustment_reasons, remark_codes, root_causes
from denialml.store.denials import StoredDenial

SOON_DAYS = 30
VERY_SOON_DAYS = 14

GROUP_WORDS = {
    "CO": "Contractual: not the patient's to pay",
    "PR": "The patient's share",
    "OA": "Other adjustment",
    "PI": "Set by the payer",
    "CR": "Correction of an earlier answer",
}


@dataclass(frozen=True)
class DeadlineView:
    """The last day to act as a page says it. `tone` is high, middle or empty.

    `headline` is the date or what there is instead of one; `basis` where it comes
    from and how many days are left.
    """

    headline: str
    basis: str
    tone: str


@dataclass(frozen=True)
class CauseView:
    """One cause with its probability, 0 to 1."""

    label: str
    probability: float


@dataclass(frozen=True)
class WorklistRow:
    """One line of the worklist. Grain: denial.

    `is_confirmed`: a person confirmed the cause, which then has no runner-up.
    """

    denial_id: str
    patient_control_number: str
    payer_name: str
    service: str
    service_date: date | None
    denied_on: date
    denied_amount: Decimal
    cause: CauseView | None
    runner_up: CauseView | None
    is_confirmed: bool
    route: str
    deadline: DeadlineView
    status: str


@dataclass(frozen=True)
class CodeView:
    """One code of the remittance in plain words; `amount` None for remarks."""

    code: str
    words: str
    group: str
    amount: Decimal | None


def worklist_row(stored: StoredDenial, *, today: date) -> WorklistRow:
    """The row of one denial as of `today`."""
    denial = stored.denial
    finding = stored.finding
    cause = runner_up = None
    if finding is not None and finding.root_cause is not None:
        cause = CauseView(cause_label(finding.root_cause), finding.probability)
        if finding.runner_up is not None:
            runner_up = CauseView(
                cause_label(finding.runner_up), finding.runner_up_probability
            )
    return WorklistRow(
        denial_id=denial.denial_id,
        patient_control_number=denial.patient_control_number,
        payer_name=denial.payer_name or denial.payer_id,
        service=service_text(denial.procedure_code, denial.modifiers),
        service_date=denial.service_date,
        denied_on=denial.denied_on,
        denied_amount=denial.denied_amount,
        cause=cause,
        runner_up=runner_up,
        is_confirmed=finding is not None and finding.confirmed_at is not None,
        route=words(stored.route.route) if stored.route is not None else "",
        deadline=deadline_view(stored.deadline, today=today, status=stored.status),
        status=stored.status,
    )


def cause_label(cause: RootCause) -> str:
    """A root cause in our own short words."""
    entry = root_causes().get(cause.value)
    return entry.label if entry is not None else words(cause.value)


def service_text(procedure_code: str, modifiers: tuple[str, ...]) -> str:
    """A code with its modifiers as billers write it: 90837-95."""
    return "-".join((procedure_code, *modifiers))


def deadline_view(
    deadline: Deadline | None, *, today: date, status: str
) -> DeadlineView:
    """What to say of a deadline; a guess is never shown as a date to rely on."""
    if deadline is None:
        return DeadlineView("Not worked out yet", "", "")
    if deadline.status == "no_appeal_right":
        return DeadlineView("No appeal exists", deadline.note, "")
    if deadline.due_on is None:
        return DeadlineView("Not configured", deadline.note, "middle")
    left = _days_left(deadline.due_on, today) if status == "open" else ""
    tone = _tone(deadline.due_on, today) if status == "open" else ""
    first = next((it for it in deadline.bases if it.due_on == deadline.due_on), None)
    window = f"{first.length} ({day(first.counted_from)})" if first else ""
    if deadline.status in ("configured", "statutory"):
        return DeadlineView(day(deadline.due_on), _joined(left, window), tone)
    return DeadlineView(
        "Not configured",
        _joined(f"earliest plausible {day(deadline.due_on)}", left),
        tone or "middle",
    )


def adjustment_views(adjustments: tuple[ClaimAdjustment, ...]) -> list[CodeView]:
    """Each CAS entry in plain words; a code we do not know is said to be unknown."""
    known = adjustment_reasons()
    return [
        CodeView(
            code=f"{it.group_code}-{it.reason_code}",
            words=known[it.reason_code].label
            if it.reason_code in known
            else "A reason code that denialml does not know; look it up with the payer",
            group=GROUP_WORDS.get(it.group_code, ""),
            amount=it.amount,
        )
        for it in adjustments
    ]


def remark_views(codes: tuple[str, ...]) -> list[CodeView]:
    """Each remark code in plain words."""
    known = remark_codes()
    return [
        CodeView(
            code=code,
            words=known[code].label
            if code in known
            else "A remark that denialml does not know; look it up with the payer",
            group="",
            amount=None,
        )
        for code in codes
    ]


def _days_left(due_on: date, today: date) -> str:
    days = (due_on - today).days
    if days == 0:
        return "today"
    if days < 0:
        return f"{-days} {_plural(-days)} ago"
    return f"{days} {_plural(days)} left"


def _plural(days: int) -> str:
    return "day" if days == 1 else "days"


def _tone(due_on: date, today: date) -> str:
    days = (due_on - today).days
    if days <= VERY_SOON_DAYS:
        return "high"
    return "middle" if days <= SOON_DAYS else ""


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
