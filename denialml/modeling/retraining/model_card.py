"""The model card of a training run: the 31 source attributes and what was measured."""

import msgspec

from denialml.modeling.retraining.card_answers import (
    NOT_ASSESSED,
    STANDING_ANSWERS,
    measured_answers,
    shown,
)
from denialml.modeling.retraining.measured import GroupMeasures, Measured
from denialml.modeling.retraining.run_report import RunReport
from denialml.modeling.retraining.source_attributes import (
    AnsweredAttribute,
    answer_attributes,
)
from denialml.modeling.risk.bundle import Bundle

CARD_JSON, CARD_MARKDOWN = "model_card.json", "model_card.md"
_FEATURES_SHOWN = 15


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """What travels with a bundle. Measures are of the window, by the stand-in.

    `kind` says what is served: trees, or something simpler where history is thin.
    """

    model: str
    trained_as_of: str
    kind: str
    data: str
    window: str
    source_attributes: tuple[AnsweredAttribute, ...]
    overall: dict[str, Measured]
    table: dict[str, Measured]
    payers: tuple[GroupMeasures, ...]
    subgroups: dict[str, tuple[GroupMeasures, ...]]


def make_card(bundle: Bundle, report: RunReport) -> ModelCard:
    """The card of a bundle, every attribute answered or not assessed with a reason."""
    lines, denied = report.window_lines, report.window_denied
    return ModelCard(
        model=bundle.version,
        trained_as_of=bundle.facts.training.trained_as_of,
        kind=_kind(bundle),
        data=(
            "Simulated claims: nothing here was measured on real ones."
            if report.is_simulated
            else "The practice's own claims and remittances."
        ),
        window=(
            f"{lines:,} answered lines ({denied:,} denied) submitted from"
            f" {report.window_first} to {report.window_last}, judged by a model of the"
            f" same specification that knew only answers from before"
            f" {report.window_first}"
        ),
        source_attributes=answer_attributes(
            STANDING_ANSWERS | measured_answers(bundle, report), NOT_ASSESSED
        ),
        overall=report.overall,
        table=report.table,
        payers=report.payers,
        subgroups=report.subgroups,
    )


def _kind(bundle: Bundle) -> str:
    facts = bundle.facts
    if facts.kind == "trees":
        return f"{facts.training.trees} boosted trees on {len(facts.features)} features"
    return f"{facts.kind} ({facts.training.kind_reason})"


def card_documents(card: ModelCard, report: RunReport) -> dict[str, bytes]:
    """The card as JSON and as Markdown, by file name."""
    return {
        CARD_JSON: msgspec.json.format(msgspec.json.encode(card), indent=1),
        CARD_MARKDOWN: draw_card(card, report).encode(),
    }


def read_card(content: bytes) -> ModelCard:
    """A card from its JSON.

    Raises
    ------
    msgspec.DecodeError
        If it is none.
    """
    return msgspec.json.decode(content, type=ModelCard)


def draw_card(card: ModelCard, report: RunReport) -> str:
    """The card as Markdown."""
    parts = [
        f"# Model card: {card.model}",
        f"{card.data} Trained on answers received before {card.trained_as_of}."
        f" {card.kind}.",
        f"Measured on {card.window}. Brackets are 95% bootstrap intervals over"
        " patients.",
        "## Measures",
        _measures_table([("model", card.overall), ("payer x code table", card.table)]),
        "## By payer",
        "Payers are named by a pseudonym that only the organization can resolve"
        " (`denialml pseudonyms`). Groups of few patients are left out.",
        _groups_table("payer", card.payers),
    ]
    for name, groups in card.subgroups.items():
        parts += [f"## By {name}", _groups_table(name, groups)]
    parts += [
        "## Calibration",
        _calibration_table(report),
        "## Dollars against review capacity",
        _decisions_note(report),
        _decisions_table(report),
        "## Leak report",
        _leaks(report),
        "## Features that weigh most",
        _table(
            ("feature", "mean contribution (log-odds)", "share"),
            [
                (one.feature, f"{one.mean_contribution:.3f}", f"{one.share:.1%}")
                for one in report.features[:_FEATURES_SHOWN]
            ],
        ),
        "## Source attributes, 45 CFR 170.315(b)(11)(iv)(B)",
    ]
    group = ""
    for each in card.source_attributes:
        if each.group != group:
            group = each.group
            parts.append(f"### {group}")
        said = each.answer if each.assessed else f"Not assessed: {each.answer}"
        parts.append(f"**{each.number} {each.question}.** {said}")
    return "\n\n".join(parts) + "\n"


def _calibration_table(report: RunReport) -> str:
    return _table(
        ("lines", "mean risk", "denied", "standard error"),
        [
            (
                f"{one.lines:,}",
                f"{one.mean_risk:.3f}",
                f"{one.denial_rate:.3f}",
                f"{one.standard_error:.3f}",
            )
            for one in report.calibration
        ],
    )


def _decisions_table(report: RunReport) -> str:
    rows = []
    for one in report.decisions:
        dollars = (
            one.found_dollars,
            one.table_dollars,
            one.random_dollars,
            one.best_dollars,
            one.saved_dollars,
        )
        rows.append(
            (
                f"{one.capacity:.0%}",
                f"{one.claims:,}",
                *(f"{each:,.0f}" for each in dollars),
            )
        )
    head = ("reviewed", "claims", "found", "table", "by chance", "best", "saved")
    return _table(head, rows)


def _decisions_note(report: RunReport) -> str:
    assumed = report.specification.evaluation
    return (
        "Denied lines among the reviewed claims at their usual payment, in dollars;"
        " claims by expected loss. Saved assumes that a review prevents"
        f" {assumed.preventable_share:.0%} of the denials it finds and costs"
        f" ${assumed.review_dollars:,.2f} a claim: assumptions, not measurements."
    )


def _leaks(report: RunReport) -> str:
    leaks = report.leaks
    if leaks.alarms:
        return "\n".join(f"- {alarm}" for alarm in leaks.alarms)
    return (
        f"No alarm. On shuffled outcomes AUC was {leaks.canary.auc:.3f} (allowed 0.5"
        f" within {leaks.canary_allowed:.3f}); {leaks.replay.rows} sampled rows were"
        " rebuilt from the records of their day and came out equal;"
        f" {leaks.features_checked} features were held to their declared sources."
    )


_SHOWN = ("log_loss", "auc", "average_precision", "calibration_error", "denial_rate")


def _measures_table(rows: list[tuple[str, dict[str, Measured]]]) -> str:
    return _table(
        ("", *(name.replace("_", " ") for name in _SHOWN)),
        [(name, *_shown(measures)) for name, measures in rows],
    )


def _groups_table(name: str, groups: tuple[GroupMeasures, ...]) -> str:
    return _table(
        (name, "lines", *(each.replace("_", " ") for each in _SHOWN)),
        [(one.group, f"{one.lines:,}", *_shown(one.measures)) for one in groups],
    )


def _shown(measures: dict[str, Measured]) -> list[str]:
    found = []
    for name in _SHOWN:
        one = measures.get(name)
        found.append(shown(one) if one is not None else "one outcome")
    return found


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    drawn = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in drawn)
