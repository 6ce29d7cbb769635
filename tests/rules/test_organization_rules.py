"""An organization's rules file: what it switches, adds, and how faults are told."""

from decimal import Decimal
from pathlib import Path
from time import process_time

import pytest

from denialml.domain.claim import ServiceLine
from denialml.domain.edit import Severity
from denialml.errors import InputError, RulesRejected
from denialml.rules.engine import Engine
from denialml.rules.organization_rules import (
    OrganizationRules,
    load_organization_rules,
)
from denialml.rules.payer_policy import PayerPolicy
from denialml.rules.registry import all_rules
from tests.rules.cases import case, line, note

WHOLE = """
[decision]
hold = ["reject", "hold", "deny-likely"]
precision = 0.9

[rules.BH-040]
enabled = false
[rules.BH-036]
severity = "warn"
reason = "paid anyway"

[payers.P1]
authorization_codes = ["90837"]

[[payer_rules]]
id = "ORG-001"
payers = ["P1"]
codes = ["90834"]
requires_modifiers = ["HO"]
title = "Degree modifier"
statement = "Plan P1 takes 90834 with HO only."
fix = "Add HO where the clinician holds a master's degree."
root_cause = "modifier_pos_telehealth"
severity = "deny-likely"
valid_from = 2026-01-01
"""


def load(text: str, folder: Path) -> OrganizationRules:
    path = folder / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return load_organization_rules(path, known=frozenset(all_rules()))


def test_rules_are_switched_changed_and_added(tmp_path: Path) -> None:
    settings = load(WHOLE, tmp_path)
    judged = Engine(settings).judge(
        case(line("90834", units=Decimal(2)), notes=[note(minutes=30)])
    )
    found = {one.rule_id: one for one in judged}
    assert "BH-040" not in found
    assert found["BH-036"].severity is Severity.WARN
    own = found["ORG-001"]
    assert own.severity is Severity.DENY_LIKELY
    assert own.statement.startswith("90834 lacks modifier HO. Plan P1")
    assert settings.policy_of("P1").authorization_codes == ("90837",)
    assert settings.policy_of("P2").authorization_codes is None
    assert settings.decision.precision == 0.9


def test_a_payer_rule_is_kept_to_its_payers_codes_and_days(tmp_path: Path) -> None:
    engine = Engine(load(WHOLE, tmp_path))

    def says(*lines: ServiceLine) -> bool:
        return "ORG-001" in {one.rule_id for one in engine.judge(case(*lines))}

    assert says(line("90834"))
    assert not says(line("90834", modifiers=("HO",)))
    assert not says(line("90837"))
    other = load(WHOLE.replace('payers = ["P1"]', 'payers = ["P2"]'), tmp_path)
    judged = Engine(other).judge(case(line("90834")))
    assert "ORG-001" not in {one.rule_id for one in judged}
    later = load(WHOLE.replace("2026-01-01", "2026-03-03"), tmp_path)
    judged = Engine(later).judge(case(line("90834")))
    assert "ORG-001" not in {one.rule_id for one in judged}


@pytest.mark.parametrize(
    ("condition", "statement"),
    [
        ('forbids_modifiers = ["95"]', "carries modifier 95"),
        ('places = ["10"]', "place of service is 11"),
        ("units_maximum = 1", "2 units, more than 1"),
        ("minutes_minimum = 46", "The note has 45 minutes"),
        ("requires_authorization = true", "carries no authorization number"),
        ('diagnoses = ["F84"]', "None of the line's diagnoses"),
    ],
)
def test_each_condition_of_a_payer_rule_is_judged(
    tmp_path: Path, condition: str, statement: str
) -> None:
    written = WHOLE.replace('requires_modifiers = ["HO"]', condition)
    judged = Engine(load(written, tmp_path)).judge(
        case(line("90834", modifiers=("95",), units=Decimal(2)), notes=[note()])
    )
    [own] = [one for one in judged if one.rule_id == "ORG-001"]
    assert statement in own.statement
    assert own.verdict == "found"


def test_a_payer_rule_on_minutes_cannot_tell_without_a_note(tmp_path: Path) -> None:
    written = WHOLE.replace('requires_modifiers = ["HO"]', "minutes_minimum = 46")
    judged = Engine(load(written, tmp_path)).judge(case(line("90834")))
    [own] = [one for one in judged if one.rule_id == "ORG-001"]
    assert (own.verdict, own.missing) == ("cannot_tell", "documented minutes")


@pytest.mark.parametrize(
    ("minutes", "numbers", "said"),
    [
        ((50, 47), ("", ""), ()),
        ((50, 20), ("", ""), ("cannot_tell", "which of the day's notes documents")),
        ((20, 50), ("C1", ""), ("cannot_tell", "which of the day's notes documents")),
        ((50, 20), ("C1", ""), ()),
        ((20, 25), ("C1", ""), ("found", "The notes of the day have 45 minutes.")),
        ((20, None), ("C1", ""), ("cannot_tell", "documented minutes")),
        ((None, None), ("", ""), ("cannot_tell", "documented minutes")),
    ],
)
def test_a_payer_rule_on_minutes_reads_each_note_of_the_day(
    tmp_path: Path,
    minutes: tuple[int | None, ...],
    numbers: tuple[str, ...],
    said: tuple[str, ...],
) -> None:
    """The line's own note is the one that names the claim C1; the payer may mean a
    session or the whole day."""
    written = WHOLE.replace('requires_modifiers = ["HO"]', "minutes_minimum = 46")
    notes = [
        note(encounter_id=f"E{place}", minutes=told, patient_control_number=number)
        for place, (told, number) in enumerate(zip(minutes, numbers, strict=True))
    ]
    judged = Engine(load(written, tmp_path)).judge(case(line("90834"), notes=notes))
    own = [one for one in judged if one.rule_id == "ORG-001"]
    if not said:
        assert own == []
        return
    assert [one.verdict for one in own] == [said[0]]
    assert said[1] in (own[0].missing or own[0].statement)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[rules.BH-036]", "[rules.BH-999]", "line 8: there is no rule BH-999"),
        ('severity = "warn"', 'severity = "grave"', "line 9: Invalid enum value"),
        ('severity = "warn"', "enabled = 3", "line 9: Expected `bool`, got `int`"),
        ("precision = 0.9", "precision = 9", "line 4: precision 9 (allowed: between"),
        ("[decision]", "[decisions]", "line 2: Object contains unknown field"),
        (
            'authorization_codes = ["90837"]',
            'authorisation_codes = ["90837"]',
            "line 13: Object contains unknown field `authorisation_codes`",
        ),
        (
            'authorization_codes = ["90837"]',
            "authorization_codes = [90837]",
            "line 13: Expected `str`, got `int`",
        ),
        ('id = "ORG-001"', 'id = "X1"', "line 16: id 'X1' (allowed: ORG-"),
        (
            'fix = "Add HO where',
            'repair = "Add HO where',
            "line 22: Object contains unknown field `repair`",
        ),
        (
            'fix = "Add HO where the clinician holds a master\'s degree."\n',
            "",
            "line 15: Object missing required field `fix`",
        ),
        ('requires_modifiers = ["HO"]', "requires_modifiers = HO", "is not TOML"),
        ("precision = 0.9", "precision = " + "9" * 5000, "is not TOML"),
        ("[decision]", "a = " + "[" * 100_000, "is not TOML"),
        ("precision = 0.9", "precision = nan", "line 4: precision nan"),
        ("[decision]", "[measured]\nprecision = 7\n[decision]", "line 3: precision 7"),
        (
            "[decision]",
            "[measured]\nleast_found = 0\n[decision]",
            "line 3: least_found",
        ),
        ('severity = "warn"', 'severity = "Warn"', "reject, hold, deny-likely, warn"),
        ('"HO"]', '"ho"]', "line 19: requires_modifiers holds 'ho' (allowed: two"),
        ('codes = ["90834"]', 'codes = ["90834 "]', "line 18: codes holds '90834 '"),
        ("valid_from = 2026-01-01", 'diagnoses = ["F41.1"]', "without its dot"),
        ("valid_from = 2026-01-01", "units_maximum = -5", "units_maximum is -5"),
        ('requires_modifiers = ["HO"]', "", "ORG-001 asks nothing of a line"),
        (
            "valid_from = 2026-01-01",
            "valid_from = 2026-01-01\nvalid_to = 2025-01-01",
            "ends before it begins",
        ),
        (
            "[[payer_rules]]",
            '[payers.P2.fee_schedule]\n"90837" = nan\n[[payer_rules]]',
            "line 16: fee nan",
        ),
    ],
)
def test_a_fault_names_its_line_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert old in WHOLE
    with pytest.raises(InputError) as failed:
        load(WHOLE.replace(old, new), tmp_path)
    assert says in str(failed.value), failed.value
    assert str(failed.value).startswith("rules.toml")


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("treatment_plan_days = -4", "treatment_plan_days is -4 (allowed: 1 to 3,660)"),
        ("signature_limit_days = 99999", "signature_limit_days is 99999"),
        ("eligibility_check_days = -1", "eligibility_check_days is -1"),
        ("measurement_days = 0", "measurement_days is 0"),
        ("group_size_maximum = -2", "group_size_maximum is -2"),
        ("program_day_minutes = 1441", "program_day_minutes is 1441"),
        (
            'degree_modifiers = { LCSW = "AJX" }',
            "degree_modifiers of LCSW is 'AJX' (allowed: two capitals or digits, or",
        ),
        ('state_modifiers = { 9083 = "U1" }', "state_modifiers has the key '9083'"),
        ('supervised_modifier = "h0"', "supervised_modifier is 'h0'"),
        ('behavioral_payer_id = ""', "behavioral_payer_id is ''"),
        ('authorization_codes = ["9083"]', "authorization_codes holds '9083' (allowed"),
        ('telehealth_codes = ["90837 "]', "telehealth_codes holds '90837 '"),
        ('excluded_diagnoses = ["f10"]', "excluded_diagnoses holds 'f10'"),
        ("fee_schedule = { 9083 = 80.0 }", "fee_schedule has the key '9083'"),
        ("fee_schedule = { 90837 = -1.0 }", "fee -1 (allowed: dollars from 0 on)"),
    ],
)
def test_a_payer_setting_that_cannot_be_right_is_refused(
    tmp_path: Path, setting: str, says: str
) -> None:
    with pytest.raises(RulesRejected) as failed:
        load(f"[payers.P1]\n{setting}", tmp_path)
    assert f"rules.toml, line 2: {says}" in str(failed.value)


def test_settings_in_their_form_are_taken_though_no_table_knows_them(
    tmp_path: Path,
) -> None:
    policy = load(
        """
[payers.P1]
treatment_plan_days = 90
signature_limit_days = 0
degree_modifiers = { LCSW = "AJ", PhD = "" }
supervised_modifier = ""
authorization_codes = ["ZZ999"]
excluded_diagnoses = ["F10", "Z63.0"]
fee_schedule = { H0015 = 0.0 }
""",
        tmp_path,
    ).policy_of("P1")
    assert policy.authorization_codes == ("ZZ999",)
    assert policy.degree_modifiers == {"LCSW": "AJ", "PhD": ""}


def test_every_fault_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Of its form and of its values; one in a key hides none of another's."""
    with pytest.raises(RulesRejected) as failed:
        load(
            """[decision]
precison = 0.9
accepted_risk = 7.0
[rules.BH-999]
enabled = false
[payers.P1]
treatment_plan_days = -4
requires_taxonomy = "yes"
degree_modifiers = { LCSW = "AJX" }
[[payer_rules]]
id = "X1"
title = 3
""",
            tmp_path,
        )
    told = str(failed.value).splitlines()
    assert [said.split(":")[0] for said in told] == [
        *(f"rules.toml, line {line}" for line in (2, 3, 4, 7, 8, 9)),
        *["rules.toml, line 10"] * 3,
        "rules.toml, line 12",
    ]
    assert told[0].endswith(
        "unknown field `precison` (allowed: hold, warn, precision, accepted_risk)"
    )


def test_of_very_many_faults_the_first_are_told_and_the_rest_counted(
    tmp_path: Path,
) -> None:
    with pytest.raises(RulesRejected) as failed:
        load("\n".join(f"k{at} = 1" for at in range(30)), tmp_path)
    told = str(failed.value).splitlines()
    assert len(told) == 21
    assert told[-1] == "and 10 more"


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert load("", tmp_path) == OrganizationRules()


def test_every_setting_of_a_payer_is_read_by_a_rule(
    pytestconfig: pytest.Config,
) -> None:
    """A setting that nothing reads would promise what does not happen."""
    folder = pytestconfig.rootpath / "denialml" / "rules"
    text = "".join(
        path.read_text(encoding="utf-8")
        for path in folder.rglob("*.py")
        if path.name != "payer_policy.py"
    )
    unread = [
        name for name in PayerPolicy.__struct_fields__ if f"policy.{name}" not in text
    ]
    assert unread == []


def test_faults_that_are_no_single_value_are_told_too(tmp_path: Path) -> None:
    for text in ("payer_rules = 3", "payer_rules = true", "rules = 1979-05-27"):
        with pytest.raises(RulesRejected, match="line 1: Expected"):
            load(text, tmp_path)
    with pytest.raises(RulesRejected, match="longer than 256,000 bytes"):
        load("# " + "x" * 300_000, tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RulesRejected, match="not UTF-8"):
        load_organization_rules(tmp_path / "binary.toml", known=frozenset())
    with pytest.raises(RulesRejected, match="cannot be read"):
        load_organization_rules(tmp_path / "nowhere.toml", known=frozenset())


def test_a_file_of_windows_editor_is_read(tmp_path: Path) -> None:
    assert load("\ufeff" + WHOLE, tmp_path).decision.precision == 0.9


def test_lines_are_found_quickly_in_hostile_text(tmp_path: Path) -> None:
    began = process_time()
    with pytest.raises(RulesRejected):
        load('a = """\n[' + " " * 100_000 + 'x\n"""\nb = 1', tmp_path)
    assert process_time() - began < 5
