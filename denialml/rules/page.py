"""docs/rules.md, made of the rules themselves."""

from collections.abc import Iterable
from itertools import groupby

import msgspec

from denialml.domain.coverage import PayerType
from denialml.domain.missing import MissingRecord
from denialml.rules.measured import MeasuringPolicy
from denialml.rules.not_decided import NOT_DECIDED
from denialml.rules.organization_rules import (
    DecisionPolicy,
    PayerRule,
    RuleSetting,
)
from denialml.rules.payer_policy import PayerPolicy
from denialml.rules.practice_gaps import place_of
from denialml.rules.registry import all_rules
from denialml.rules.rule import (
    COMMERCIAL,
    MEDICAID,
    MEDICARE,
    MEDICARE_AND_ADVANTAGE,
    Rule,
)

_PAYERS = {
    frozenset[PayerType](): "all",
    MEDICARE: "Medicare",
    MEDICARE_AND_ADVANTAGE: "Medicare, Medicare Advantage",
    MEDICAID: "Medicaid",
    COMMERCIAL: "commercial",
}
_HEAD = """# Claim rules

*Made by `denialml rules --page` from the rules themselves; a test compares.*

Before a claim is sent, `denialml score` and `POST /v1/claims/score` judge it by these
rules beside the model. A rule reads the claim and what is on file about it on that day,
and is judged by the rules in force on the date of service. It never guesses: where a
fact is missing the finding's verdict is `cannot_tell` and names the fact.

| severity | what comes of sending the claim as it is |
|---|---|
| `reject` | the front end turns it away (999, 277CA) |
| `hold` | it must not be sent at all, whatever a payer would answer |
| `deny-likely` | the payer adjudicates it and denies |
| `warn` | look before sending |

Support says how sure the rule itself is: `verified` (read in public material),
`partly-verified`, `expertise` (a specialist's knowledge without a page) or `conflict`
(sources disagree). `rests_on_default` in a finding: a setting of the payer is not
written down and a specialist's default stood in for it.

## What a rule cannot tell

A finding with `cannot_tell` says in `missing` which fact is not there, in
`missing_record` where the practice would have it, and in `missing_field` in which
column, or under which key of the organization's file; empty: the whole record is
missing. `practice_keeps` says whose gap that is:

- true: the practice has such records and this one is missing. It is work to do on this
  claim, and stands with it.
- false: by the day the claim is sent no such record is on file, or the column is empty
  in all of them. It says nothing of this claim. Such findings come last, and
  `practice_gaps` of the answer tells each once, with the rules that ask, the number of
  claims and what to send; so do the page and `denialml score`.
- null: no file that denialml reads has a place for it. A person looks it up.

One record is enough to keep the kind, one payer that a setting is written down for to
keep the setting. What cannot be told never changes the decision.
"""
_FILE = """
## How often a rule was right

Many payers do not enforce what the rulebook says. `denialml rules --measure` judges the
claims of a year as on the day each was sent, counts by rule and payer how many of the
lines found were denied, and for the rule's cause, and keeps that beside the
organization's file; a finding then shows the count (`measured`). Where a payer has
mostly paid such lines, ``deny-likely`` becomes ``warn`` (`usual_severity` says what it
was). Findings that reject or hold are never lowered.

## An organization's own file

`rules/ORGANIZATION_ID.toml` in the data directory ([rules_directory](settings.md)).
`denialml rules --check FILE` reads it and names the line of every fault. The service
reads it again when it changes.

```toml
[decision]
hold = ["reject", "hold"]      # findings of these severities hold a claim
precision = 0.9                # and so does a risk flagged at this learnt precision
accepted_risk = 0.15           # fixes are searched for claims above it

[measured]
precision = 0.6                # findings that payers mostly paid become warnings

[rules.BH-108]
enabled = false
[rules.BH-015]
severity = "deny-likely"
reason = "denied 31 of 40 without a check of the day"

[payers.SIM10]
authorization_codes = ["90837"]

[[payer_rules]]
id = "ORG-001"
payers = ["SIM10"]
codes = ["90834", "90837"]
requires_modifiers = ["HO"]
title = "Degree modifier"
statement = "The plan takes psychotherapy with HO only."
fix = "Add HO where the clinician holds a master's degree."
root_cause = "modifier_pos_telehealth"
```

At or below `accepted_risk`, a claim that no finding holds is fit to send; above it, the
smallest set of [fixes](fixes.md) that brings it there is searched for. It holds no
claim: `hold` and `precision` do. Without it the cut-off learnt for `precision` counts,
where there is one, else 0.15.

"""


def rules_page() -> str:
    """The whole page, ending with a line feed."""
    rules = sorted(all_rules().values(), key=lambda rule: (rule.family, rule.id))
    parts = [_HEAD, _places(), f"\n{len(rules)} rules.\n"]
    for family, some in groupby(rules, key=lambda rule: rule.family):
        parts.append(f"\n## {family.replace('_', ' ').capitalize()}\n")
        parts += [_rule(rule) for rule in some]
    parts.append(_not_decided())
    parts.append(_FILE)
    for title, kind in (
        ("`[decision]`", DecisionPolicy),
        ("`[measured]`", MeasuringPolicy),
        ("`[rules.ID]`", RuleSetting),
        ("`[payers.PAYER_ID]`", PayerPolicy),
        ("`[[payer_rules]]`", PayerRule),
    ):
        parts.append(_keys(title, kind))
    return "".join(parts)


def _places() -> str:
    rows = "".join(f"| `{record}` | {place_of(record)} |\n" for record in MissingRecord)
    return f"\n| `missing_record` | where it goes |\n|---|---|\n{rows}"


def _not_decided() -> str:
    rows = "".join(
        f"| {rule_id} | {title} | {missing} |\n"
        for rule_id, (title, missing) in NOT_DECIDED.items()
    )
    return (
        "\n## Not decided yet\n\nRules of the rulebook for which nothing is on file.\n"
        "\n| rule | what it is about | the fact that is missing |\n|---|---|---|\n"
        f"{rows}"
    )


def _rule(rule: Rule) -> str:
    codes = rule.reason_codes + rule.remark_codes
    rows: list[tuple[str, str]] = [
        ("severity", f"`{rule.severity}`"),
        ("payers", _payers(rule.payer_types)),
        ("procedure codes", _few(sorted(rule.codes)) or "all"),
        ("dates of service", _days(rule)),
        ("reads", "; ".join(rule.fields)),
        ("a payer answers", ", ".join(codes) or "nothing: an internal check"),
        ("root cause", f"`{rule.root_cause}`"),
        ("fix", rule.fix),
        ("source", f"{rule.source} ({', '.join((rule.support, *rule.review))})"),
    ]
    told = "".join(f"- {name}: {text}\n" for name, text in rows if text)
    return f"\n### {rule.id} {rule.title}\n\n{rule.statement}\n\n{told}"


def _payers(payer_types: frozenset[PayerType]) -> str:
    return _PAYERS.get(payer_types) or ", ".join(sorted(payer_types))


def _few(codes: list[str]) -> str:
    if len(codes) <= 12:
        return ", ".join(codes)
    return f"{', '.join(codes[:10])} and {len(codes) - 10} more"


def _days(rule: Rule) -> str:
    first = f"from {rule.valid_from}" if rule.valid_from is not None else ""
    last = f"through {rule.valid_to}" if rule.valid_to is not None else ""
    return " ".join(filter(None, (first, last)))


def _keys(title: str, kind: type[msgspec.Struct]) -> str:
    described = " ".join((kind.__doc__ or "").split())
    names: Iterable[str] = kind.__struct_fields__
    listed = ", ".join(f"`{name}`" for name in names)
    return f"### {title}\n\n{described}\n\nKeys: {listed}.\n\n"
