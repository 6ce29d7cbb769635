"""Each contribution of a line's risk, told in billing words.

Every line of every claim tells more than eighty sentences, so that a sentence once
made is kept by its value and by what its words are made of. The words are business
words; no member, name or note is among them.
"""

import string
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from denialml.domain.risk import Contribution
from denialml.modeling.knowledge.history import LineHistory
from denialml.modeling.risk.evidence_reading import visible_problems
from denialml.modeling.risk.feature import Feature, LineInput, Unit
from denialml.modeling.risk.features import FEATURES
from denialml.modeling.risk.rate_features import largest_cause

Floats = Sequence[float]

# Sentences kept of one feature; with more, all are forgotten and made anew.
_KEPT = 1_000
# With fewer answers a rate rests more on the wider rate it is drawn towards than on its
# own answers (`RateTable.prior_weight` is 8 where nothing else is said), and three or
# four denials would have made it high by chance: it is said to rest on too few.
FEW_ANSWERS = 10

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


class LineWords:
    """What the sentences about one line are filled with: `words["payer"]`.

    `made_of` is what the words are made of, in the order of `_WORDS`; the words
    themselves are only made for sentences that were not told before.
    """

    __slots__ = ("history", "made_of")

    def __init__(self, made_of: tuple[Any, ...], history: LineHistory) -> None:
        self.made_of = made_of
        self.history = history

    def __getitem__(self, name: str) -> str:
        return _WORDS[name](self.made_of[_PLACE_OF_WORD[name]])


class _Filling(dict[str, str]):
    """The numbers of a sentence, and the words of its line."""

    def __init__(self, line: LineWords, **numbers: str) -> None:
        super().__init__(numbers)
        self._line = line

    def __missing__(self, name: str) -> str:
        return self._line[name]


class FactTeller:
    """Tells one feature that is no rate; made once for each feature."""

    __slots__ = ("_feature", "_kept", "_name", "_words_of")

    def __init__(self, feature: Feature) -> None:
        self._feature, self._name = feature, feature.name
        sentences = [feature.says, feature.says_negative, feature.missing]
        sentences += [says for _, says in feature.levels]
        self._words_of = _picker(*sentences)
        self._kept: dict[object, tuple[str, str, str]] = {}

    def tell(
        self, values: Floats, shares: Floats, lines: Sequence[LineWords]
    ) -> list[Contribution]:
        """A contribution for each line, its sentence true of the value shown."""
        kept, name, words_of = self._kept, self._name, self._words_of
        found = []
        for value, share, line in zip(values, shares, lines, strict=True):
            shown = value if value == value else None
            key = shown if words_of is None else (shown, words_of(line.made_of))
            told = kept.get(key)
            if told is None:
                if len(kept) >= _KEPT:
                    kept.clear()
                told = kept[key] = self._say(shown, line)
            found.append(
                Contribution(
                    feature=name,
                    value=shown,
                    value_text=told[0],
                    contribution=share,
                    sentence=told[1],
                    remedy=told[2],
                )
            )
        return found

    def _say(self, value: float | None, line: LineWords) -> tuple[str, str, str]:
        """Value in words, sentence and remedy."""
        feature = self._feature
        if value is None:
            return "not known", feature.missing.format_map(_Filling(line)), ""
        text = value_text(value, feature.unit)
        if value < 0 and feature.says_negative:
            says, said = feature.says_negative, value_text(-value, feature.unit)
        else:
            says, said = dict(feature.levels).get(value, feature.says), text
        remedy = feature.remedy
        if remedy and feature.remedy_when is not None:
            remedy = remedy if feature.remedy_when(value) else ""
        return text, says.format_map(_Filling(line, value=said)), remedy


class RateTeller:
    """Tells one rate: how high, of how many, beside what is usual, and its effect."""

    __slots__ = ("_evidence", "_feature", "_kept", "_name", "_words_of")

    def __init__(self, feature: Feature) -> None:
        assert feature.evidence is not None
        self._feature, self._name = feature, feature.name
        self._evidence = feature.evidence
        self._words_of = _picker(feature.says, feature.says_few, feature.says_unproven)
        self._kept: dict[object, tuple[str, str]] = {}

    def tell(
        self, values: Floats, shares: Floats, lines: Sequence[LineWords]
    ) -> list[Contribution]:
        """A contribution for each line, its sentence true of the value shown."""
        kept, name, words_of = self._kept, self._name, self._words_of
        evidence, missing = self._evidence, self._feature.missing
        found = []
        for value, share, line in zip(values, shares, lines, strict=True):
            if value != value:
                found.append(
                    Contribution(
                        feature=name,
                        value=None,
                        value_text="not known",
                        contribution=share,
                        sentence=missing,
                    )
                )
                continue
            words = None if words_of is None else words_of(line.made_of)
            known = evidence(line.history)
            key = (value, known, words)
            told = kept.get(key)
            if told is None:
                if len(kept) >= _KEPT:
                    kept.clear()
                told = kept[key] = self._say(value, *known, line)
            found.append(
                Contribution(
                    feature=name,
                    value=value,
                    value_text=told[0],
                    contribution=share,
                    sentence=told[1] + (_RAISES if share > 0 else _LOWERS)
                    if share
                    else told[1] + ".",
                )
            )
        return found

    def _say(
        self, value: float, count: int, usual: float, line: LineWords
    ) -> tuple[str, str]:
        """The value in words, and the sentence without how it ends."""
        feature = self._feature
        says = feature.says
        if not count and feature.says_unproven:
            says = feature.says_unproven
        elif count < FEW_ANSWERS and feature.says_few:
            says = feature.says_few
        text = value_text(value, "rate")
        filling = _Filling(
            line, value=text, count=f"{count:,}", usual=value_text(usual, "rate")
        )
        return text, says.format_map(filling)


_RAISES, _LOWERS = ", which raises the risk.", ", which lowers the risk."


Teller = FactTeller | RateTeller
_NUMBERS = frozenset({"value", "count", "usual"})
# Rates from this one on are shown without decimals.
_WHOLE = 0.1


def teller_of(feature: Feature) -> Teller:
    """The teller for a feature."""
    return FactTeller(feature) if feature.evidence is None else RateTeller(feature)


def _picker(*sentences: str) -> Callable[[tuple[Any, ...]], Any] | None:
    """Picks what the sentences' words are made of, to keep them by; None: nothing."""
    fields = {
        field
        for sentence in sentences
        for _, field, _, _ in string.Formatter().parse(sentence)
        if field
    }
    places = [at for at, name in enumerate(_WORDS) if name in fields - _NUMBERS]
    return itemgetter(*places) if places else None


def contributions_of(
    row: LineInput, values: Floats, shares: Floats
) -> list[Contribution]:
    """All contributions of one line, in the order of `FEATURES`.

    Parameters
    ----------
    row : LineInput
        The line the values were computed from; gives the sentences their words.
    values, shares : sequence of float
        Feature values and SHAP contributions (log-odds), in the order of `FEATURES`.
    """
    columns = [[value] for value in values], [[share] for share in shares]
    [found] = contributions_of_lines([row], *columns)
    return list(found)


def contributions_of_lines(
    rows: Sequence[LineInput],
    values: Sequence[Floats],
    shares: Sequence[Floats],
) -> list[tuple[Contribution, ...]]:
    """The same of many lines; `values` and `shares` hold a column for each feature."""
    lines = [words_of(row) for row in rows]
    told = [
        tell(column, share, lines)
        for tell, column, share in zip(_TELL, values, shares, strict=True)
    ]
    return list(zip(*told, strict=True))


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
    view, history = row.view, row.history
    coverage = history.coverage
    return LineWords(
        (
            row.claim.payer.name or view.payer,
            view.code,
            view.family,
            view.authorization,
            view.minutes_fit,
            view.session,
            view.place,
            view.diagnosis,
            view.authorization_sent,
            "; ".join(visible_problems(row).values()),
            row.facts.documented_minutes,
            view.same_day_families,
            (coverage.denials, coverage.answers),
            largest_cause(history),
            view.already_sent,
            view.referral,
            view.separate_service,
        ),
        history,
    )


def sentence_words(row: LineInput) -> dict[str, str]:
    """What the sentences' placeholders stand for in this line."""
    words = words_of(row)
    return {name: words[name] for name in _WORDS}


def _listed(families: str) -> str:
    return families.replace("_", " ").replace("+", " and ")


def _patient_record(counts: tuple[int, int]) -> str:
    denials, answers = counts
    if not answers:
        return "The payer has not answered on this patient yet"
    return (
        f"{denials:,} of the payer's {answers:,} answers on this patient so far were"
        " denials"
    )


# How each placeholder is worded, in the order of `words_of`.
_WORDS: Mapping[str, Callable[[Any], str]] = {
    "payer": str,
    "code": lambda code: code or "the code",
    "family": lambda family: family or "such services",
    "authorization": _AUTHORIZATION_WORDS.__getitem__,
    "minutes_fit": _MINUTES_WORDS.__getitem__,
    "session": lambda session: session.replace("/", " ").strip() or "none",
    "place": lambda place: place or "(none)",
    "diagnosis": lambda diagnosis: diagnosis or "(none)",
    "authorization_sent": lambda sent: (
        ", and a number on the claim" if sent else ", and no number on the claim"
    ),
    "problems": lambda problems: problems or "none",
    "documented": lambda minutes: value_text(minutes or 0, "minutes"),
    "beside": lambda families: (
        f", and {_listed(families)} is billed for the same day" if families else ""
    ),
    "patient_record": _patient_record,
    "largest_cause": str,
    "already_sent": lambda sent: "sent before" if sent else "sent once",
    "referral": lambda referral: (
        "with a referral" if referral else "without a referral"
    ),
    "separate_service": lambda separate: (
        "with a modifier for a separate service"
        if separate
        else "without a modifier for a separate service"
    ),
}
_PLACE_OF_WORD = {name: at for at, name in enumerate(_WORDS)}
_TELL = tuple(teller_of(feature).tell for feature in FEATURES)
