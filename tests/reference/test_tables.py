"""The packaged tables are whole: every row typed, every name known, sums right."""

import ast
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

import denialml.reference as reference
from denialml.domain.coverage import PayerType
from denialml.domain.denial import RootCause, Route
from denialml.domain.document import Sensitivity
from denialml.reference import (
    adjustment_reasons,
    allowed_providers,
    cause_signs,
    code_pairs,
    deadline_rules,
    document_kinds,
    places_of_service,
    procedure_codes,
    remark_codes,
    root_causes,
    unit_limits,
)

CAUSES = {cause.value for cause in RootCause}
ROUTES = {route.value for route in Route}


def test_root_causes_are_the_seventeen_classes_of_the_vocabulary():
    assert list(root_causes()) == [cause.value for cause in RootCause]


def test_root_cause_routes_and_evidence_are_known_names():
    for row in root_causes().values():
        assert row.routes
        assert set(row.routes) <= ROUTES, row.id
        assert set(row.evidence_documents) <= set(document_kinds()), row.id


def test_adjustment_reason_priors_name_known_causes_and_add_up_to_one():
    for row in adjustment_reasons().values():
        shares = [share for _, share in row.alternatives]
        named = {cause for cause, _ in row.alternatives}
        if row.root_cause:
            assert row.root_cause_probability + sum(shares) == pytest.approx(1.0)
            assert row.root_cause_probability >= max(shares, default=0.0), row.code
            named.add(row.root_cause)
        else:
            assert not shares, row.code
        assert named <= CAUSES, row.code


def test_every_denial_reason_has_a_cause_and_a_route():
    for row in adjustment_reasons().values():
        assert not row.route or row.route in ROUTES, row.code
        if row.adjustment_class == "denial":
            assert row.root_cause, row.code
            assert row.route, row.code


def test_remark_codes_carry_a_cause_only_where_their_role_allows_one():
    for row in remark_codes().values():
        assert not row.route or row.route in ROUTES, row.code
        if row.role in ("label", "refine"):
            assert row.root_cause in CAUSES, row.code
            assert not row.is_alert, row.code
        else:
            assert row.root_cause == "", row.code


def test_document_kinds_say_what_may_leave_for_every_row():
    sensitivities = {sensitivity.value for sensitivity in Sensitivity}
    for row in document_kinds().values():
        assert row.minimum_necessary, row.id
        assert row.sensitivity in sensitivities, row.id
        assert set(row.proves) <= CAUSES, row.id


@pytest.mark.parametrize("kind", ["psychotherapy_note", "sud_counseling_note"])
def test_notes_of_therapy_and_substance_use_counseling_never_leave(kind: str):
    assert document_kinds()[kind].never_attached


@pytest.mark.parametrize(
    "kind",
    [
        "277ca_acceptance",
        "999_acceptance",
        "prior_eob_era",
        "schedule_log",
        "units_ledger",
        "fax_confirmation",
    ],
)
def test_files_that_name_other_patients_leave_only_as_an_extract(kind: str):
    assert document_kinds()[kind].extract_only


def test_deadline_rules_name_known_payer_types_and_have_a_length():
    types = {payer_type.value for payer_type in PayerType}
    for rule in deadline_rules():
        assert rule.payer_types, rule.rule_id
        assert set(rule.payer_types) <= types, rule.rule_id
        assert rule.length > 0, rule.rule_id


def test_every_payer_type_has_a_filing_window_and_a_way_to_dispute():
    for payer_type in PayerType:
        kinds = {
            rule.kind
            for rule in deadline_rules()
            if payer_type.value in rule.payer_types and not rule.payer_names
        }
        assert "timely_filing" in kinds, payer_type
        assert kinds & {"appeal", "dispute"}, payer_type


def test_procedure_codes_have_consistent_minutes_and_known_primary_codes():
    for row in procedure_codes().values():
        if row.minutes_minimum is not None and row.minutes_maximum is not None:
            assert row.minutes_minimum <= row.minutes_maximum, row.code
        if row.time_basis == "none":
            assert row.minutes_minimum is None, row.code
        if row.primary_codes:
            assert row.is_add_on, row.code


@pytest.mark.parametrize(
    ("code", "minimum", "maximum"),
    [
        pytest.param("90832", 16, 37, id="30-minute-psychotherapy"),
        pytest.param("90834", 38, 52, id="45-minute-psychotherapy"),
        pytest.param("90837", 53, None, id="60-minute-psychotherapy"),
        pytest.param("90839", 30, 74, id="crisis-first-hour"),
        pytest.param("90847", 26, None, id="family-with-patient"),
        pytest.param("90791", None, None, id="evaluation-has-no-minutes"),
        pytest.param("G0444", 5, 15, id="E33-depression-screen"),
        pytest.param("S9480", None, None, id="E26-program-day-has-no-minutes"),
    ],
)
def test_minutes_band_of_a_code(code: str, minimum: int | None, maximum: int | None):
    row = procedure_codes()[code]
    assert (row.minutes_minimum, row.minutes_maximum) == (minimum, maximum)


def test_an_add_on_names_its_primary_codes_one_by_one():
    primary = procedure_codes()["90833"].primary_codes
    assert {"99202", "99203", "99204", "99205", "99211", "99215"} <= set(primary)
    assert "90791" not in primary


@pytest.mark.parametrize(
    ("code", "day", "valid"),
    [
        ("0362T", date(2026, 12, 31), True),
        ("0362T", date(2027, 1, 1), False),
        ("97153", date(2027, 1, 1), True),
        ("99441", date(2025, 1, 1), False),
        ("J0013", date(2025, 12, 31), False),
    ],
)
def test_codes_are_valid_by_date_of_service(code: str, day: date, valid: bool):
    assert procedure_codes()[code].is_valid_on(day) is valid


def test_telehealth_places_are_the_two_codes_for_it():
    telehealth = {row.code for row in places_of_service().values() if row.is_telehealth}
    assert telehealth == {"02", "10"}


@pytest.mark.parametrize("code", ["999", "ZZ", ""])
def test_an_unknown_code_is_absent_and_gets_no_default(code: str):
    assert adjustment_reasons().get(code) is None
    assert remark_codes().get(code) is None
    assert procedure_codes().get(code) is None


def test_tables_cannot_be_changed_by_a_reader():
    with pytest.raises(TypeError):
        adjustment_reasons()["45"] = adjustment_reasons()["50"]  # type: ignore[index]


def test_reference_imports_nothing_above_itself():
    folder = Path(str(files(reference)))
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for name in names:
                if name.startswith("denialml"):
                    assert name.startswith(("denialml.reference", "denialml.errors")), (
                        f"{path.name} imports {name}"
                    )


def test_sources_page_states_the_row_count_of_each_table():
    page = (files("denialml.reference") / "SOURCES.md").read_text(encoding="utf-8")
    counts = {
        "adjustment_reasons.csv": len(adjustment_reasons()),
        "remark_codes.csv": len(remark_codes()),
        "procedure_codes.csv": len(procedure_codes()),
        "unit_limits.csv": len(unit_limits()),
        "code_pairs.csv": sum(len(rows) for rows in code_pairs().values()),
        "places_of_service.csv": len(places_of_service()),
        "allowed_providers.csv": len(allowed_providers()),
        "deadline_rules.csv": len(deadline_rules()),
        "cause_signs.csv": sum(len(rows) for rows in cause_signs().values()),
        "root_causes.yaml": len(root_causes()),
        "document_kinds.yaml": len(document_kinds()),
    }
    rows = {
        cells[1].strip(" `"): int(cells[3])
        for cells in (line.split("|") for line in page.splitlines())
        if len(cells) > 4 and cells[3].strip().isdigit()
    }
    assert rows == counts
