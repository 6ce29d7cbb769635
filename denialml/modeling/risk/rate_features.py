"""Features of the denial rates that remittances taught: one per rate table."""

from denialml.modeling.knowledge.history import LineHistory
from denialml.modeling.knowledge.rate_table import RateTable
from denialml.modeling.knowledge.rate_tables import CAUSE_TABLES, RATE_TABLES
from denialml.modeling.risk.feature import Feature, LineInput
from denialml.modeling.risk.sources import REMITTANCES

_SOURCE = "835"

# Rates whose evidence the model should weigh: thin in some keys, thick in others.
_WEIGHED = frozenset({"authorization_visit", "diagnosis_code"})

# Tables whose question can fail to arise, and why; all others always have a key.
_NOT_ARISING = "Nothing else is billed for the day."
CAUSE_POSITIONS = tuple(
    position for position, table in enumerate(RATE_TABLES) if table.name in CAUSE_TABLES
)
_CAUSE_TOPICS = tuple((at, RATE_TABLES[at].topic) for at in CAUSE_POSITIONS)


def _by_cause(row: LineInput) -> float:
    """The rate of any denial if each cause struck independently at its own rate."""
    return _together(row.history.rates, row.history.rates)


def largest_cause(history: LineHistory) -> str:
    """Which cause has the highest rate, in words."""
    rates, highest = history.rates, -1.0
    position = CAUSE_POSITIONS[0]
    for at in CAUSE_POSITIONS:
        if rates[at] > highest:
            position, highest = at, rates[at]
    return (
        f"most {RATE_TABLES[position].for_cause}, {rates[position]:.0%} of"
        f" {history.answers[position]:,} answers"
    )


def _together(rates: tuple[float, ...], asked: tuple[float, ...]) -> float:
    """Rate of any denial by the causes' `rates`, of those that `asked` has."""
    paid = 1.0
    for position in CAUSE_POSITIONS:
        if asked[position] == asked[position]:
            paid *= 1.0 - rates[position]
    return 1.0 - paid


def cause_shares_of_rate(history: LineHistory, *, raising: bool) -> dict[str, float]:
    """How much each topic has to do with `rate_by_cause` being high (or low).

    Topics of `CAUSE_TABLES` by how far the cause's rate lies above (below) its usual
    one; shares add up to 1. Empty where no cause does.
    """
    found: dict[str, float] = {}
    rates, usual = history.rates, history.usual
    for position, topic in _CAUSE_TOPICS:
        excess = rates[position] - usual[position]
        if excess > 0 if raising else excess < 0:
            found[topic] = found.get(topic, 0.0) + excess
    total = sum(found.values())
    return {topic: excess / total for topic, excess in found.items()}


def _rate_features(position: int, table: RateTable) -> tuple[Feature, ...]:
    for_cause = f" {table.for_cause}" if table.for_cause else ""
    rate = Feature(
        name=f"rate_{table.name}",
        topic=table.topic,
        unit="rate",
        value=lambda row: row.history.rates[position],
        says=f"Of {table.words}, about {{value}} were denials{for_cause}"
        " (answers: {count}, recent ones count more; usual: {usual})",
        missing=_NOT_ARISING,
        source=_SOURCE,
        sources=(REMITTANCES,),
        evidence=lambda history: (history.answers[position], history.usual[position]),
        says_few=f"Too few answers to say ({{count}}): of {table.words}, about"
        f" {{value}} denials{for_cause} are assumed, partly from wider answers (usual:"
        " {usual})",
        says_unproven=f"None of {table.words} is on file yet: about {{value}} denials"
        f"{for_cause} are assumed from wider answers (usual: {{usual}})",
    )
    if table.name not in _WEIGHED:
        return (rate,)
    weight = Feature(
        name=f"weight_{table.name}",
        topic=table.topic,
        unit="answers",
        value=lambda row: row.history.weights[position],
        says=f"About {{value}} stand behind the rate of {table.words}.",
        missing=_NOT_ARISING,
        source=_SOURCE,
        sources=(REMITTANCES,),
    )
    return (rate, weight)


_BY_CAUSE = Feature(
    name="rate_by_cause",
    topic="payer",
    unit="rate",
    value=_by_cause,
    says="By {payer}'s denial rates for each cause, put together, about {value} of"
    " lines like this are denied ({largest_cause}; usual: {usual})",
    missing="No answers are on file.",
    source=_SOURCE,
    sources=(REMITTANCES,),
    evidence=lambda history: (0, _together(history.usual, history.rates)),
)


RATE_FEATURES: tuple[Feature, ...] = (
    _BY_CAUSE,
    *(
        feature
        for position, table in enumerate(RATE_TABLES)
        for feature in _rate_features(position, table)
    ),
)
