"""Which record a fact is missing from, and what a practice keeps none of."""

import ast
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

import denialml.rules
from denialml.domain.coverage import (
    Authorization,
    Clinician,
    EligibilityCheck,
    Enrollment,
    Payer,
)
from denialml.domain.edit import EditFinding
from denialml.domain.encounter import Encounter
from denialml.domain.missing import MissingRecord
from denialml.domain.record import Fact
from denialml.formats import csv_file_name
from denialml.rules.case import ClaimCase
from denialml.rules.engine import Engine
from denialml.rules.organization_rules import OrganizationRules
from denialml.rules.payer_policy import PayerPolicy
from denialml.rules.practice_gaps import practice_gaps, unknown_of_claim
from tests.rules.cases import case, changed, check, clinician, enrollment, line, note

RULES = Path(denialml.rules.__file__).parent
KINDS: dict[MissingRecord, type[Fact]] = {
    MissingRecord.ELIGIBILITY_CHECK: EligibilityCheck,
    MissingRecord.AUTHORIZATION: Authorization,
    MissingRecord.ENCOUNTER: Encounter,
    MissingRecord.CLINICIAN: Clinician,
    MissingRecord.ENROLLMENT: Enrollment,
    MissingRecord.PAYER: Payer,
}
OTHER_CLINICIAN = clinician(npi="1000000491", tax_id="990000001")


def facts_that_rules_miss() -> Iterator[tuple[str, MissingRecord, str]]:
    """Where it stands, record and field of every `CannotTell` of the rules."""
    for path in sorted(RULES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id == "CannotTell":
                _, record, *field = node.args
                assert isinstance(record, ast.Attribute)
                named = ast.literal_eval(field[0]) if field else ""
                place = f"{path.stem}:{node.lineno}"
                yield place, MissingRecord[record.attr], named


def findings(judged: ClaimCase, engine: Engine | None = None) -> dict[str, EditFinding]:
    """What cannot be told, by rule."""
    return {
        one.rule_id: one
        for one in (engine or Engine()).judge(judged)
        if one.verdict == "cannot_tell"
    }


def settings_of(**keys: object) -> Engine:
    """An engine of an organization that has written down something of a payer P9."""
    payers = {"P9": msgspec.convert(keys, PayerPolicy)}
    return Engine(OrganizationRules(payers=payers))


def test_every_fact_that_a_rule_may_miss_has_a_place_in_the_practices_records() -> None:
    missed = list(facts_that_rules_miss())
    assert len(missed) > 90
    for place, record, field in missed:
        if record is MissingRecord.PAYER_SETTING:
            assert field in PayerPolicy.__struct_fields__, place
        elif record in KINDS:
            assert field in ("", *KINDS[record].__struct_fields__), place
        else:
            assert field == "", place


@pytest.mark.parametrize(
    ("rule_id", "judged", "record", "field", "keeps"),
    [
        ("BH-095", case(), "enrollment", "", False),
        ("BH-014", case(), "eligibility_check", "", False),
        # The practice has clinicians; the column is empty for all of them.
        ("BH-006", case(clinicians=[clinician()]), "clinician", "tax_id", False),
        # Another clinician's is on file: this one's is missing.
        (
            "BH-006",
            case(clinicians=[clinician(), OTHER_CLINICIAN]),
            "clinician",
            "tax_id",
            True,
        ),
        # Of no clinician anything is on file: not the column is missing.
        ("BH-006", case(), "clinician", "", False),
        ("BH-036", case(line("90837")), "encounter", "", False),
        # Start and stop are minutes in another form.
        (
            "BH-036",
            case(line("90837"), notes=[note(service_date=date(2026, 2, 2))]),
            "encounter",
            "minutes",
            True,
        ),
        ("BH-108", case(), "payer_setting", "fee_schedule", False),
        ("BH-022", case(line("90867")), "payer_setting", "authorization_codes", False),
        ("BH-133", case(line("97999")), "elsewhere", "", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_told_names_the_record(
    rule_id: str, judged: ClaimCase, record: str, field: str, keeps: bool | None
) -> None:
    found = findings(judged)[rule_id]
    assert found.missing_record == record
    assert found.missing_field == field
    assert found.practice_keeps is keeps


def test_a_setting_written_down_for_another_payer_is_missing_of_this_one() -> None:
    engine = settings_of(fee_schedule={"90837": 100.0})
    assert findings(case())["BH-108"].practice_keeps is False
    assert findings(case(), engine)["BH-108"].practice_keeps is True


def test_what_is_found_names_no_missing_record() -> None:
    unchecked = case(checks=[check(medical_record_number="MRN9", member_id="M9")])
    found = [one for one in Engine().judge(unchecked) if one.verdict == "found"]
    assert found
    for one in found:
        told = (one.missing_record, one.missing_field, one.practice_keeps)
        assert told == (None, "", None)


def test_nothing_is_said_of_the_practice_where_its_records_are_not_known() -> None:
    judged = case()
    unknown = ClaimCase(
        judged.claim,
        as_of=judged.as_of,
        payer=judged.payer,
        about_lines=[(one.facts, one.records) for one in judged.lines],
    )
    found = findings(unknown)
    assert found["BH-095"].missing_record is MissingRecord.ENROLLMENT
    assert found["BH-095"].practice_keeps is None
    assert practice_gaps([list(found.values())])[0].missing_field == "fee_schedule"


def test_what_the_practice_keeps_none_of_comes_last_and_hides_nothing() -> None:
    judged = case(clinicians=[clinician()], enrollments=[enrollment()])
    told = Engine().judge(judged)
    places = [
        (one.verdict == "cannot_tell", one.practice_keeps is False) for one in told
    ]
    assert places == sorted(places)
    unknown = [one for one in told if one.verdict == "cannot_tell"]
    of_claim = {rule for rules in unknown_of_claim(told).values() for rule in rules}
    of_gaps = {rule for gap in practice_gaps([told]) for rule in gap.rule_ids}
    assert of_claim | of_gaps == {one.rule_id for one in unknown}


def test_a_gap_is_told_once_for_all_claims_with_the_rules_that_ask() -> None:
    with_check = case(checks=[check()])
    gaps = practice_gaps([Engine().judge(one) for one in (case(), case(), with_check)])
    by_record = {(one.missing_record, one.missing_field): one for one in gaps}
    assert len(by_record) == len(gaps)
    eligibility = by_record[MissingRecord.ELIGIBILITY_CHECK, ""]
    assert eligibility.claims == 2
    assert eligibility.rule_ids == ("BH-007", "BH-014", "BH-015")
    assert eligibility.facts == (
        "an eligibility answer of this payer (271) for the patient",
    )
    assert eligibility.statement == (
        "The practice has no eligibility answers on file: 3 rules cannot be decided."
    )
    assert eligibility.advice == (
        "Send 271 files or eligibility_checks.csv (docs/formats.md)."
    )
    asked = [one.claims for one in gaps]
    assert asked == sorted(asked, reverse=True)


@pytest.mark.parametrize("record", list(KINDS))
def test_the_advice_names_the_file_that_is_read(record: MissingRecord) -> None:
    [lacking] = [one for one in Engine().judge(case()) if one.rule_id == "BH-095"]
    for field in ("", "member_id"):
        one = changed(lacking, missing_record=record, missing_field=field)
        [gap] = practice_gaps([[one]])
        assert csv_file_name(KINDS[record]) in gap.advice
        assert field in gap.advice
        assert gap.statement.endswith(": BH-095 cannot be decided.")


def test_the_advice_on_a_setting_is_a_key_of_the_rules_file() -> None:
    gaps = practice_gaps([Engine().judge(case())])
    [gap] = [one for one in gaps if one.missing_field == "fee_schedule"]
    assert gap.statement.startswith("fee_schedule is written down for no payer")
    assert "[payers.PAYER_ID]" in gap.advice
    text = f"[payers.P1]\n{gap.missing_field} = {{ 90834 = 100.0 }}\n"
    rules = msgspec.convert(tomllib.loads(text), OrganizationRules)
    judged = case(policy=rules.payers["P1"])
    assert "BH-108" in findings(case())
    assert "BH-108" not in findings(judged, Engine(rules))
