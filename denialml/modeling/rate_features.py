"""Features of the denial rates that remittances taught: one per rate table."""

from denialml.modeling.feature import Feature, LineInput
from denialml.modeling.history import LineHistory
from denialml.modeling.rate_table import RateTable
from denialml.modeling.rate_tables import CAUSE_TABLES, RATE_TABLES

_SOURCE = "835"
_KNOWN = "remittances received before the submission day"

# Rates whose evidence the model should weigh: thin in some keys, thick in others.
_WEIGHED = frozenset({"authorization_visit", "diagnosis_code"})

# Tables whose question can fail to arise, and why; all others always have a key.
_NOT_ARISING = "Nothing else is billed for the day."
_CAUSE_POSITIONS = tuple(
    position for position, table in enumerate(RATE_TABLES) if table.name in CAUSE_TABLES
)


def _by_cause(row: LineInput) -> float:
    """The rate of any denial if each cause struck independently at its own rate."""
    paid = 1.0
    rates = row.history.rates
    for position in _CAUSE_POSITIONS:
        rate = rates[position]
        if rate == rate:
            paid *= 1.0 - rate
    return 1.0 - paid


def largest_cause(history: LineHistory) -> str:
    """Which cause has the highest rate, in words."""
    rates = history.rates
    position = max(
        _CAUSE_POSITIONS, key=lambda at: rates[at] if rates[at] == rates[at] else -1.0
    )
    return f"most {RATE_TABLES[position].for_cause} ({rates[position]:.0%})"


def _rate_features(position: int, table: RateTable) -> tuple[Feature, ...]:
    for_cause = f" {table.for_cause}" if table.for_cause else ""
    rate = Feature(
        name=f"rate_{table.name}",
        topic=table.topic,
        unit="rate",
        value=lambda row: row.history.rates[position],
        says=f"Of {table.words}, about {{value}} were denials{for_cause}"
        " (recent answers count more).",
        missing=_NOT_ARISING,
        source=_SOURCE,
        known_when=_KNOWN,
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
        known_when=_KNOWN,
    )
    return (rate, weight)


_BY_CAUSE = Feature(
    name="rate_by_cause",
    topic="payer",
    unit="rate",
    value=_by_cause,
    says="Putting together the payer's denial rates for each cause, about {value} of"
    " lines like this were denied; {largest_cause}.",
    missing="No answers are on file.",
    source=_SOURCE,
    known_when=_KNOWN,
)

RATE_FEATURES: tuple[Feature, ...] = (
    _BY_CAUSE,
    *(
        feature
        for position, table in enumerate(RATE_TABLES)
        for feature in _rate_features(position, table)
    ),
)
