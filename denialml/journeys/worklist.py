"""The denials a person works on: one view with everything a page shows, in order.

The order is by what can be lost: days to the deadline first, then dollars. No rate of
winning takes part, because no practice has one that would be honest yet.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from denialml.appeals.deadlines import filing_deadline, reopening_deadline
from denialml.domain.chain import ClaimState
from denialml.domain.denial import CauseConfirmation, Deadline, Route
from denialml.domain.record import Judgment
from denialml.journeys.cause_words import (
    candidates_in_words,
    cause_label,
    check_in_words,
    own_coverage,
)
from denialml.reference import adjustment_reasons, remark_codes
from denialml.store.case_records import case_records
from denialml.store.cause_confirmations import confirmations_of
from denialml.store.claims import chain_for_claim, get_claim
from denialml.store.denials import StoredDenial, all_denials, get_denial

URGENT_DAYS = 14
SOON_DAYS = 45
# Statements about a cause that a view shows, newest first; all are on file.
SHOWN_CONFIRMATIONS = 20
REFILING_ROUTES = frozenset({Route.CORRECTED_CLAIM, Route.NEW_CLAIM})


class CodeInWords(Judgment, frozen=True):
    """One code of the answer with our short label, empty for an unknown code."""

    code: str
    label: str


class DenialView(Judgment, frozen=True):
    """One denial with everything a page or a program shows. Grain: denial.

    `cause_label` is empty where the cause could not be told. `days_left` counts from
    the day asked about to the deadline, negative once past, None without one.
    `filing_deadline` is the last day to correct, refile or ask for a reopening, None
    unless the route is to do so. `claim_state` is how the whole claim stands.
    """

    stored: StoredDenial
    cause_label: str
    reasons: tuple[CodeInWords, ...]
    remarks: tuple[CodeInWords, ...]
    days_left: int | None
    filing_deadline: Deadline | None
    claim_state: ClaimState
    net_paid: Decimal
    candidates: str = ""
    check: str = ""
    confirmations: tuple[CauseConfirmation, ...] = ()


def view_denial(
    session: Session, organization_id: str, denial_id: str, *, as_of: date
) -> DenialView:
    """Everything about one denial, as of a day.

    Raises:
        UnknownRecord: this organization has no such denial.
    """
    stored = get_denial(session, organization_id, denial_id)
    denial = stored.denial
    chain = chain_for_claim(session, organization_id, denial.claim_id)
    route = stored.route.route if stored.route is not None else None
    refiling = None
    if route is Route.REOPENING:
        refiling = reopening_deadline(denial)
    elif route in REFILING_ROUTES:
        claim = get_claim(session, organization_id, denial.claim_id).claim
        payers = case_records(session, organization_id, claim).payers
        refiling = filing_deadline(
            claim,
            next((one for one in payers if one.payer_id == denial.payer_id), None),
            remitted_on=denial.denied_on if route is Route.CORRECTED_CLAIM else None,
        )
    finding = stored.finding
    cause = finding.root_cause if finding is not None else None
    return DenialView(
        stored=stored,
        cause_label=cause_label(cause) if cause is not None else "",
        reasons=tuple(
            _in_words(one.reason_code, f"{one.group_code}-{one.reason_code}")
            for one in denial.adjustments
        ),
        remarks=tuple(_remark_in_words(code) for code in denial.remark_codes),
        days_left=days_left(stored, as_of),
        filing_deadline=refiling,
        claim_state=chain.state,
        net_paid=chain.net_paid,
        candidates=candidates_in_words(
            finding, own=own_coverage(session, organization_id)
        ),
        check=check_in_words(denial_id, finding),
        confirmations=confirmations_of(
            session, organization_id, denial_id, limit=SHOWN_CONFIRMATIONS
        ),
    )


def open_worklist(
    session: Session, organization_id: str, *, as_of: date, limit: int = 50
) -> tuple[StoredDenial, ...]:
    """The open denials to work on first."""
    stored = all_denials(session, organization_id, status="open")
    return in_work_order(stored, as_of=as_of)[:limit]


def in_work_order(
    denials: Iterable[StoredDenial], *, as_of: date
) -> tuple[StoredDenial, ...]:
    """Due within two weeks, then six, then the rest, then what is past or undated.

    Within each the largest denied amount first, then the earliest deadline.
    """
    return tuple(sorted(denials, key=lambda stored: _work_key(stored, as_of)))


def days_left(stored: StoredDenial, as_of: date) -> int | None:
    """Days from `as_of` to the deadline; None without one."""
    due_on = stored.deadline.due_on if stored.deadline is not None else None
    return (due_on - as_of).days if due_on is not None else None


def _work_key(stored: StoredDenial, as_of: date) -> tuple[int, Decimal, int, str]:
    left = days_left(stored, as_of)
    if left is None or left < 0:
        tier = 3
    else:
        tier = 0 if left <= URGENT_DAYS else 1 if left <= SOON_DAYS else 2
    denial = stored.denial
    return tier, -denial.denied_amount, left or 0, denial.denial_id


def _in_words(reason_code: str, shown: str) -> CodeInWords:
    row = adjustment_reasons().get(reason_code)
    return CodeInWords(code=shown, label=row.label if row is not None else "")


def _remark_in_words(code: str) -> CodeInWords:
    row = remark_codes().get(code)
    return CodeInWords(code=code, label=row.label if row is not None else "")
