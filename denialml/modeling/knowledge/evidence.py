"""The last day on which an answer proved something, per patient, clinician and payer.

Payers check coverage and coordination first: an answer that was paid, or denied for a
reason that comes later in their order, proves that both stood on the service date.
Each type is frozen; `learn` returns the evidence with one more answer.
"""

from collections.abc import Mapping
from datetime import date

import msgspec

from denialml.domain.denial import RootCause

# Causes that a payer finds before it looks at the service itself; a denial for any
# other cause proves that the coverage was found active.
_BEFORE_SERVICE = (
    RootCause.ELIGIBILITY_COVERAGE,
    RootCause.COB_WRONG_PAYER,
    RootCause.CLAIM_DATA_ERROR,
    RootCause.DUPLICATE_RESUBMISSION,
    RootCause.TIMELY_FILING,
)
_CLEAR = 0.5
_UNLIKELY = 0.1


class CoverageEvidence(msgspec.Struct, frozen=True, gc=False):
    """What answers proved of one patient at one payer. Service dates; None: never.

    `*_proved` is the latest service known to have passed that check, `*_refused` the
    latest known to have failed it. `any_refused` is the latest denied for any cause.
    """

    coverage_proved: date | None = None
    coverage_refused: date | None = None
    coordination_proved: date | None = None
    coordination_refused: date | None = None
    paid: date | None = None
    any_refused: date | None = None
    answers: int = 0
    denials: int = 0

    def learn(
        self, day: date, *, denied: bool, shares: Mapping[str, float]
    ) -> "CoverageEvidence":
        """The evidence with one more answer about a service on `day`."""
        if not denied:
            return CoverageEvidence(
                _latest(self.coverage_proved, day, True),
                self.coverage_refused,
                _latest(self.coordination_proved, day, True),
                self.coordination_refused,
                _latest(self.paid, day, True),
                self.any_refused,
                self.answers + 1,
                self.denials,
            )
        coverage = shares.get(RootCause.ELIGIBILITY_COVERAGE, 0.0)
        coordination = shares.get(RootCause.COB_WRONG_PAYER, 0.0)
        before = sum([shares.get(cause, 0.0) for cause in _BEFORE_SERVICE])
        passed = bool(shares) and before < _UNLIKELY
        return CoverageEvidence(
            coverage_proved=_latest(
                self.coverage_proved, day, passed or coordination > _CLEAR
            ),
            coverage_refused=_latest(self.coverage_refused, day, coverage > _CLEAR),
            coordination_proved=_latest(self.coordination_proved, day, passed),
            coordination_refused=_latest(
                self.coordination_refused, day, coordination > _CLEAR
            ),
            paid=self.paid,
            any_refused=_latest(self.any_refused, day, True),
            answers=self.answers + 1,
            denials=self.denials + 1,
        )


class ClinicianEvidence(msgspec.Struct, frozen=True, gc=False):
    """What answers proved of one clinician at one payer. Service dates; None: never."""

    proved: date | None = None
    refused: date | None = None
    answers: int = 0

    def learn(
        self, day: date, *, denied: bool, shares: Mapping[str, float]
    ) -> "ClinicianEvidence":
        """The evidence with one more answer about a service on `day`."""
        if not denied:
            proved = _latest(self.proved, day, True)
            return ClinicianEvidence(proved, self.refused, self.answers + 1)
        provider = shares.get(RootCause.PROVIDER_ELIGIBILITY, 0.0) + shares.get(
            RootCause.NETWORK_REFERRAL, 0.0
        )
        before = provider + sum([shares.get(cause, 0.0) for cause in _BEFORE_SERVICE])
        passed = bool(shares) and before < _UNLIKELY
        return ClinicianEvidence(
            proved=_latest(self.proved, day, passed),
            refused=_latest(self.refused, day, provider > _CLEAR),
            answers=self.answers + 1,
        )


class FilingEvidence(msgspec.Struct, frozen=True, gc=False):
    """What answers taught of one payer's filing limit and pace. Days; None: never.

    `shortest_refused_days`: shortest lag between service and submission that was
    denied as late. `longest_paid_days`: longest that was paid. `answer_days`: how long
    answers take, a running mean over about two hundred.
    """

    shortest_refused_days: int | None = None
    longest_paid_days: int | None = None
    answer_days: float | None = None

    def learn(
        self, *, lag_days: int, answer_days: int, denied: bool, late_share: float
    ) -> "FilingEvidence":
        """The evidence with one more answer."""
        shortest, longest = self.shortest_refused_days, self.longest_paid_days
        if late_share > _CLEAR and (shortest is None or lag_days < shortest):
            shortest = lag_days
        if not denied and (longest is None or lag_days > longest):
            longest = lag_days
        mean = self.answer_days
        mean = float(answer_days) if mean is None else mean + (answer_days - mean) / 200
        return FilingEvidence(shortest, longest, mean)


class VisitLimitEvidence(msgspec.Struct, frozen=True, gc=False):
    """What answers taught of a plan's visit limit. Visits in the year; None: never.

    `refused_visits`: a running mean, over about five answers, of the visit counts at
    which the plan denied for its limit. `most_paid`: the highest count it paid.
    """

    refused_visits: float | None = None
    most_paid: int | None = None

    def learn(
        self, *, visits: int, denied: bool, limit_share: float
    ) -> "VisitLimitEvidence":
        """The evidence with one more answer."""
        refused, most = self.refused_visits, self.most_paid
        if limit_share > _CLEAR:
            refused = (
                float(visits) if refused is None else refused + (visits - refused) / 5
            )
        if not denied and (most is None or visits > most):
            most = visits
        return VisitLimitEvidence(refused, most)


def _latest(known: date | None, day: date, holds: bool) -> date | None:
    if not holds:
        return known
    return day if known is None or day > known else known
