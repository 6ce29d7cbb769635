"""What a feature is: a number with a unit, a sentence and the records it is made of."""

from collections.abc import Callable
from typing import Literal

import msgspec

from denialml.domain.claim import Claim, ServiceLine
from denialml.domain.facts import LineFacts
from denialml.modeling.knowledge.history import LineHistory
from denialml.modeling.knowledge.line_view import LineView
from denialml.modeling.risk.sources import Source

Unit = Literal[
    "yes_no",
    "days",
    "visits",
    "minutes",
    "rate",
    "answers",
    "units",
    "dollars",
    "lines",
    "codes",
    "state",
    "month",
]
UNKNOWN = float("nan")


class LineInput(msgspec.Struct, frozen=True, gc=False):
    """Everything a feature may look at. Grain: claim line x as-of day."""

    claim: Claim
    line: ServiceLine
    facts: LineFacts
    view: LineView
    history: LineHistory


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One column of the model. NaN means not known or not applicable.

    `says` is the sentence for a value, with ``{value}`` (the number in words) and the
    fields of `LineView`; `levels` are sentences for single values (flags, states) and
    win over it; `says_negative` is for values below zero and gets them without the
    sign; `missing` is the sentence for NaN. Each must be true of the value it
    is shown with. `remedy` is what lowers the risk it speaks of, empty where nothing
    legal does, and shown only when `remedy_when` holds of the value.

    `concern` tells whether a value (never NaN) is bad news, so that its sentence may
    stand as a reason for a denial; where it is None, `remedy_when` tells. A feature
    with neither is never a reason. `concern_if`: only of lines of which this holds.
    `concern_missing`: NaN is bad news. `circumstance`: true, but nothing to act on.

    `sources` are the kinds of record it is made of and when each becomes known: it is
    handed nothing else (`contract`). `source` names the same in the words of the
    field (X12 elements, files) for the reader.

    `told_only`: trees never split on it; it is there to be told, and what it says
    reaches the model by another feature.

    `evidence` makes it a rate: how many answers stand behind it and what the rate
    usually is; it is bad news when higher. Its `says` names ``{value}``, then if at all
    ``{count}``, ends with ``{usual})`` and is followed by whether the rate raises or
    lowers the risk; `says_few` is its sentence where the answers are too few to say
    (`explanation.FEW_ANSWERS`), `says_unproven` without any.
    """

    name: str
    topic: str
    unit: Unit
    value: Callable[[LineInput], float]
    says: str
    missing: str
    source: str
    sources: tuple[Source, ...]
    says_negative: str = ""
    levels: tuple[tuple[float, str], ...] = ()
    remedy: str = ""
    remedy_when: Callable[[float], bool] | None = None
    concern: Callable[[float], bool] | None = None
    concern_if: Callable[[LineInput], bool] | None = None
    concern_missing: bool = False
    circumstance: bool = False
    told_only: bool = False
    evidence: Callable[[LineHistory], tuple[int, float]] | None = None
    says_few: str = ""
    says_unproven: str = ""


def number(value: float | int | None) -> float:
    """The value as a float, NaN for None."""
    return UNKNOWN if value is None else float(value)


def flag(value: bool | None) -> float:
    """1 for yes, 0 for no, NaN for not known."""
    return UNKNOWN if value is None else float(value)


def yes_no(no: str, yes: str) -> tuple[tuple[float, str], ...]:
    """The two sentences of a flag."""
    return ((0.0, no), (1.0, yes))
