"""Features of the denial rates that remittances taught: one per rate table, all causes
put together, and the claim rules that the line breaks."""

from denialml.domain.denial import RootCause
from denialml.modeling.knowledge.history import LineHistory
from denialml.modeling.knowledge.rate_table import RateTable
from denialml.modeling.knowledge.rate_tables import CAUSE_TABLES, RATE_TABLES
from denialml.modeling.risk.cause_topics import TOPIC_OF
from denialml.modeling.risk.feature import Feature, LineInput
from denialml.modeling.risk.sources import (
    ACKNOWLEDGMENTS,
    AUTHORIZATIONS,
    CLAIMS_SENT,
    CLINICIANS,
    CODE_TABLES,
    ELIGIBILITY_CHECKS,
    ENCOUNTERS,
    ENROLLMENTS,
    PAYER_SETTINGS,
    REMITTANCES,
)

_SOURCE = "835"
RULES_TOPIC = "claim rules"
# The claim rules read all that is on file (`sources.HISTORY_KINDS`).
_OF_RULES = (
    CLAIMS_SENT,
    REMITTANCES,
    ACKNOWLEDGMENTS,
    ELIGIBILITY_CHECKS,
    AUTHORIZATIONS,
    ENCOUNTERS,
    ENROLLMENTS,
    CLINICIANS,
    PAYER_SETTINGS,
    CODE_TABLES,
)

# Rates whose evidence the model should weigh: thin in some keys, thick in others.
_WEIGHED = frozenset({"authorization_visit", "diagnosis_code"})

# Tables whose question can fail to arise, and why; all others always have a key.
_NOT_ARISING = "Nothing else is billed for the day."
CAUSE_POSITIONS = tuple(
    position for position, table in enumerate(RATE_TABLES) if table.name in CAUSE_TABLES
)
_CAUSE_TOPICS = tuple((at, RATE_TABLES[at].topic) for at in CAUSE_POSITIONS)


def _by_cause(row: LineInput) -> float:
    """The rate of any denial if each cause struck independently at its own rate, and
    so did what the claim rules find."""
    of_causes = _together(row.history.rates, row.history.rates)
    return with_rules(of_causes, row.history.rule_rates.rate)


def with_rules(of_causes: float, of_rules: float) -> float:
    """A rate by cause joined by that of the rules that a line breaks; NaN: none."""
    if of_rules != of_rules:
        return of_causes
    return 1.0 - (1.0 - of_causes) * (1.0 - of_rules)


def _by_rules(row: LineInput) -> float:
    return row.history.rule_rates.rate


def largest_cause(history: LineHistory) -> str:
    """Which cause has the highest rate, in words."""
    rates, highest = history.rates, -1.0
    position = CAUSE_POSITIONS[0]
    for at in CAUSE_POSITIONS:
        if rates[at] > highest:
            position, highest = at, rates[at]
    of_rules = history.rule_rates
    if of_rules.rate > highest:
        return (
            f"most for what claim rules find on this line, {of_rules.rate:.0%} by"
            f" {of_rules.answers:,} answers"
        )
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

    Topics of `CAUSE_TABLES` and of the causes of broken claim rules, by how far the
    rate lies above (below) its usual one; shares add up to 1. Empty where none does.
    """
    found, total = _excesses(history, raising=raising)
    return {topic: excess / total for topic, excess in found.items()}


def rules_share_of_rate(history: LineHistory) -> float:
    """How much of `rate_by_cause` being high comes of broken claim rules, 0 to 1."""
    _, total = _excesses(history, raising=True)
    of_rules = sum(
        rate - usual for _, rate, usual in history.rule_rates.causes if rate > usual
    )
    return of_rules / total if of_rules else 0.0


def _excesses(history: LineHistory, *, raising: bool) -> tuple[dict[str, float], float]:
    """By topic, how far its rates lie above (below) the usual, and their sum."""
    found: dict[str, float] = {}
    rates, usual = history.rates, history.usual
    for position, topic in _CAUSE_TOPICS:
        excess = rates[position] - usual[position]
        if excess > 0 if raising else excess < 0:
            found[topic] = found.get(topic, 0.0) + excess
    for cause, rate, usual_rate in history.rule_rates.causes:
        excess = rate - usual_rate
        if excess > 0 if raising else excess < 0:
            topic = TOPIC_OF[RootCause(cause)]
            found[topic] = found.get(topic, 0.0) + excess
    return found, sum(found.values())


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
    source="835, claim rules",
    sources=_OF_RULES,
    evidence=lambda history: (0, _together(history.usual, history.rates)),
)
_BY_RULES = Feature(
    name="rate_by_rules",
    topic=RULES_TOPIC,
    unit="rate",
    value=_by_rules,
    says="Of {payer}'s answers on lines that break the same claim rules, about {value}"
    " were denials for what the rules name (answers: {count}, recent ones count more;"
    " usual: {usual})",
    missing="The line breaks no claim rule that the model has learnt from.",
    source="835, claim rules",
    sources=_OF_RULES,
    # As part of `rate_by_cause` it gains more than beside it: on simulated practices
    # 101 to 106 of 6,000 claims trees that also split on it lost 0.0015 of log-loss.
    told_only=True,
    evidence=lambda history: (history.rule_rates.answers, history.rule_rates.usual),
    says_few="Too few answers to say ({count}): of {payer}'s answers on lines that"
    " break the same claim rules, about {value} denials for what the rules name are"
    " assumed, partly from other payers and rules (usual: {usual})",
    says_unproven="None of {payer}'s answers on lines that break the same claim rules"
    " is on file yet: about {value} denials for what the rules name are assumed from"
    " other payers and rules (usual: {usual})",
)


RATE_FEATURES: tuple[Feature, ...] = (
    _BY_CAUSE,
    *(
        feature
        for position, table in enumerate(RATE_TABLES)
        for feature in _rate_features(position, table)
    ),
    _BY_RULES,
)
