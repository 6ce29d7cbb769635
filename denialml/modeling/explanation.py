"""Each contribution of a line's risk, told in billing words."""

import string
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


class Template:
    """A sentence taken apart once: text and placeholders in turn.

    Filling it is several times quicker than `str.format_map`, and every line of every
    claim fills more than a hundred.
    """

    __slots__ = ("_fields", "_parts")

    def __init__(self, text: str) -> None:
        self._parts: list[str] = []
        self._fields: list[tuple[int, str]] = []
        for literal, field, _, _ in string.Formatter().parse(text):
            self._parts.append(literal)
            if field:
                self._fields.append((len(self._parts), field))
                self._parts.append("")

    def fill(self, words: Mapping[str, str]) -> str:
        """The sentence with its words."""
        parts = self._parts
        if not self._fields:
            return parts[0] if parts else ""
        parts = parts.copy()
        for position, field in self._fields:
            parts[position] = words[field]
        return "".join(parts)


class Teller:
    """Tells one feature's contribution; made once for each feature."""

    __slots__ = ("_feature", "_levels", "_missing", "_negative", "_says")

    def __init__(self, feature: Feature) -> None:
        self._feature = feature
        self._says = Template(feature.says)
        self._negative = Template(feature.says_negative)
        self._missing = Template(feature.missing)
        self._levels = {value: Template(says) for value, says in feature.levels}

    def tell(self, value: float, share: float, words: dict[str, str]) -> Contribution:
        """One contribution with its sentence, true of the value shown.

        Sets `words["value"]`.
        """
        feature = self._feature
        if value != value:
            return Contribution(
                feature=feature.name,
                value=None,
                value_text="not known",
                contribution=share,
                sentence=self._missing.fill(words),
            )
        text = value_text(value, feature.unit)
        if value < 0 and feature.says_negative:
            template = self._negative
            words["value"] = value_text(-value, feature.unit)
        else:
            template = self._levels.get(value, self._says)
            words["value"] = text
        remedy = feature.remedy
        if remedy and feature.remedy_when is not None:
            remedy = remedy if feature.remedy_when(value) else ""
        return Contribution(
            feature=feature.name,
            value=value,
            value_text=text,
            contribution=share,
            sentence=template.fill(words),
            remedy=remedy,
        )


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
        teller.tell(value, share, words)
        for teller, value, share in zip(TELLERS, values, shares, strict=True)
    ]
    told.sort(key=_size, reverse=True)
    return tuple(told)


def _size(contribution: Contribution) -> float:
    return abs(contribution.contribution)


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


TELLERS = tuple(Teller(feature) for feature in FEATURES)
_TOPICS = {feature.name: feature.topic for feature in FEATURES}
_COUNTS = frozenset(feature.name for feature in FEATURES if feature.unit == "answers")
