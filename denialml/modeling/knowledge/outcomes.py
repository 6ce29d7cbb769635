"""What payers usually pay, print and pay after all: not for the risk, but beside it.

No feature reads this. It says what a denial would cost and by which code it would
come, from the answers received before the day that history stands at.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

import msgspec

# A mean over about so many of the newest payments: fee schedules change.
_NEWEST_PAYMENTS = 60
# By then most of what is ever won back has been paid.
RECOVERY_DAYS = 120
# Until a payer has denials of its own that old, so many count as half recovered.
_PRIOR_DENIALS = 4
_HALF = Decimal("0.5")
_ZERO = Decimal(0)
# A code speaks for a cause that it names with more than this share.
_NAMED = 0.5


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """One initial determination, as far as money and codes go. Grain: line.

    `allowed` is what the payer allowed of a paid line (its payment where it does not
    say). `reason_code` is the anchoring CARC of a denied one, `cause` the root cause
    it names, empty where none; `recovered_on` when the line was paid after all.
    """

    received_on: date
    payer: str
    code: str
    denied: bool
    allowed: Decimal = _ZERO
    reason_code: str = ""
    cause: str = ""
    recovered_on: date | None = None


class UsualPayment(msgspec.Struct, frozen=True, gc=False):
    """A running mean in dollars, and of how many payments."""

    mean: Decimal
    payments: int


class Unrecovered(msgspec.Struct, frozen=True, gc=False):
    """The share of denials a payer never paid, and of how many denials."""

    share: Decimal
    denials: int


class OutcomeBook:
    """Sums over the outcomes received before a day that only moves forward.

    `outcomes` are in the order they were received.
    """

    def __init__(self, outcomes: list[Outcome]) -> None:
        self._outcomes = outcomes
        self._known = 0
        self._matured = 0
        self._payments: dict[tuple[str, str], UsualPayment] = {}
        self._codes: dict[tuple[str, str], dict[str, int]] = {}
        self._denials: dict[str, list[int]] = {}

    def advance(self, day: date) -> None:
        """Learn every outcome received before `day`."""
        outcomes = self._outcomes
        while self._known < len(outcomes) and outcomes[self._known].received_on < day:
            self._learn(outcomes[self._known])
            self._known += 1
        matured = day - timedelta(days=RECOVERY_DAYS) if day > _FIRST_DAY else date.min
        while (
            self._matured < self._known
            and outcomes[self._matured].received_on < matured
        ):
            self._settle(outcomes[self._matured])
            self._matured += 1

    def usual_payment(self, payer: str, code: str) -> UsualPayment | None:
        """What the payer usually allows for the code; None before it paid one."""
        return self._payments.get((payer, code))

    def unrecovered(self, payer: str) -> Unrecovered:
        """The share of the payer's denials that it had not paid 120 days later."""
        denials, recovered = self._denials.get(payer, (0, 0))
        lost = denials - recovered + _PRIOR_DENIALS * _HALF
        return Unrecovered(Decimal(lost) / (denials + _PRIOR_DENIALS), denials)

    def reason_code(self, payer: str, cause: str) -> str:
        """The CARC this payer has printed most often for the cause; empty: never."""
        counts: Mapping[str, int] = self._codes.get((payer, cause), {})
        return max(counts, key=lambda code: (counts[code], code), default="")

    def _learn(self, outcome: Outcome) -> None:
        key = (outcome.payer, outcome.code)
        if not outcome.denied:
            if outcome.allowed > 0:
                before = self._payments.get(key, _NO_PAYMENT)
                count = before.payments + 1
                step = (outcome.allowed - before.mean) / min(count, _NEWEST_PAYMENTS)
                self._payments[key] = UsualPayment(before.mean + step, count)
        elif outcome.cause and outcome.reason_code:
            codes = self._codes.setdefault((outcome.payer, outcome.cause), {})
            codes[outcome.reason_code] = codes.get(outcome.reason_code, 0) + 1

    def _settle(self, outcome: Outcome) -> None:
        if not outcome.denied:
            return
        counts = self._denials.setdefault(outcome.payer, [0, 0])
        counts[0] += 1
        on = outcome.recovered_on
        by = outcome.received_on + timedelta(days=RECOVERY_DAYS)
        counts[1] += on is not None and on <= by


def named_cause(shares: Mapping[str, float]) -> str:
    """The cause that the codes name, empty where they name none."""
    if not shares:
        return ""
    cause = max(shares, key=lambda each: shares[each])
    return str(cause) if shares[cause] > _NAMED else ""


_NO_PAYMENT = UsualPayment(_ZERO, 0)
_FIRST_DAY = date.min + timedelta(days=RECOVERY_DAYS)
