"""Each contribution of a line's risk, told in billing words."""

import math
from collections.abc import Mapping, Sequence

from denialml.domain.risk import Contribution
from denialml.modeling.evidence_reading import visible_problems
from denialml.modeling.feature import Feature, LineInput, Unit
from denialml.modeling.features import FEATURES
from denialml.modeling.rate_features import largest_cause

REASONS_SHOWN = 5
# In log-odds: less than this moves a risk of 15% by less than two points.
_WORTH_SAYING = 0.12
# A count of answers says less to a biller than what they were.
_SHARE_OF_COUNTS = 0.25

_AUTHORIZATION_WORDS = {
    "none": "no authorization on file",
    "valid": "a valid authorization on file",
    "not_yet": "an authorization that begins after the service",
    "expired": "an authorization that ended before the service",
    "exhausted": "an authorization without units left",
    "wrong_code": "an authorization for another code",
    "denied": "an authorization that was denied",
}
_MINUTES_WORDS = {
    "untimed": "not needed",
    "no_note": "without a note",
    "missing": "missing",
    "under": "too few",
    "fit": "enough",
    "over": "too many",
}
_PLURALS: Mapping[Unit, tuple[str, str]] = {
    "days": ("day", "days"),
    "visits": ("visit", "visits"),
    "minutes": ("minute", "minutes"),
    "answers": ("answer", "answers"),
    "units": ("unit", "units"),
    "lines": ("service line", "service lines"),
}


def contributions_of(
    row: LineInput, values: Sequence[float], shares: Sequence[float]
) -> tuple[Contribution, ...]:
    """All contributions of one line, largest first.

    Parameters
    ----------
    row : LineInput
        The line the values were computed from; gives the sentences their words.
    values, shares : sequence of float
        Feature values and SHAP contributions (log-odds), in the order of `FEATURES`.
    """
    words = sentence_words(row)
    told = [
        tell(feature, value, share, words)
        for feature, value, share in zip(FEATURES, values, shares, strict=True)
    ]
    told.sort(key=lambda one: -abs(one.contribution))
    return tuple(told)


def tell(
    feature: Feature, value: float, share: float, words: Mapping[str, str]
) -> Contribution:
    """One contribution with its sentence, true of the value shown."""
    if math.isnan(value):
        return Contribution(
            feature=feature.name,
            value=None,
            value_text="not known",
            contribution=share,
            sentence=feature.missing.format_map(words),
        )
    text = value_text(value, feature.unit)
    for level, sentence in feature.levels:
        if level == value:
            says = sentence.format_map(words)
            break
    else:
        says = feature.says.format_map({**words, "value": text})
    needed = feature.remedy_when is None or feature.remedy_when(value)
    return Contribution(
        feature=feature.name,
        value=value,
        value_text=text,
        contribution=share,
        sentence=says,
        remedy=feature.remedy if needed else "",
    )


def value_text(value: float, unit: Unit) -> str:
    """A feature's value in words with its unit: ``12 days``, ``34%``, ``yes``."""
    if unit == "yes_no":
        return "yes" if value else "no"
    if unit == "rate":
        return f"{100 * value:.0f}%" if value >= 0.1 else f"{100 * value:.1f}%"
    if unit == "dollars":
        return f"${value:,.2f}"
    shown = f"{value:.0f}" if unit == "answers" else f"{value:.1f}".removesuffix(".0")
    names = _PLURALS.get(unit)
    if names is None:
        return shown
    return f"{shown} {names[0] if shown in ('1', '-1') else names[1]}"


def sentence_words(row: LineInput) -> dict[str, str]:
    """What the sentences' placeholders stand for in this line."""
    view = row.view
    return {
        "payer": row.claim.payer.name or view.payer,
        "code": view.code or "the code",
        "family": view.family or "such services",
        "authorization": _AUTHORIZATION_WORDS[view.authorization],
        "minutes_fit": _MINUTES_WORDS[view.minutes_fit],
        "session": view.session.replace("/", " ").strip() or "none",
        "place": view.place or "(none)",
        "diagnosis": view.diagnosis or "(none)",
        "same_day": view.same_day.replace("+", ", ") or "nothing",
        "authorization_sent": (
            ", and a number on the claim"
            if view.authorization_sent
            else ", and no number on the claim"
        ),
        "problems": "; ".join(visible_problems(row)) or "none",
        "largest_cause": largest_cause(row.history),
        "already_sent": "sent before" if view.already_sent else "sent once",
        "referral": "with a referral" if view.referral else "without a referral",
        "separate_service": (
            "with a modifier for a separate service"
            if view.separate_service
            else "without a modifier for a separate service"
        ),
        "modifiers": view.modifiers.replace("+", ", ") or "none",
    }


def reasons_of(contributions: Sequence[Contribution]) -> tuple[str, ...]:
    """What raises the risk most, one sentence per matter, most important first.

    Matters (`Feature.topic`) are ordered by all that their features add; of a matter
    that raises the risk, the sentence shown is that of its largest risk-raising
    feature, one with a remedy counting twice.
    """
    together: dict[str, float] = {}
    chosen: dict[str, tuple[float, str]] = {}
    for one in contributions:
        topic = _TOPICS[one.feature]
        together[topic] = together.get(topic, 0.0) + one.contribution
        weight = one.contribution * (2.0 if one.remedy else 1.0)
        if one.feature in _COUNTS:
            weight *= _SHARE_OF_COUNTS
        if weight > chosen.get(topic, (0.0, ""))[0]:
            chosen[topic] = (weight, one.sentence)
    raising = [topic for topic in chosen if together[topic] >= _WORTH_SAYING]
    raising.sort(key=lambda topic: -together[topic])
    return tuple(chosen[topic][1] for topic in raising[:REASONS_SHOWN])


_TOPICS = {feature.name: feature.topic for feature in FEATURES}
_COUNTS = frozenset(feature.name for feature in FEATURES if feature.unit == "answers")
