"""CDS Hooks cards of one scored claim: what a person sees while preparing it."""

import re
import uuid
from typing import Final

import msgspec

from denialml.domain.edit import Decision, EditFinding, Severity
from denialml.domain.record import Judgment
from denialml.domain.risk import RiskScore

SUMMARY_CHARACTERS: Final = 140
REASONS_SHOWN: Final = 5
SOURCE_LABEL: Final = "denialml claim check"
# `critical` is for harm to a patient; a denied claim is about money.
INFO: Final = "info"
WARNING: Final = "warning"
GRAVE: Final = (Severity.REJECT, Severity.HOLD, Severity.DENY_LIKELY)
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~&])")


class CardSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where a card comes from."""

    label: str = SOURCE_LABEL


class Card(Judgment, frozen=True):
    """One card. `detail` is GitHub-flavored Markdown; no card suggests an action."""

    uuid: str
    summary: str
    indicator: str
    source: CardSource
    detail: str


class Cards(Judgment, frozen=True):
    """The answer of a CDS service: the decision first, then each grave finding."""

    cards: tuple[Card, ...]


def cards_of(score: RiskScore, *, unread: int = 0) -> Cards:
    """The cards of one claim; `unread` counts places of it that could not be read."""
    grave = [
        it for it in score.findings if it.verdict == "found" and it.severity in GRAVE
    ]
    cards = [_decision_card(score, grave=len(grave))]
    if unread:
        cards.append(
            _card(
                "Part of the claim could not be read",
                f"Places that were not understood: {unread}. The check may lack what "
                "they say; POST the claim to /v1/claims/score to see each.",
                indicator=WARNING,
            )
        )
    return Cards(cards=(*cards, *(_finding_card(it) for it in grave)))


def _decision_card(score: RiskScore, *, grave: int) -> Card:
    decision = score.decision.decision if score.decision else Decision.PASSES
    risk = (
        "no estimate of its denial risk"
        if score.abstains
        else f"denial risk {score.probability:.0%}"
    )
    said = {
        Decision.HOLD: "Hold this claim",
        Decision.WARN: "Look at this claim before it is sent",
        Decision.PASSES: "Nothing found that speaks against sending",
    }[decision]
    found = f", {grave} grave finding{'s' if grave > 1 else ''}" if grave else ""
    parts = [
        _list("Why", score.decision.reasons if score.decision else ()),
        _list("What raises the risk", score.reasons[:REASONS_SHOWN]),
        _list("Take care", (*score.warnings, score.abstention_reason)),
        f"As of {score.as_of.isoformat()}, model {_escaped(score.model_version)}.",
    ]
    return _card(
        f"{said}: {risk}{found}",
        "\n\n".join(part for part in parts if part),
        indicator=INFO if decision is Decision.PASSES else WARNING,
    )


def _finding_card(finding: EditFinding) -> Card:
    lines = ", ".join(str(number) for number in finding.line_numbers)
    parts = [
        _escaped(finding.statement),
        f"**What to do:** {_escaped(finding.fix)}" if finding.fix else "",
        f"Service line {lines}." if lines else "",
        f"Rule {_escaped(finding.rule_id)}, {finding.severity.value}, support: "
        f"{_escaped(str(finding.support))}.",
    ]
    return _card(
        f"{finding.rule_id}: {finding.title}",
        "\n\n".join(part for part in parts if part),
        indicator=WARNING,
    )


def _card(summary: str, detail: str, *, indicator: str) -> Card:
    plain = " ".join(summary.split())
    if len(plain) > SUMMARY_CHARACTERS:
        plain = plain[: SUMMARY_CHARACTERS - 1].rstrip() + "…"
    return Card(
        uuid=str(uuid.uuid4()),
        summary=plain,
        indicator=indicator,
        source=CardSource(),
        detail=detail,
    )


def _list(title: str, entries: tuple[str, ...]) -> str:
    said = [f"- {_escaped(it)}" for it in entries if it]
    return "\n".join([f"**{title}**", "", *said]) if said else ""


def _escaped(text: str) -> str:
    """Text on one line, in which nothing is markup to whoever draws it."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
