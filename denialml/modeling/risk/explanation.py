"""Each contribution of a line's risk, told in billing words.

Every line of every claim tells more than eighty sentences, so that a sentence once
made is kept: by its value and words where it tells a fact, by its words where it tells
a rate. The words are business words; no member, name or note is among them.
"""

import string
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from denialml.domain.risk import Contribution
from denialml.modeling.knowledge.history import LineHistory
from denialml.modeling.risk.evidence_reading import visible_problems
from denialml.modeling.risk.feature import UNKNOWN, Feature, LineInput, Unit
from denialml.modeling.risk.features import FEATURES
from denialml.modeling.risk.rate_features import largest_cause

# Sentences kept of one feature; more than any practice's payers, codes and days need.
_KEPT = 2_000

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


class LineWords(msgspec.Struct, frozen=True, gc=False):
    """What the sentences about one line are filled with."""

    words: dict[str, str]
    history: LineHistory


class FactTeller:
    """Tells one feature that is no rate; made once for each feature."""

    __slots__ = ("_feature", "_kept", "_words_of")

    def __init__(self, feature: Feature) -> None:
        self._feature = feature
        sentences = [feature.says, feature.says_negative, feature.missing]
        sentences += [says for _, says in feature.levels]
        self._words_of = _picker(*sentences)
        self._kept: dict[object, tuple[str, str, str]] = {}

    def tell(self, value: float, share: float, line: LineWords) -> Contribution:
        """One contribution with its sentence, true of the value shown."""
        shown = value if value == value else None
        words_of = self._words_of
        key = shown if words_of is None else (shown, words_of(line.words))
        told = self._kept.get(key)
        if told is None:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            told = self._kept[key] = self._say(shown, line.words)
        return Contribution(
            feature=self._feature.name,
            value=shown,
            value_text=told[0],
            contribution=share,
            sentence=told[1],
            remedy=told[2],
        )

    def _say(
        self, value: float | None, words: Mapping[str, str]
    ) -> tuple[str, str, str]:
        """Value in words, sentence and remedy."""
        feature = self._feature
        if value is None:
            return "not known", feature.missing.format_map(words), ""
        text = value_text(value, feature.unit)
        if value < 0 and feature.says_negative:
            says, said = feature.says_negative, value_text(-value, feature.unit)
        else:
            says, said = dict(feature.levels).get(value, feature.says), text
        remedy = feature.remedy
        if remedy and feature.remedy_when is not None:
            remedy = remedy if feature.remedy_when(value) else ""
        return text, says.format_map({**words, "value": said}), remedy


class RateTeller:
    """Tells one rate: how high, of how many, beside what is usual, and its effect."""

    __slots__ = ("_ends", "_evidence", "_feature", "_kept", "_words_of")

    def __init__(self, feature: Feature) -> None:
        assert feature.evidence is not None
        self._feature = feature
        self._evidence = feature.evidence
        self._words_of = _picker(feature.says, feature.says_unproven)
        self._kept: dict[object, tuple[str, str, str, str, str]] = {}
        self._ends = (UNKNOWN, ("", "", ""))

    def tell(self, value: float, share: float, line: LineWords) -> Contribution:
        """One contribution with its sentence, true of the value shown."""
        feature = self._feature
        if value != value:
            return Contribution(
                feature=feature.name,
                value=None,
                value_text="not known",
                contribution=share,
                sentence=feature.missing,
            )
        words_of = self._words_of
        key = None if words_of is None else words_of(line.words)
        says = self._kept.get(key)
        if says is None:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            says = self._kept[key] = self._say(line.words)
        count, usual = self._evidence(line.history)
        known, ends = self._ends
        if known != usual:
            ends = _ends_with(value_text(usual, "rate"))
            self._ends = (usual, ends)
        text = f"{100 * value:.0f}%" if value >= _WHOLE else f"{100 * value:.1f}%"
        end = ends[0] if share > 0 else ends[1] if share else ends[2]
        if count or not feature.says_unproven:
            counted = f"{count:,}" if says[2] else ""
            sentence = f"{says[0]}{text}{says[1]}{counted}{says[2]}{end}"
        else:
            sentence = f"{says[3]}{text}{says[4]}{end}"
        return Contribution(
            feature=feature.name,
            value=value,
            value_text=text,
            contribution=share,
            sentence=sentence,
        )

    def _say(self, words: Mapping[str, str]) -> tuple[str, str, str, str, str]:
        """The sentences with their words, cut where the numbers come.

        Of `says`: before the value, before the count (or what is usual, and then the
        third is empty), before what is usual; of `says_unproven` the first two.
        """
        before, after = self._feature.says.split("{value}")
        between, _, rest = after.removesuffix("{usual})").partition("{count}")
        unproven = self._feature.says_unproven.removesuffix("{usual})")
        first, _, second = unproven.partition("{value}")
        pieces = (before, between, rest, first, second)
        one, two, three, four, five = (piece.format_map(words) for piece in pieces)
        return one, two, three, four, five


def _ends_with(usual: str) -> tuple[str, str, str]:
    """How a rate's sentence ends where it raises or lowers the risk, or neither."""
    return (
        f"{usual}), which raises the risk.",
        f"{usual}), which lowers the risk.",
        f"{usual}).",
    )


Teller = FactTeller | RateTeller
_NUMBERS = frozenset({"value", "count", "usual"})
# Rates from this one on are shown without decimals.
_WHOLE = 0.1


def teller_of(feature: Feature) -> Teller:
    """The teller for a feature."""
    return FactTeller(feature) if feature.evidence is None else RateTeller(feature)


def _picker(*sentences: str) -> Callable[[Mapping[str, str]], Any] | None:
    """Picks the words that the sentences use, to keep them by; None: they use none."""
    fields = {
        field
        for sentence in sentences
        for _, field, _, _ in string.Formatter().parse(sentence)
        if field
    }
    fields -= _NUMBERS
    return itemgetter(*sorted(fields)) if fields else None


def contributions_of(
    row: LineInput, values: Sequence[float], shares: Sequence[float]
) -> list[Contribution]:
    """All contributions of one line, in the order of `FEATURES`.

    Parameters
    ----------
    row : LineInput
        The line the values were computed from; gives the sentences their words.
    values, shares : sequence of float
        Feature values and SHAP contributions (log-odds), in the order of `FEATURES`.
    """
    words = words_of(row)
    return [
        tell(value, share, words)
        for tell, value, share in zip(_TELL, values, shares, strict=True)
    ]


def largest_first(contributions: Sequence[Contribution]) -> tuple[Contribution, ...]:
    """Sorted by absolute size, ties in the order of `FEATURES`."""
    return tuple(sorted(contributions, key=_size, reverse=True))


def _size(contribution: Contribution) -> float:
    return abs(contribution.contribution)


def value_text(value: float, unit: Unit) -> str:
    """A feature's value in words with its unit: ``12 days``, ``34%``, ``yes``."""
    if unit == "yes_no":
        return "yes" if value else "no"
    if unit == "rate":
        return f"{100 * value:.0f}%" if value >= _WHOLE else f"{100 * value:.1f}%"
    if unit == "dollars":
        return f"${value:,.2f}"
    shown = f"{value:.0f}" if unit == "answers" else f"{value:.1f}".removesuffix(".0")
    names = _PLURALS.get(unit)
    if names is None:
        return shown
    return f"{shown} {names[0] if shown in ('1', '-1') else names[1]}"


def words_of(row: LineInput) -> LineWords:
    """What the sentences about a line are filled with."""
    return LineWords(sentence_words(row), row.history)


def sentence_words(row: LineInput) -> dict[str, str]:
    """What the sentences' placeholders stand for in this line."""
    view, facts, coverage = row.view, row.facts, row.history.coverage
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
        "problems": "; ".join(visible_problems(row).values()) or "none",
        "documented": value_text(facts.documented_minutes or 0, "minutes"),
        "beside": (
            f", and {_listed(view.same_day_families)} is billed for the same day"
            if view.same_day_families
            else ""
        ),
        "patient_record": (
            f"{coverage.denials:,} of the payer's {coverage.answers:,} answers on this"
            " patient so far were denials"
            if coverage.answers
            else "The payer has not answered on this patient yet"
        ),
        "largest_cause": largest_cause(row.history),
        "already_sent": "sent before" if view.already_sent else "sent once",
        "referral": "with a referral" if view.referral else "without a referral",
        "separate_service": (
            "with a modifier for a separate service"
            if view.separate_service
            else "without a modifier for a separate service"
        ),
    }


def _listed(families: str) -> str:
    return families.replace("_", " ").replace("+", " and ")


_TELL = tuple(teller_of(feature).tell for feature in FEATURES)
