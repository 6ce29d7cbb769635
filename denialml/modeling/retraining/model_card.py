"""The model card of a training run: the 31 source attributes and what was measured."""

from collections.abc import Sequence

import msgspec

from denialml.modeling.retraining.card_answers import (
    STANDING_ANSWERS,
    measured_answers,
    not_assessed,
    shown,
)
from denialml.modeling.retraining.drift import DriftReport
from denialml.modeling.retraining.judged import Judged
from denialml.modeling.retraining.measured import (
    CalibrationBin,
    GroupMeasures,
    Measured,
)
from denialml.modeling.retraining.run_report import RunReport
from denialml.modeling.retraining.source_attributes import (
    AnsweredAttribute,
    answer_attributes,
)
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.specification import Evaluation

CARD_JSON, CARD_MARKDOWN = "model_card.json", "model_card.md"
_FEATURES_SHOWN = 15


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """What travels with a bundle. Measures are of the window, by the stand-in; empty
    where too few answers are there to judge on, which `window` then says.

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
    judged = report.judged
    return ModelCard(
        model=bundle.version,
        trained_as_of=bundle.facts.training.trained_as_of,
        kind=_kind(bundle),
        data=(
            "Simulated claims: nothing here was measured on real ones."
            if report.is_simulated
            else "The practice's own claims and remittances."
        ),
        window=_window(judged) if judged else report.not_judged,
        source_attributes=answer_attributes(
            STANDING_ANSWERS | measured_answers(bundle, report), not_assessed(report)
        ),
        overall=judged.overall if judged else {},
        table=judged.table if judged else {},
        payers=judged.payers if judged else (),
        subgroups=judged.subgroups if judged else {},
    )


def _window(judged: Judged) -> str:
    return (
        f"{judged.window_lines:,} answered lines ({judged.window_denied:,} denied)"
        f" submitted from {judged.window_first} to {judged.window_last}, by a model of"
        f" the same specification that knew only answers from before"
        f" {judged.window_first}"
    )


def _kind(bundle: Bundle) -> str:
    facts = bundle.facts
    said = (
        "what claim rules find on a line takes part"
        if bundle.with_rules
        else "what claim rules find takes no part: there are answers enough without"
    )
    if facts.kind == "trees":
        return (
            f"{facts.training.trees} boosted trees on {len(facts.features)} features;"
            f" {said}"
        )
    return f"{facts.kind} ({facts.training.kind_reason}); {said}"


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
    ]
    if report.judged is not None:
        parts += _judged_parts(card, report.judged, report.specification.evaluation)
    else:
        parts += ["## Measures", f"Not measured: {report.not_judged}."]
    parts += ["## Leak report", _leaks(report)]
    if report.drift_since is not None:
        parts += ["## Drift since the champion", _drift(report.drift_since)]
    parts.append("## Source attributes, 45 CFR 170.315(b)(11)(iv)(B)")
    group = ""
    for each in card.source_attributes:
        if each.group != group:
            group = each.group
            parts.append(f"### {group}")
        said = each.answer if each.assessed else f"Not assessed: {each.answer}"
        parts.append(f"**{each.number} {each.question}.** {said}")
    return "\n\n".join(parts) + "\n"


def _judged_parts(card: ModelCard, judged: Judged, assumed: Evaluation) -> list[str]:
    parts = [
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
    return [
        *parts,
        "## Calibration",
        _calibration_table(judged),
        "## Dollars against review capacity",
        _decisions_note(assumed),
        _decisions_table(judged),
        "## Features that weigh most",
        _table(
            ("feature", "mean contribution (log-odds)", "share"),
            [
                (one.feature, f"{one.mean_contribution:.3f}", f"{one.share:.1%}")
                for one in judged.features[:_FEATURES_SHOWN]
            ],
        ),
    ]


def _drift(drift: DriftReport) -> str:
    moved = [one for one in drift.features if one.drift.moved]
    said = [drift.proposal]
    if moved:
        rows = [
            (
                one.feature,
                f"{one.drift.distance:.2f}",
                f"{one.drift.allowed:.2f}",
                f"{one.share:.1%}",
            )
            for one in moved
        ]
        said.append(_table(("moved feature", "distance", "allowed", "share"), rows))
    return "\n\n".join(said)


def _calibration_table(judged: Judged) -> str:
    return _table(
        ("lines", "mean risk", "denied", "95% interval"),
        [
            (
                f"{one.lines:,}",
                f"{one.mean_risk:.3f}",
                f"{one.denial_rate:.3f}",
                _range(one),
            )
            for one in judged.calibration
        ],
    )


def _decisions_table(judged: Judged) -> str:
    rows = []
    for one in judged.decisions:
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


def _range(one: CalibrationBin) -> str:
    if one.low is None or one.high is None:
        return "not drawn"
    return f"{one.low:.3f} to {one.high:.3f}"


def _decisions_note(assumed: Evaluation) -> str:
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
    canary = f"The shuffled-outcome canary was {leaks.canary_not_assessed}"
    if leaks.canary is not None:
        canary = (
            f"On shuffled outcomes AUC was {leaks.canary.auc:.3f} (allowed 0.5 within"
            f" {leaks.canary_allowed:.3f})"
        )
    return (
        f"No alarm. {canary}; {leaks.replay.rows} sampled rows were rebuilt from the"
        f" records of their day and came out equal; {leaks.features_checked} features"
        " were held to their declared sources."
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


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    drawn = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in drawn)
