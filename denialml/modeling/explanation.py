"""Each contribution of a line's risk, told in billing words."""

import math
from collections.abc import Mapping, Sequence

from denialml.domain.risk import Contribution
from denialml.modeling.feature import Feature, LineInput, Unit
from denialml.modeling.features import FEATURES

REASONS_SHOWN = 5

_AUTHORIZATION_WORDS = {
    "none": "missing",
    "valid": "valid",
    "not_yet": "not yet begun",
    "expired": "expired",
    "exhausted": "used up",
    "wrong_code": "for another code",
    "denied": "denied",
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
    shown = f"{value:.0f}" if unit == "answers" else f"{value:g}"
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
            " and its number on the claim"
            if view.authorization_sent
            else " and no number on the claim"
        ),
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
    """The sentences of what raises the risk most, most important first."""
    raising = [one for one in contributions if one.contribution > 0]
    return tuple(one.sentence for one in raising[:REASONS_SHOWN])
