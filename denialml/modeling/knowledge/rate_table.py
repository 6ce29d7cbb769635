"""What a table of denial rates is: one question asked of the practice's remittances.

One `RateTable` per question, such as "how often did this payer deny this code with
the authorization in this state?". The tables themselves are in `rate_tables`.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import NamedTuple

import msgspec

from denialml.domain.denial import RootCause
from denialml.modeling.knowledge.line_view import LineView

Word = str | int | bool
# A field of `LineView` by its name, or what a function makes of the view.
Part = str | Callable[[LineView], Word]
Key = Word | tuple[Word, ...]


class RateTable(msgspec.Struct, frozen=True, kw_only=True):
    """One family of decayed, shrunken rates.

    `topic` groups features that speak of the same matter. `words` say which answers it
    is a rate of, with the placeholders of `explanation.sentence_words`; `for_cause`
    which denials it counts.

    `by` are the parts of the view it is kept by; `only_with` names a field without
    which (empty) the question does not arise.
    `parent` names the table whose rate it is drawn towards while evidence is thin,
    empty: the practice's overall rate. `half_life_days`: an answer that old counts
    half; `half_life_answers`, where set, instead: after that many more answers it
    counts half, which follows a changed rule quickly. `prior_weight`: how many answers
    the parent's rate counts for. `causes`: only denials of these root causes count (by
    the share that the codes give them), all denials where empty.
    """

    name: str
    topic: str
    words: str
    for_cause: str = ""
    by: tuple[Part, ...]
    only_with: str = ""
    parent: str = ""
    half_life_days: int = 270
    half_life_answers: int = 0
    prior_weight: float = 8.0
    causes: frozenset[str] = frozenset()


class KeyWords(NamedTuple):
    """What a table is kept by: `by` and `only_with` of `RateTable`."""

    by: tuple[Part, ...]
    only_with: str

    def reader(self) -> Callable[[LineView], Key | None]:
        """What reads the key off a view; None where the question does not arise."""
        read = _words_reader(self.by)
        if not self.only_with:
            return read
        condition = attrgetter(self.only_with)
        return lambda view: read(view) if condition(view) else None


def part_reader(part: Part) -> Callable[[LineView], Word]:
    """What reads one part off a view."""
    return attrgetter(part) if isinstance(part, str) else part


def _words_reader(by: tuple[Part, ...]) -> Callable[[LineView], Key]:
    names = [part for part in by if isinstance(part, str)]
    if len(names) == len(by):
        return attrgetter(*names)  # of one field: its bare value
    parts = tuple(map(part_reader, by))
    return lambda view: tuple(part(view) for part in parts)


AUTHORIZATION = frozenset({RootCause.AUTH_MISSING, RootCause.AUTH_MISMATCH})
COVERAGE = frozenset({RootCause.ELIGIBILITY_COVERAGE})
COORDINATION = frozenset({RootCause.COB_WRONG_PAYER})
PROVIDER = frozenset({RootCause.PROVIDER_ELIGIBILITY, RootCause.NETWORK_REFERRAL})
SESSION = frozenset({RootCause.MODIFIER_POS_TELEHEALTH})
DIAGNOSIS = frozenset({RootCause.DIAGNOSIS_CODING})
TIME = frozenset({RootCause.CODING_TIME_UNITS, RootCause.DOCUMENTATION_INSUFFICIENT})
BENEFIT = frozenset({RootCause.BENEFIT_COVERAGE, RootCause.BENEFIT_LIMIT})
NECESSITY = frozenset({RootCause.MEDICAL_NECESSITY})
SAME_DAY = frozenset({RootCause.BUNDLING_SAME_DAY})
DATA = frozenset({RootCause.CLAIM_DATA_ERROR})
