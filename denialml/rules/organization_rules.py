"""An organization's own word on the rules: a TOML file, no code.

    [decision]
    hold = ["reject", "hold"]        # findings of these severities hold the claim
    precision = 0.9                  # so does a risk flagged at this learnt precision

    [measured]
    precision = 0.6                  # findings that payers mostly paid become warnings

    [rules.BH-108]
    enabled = false
    [rules.BH-015]
    severity = "deny-likely"
    reason = "Plan X denied 31 of 40 without a check of the day"

    [payers.SIM10]
    authorization_codes = ["90837"]

    [[payer_rules]]
    id = "ORG-001"
    payers = ["SIM10"]
    codes = ["90834", "90837"]
    requires_modifiers = ["HO"]
    title = "Degree modifier"
    statement = "Plan X takes psychotherapy with HO only."
    fix = "Add HO where the clinician holds a master's degree."
    root_cause = "modifier_pos_telehealth"

docs/rules.md describes every key.
"""

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.errors import RulesRejected
from denialml.rules.measured import NOTHING_MEASURED, MeasuringPolicy, RuleMeasures
from denialml.rules.payer_policy import NOT_CONFIGURED, PayerPolicy

_ID = re.compile(r"ORG-[0-9]{3}\Z")
_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?\Z")
_KEY = re.compile(r"\s*(\"[^\"]+\"|'[^']+'|[A-Za-z0-9_-]+)\s*=")
# msgspec's words for a place: `$.payers[...].x` names no key of a table.
_PLACE = re.compile(r"(?s)(.*) - at `(\$.*)`\Z")


class RuleSetting(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """`[rules.ID]`: whether a rule is asked and how grave it is. `reason` is a note."""

    enabled: bool = True
    severity: Severity | None = None
    reason: str = ""


class DecisionPolicy(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """`[decision]`: when a claim is held, and when it passes with a warning.

    Findings of the severities in `hold` hold it, those in `warn` warn. `precision`: a
    risk at or above the cut-off that the model learnt for it holds the claim too.
    """

    hold: tuple[Severity, ...] = (Severity.REJECT, Severity.HOLD)
    warn: tuple[Severity, ...] = (Severity.DENY_LIKELY, Severity.WARN)
    precision: float | None = None


class PayerRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[payer_rules]]`: a payer's rule, written as what a line must have or not have.

    `payers` are payer ids, empty: all. `codes` are procedure codes, empty: all. A line
    breaks the rule where it lacks one of `requires_modifiers`, carries one of
    `forbids_modifiers`, has another place of service than `places`, more units than
    `units_maximum`, fewer documented minutes than `minutes_minimum`, no authorization
    number though `requires_authorization`, or no diagnosis that begins with one of
    `diagnoses`. `valid_from` and `valid_to` are dates of service.
    """

    id: str
    title: str
    statement: str
    fix: str
    root_cause: RootCause
    severity: Severity = Severity.WARN
    payers: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    requires_modifiers: tuple[str, ...] = ()
    forbids_modifiers: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    units_maximum: int | None = None
    minutes_minimum: int | None = None
    requires_authorization: bool = False
    diagnoses: tuple[str, ...] = ()
    reason_codes: tuple[str, ...] = ()
    remark_codes: tuple[str, ...] = ()
    source: str = ""
    valid_from: date | None = None
    valid_to: date | None = None


class OrganizationRules(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """The whole file. Empty: every rule as it comes, nothing known of any payer."""

    decision: DecisionPolicy = DecisionPolicy()
    measured: MeasuringPolicy = MeasuringPolicy()
    rules: dict[str, RuleSetting] = {}
    payers: dict[str, PayerPolicy] = {}
    payer_rules: tuple[PayerRule, ...] = ()

    def policy_of(self, payer_id: str) -> PayerPolicy:
        """What is written down about the payer."""
        return self.payers.get(payer_id, NOT_CONFIGURED)


AS_THEY_COME = OrganizationRules()
"""No file: every rule at its own severity."""


class PracticeRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a practice's claims are judged with: its own word, and what was measured."""

    written: OrganizationRules = AS_THEY_COME
    measures: RuleMeasures = NOTHING_MEASURED


NO_RULES_OF_ITS_OWN = PracticeRules()
"""Nothing written, nothing measured: every rule as it comes."""


def load_organization_rules(path: Path, *, known: frozenset[str]) -> OrganizationRules:
    """Read and check a rules file; `known` are the ids of the rules there are.

    Raises
    ------
    RulesRejected
        With the line of the first fault, what is wrong and what is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RulesRejected(f"{path.name} is not UTF-8 text") from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesRejected(f"{path.name} is not TOML: {error}") from error
    lines = _Lines(text)
    for table, kind in (("rules", RuleSetting), ("payers", PayerPolicy)):
        for name, values in _tables(document.get(table, {})):
            _converted(values, kind, (table, name), path=path, lines=lines)
    for place, values in enumerate(document.get("payer_rules", ())):
        _converted(values, PayerRule, ("payer_rules", place), path=path, lines=lines)
    found: OrganizationRules = _converted(
        document, OrganizationRules, (), path=path, lines=lines
    )
    _check(found, known, path=path, lines=lines)
    return found


def _tables(found: Any) -> list[tuple[str, Any]]:
    return list(found.items()) if isinstance(found, dict) else []


def _check(
    found: OrganizationRules, known: frozenset[str], *, path: Path, lines: "_Lines"
) -> None:
    for rule_id in found.rules:
        if rule_id not in known:
            raise _fault(
                path,
                lines.of("rules", rule_id),
                f"there is no rule {rule_id}",
                "`denialml rules` lists them",
            )
    seen: set[str] = set()
    for place, rule in enumerate(found.payer_rules):
        line = lines.of("payer_rules", place, "id")
        if not _ID.match(rule.id):
            raise _fault(path, line, f"id {rule.id!r}", "ORG- and three digits")
        if rule.id in seen:
            raise _fault(path, line, f"two payer rules are called {rule.id}", "")
        seen.add(rule.id)
    precision = found.decision.precision
    if precision is not None and not 0.0 < precision < 1.0:
        line = lines.of("decision", "precision")
        raise _fault(path, line, f"precision {precision:g}", "between 0 and 1")


def _converted(
    values: Any, kind: Any, at: tuple[str | int, ...], *, path: Path, lines: "_Lines"
) -> Any:
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        said = _PLACE.match(str(error))
        message, place = (said[1], said[2]) if said else (str(error), "$")
        keys = [key for key in re.findall(r"\.([A-Za-z0-9_-]+)", place) if key]
        if unknown := re.search(r"unknown field `(.+?)`", message):
            keys.append(unknown[1])
        allowed = ""
        if unknown and not at:
            allowed = "decision, measured, rules, payers, payer_rules"
        elif unknown:
            allowed = ", ".join(kind.__struct_fields__)
        raise _fault(path, lines.of(*at, *keys), message, allowed) from error


def _fault(path: Path, line: int, message: str, allowed: str) -> RulesRejected:
    hint = f" (allowed: {allowed})" if allowed else ""
    return RulesRejected(f"{path.name}, line {line}: {message}{hint}")


class _Lines:
    """Where each table and key of a TOML text stands, for error messages."""

    def __init__(self, text: str) -> None:
        self._at: dict[tuple[str | int, ...], int] = {}
        table: tuple[str | int, ...] = ()
        counts: dict[str, int] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            if header := _HEADER.match(line):
                names = [name.strip(" \"'") for name in _split(header[2])]
                table = tuple(names)
                if header[1] == "[[":
                    place = counts.get(names[0], 0)
                    counts[names[0]] = place + 1
                    table = (names[0], place)
                self._at.setdefault(table, number)
            elif key := _KEY.match(line):
                self._at.setdefault((*table, key[1].strip("\"'")), number)

    def of(self, *keys: str | int) -> int:
        """The line of the key, else of the nearest table around it, else 1."""
        for end in range(len(keys), 0, -1):
            if keys[:end] in self._at:
                return self._at[keys[:end]]
        return 1


def _split(header: str) -> list[str]:
    """The parts of `payers."A.B"`: a dot within quotes is none."""
    return re.findall(r"\"[^\"]+\"|'[^']+'|[^.\s]+", header)
