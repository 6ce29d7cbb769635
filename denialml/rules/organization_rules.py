"""An organization's own word on the rules: a TOML file, no code.

docs/rules.md describes every key.
"""

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.errors import RulesRejected
from denialml.rules.measured import NOTHING_MEASURED, MeasuringPolicy, RuleMeasures
from denialml.rules.payer_policy import NOT_CONFIGURED, PayerPolicy
from denialml.rules.payer_values import MODIFIER, PROCEDURE_CODE, faults_of_policy

_ID = re.compile(r"ORG-[0-9]{3}\Z")
_HEADER = re.compile(r"(\[\[?)([^\[\]]+)\]")
_KEY = re.compile(r"(\"[^\"]+\"|'[^']+'|[A-Za-z0-9_-]+)\s*=")
# The parts of `payers."A.B"`: a dot within quotes is none.
_PART = re.compile(r"\"[^\"]+\"|'[^']+'|[^.\s]+")
_LONGEST_BYTES = 256_000
_FAULTS_TOLD = 20
# How claims carry what a payer rule compares with.
_FORMS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("codes", *PROCEDURE_CODE),
    ("requires_modifiers", *MODIFIER),
    ("forbids_modifiers", *MODIFIER),
    ("places", re.compile(r"[0-9]{2}\Z"), "two digits"),
    ("diagnoses", re.compile(r"[A-Z][A-Z0-9]{0,6}\Z"), "a code without its dot"),
    ("payers", re.compile(r"\S.*\S\Z|\S\Z"), "a payer id"),
)
_CONDITIONS = (
    *("requires_modifiers", "forbids_modifiers", "places", "units_maximum"),
    *("minutes_minimum", "requires_authorization", "diagnoses"),
)
_ALLOWED = {
    **dict.fromkeys(("severity", "hold", "warn"), ", ".join(Severity)),
    "root_cause": ", ".join(RootCause),
}
# msgspec's words for a place within a value: its key's line is told instead.
_PLACE = re.compile(r"(?s) - at `\$.*`\Z")


class _Fault(NamedTuple):
    """One thing that is wrong: its line, what it is, and what may stand there."""

    line: int
    message: str
    allowed: str


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
    `accepted_risk`: at or below it a claim is fit to send; fixes are searched for
    claims above it. None: the cut-off of `precision` where there is one, else 0.15.
    """

    hold: tuple[Severity, ...] = (Severity.REJECT, Severity.HOLD)
    warn: tuple[Severity, ...] = (Severity.DENY_LIKELY, Severity.WARN)
    precision: float | None = None
    accepted_risk: float | None = None


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

    def written_of_any_payer(self) -> frozenset[str]:
        """The keys that are written down about one payer at least."""
        return frozenset(
            key
            for policy in self.payers.values()
            for key in PayerPolicy.__struct_fields__
            if getattr(policy, key) is not None
        )


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
        With the line of every fault, what is wrong and what is allowed.
    """
    text = _text_of(path)
    try:
        document = tomllib.loads(text)
    # tomllib raises plain ValueError for numbers of thousands of digits.
    except (ValueError, RecursionError) as error:
        raise RulesRejected(f"{path.name} is not TOML: {error}") from error
    reading = _Reading(_Lines(text), known)
    found = reading.rules_of(document)
    if reading.faults:
        raise RulesRejected(_told(path, reading.faults))
    return found


def _told(path: Path, faults: list[_Fault]) -> str:
    """A line for each fault, in the order of the file."""
    said = []
    for line, message, allowed in sorted(faults)[:_FAULTS_TOLD]:
        hint = f" (allowed: {allowed})" if allowed else ""
        said.append(f"{path.name}, line {line}: {message}{hint}")
    if len(faults) > _FAULTS_TOLD:
        said.append(f"and {len(faults) - _FAULTS_TOLD:,} more")
    return "\n".join(said)


def _text_of(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RulesRejected(f"{path.name} cannot be read: {error.strerror}") from error
    if len(content) > _LONGEST_BYTES:
        raise RulesRejected(f"{path.name} is longer than {_LONGEST_BYTES:,} bytes")
    try:
        # Windows' editor puts a mark before the first line.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RulesRejected(f"{path.name} is not UTF-8 text") from error


class _Reading:
    """One pass over a file: what could be read of it, and every fault."""

    def __init__(self, lines: "_Lines", known: frozenset[str]) -> None:
        self._lines = lines
        self._known = known
        self.faults: list[_Fault] = []

    def rules_of(self, document: dict[str, Any]) -> OrganizationRules:
        """What the file says; without the values that have a fault."""
        self._kept(document, OrganizationRules, (), each=False)
        payer_rules = document.get("payer_rules", [])
        if not isinstance(payer_rules, list):
            self._value(payer_rules, list, ("payer_rules",))
            payer_rules = []
        placed = [
            (place, self._table(values, PayerRule, ("payer_rules", place)))
            for place, values in enumerate(payer_rules)
        ]
        found = OrganizationRules(
            decision=self._table(
                document.get("decision", {}), DecisionPolicy, ("decision",)
            )
            or DecisionPolicy(),
            measured=self._table(
                document.get("measured", {}), MeasuringPolicy, ("measured",)
            )
            or MeasuringPolicy(),
            rules=self._tables(document, "rules", RuleSetting),
            payers=self._tables(document, "payers", PayerPolicy),
            payer_rules=tuple(rule for _, rule in placed if rule is not None),
        )
        self._check_settings(found)
        self._check_payer_rules([(at, rule) for at, rule in placed if rule is not None])
        return found

    def _tables(
        self, document: dict[str, Any], table: str, kind: Any
    ) -> dict[str, Any]:
        written = document.get(table, {})
        if not isinstance(written, dict):
            self._value(written, dict, (table,))
            return {}
        read = {
            name: self._table(values, kind, (table, name))
            for name, values in written.items()
        }
        return {name: one for name, one in read.items() if one is not None}

    def _table(self, values: Any, kind: Any, at: tuple[str | int, ...]) -> Any:
        """The table without its faulty values; None where it cannot do without."""
        if not isinstance(values, dict):
            self._value(values, dict, at)
            return None
        kept = self._kept(values, kind, at)
        missing = [
            field.name
            for field in msgspec.structs.fields(kind)
            if field.required and field.name not in values
        ]
        for name in missing:
            self._tell(at, f"Object missing required field `{name}`")
        try:
            return msgspec.convert(kept, kind)
        except msgspec.ValidationError:
            # A required value is missing or has a fault, which was told.
            return None

    def _kept(
        self,
        values: dict[str, Any],
        kind: Any,
        at: tuple[str | int, ...],
        *,
        each: bool = True,
    ) -> dict[str, Any]:
        """The values that can stand there; not looked at one by one without `each`."""
        types = {field.name: field.type for field in msgspec.structs.fields(kind)}
        kept = {}
        for key, value in values.items():
            if key not in types:
                allowed = ", ".join(types)
                self._tell(
                    (*at, key), f"Object contains unknown field `{key}`", allowed
                )
            elif each and self._value(value, types[key], (*at, key)):
                kept[key] = value
        return kept

    def _value(self, value: Any, kind: Any, at: tuple[str | int, ...]) -> bool:
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            allowed = _ALLOWED.get(str(at[-1]), "")
            self._tell(at, _PLACE.sub("", str(error)), allowed)
            return False
        return True

    def _check_settings(self, found: OrganizationRules) -> None:
        for rule_id in found.rules:
            if rule_id not in self._known:
                message = f"there is no rule {rule_id}"
                self._tell(("rules", rule_id), message, "`denialml rules` lists them")
        for payer_id, policy in found.payers.items():
            for fault in faults_of_policy(policy):
                at = ("payers", payer_id, *fault.keys)
                self._tell(at, fault.message, fault.allowed)
        for table, key, value, highest in (
            ("decision", "precision", found.decision.precision, 0.999999),
            ("decision", "accepted_risk", found.decision.accepted_risk, 1.0),
            ("measured", "precision", found.measured.precision, 1.0),
        ):
            if value is not None and not 0.0 < value <= highest:
                self._tell((table, key), f"{key} {value:g}", "between 0 and 1")
        least = found.measured.least_found
        if least < 1:
            at = ("measured", "least_found")
            self._tell(at, f"least_found {least}", "1 or more")

    def _check_payer_rules(self, placed: list[tuple[int, PayerRule]]) -> None:
        seen: set[str] = set()
        for place, rule in placed:
            at = ("payer_rules", place)
            if not _ID.match(rule.id):
                self._tell((*at, "id"), f"id {rule.id!r}", "ORG- and three digits")
            if rule.id in seen:
                self._tell((*at, "id"), f"two payer rules are called {rule.id}")
            seen.add(rule.id)
            for key, message, allowed in _faults_of(rule):
                self._tell((*at, key), message, allowed)

    def _tell(self, at: tuple[str | int, ...], message: str, allowed: str = "") -> None:
        self.faults.append(_Fault(self._lines.of(*at), message, allowed))


def _faults_of(rule: PayerRule) -> Iterator[tuple[str, str, str]]:
    """What could match no claim as it is billed: key, fault and what is allowed."""
    for key, form, allowed in _FORMS:
        for value in getattr(rule, key):
            if not form.match(value):
                yield key, f"{key} holds {value!r}", allowed
    for key in ("units_maximum", "minutes_minimum"):
        limit = getattr(rule, key)
        if limit is not None and limit < 1:
            yield key, f"{key} is {limit}", "1 or more"
    if rule.valid_from and rule.valid_to and rule.valid_to < rule.valid_from:
        yield "valid_to", "the rule ends before it begins", ""
    if not any(getattr(rule, key) for key in _CONDITIONS):
        yield "id", f"{rule.id} asks nothing of a line", ", ".join(_CONDITIONS)


class _Lines:
    """Where each table and key of a TOML text stands, for error messages."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: dict[tuple[str | int, ...], int] | None = None

    def of(self, *keys: str | int) -> int:
        """The line of the key, else of the nearest table around it, else 1."""
        if self._found is None:
            self._found = _lines_of(self._text)
        for end in range(len(keys), 0, -1):
            if keys[:end] in self._found:
                return self._found[keys[:end]]
        return 1


def _lines_of(text: str) -> dict[tuple[str | int, ...], int]:
    found: dict[tuple[str | int, ...], int] = {}
    table: tuple[str | int, ...] = ()
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.strip()
        if header := _HEADER.match(said):
            names = [part.strip("\"'") for part in _PART.findall(header[2])]
            table = tuple(names)
            if header[1] == "[[" and names:
                place = counts.get(names[0], 0)
                counts[names[0]] = place + 1
                table = (names[0], place)
            found.setdefault(table, number)
        elif key := _KEY.match(said):
            found.setdefault((*table, key[1].strip("\"'")), number)
    return found
