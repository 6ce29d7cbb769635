"""Which of a line's contributions a biller is shown as reasons, and in what order.

The contributions themselves stay as they are and add up; this only chooses among their
sentences. A reason leads with what can be seen in this claim and its file, before what
payers did with others like it, before how a payer answers in general. A rate that
rests on too few answers to say (`explanation.FEW_ANSWERS`) says so and comes last.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Literal

import msgspec
import numpy as np

from denialml.domain.risk import Contribution
from denialml.modeling.risk.cause_chances import (
    CAUSES,
    LIKELY_SHARE,
    MATTERS,
    cause_chances,
    matter_effects,
)
from denialml.modeling.risk.evidence_reading import visible_problems
from denialml.modeling.risk.explanation import FEW_ANSWERS
from denialml.modeling.risk.feature import Feature, LineInput
from denialml.modeling.risk.features import FEATURES
from denialml.modeling.risk.rate_features import (
    RULES_TOPIC,
    cause_shares_of_rate,
    rules_share_of_rate,
)
from denialml.modeling.risk.review_facts import REVIEW_FACTS

REASONS_SHOWN = 5
COMFORTS_SHOWN = 3
# In log-odds: less than this moves a risk of 15% by less than two points.
WORTH_SAYING = 0.12
# A fact whose matter moves the risk by less waits for the rates of weightier matters.
LEADS_FROM = 0.25
# A rate this close to the usual one is no reason, whatever the model makes of it.
APART = 0.01

ReasonKind = Literal["fact", "history", "general"]
Shares = Sequence[Contribution]


class Reason(msgspec.Struct, frozen=True):
    """One matter (`Feature.topic`) and the sentence that stands for it.

    `weight` is what the matter adds to the line's log-odds; of a rate that is told
    beside the matter's fact, what the rate adds. `kind`: a ``fact`` of this claim and
    its file, the ``history`` of claims like it, or the payer in ``general``. `feature`
    is the one whose sentence it is, or the name of a fact of `review_facts`.
    """

    topic: str
    feature: str
    kind: ReasonKind
    sentence: str
    weight: float


class Reasons(msgspec.Struct, frozen=True):
    """What raises the risk and what lowers it, each in the order to be read."""

    raising: tuple[Reason, ...]
    lowering: tuple[Reason, ...]


def reasons_of(
    row: LineInput,
    values: Sequence[float],
    shares: Shares,
    *,
    effects: Sequence[float] | None = None,
    chances: Sequence[float] | None = None,
) -> Reasons:
    """The reasons of one line; `values` and `shares` in the order of `FEATURES`.

    `effects` and `chances` are the line's `matter_effects` and `cause_chances`, where
    they were worked out before.

    Notes
    -----
    A fact stands for its matter where its value is bad news (`Feature.concern`) and the
    matter as a whole raises the risk: SHAP often gives the credit for a missing
    authorization to the denial rate of claims without one. A rate is a reason for risk
    only where it raises the risk and lies above the usual, and speaks for payment only
    where it lowers the risk and lies below. Of matters denied too rarely to move the
    risk, what payers review by is told after what weighs more (`review_facts`).
    """
    if effects is None:
        effects = _effects_of(shares)
    if chances is None:
        chances = cause_chances(row, effects, probability=1.0)
    weights = matter_weights(row, shares, effects=effects)
    raising: list[tuple[int, Reason]] = []
    lowering: list[tuple[int, Reason]] = []
    for topic, weight in weights.items():
        if weight >= WORTH_SAYING:
            raising += _concerns(_MATTERS[topic], weight, row, values, shares)
        elif weight <= -WORTH_SAYING:
            lowering += _comforts(_MATTERS[topic], weight, row, values, shares)
    least = LIKELY_SHARE * sum(chances)
    raising += _of_rules(row, values, shares)
    likely = {cause for cause, at in _CAUSE_OF.items() if chances[at] >= least}
    raising += _to_review(weights, raising, likely, row, values, shares)
    return Reasons(_in_order(raising), _in_order(lowering))


def matter_weights(
    row: LineInput, shares: Shares, *, effects: Sequence[float] | None = None
) -> dict[str, float]:
    """What each matter adds to the log-odds, by topic; they add up as the shares do.

    `rate_by_cause` is counted with the matters whose causes made that rate high (or
    low), also by broken claim rules, `known_problems` with the matters of the problems
    found.
    """
    if effects is None:
        effects = _effects_of(shares)
    weights = dict(zip(MATTERS, effects, strict=True))
    by_cause = shares[_BY_CAUSE].contribution
    if by_cause:
        of_rate = cause_shares_of_rate(row.history, raising=by_cause > 0)
        _spread(weights, _TOPICS[_BY_CAUSE], by_cause, of_rate)
    problems = shares[_PROBLEMS].contribution
    if problems:
        found = visible_problems(row)
        even = dict.fromkeys(found, 1.0 / max(1, len(found)))
        _spread(weights, _TOPICS[_PROBLEMS], problems, even)
    return weights


def _effects_of(shares: Shares) -> list[float]:
    own = np.array([[share.contribution for share in shares]], dtype=np.float64)
    effects: list[float] = matter_effects(own)[0].tolist()
    return effects


def _spread(
    weights: dict[str, float], topic: str, share: float, parts: dict[str, float]
) -> None:
    """Count a feature's share with other matters than its own, where there are any."""
    if parts:
        weights[topic] -= share
        for other, part in parts.items():
            weights[other] += share * part


class _Matter(msgspec.Struct, frozen=True):
    """The positions in `FEATURES` of one topic's facts and rates."""

    topic: str
    facts: tuple[int, ...]
    circumstances: tuple[int, ...]
    rates: tuple[int, ...]


def _concerns(
    matter: _Matter,
    weight: float,
    row: LineInput,
    values: Sequence[float],
    shares: Shares,
) -> Iterator[tuple[int, Reason]]:
    """What to say of a matter that raises the risk, with the rank of each."""
    fact = _telling_fact(matter, row, values, shares)
    told = [
        at
        for at in matter.circumstances
        if shares[at].contribution >= WORTH_SAYING
        and is_concern(FEATURES[at], values[at], row)
    ]
    thin: list[int] = []
    for at in matter.rates:
        if shares[at].contribution > 0:
            count, usual = _EVIDENCE[at](row.history)
            if values[at] >= usual + APART:
                (thin if _is_thin(at, count) else told).append(at)
    behind = max(told, key=lambda at: shares[at].contribution, default=None)
    if fact is not None:
        rank = 0 if weight >= LEADS_FROM else 1
        yield rank, _reason(matter, shares[fact], "fact", weight)
    if behind is None:
        if fact is None and thin:
            largest = max(thin, key=lambda at: shares[at].contribution)
            yield _LAST, _reason(matter, shares[largest], "history", weight)
        return
    own = shares[behind].contribution
    if matter.topic in _GENERAL:
        yield 3, _reason(matter, shares[behind], "general", weight)
    elif fact is None:
        yield 1, _reason(matter, shares[behind], "history", weight)
    elif own >= WORTH_SAYING:
        yield 2, _reason(matter, shares[behind], "history", own)


def _of_rules(
    row: LineInput, values: Sequence[float], shares: Shares
) -> Iterator[tuple[int, Reason]]:
    """What the payer does with lines that break the same claim rules, told beside the
    matters that `rate_by_cause` is counted with."""
    by_cause = shares[_BY_CAUSE].contribution
    weight = by_cause * rules_share_of_rate(row.history)
    count, usual = _EVIDENCE[_BY_RULES](row.history)
    if weight >= WORTH_SAYING and values[_BY_RULES] >= usual + APART:
        rank = _LAST if _is_thin(_BY_RULES, count) else 2
        yield rank, _reason(_MATTERS[RULES_TOPIC], shares[_BY_RULES], "history", weight)


def _telling_fact(
    matter: _Matter, row: LineInput, values: Sequence[float], shares: Shares
) -> int | None:
    """The matter's fact that is bad news and weighs most, if there is one."""
    best, most = None, -np.inf
    for at in matter.facts:
        if is_concern(FEATURES[at], values[at], row):
            share = shares[at].contribution * (2 if shares[at].remedy else 1)
            if share > most:
                best, most = at, share
    return best


def _to_review(
    weights: dict[str, float],
    told: Sequence[tuple[int, Reason]],
    likely: Collection[str],
    row: LineInput,
    values: Sequence[float],
    shares: Shares,
) -> Iterator[tuple[int, Reason]]:
    """Facts of the rare matters that nothing was said of yet, one for each."""
    facts = {one.topic for _, one in told if one.kind == "fact"}
    for topic in _REVIEWED:
        if topic in facts or topic not in likely or weights[topic] <= -WORTH_SAYING:
            continue
        weight = max(0.0, weights[topic])
        fact = _telling_fact(_MATTERS[topic], row, values, shares)
        if fact is not None:
            yield 1, _reason(_MATTERS[topic], shares[fact], "fact", weight)
            continue
        for name, tells in _REVIEWED[topic]:
            sentence = tells(row)
            if sentence:
                yield 1, Reason(topic, name, "fact", sentence, weight)
                break


def _comforts(
    matter: _Matter,
    weight: float,
    row: LineInput,
    values: Sequence[float],
    shares: Shares,
) -> Iterator[tuple[int, Reason]]:
    """What to say of a matter that lowers the risk, with its rank."""
    good = [
        at
        for at in matter.facts
        if shares[at].contribution < 0
        and values[at] == values[at]
        and not shares[at].remedy
        and not is_concern(FEATURES[at], values[at], row)
    ]
    kind: ReasonKind = "fact"
    if not good:
        for at in matter.rates:
            if shares[at].contribution < 0:
                count, usual = _EVIDENCE[at](row.history)
                if values[at] <= usual - APART and not _is_thin(at, count):
                    good.append(at)
        kind = "general" if matter.topic in _GENERAL else "history"
    if good:
        best = min(good, key=lambda at: shares[at].contribution)
        yield _RANKS[kind], _reason(matter, shares[best], kind, weight)


def is_concern(feature: Feature, value: float, row: LineInput) -> bool:
    """Whether the feature's sentence for this value is bad news about the claim."""
    if value != value:
        return feature.concern_missing
    tells = feature.concern or feature.remedy_when
    if tells is None or not tells(value):
        return False
    return feature.concern_if is None or feature.concern_if(row)


def _is_thin(at: int, count: int) -> bool:
    """Whether a rate of so many answers rests on too few; some do not count theirs."""
    return count < FEW_ANSWERS and bool(FEATURES[at].says_few)


def _reason(
    matter: _Matter, share: Contribution, kind: ReasonKind, weight: float
) -> Reason:
    return Reason(matter.topic, share.feature, kind, share.sentence, weight)


def _in_order(ranked: list[tuple[int, Reason]]) -> tuple[Reason, ...]:
    ranked.sort(key=lambda one: (one[0], -abs(one[1].weight)))
    return tuple(reason for _, reason in ranked)


def _matters() -> dict[str, _Matter]:
    found = {}
    for topic in dict.fromkeys(feature.topic for feature in FEATURES):
        members = [at for at, one in enumerate(FEATURES) if one.topic == topic]
        plain = [
            at
            for at in members
            if FEATURES[at].evidence is None
            and (FEATURES[at].concern or FEATURES[at].remedy_when)
        ]
        found[topic] = _Matter(
            topic,
            tuple(at for at in plain if not FEATURES[at].circumstance),
            tuple(at for at in plain if FEATURES[at].circumstance),
            tuple(at for at in members if FEATURES[at].evidence is not None),
        )
    return found


_EVIDENCE = {
    at: one.evidence for at, one in enumerate(FEATURES) if one.evidence is not None
}
_GENERAL = frozenset({"payer", "patient"})
_LAST = 4
# Topic -> names and functions of its facts; topic -> place of its cause in `CAUSES`.
_REVIEWED = {
    topic: [(one.name, one.tells) for one in REVIEW_FACTS if one.topic == topic]
    for topic in dict.fromkeys(one.topic for one in REVIEW_FACTS)
}
_CAUSE_OF = {one.topic: CAUSES.index(one.cause) for one in REVIEW_FACTS}
_RANKS: dict[ReasonKind, int] = {"fact": 0, "history": 1, "general": 3}
_TOPICS = tuple(feature.topic for feature in FEATURES)
_MATTERS = _matters()
_NAMES = [feature.name for feature in FEATURES]
_BY_CAUSE, _PROBLEMS = _NAMES.index("rate_by_cause"), _NAMES.index("known_problems")
_BY_RULES = _NAMES.index("rate_by_rules")
