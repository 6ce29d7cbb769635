"""The smallest set of fixes that makes a claim fit to send.

Sets are tried by size, smallest first, each judged as a whole: what two fixes do
together is not the sum of what each does alone. With several of the smallest size the
one with more data corrections is taken, then the one that leaves the lowest risk. Where
no set of up to `LARGEST_TRIED` is enough, the best single fix grows by one at a time,
as long as the next one is worth its work.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import combinations

import msgspec

from denialml.fixes.candidate import Candidate

LARGEST_TRIED = 3
# More than these are not tried together: the strongest alone come first.
MOST_TRIED = 7
# A fix that takes less of the risk away is no reason to do anything: a tenth of it, and
# a point at least.
_SHARE_WORTH_DOING, _POINTS_WORTH_DOING = 0.1, 0.01
# One that takes as little as this away may still be what brings a set to the goal.
_POINTS_TO_REACH = 0.005

Chosen = tuple[int, ...]


class Assessment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A claim as it stands with some fixes.

    `risk` None: the model abstains on the claim as it then is. `found` are the rules
    that find something, `holding` those of them that hold the claim, `grave` those that
    hold it or are likely to have it denied. `expected_loss` None: not known.
    """

    risk: float | None
    found: frozenset[str]
    holding: frozenset[str]
    grave: frozenset[str] = frozenset()
    expected_loss: Decimal | None = None


def is_fit(assessment: Assessment, accepted_risk: float) -> bool:
    """Whether the claim is fit to send: nothing holds it, and its risk is accepted.

    A risk that cannot be told keeps nothing back by itself; `Search` asks for more of
    a claim whose risk was told before.
    """
    risk = assessment.risk
    return not assessment.holding and (risk is None or risk <= accepted_risk)


def is_lower(after: Assessment, before: Assessment) -> bool:
    """Whether the risk is lower by so much that it is worth someone's work."""
    if after.risk is None or before.risk is None:
        return False
    return after.risk <= before.risk - _worth_doing(before)


def _worth_doing(before: Assessment) -> float:
    return max(_POINTS_WORTH_DOING, _SHARE_WORTH_DOING * (before.risk or 0.0))


Assess = Callable[[Sequence[Chosen]], Sequence[Assessment]]


class FoundSet(msgspec.Struct, frozen=True, kw_only=True):
    """A set in the order of effect, and the claim after each step."""

    chosen: Chosen
    after: tuple[Assessment, ...]
    reaches: bool


class Search:
    """Tries sets of one claim's candidates, each set once.

    Parameters
    ----------
    candidates : sequence of Candidate
        All that are sent with the claim.
    before : Assessment
        The claim as it is.
    assess : callable
        Judges the claim with each of some sets of candidates.
    accepted_risk : float
        At or below it, a claim without a holding finding is fit to send.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        *,
        before: Assessment,
        assess: Assess,
        accepted_risk: float,
    ) -> None:
        self._candidates = candidates
        self._assess = assess
        self._accepted = accepted_risk
        self._known: dict[Chosen, Assessment] = {(): before}

    def alone(self, which: Iterable[int]) -> dict[int, Assessment]:
        """The claim with each of the candidates alone."""
        chosen = [(one,) for one in which]
        self._learn(chosen)
        return {one[0]: self._known[one] for one in chosen}

    def smallest(self, which: Sequence[int]) -> FoundSet | None:
        """The smallest set of these that is enough, else the best; None: none helps."""
        before = self._known[()]
        helping = self._helping(which)
        helping.sort(key=lambda one: self._rank((one,)))
        tried = sorted(helping[:MOST_TRIED])
        if not tried:
            return None
        for size in range(1, LARGEST_TRIED + 1):
            sets = [
                chosen
                for chosen in combinations(tried, size)
                if self._compatible(chosen)
            ]
            self._learn(sets)
            fit = [chosen for chosen in sets if self._is_fit(chosen)]
            if fit:
                return self._ordered(min(fit, key=self._rank), reaches=True)
        found = self._grown(min(((one,) for one in tried), key=self._rank), tried)
        if found.reaches or self._is_worth(found.after[-1], before):
            return found
        return None

    def _helping(self, which: Sequence[int]) -> list[int]:
        """Those that bring the claim nearer to being fit.

        Where its risk is told only with one of them, the others are measured beside
        the best of those: what they take off the risk cannot be seen without it.
        """
        before, alone = self._known[()], self.alone(which)
        helping = [
            one
            for one in which
            if self._helps(alone[one], before, worth=_POINTS_TO_REACH)
        ]
        telling = [(one,) for one in helping if alone[one].risk is not None]
        if before.risk is not None or not telling:
            return helping
        best = min(telling, key=self._rank)
        beside = {
            one: tuple(sorted((*best, one)))
            for one in which
            if one not in helping and self._compatible((*best, one))
        }
        self._learn(list(beside.values()))
        now = self._known[best]
        return helping + [
            one
            for one, chosen in beside.items()
            if self._helps(self._known[chosen], now, worth=_POINTS_TO_REACH)
        ]

    def _grown(self, best: Chosen, tried: Sequence[int]) -> FoundSet:
        while not self._is_fit(best):
            larger = [
                tuple(sorted((*best, one)))
                for one in tried
                if one not in best and self._compatible((*best, one))
            ]
            self._learn(larger)
            better = min(larger, key=self._rank, default=best)
            now = self._known[best]
            if now.risk is not None and now.risk <= self._accepted:
                larger = [one for one in larger if self._lifts(one, now)]
                better = min(larger, key=self._rank, default=best)
            if not self._helps(self._known[better], now, worth=_worth_doing(now)):
                break
            best = better
        return self._ordered(best, reaches=self._is_fit(best))

    def _learn(self, sets: Sequence[Chosen]) -> None:
        new = [one for one in sets if one not in self._known]
        if new:
            self._known.update(zip(new, self._assess(new), strict=True))

    def _compatible(self, chosen: Chosen) -> bool:
        touched = [self._candidates[one].touches for one in chosen]
        return sum(map(len, touched)) == len(frozenset().union(*touched))

    def _helps(self, after: Assessment, before: Assessment, *, worth: float) -> bool:
        if not after.holding <= before.holding or not after.grave <= before.grave:
            return False
        if after.holding < before.holding:
            return True
        if after.risk is None or before.risk is None:
            return False
        return after.risk <= before.risk - worth

    def _lifts(self, chosen: Chosen, now: Assessment) -> bool:
        return self._known[chosen].holding < now.holding

    def _is_worth(self, after: Assessment, before: Assessment) -> bool:
        return self._helps(after, before, worth=_worth_doing(before))

    def _is_fit(self, chosen: Chosen) -> bool:
        after = self._known[chosen]
        if after.risk is None and self._is_too_risky:
            # That the model has no word on it any more is no reason to send it.
            return False
        return is_fit(after, self._accepted)

    @property
    def _is_too_risky(self) -> bool:
        """Whether the risk of the claim as it is can be told, and is not accepted."""
        risk = self._known[()].risk
        return risk is not None and risk > self._accepted

    def _rank(self, chosen: Chosen) -> tuple[int, float, int]:
        """Lower is better: findings that hold, then risk beyond what is accepted and
        whose work it is; within what is accepted, corrections before lower risks."""
        after = self._known[chosen]
        others = sum(not self._candidates[one].is_correction for one in chosen)
        risk = after.risk
        if risk is None:
            risk = 1.0 if self._is_too_risky else self._accepted
        if risk <= self._accepted:
            return len(after.holding), others - 1.0, int(1e6 * risk)
        return len(after.holding), 1e3 + risk, others

    def _ordered(self, chosen: Chosen, *, reaches: bool) -> FoundSet:
        """The set's fixes by effect: the one that leaves the least comes first."""
        order: Chosen = ()
        after = []
        rest = set(chosen)
        while rest:
            steps = {one: tuple(sorted((*order, one))) for one in rest}
            self._learn(list(steps.values()))
            first = min(steps, key=lambda one: self._rank(steps[one]))
            after.append(self._known[steps[first]])
            order = (*order, first)
            rest.remove(first)
        return FoundSet(chosen=order, after=tuple(after), reaches=reaches)
