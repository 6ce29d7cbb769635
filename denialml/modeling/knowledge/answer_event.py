"""One payer's answer to one line, as everything that learns from it is handed it."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import msgspec

from denialml.modeling.knowledge.line_view import LineView
from denialml.modeling.knowledge.rule_outcomes import Broken


class AnswerEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The initial determination of one line, as history learns it. Grain: line.

    `view` is the line as it looked on the day it was sent. `patient` links answers
    about one patient. `shares` are the causes that the codes name (`causes`), empty
    when paid. `counts`: whether it enters the rates (originals do; corrected claims
    are judged otherwise, but still prove coverage). `checked_on`, `check_active` and
    `check_named_other` are the eligibility answer that was on file when it was sent.
    `broken` are the claim rules that the line broke, empty where nobody asked.
    `allowed`, `reason_code` and `recovered_on` are for `outcomes`, never for a rate.
    """

    received_on: date
    claim_id: str
    line_number: int
    submitted_on: date
    service_date: date
    patient: str
    view: LineView
    denied: bool
    shares: tuple[tuple[str, float], ...]
    counts: bool = True
    checked_on: date | None = None
    check_active: bool = False
    check_named_other: bool = False
    broken: Broken = ()
    allowed: Decimal = Decimal(0)
    reason_code: str = ""
    recovered_on: date | None = None


def in_order(events: Iterable[AnswerEvent]) -> list[AnswerEvent]:
    """By day received, claim id and line: the order in which they are learnt."""
    return sorted(
        events, key=lambda one: (one.received_on, one.claim_id, one.line_number)
    )


def denied_share(event: AnswerEvent, causes: frozenset[str]) -> float:
    """How much of a denial for these causes the answer was; empty: for any cause."""
    if not event.denied or not causes:
        return float(event.denied)
    return float(sum(share for cause, share in event.shares if cause in causes))
