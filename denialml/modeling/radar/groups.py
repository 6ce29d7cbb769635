"""The groups of lines that are watched, from wide to narrow.

Another grouping is one more row of `LEVELS`.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from denialml.domain.payer_change import ChangedGroup
from denialml.modeling.radar.answers import LineAnswer


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """One way to group a payer's lines.

    `key` names the group of a line. `share` is the part of the alarm allowance that
    the groups of this level have together, each in proportion to its answers.
    `parent` is the position of the wider level whose rate a thin group is drawn to
    (-1: the rate over all payers).
    """

    name: str
    key: Callable[[LineAnswer], str]
    group: Callable[[LineAnswer], ChangedGroup]
    share: float
    parent: int


def _everything(_: LineAnswer) -> str:
    return ""


def _modifiers(answer: LineAnswer) -> tuple[str, ...]:
    named = answer.session.partition("/")[2]
    return tuple(named.split("+")) if named else ()


def _place(answer: LineAnswer) -> str:
    return answer.session.partition("/")[0]


LEVELS: Final[tuple[Level, ...]] = (
    Level(
        name="payer",
        key=_everything,
        group=lambda answer: ChangedGroup(payer_id=answer.payer),
        share=0.2,
        parent=-1,
    ),
    Level(
        name="code",
        key=lambda answer: answer.code,
        group=lambda answer: ChangedGroup(
            payer_id=answer.payer, procedure_code=answer.code
        ),
        share=0.3,
        parent=0,
    ),
    Level(
        name="code and session",
        key=lambda answer: f"{answer.code} {answer.session}",
        group=lambda answer: ChangedGroup(
            payer_id=answer.payer,
            procedure_code=answer.code,
            place_of_service=_place(answer),
            modifiers=_modifiers(answer),
        ),
        share=0.2,
        parent=1,
    ),
    Level(
        name="session",
        key=lambda answer: answer.session,
        group=lambda answer: ChangedGroup(
            payer_id=answer.payer,
            place_of_service=_place(answer),
            modifiers=_modifiers(answer),
        ),
        share=0.15,
        parent=0,
    ),
    Level(
        name="diagnosis",
        key=lambda answer: answer.diagnosis,
        group=lambda answer: ChangedGroup(
            payer_id=answer.payer, diagnosis_category=answer.diagnosis
        ),
        share=0.15,
        parent=0,
    ),
)
# The narrowest level: what a line's own earlier rate is looked up by, so that a
# change in the mix of codes or places raises no wider group's rate.
CELL: Final = 2
