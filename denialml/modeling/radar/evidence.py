"""The sequential test: evidence that a group is denied more since some day.

A bet against "nothing changed". For a start day c and a rise r, each answer to a line
sent on c or later multiplies a stake: a denial by more than 1, any other answer by
1 - r, so that with the earlier rate q the factor is expected to be 1:

    denied  1 + r (1 - q) / q        otherwise  1 - r

That is the likelihood ratio of "a share r of what used to be paid is now denied". The
stakes over all start days of the window, averaged over the rises, add up to M. While
nothing changes M is expected to grow by at most one stake a day (the Shiryaev-Roberts
e-detector: Shin, Ramdas and Rinaldo 2023), so the mean time until M passes h is at
least h days: the thresholds of all groups and reasons together are chosen so that the
sum of 1/h is the allowance. Starts are counted in submission days, because it is
submissions that a new rule meets; answers of the same day to older ones say nothing.
"""

import math

import msgspec
import numpy as np
import numpy.typing as npt

from denialml.modeling.radar.earlier_rates import ANY
from denialml.modeling.radar.payer_book import PayerBook

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]


class Stakes(msgspec.Struct, frozen=True):
    """Log stakes of one stream. `log_stake` has shape (starts,), averaged over rises.

    `days` are the rows' days; `starts` the distinct ones, ascending; `log_evidence` is
    log M; `factors` (rows, rises) are the log factors of each answer and `hits` the
    denials that count, both in the order of `rows`.
    """

    rows: Rows
    days: Ints
    starts: Ints
    log_stake: Floats
    log_evidence: float
    factors: Floats
    hits: npt.NDArray[np.bool_]


def hits_of(book: PayerBook, rows: Rows, *, reason: str) -> npt.NDArray[np.bool_]:
    """Which rows were denied for the reason (`ANY`: for any that can be a rule)."""
    if reason == ANY:
        return book.payer_rule[rows]
    number = book.reasons.index(reason)
    hits: npt.NDArray[np.bool_] = book.reason[rows] == number
    return hits


def place_stakes(
    book: PayerBook,
    rows: Rows,
    *,
    level: int,
    reason: str,
    rises: Floats,
    days: Ints | None = None,
    is_known: bool = False,
) -> Stakes:
    """The stakes on the trials `rows` of one group.

    `days` count the starts, by default days of submission. `is_known`: against what
    was usual before any change, else against what the known changes let expect.
    """
    days = book.submitted[rows] if days is None else days
    hits = hits_of(book, rows, reason=reason)
    tables = (book.expected, book.expected_any)
    if not is_known:
        tables = (book.believed, book.believed_any)
    usual = tables[reason == ANY][:, level]
    odds = book.odds_of(rows, reason=reason)
    factors = _factors(rows, hits, odds=odds, usual=usual, rises=rises)
    starts, position = np.unique(days, return_inverse=True)
    sums = np.empty((len(starts), len(rises)))
    for at in range(len(rises)):
        by_day = np.bincount(position, weights=factors[:, at], minlength=len(starts))
        sums[:, at] = by_day[::-1].cumsum()[::-1]
    log_stake = _log_mean(sums)
    return Stakes(rows, days, starts, log_stake, _log_sum(log_stake), factors, hits)


def highest_evidence(
    book: PayerBook,
    denials: Rows,
    *,
    level: int,
    reason: str,
    rises: Floats,
    starts: int,
) -> float:
    """More than `log_evidence` can be: as if the `denials` were all the answers.

    Cheap to compute; most streams are told from this to be far from an alarm.
    `starts` are the first days looked at.
    """
    hits = np.ones(len(denials), dtype=np.bool_)
    usual = (book.believed_any if reason == ANY else book.believed)[:, level]
    odds = book.odds_of(denials, reason=reason)
    factors = _factors(denials, hits, odds=odds, usual=usual, rises=rises)
    return math.log(starts) + float(factors.sum(axis=0).max())


def evidence_without_one(stakes: Stakes, who: Ints) -> float:
    """Log stake at the likeliest start without whoever speaks most for the change.

    `who` numbers each row's clinician, or patient, in the order of `stakes.rows`.
    """
    since = stakes.days >= stakes.starts[int(np.argmax(stakes.log_stake))]
    factors, who = stakes.factors[since], who[since]
    rise = int(np.argmax(factors.sum(axis=0)))
    said = np.bincount(who, weights=factors[:, rise])
    others = factors[who != int(np.argmax(said))]
    return float(_log_mean(others.sum(axis=0, keepdims=True))[0])


def _factors(
    rows: Rows,
    hits: npt.NDArray[np.bool_],
    *,
    odds: Floats,
    usual: Floats,
    rises: Floats,
) -> Floats:
    """Log factor of each answer under each rise, shape (rows, rises).

    The rise is that of the cohort; on an answer of this age it is r' with odds times
    `odds`, and the earlier rate likewise.
    """
    risen = rises[None, :] * odds[:, None]
    risen /= 1.0 - rises[None, :] + risen
    factors = np.log1p(-risen)
    denied = np.flatnonzero(hits)
    if len(denied):
        earlier = usual[rows[denied]]
        earlier = earlier * odds[denied] / (1 - earlier + earlier * odds[denied])
        share = ((1 - earlier) / earlier)[:, None]
        factors[denied] = np.log1p(risen[denied] * share)
    return factors


def _log_mean(sums: Floats) -> Floats:
    """Logarithm of the mean over the last axis of exp(sums)."""
    highest = sums.max(axis=1)
    mean: Floats = highest + np.log(np.exp(sums - highest[:, None]).mean(axis=1))
    return mean


def _log_sum(values: Floats) -> float:
    if not len(values):
        return -math.inf
    highest = float(values.max())
    return highest + math.log(float(np.exp(values - highest).sum()))
