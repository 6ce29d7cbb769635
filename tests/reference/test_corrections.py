"""Each correction of the review that concerns a table, and the rulebook's rows."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from denialml.reference import (
    adjustment_reasons,
    deadline_rules,
    document_kinds,
    procedure_codes,
    remark_codes,
    root_causes,
)

RULEBOOK = Path(__file__).resolve().parents[2] / ".." / "shared" / "domain"
needs_rulebook = pytest.mark.skipif(
    not RULEBOOK.is_dir(), reason="../shared/domain (the rulebook) is not here"
)

# Kinds that the American spelling renamed.
RENAMED_KINDS = {"licence": "license", "rems_enrolment": "rems_enrollment"}


def rulebook_rows(name: str) -> Iterator[dict[str, str]]:
    with (RULEBOOK / name).open(newline="", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


@needs_rulebook
def test_every_reason_and_remark_code_of_the_rulebook_is_shipped():
    listed = {(row["code_type"], row["code"]) for row in rulebook_rows("carc_map.csv")}
    shipped = {("CARC", code) for code in adjustment_reasons()}
    shipped |= {("RARC", code) for code in remark_codes()}
    assert listed <= shipped


@needs_rulebook
def test_every_procedure_code_of_the_rulebook_is_shipped():
    listed = {row["code"] for row in rulebook_rows("codes.csv")}
    assert listed <= set(procedure_codes())


@needs_rulebook
def test_every_document_kind_and_root_cause_of_the_rulebook_is_shipped():
    documents = yaml.safe_load((RULEBOOK / "documents.yaml").read_text("utf-8"))
    causes = yaml.safe_load((RULEBOOK / "root_causes.yaml").read_text("utf-8"))
    kinds = {RENAMED_KINDS.get(row["id"], row["id"]) for row in documents["documents"]}
    assert kinds <= set(document_kinds())
    assert {row["id"] for row in causes["classes"]} == set(root_causes())


# Each window of the rulebook: the rule that ships it, or why none does.
SHIPPED_WINDOWS = {
    ("Medicare FFS", "timely_filing"): {"initial": "medicare_filing"},
    ("Medicare FFS", "appeal"): {
        "1 redetermination (MAC)": "medicare_redetermination",
        "2 reconsideration (QIC)": "medicare_reconsideration",
        "3 ALJ/OMHA": "medicare_hearing",
        "4 Medicare Appeals Council": "medicare_council",
        "5 federal court": "medicare_court",
    },
    ("Medicare FFS", "reopening"): {"clerical error": "medicare_reopening"},
    ("Medicare Advantage", "appeal"): {
        "1 plan reconsideration": "medicare_advantage_reconsideration",
        "2 IRE": "dropped: automatic, nobody has to meet it",
        "3 OMHA, 4 Council, 5 court": "medicare_advantage_further",
    },
    ("Medicare Advantage", "dispute"): {"plan dispute": "medicare_advantage_dispute"},
    ("Medicare Advantage", "prior_auth"): {
        "decision clock": "prior_authorization_decision"
    },
    ("Medicaid MCO", "appeal"): {
        "1 plan appeal": "medicaid_managed_appeal",
        "2 State fair hearing": "medicaid_fair_hearing",
        "continue benefits request": "medicaid_continue_benefits",
    },
    ("Medicaid FFS", "timely_filing"): {"initial": "medicaid_filing_ceiling"},
    ("Medicaid MCO", "timely_filing"): {
        "initial": "dropped: 90 to 365 days by State, so the shortest is shipped"
    },
    ("ERISA self-funded / ACA group", "appeal"): {"1 internal": "erisa_internal"},
    ("ACA non-grandfathered", "appeal"): {"external review": "external_review"},
    ("ACA individual", "appeal"): {
        "internal levels": "dropped: a number of levels, not a window"
    },
    ("ERISA", "appeal"): {"1 internal": "erisa_internal"},
    ("VA CCN (Optum/TriWest)", "timely_filing"): {"initial": "veterans_filing"},
    ("VA CCN (TriWest)", "dispute"): {"reconsideration": "veterans_dispute"},
    ("VA CCN (Optum)", "dispute"): {"reconsideration": "veterans_dispute"},
    ("TRICARE East/West", "timely_filing"): {"initial": "tricare_filing"},
    ("TRICARE West (TriWest)", "dispute"): {
        "reconsideration": "tricare_reconsideration"
    },
    ("TRICARE West (TriWest)", "appeal"): {"formal": "tricare_appeal"},
    ("UnitedHealthcare", "timely_filing"): {"initial": "unitedhealthcare_filing"},
    ("UnitedHealthcare", "dispute"): {
        "reconsideration + appeal total": "unitedhealthcare_dispute"
    },
    ("Optum Behavioral Health", "timely_filing"): {"initial": "optum_filing"},
    ("Optum Behavioral Health", "dispute"): {"claim appeal": "optum_dispute"},
    ("Aetna", "timely_filing"): {"initial": "aetna_filing"},
    ("Aetna", "dispute"): {
        "reconsideration": "aetna_dispute",
        "appeal": "aetna_appeal",
    },
    ("Cigna / Evernorth BH", "timely_filing"): {"initial": "cigna_filing"},
    ("Cigna / Evernorth BH", "dispute"): {"appeal": "cigna_dispute"},
    ("Anthem / Elevance", "timely_filing"): {"initial": "anthem_filing"},
    ("Anthem / Elevance", "dispute"): {"payment dispute": "anthem_dispute"},
    ("BCBS (other)", "timely_filing"): {"initial": "blue_cross_filing"},
    ("BCBS (other)", "dispute"): {"appeal": "blue_cross_dispute"},
    ("Carelon Behavioral Health", "timely_filing"): {"initial": "carelon_filing"},
    ("Carelon Behavioral Health", "dispute"): {
        "administrative appeal": "carelon_dispute"
    },
    ("Magellan", "timely_filing"): {"initial": "magellan_filing"},
    ("Magellan", "dispute"): {"appeal": "magellan_dispute"},
    ("Humana", "timely_filing"): {"initial": "humana_filing"},
    ("Humana", "dispute"): {"reconsideration": "humana_dispute"},
    ("Molina", "timely_filing"): {"initial": "molina_filing"},
    ("Molina", "dispute"): {"dispute": "molina_dispute"},
    ("Centene (Ambetter)", "timely_filing"): {"initial": "ambetter_filing"},
    ("Centene (Ambetter)", "dispute"): {"reconsideration/appeal": "ambetter_dispute"},
    ("Centene (Medicaid plans)", "timely_filing"): {
        "initial": "dropped: by State, as every Medicaid managed-care plan"
    },
    ("any", "timely_filing"): {"secondary claim": "secondary_claim"},
    ("any", "corrected_claim"): {"replacement": "corrected_claim"},
    ("MHPAEA plan", "document_request"): {"plan documents": "plan_documents"},
}
# Lengths the review corrected: calendar years and months (E15), 60 + 5 days (E61).
CORRECTED_LENGTHS = {
    "medicare_filing": (1, "years"),
    "medicare_reopening": (1, "years"),
    "medicare_advantage_reconsideration": (60, "days"),
    "medicaid_filing_ceiling": (12, "months"),
    "tricare_filing": (1, "years"),
}


@needs_rulebook
def test_every_window_of_the_rulebook_is_shipped_or_dropped_with_a_reason():
    rules = {rule.rule_id: rule for rule in deadline_rules()}
    for row in rulebook_rows("deadlines.csv"):
        shipped = SHIPPED_WINDOWS[row["payer"], row["deadline_kind"]][row["level"]]
        if shipped.startswith("dropped: "):
            continue
        expected = CORRECTED_LENGTHS.get(shipped, (int(row["days"]), row["unit"]))
        assert (rules[shipped].length, rules[shipped].unit) == expected, shipped


def test_e05_marketplace_plans_have_no_seven_day_clock():
    rule = next(
        rule for rule in deadline_rules() if rule.kind == "prior_authorization_decision"
    )
    assert "marketplace" not in rule.payer_types
    assert {"medicare_advantage", "medicaid", "medicaid_managed_care"} == set(
        rule.payer_types
    )


@needs_rulebook
def test_adjustment_classes_agree_with_the_rulebook_except_where_corrected():
    same = {"patient_resp": "patient_responsibility", "partial": "denial"}
    # 59 and 172 only lower a price; everything else keeps the rulebook's class.
    corrected = {"59": "contractual", "172": "contractual"}
    for row in rulebook_rows("carc_map.csv"):
        if row["code_type"] != "CARC":
            continue
        expected = corrected.get(
            row["code"], same.get(row["adjustment_class"], row["adjustment_class"])
        )
        shipped = adjustment_reasons()[row["code"]].adjustment_class
        assert shipped == expected, row["code"]


@needs_rulebook
def test_labels_are_ours_and_spelled_the_american_way():
    british = ("authoris", "programme", "licence", "behaviour", "enrolment", "counsell")
    labels = [
        *(row.label for row in adjustment_reasons().values()),
        *(row.label for row in remark_codes().values()),
        *(row.label for row in procedure_codes().values()),
        *(row.label for row in document_kinds().values()),
        *(row.note for row in document_kinds().values()),
        *(field for row in document_kinds().values() for field in row.required_fields),
        *(row.definition for row in root_causes().values()),
    ]
    for label in labels:
        assert not any(word in label.lower() for word in british), label


def test_e04_capitation_is_a_denial_only_for_original_medicare():
    row = adjustment_reasons()["24"]
    assert row.class_for(original_medicare=True) == "denial"
    assert row.class_for(original_medicare=False) == "contractual"
    assert (row.root_cause, row.route) == ("cob_wrong_payer", "other_payer")


@pytest.mark.parametrize(
    "code", ["N381", "N109", "N155", "N185", "N192", "N193", "M38", "N132", "N210"]
)
def test_e07_alerts_never_label(code: str):
    row = remark_codes()[code]
    assert row.is_alert
    assert row.root_cause == ""


@pytest.mark.parametrize(
    ("code", "route"),
    [("MA130", "new_claim"), ("N142", "new_claim"), ("N380", "corrected_claim")],
)
def test_e07_e54_route_codes_decide_the_route_and_no_cause(code: str, route: str):
    row = remark_codes()[code]
    assert (row.role, row.route, row.root_cause) == ("route", route, "")


@pytest.mark.parametrize("code", ["300", "B11"])
def test_e08_forwarded_claims_are_not_denials_and_are_verified_first(code: str):
    row = adjustment_reasons()[code]
    assert (row.adjustment_class, row.route) == ("informational", "verify_forwarded")


def test_e12_never_suggests_billing_under_another_clinician():
    for row in adjustment_reasons().values():
        assert "eligible npi" not in row.note.lower()
    assert "Never bill under another clinician" in adjustment_reasons()["185"].note


@pytest.mark.parametrize(
    ("rule_id", "length", "unit"),
    [
        ("medicare_filing", 1, "years"),
        ("tricare_filing", 1, "years"),
        ("medicaid_filing_ceiling", 12, "months"),
        ("external_review", 4, "months"),
        ("medicare_redetermination", 120, "days"),
        ("medicare_advantage_reconsideration", 60, "days"),
        ("erisa_internal", 180, "days"),
    ],
)
def test_e13_e15_e61_lengths_keep_the_unit_of_the_law(
    rule_id: str, length: int, unit: str
):
    rule = next(rule for rule in deadline_rules() if rule.rule_id == rule_id)
    assert (rule.length, rule.unit) == (length, unit)


def test_e02_no_secondary_restart_for_original_medicare():
    for rule in deadline_rules():
        if rule.counted_from == "primary_remittance":
            assert "medicare" not in rule.payer_types, rule.rule_id


@pytest.mark.parametrize("code", ["133", "257", "277"])
def test_e52_pends_carry_no_cause(code: str):
    row = adjustment_reasons()[code]
    assert (row.adjustment_class, row.root_cause) == ("pend", "")


def test_e52_paid_to_patient_is_informational():
    assert adjustment_reasons()["100"].adjustment_class == "informational"
    assert adjustment_reasons()["100"].root_cause == ""


@pytest.mark.parametrize(
    "code",
    [
        "13",
        "14",
        "44",
        "51",
        "53",
        "85",
        "114",
        "122",
        "132",
        "137",
        "139",
        "143",
        "169",
        "192",
        "201",
        "203",
        "215",
        "225",
        "229",
        "247",
        "248",
        "254",
        "269",
        "270",
        "274",
        "303",
        "304",
        "305",
        "306",
        "B8",
        "B23",
    ],
)
def test_e53_missing_reason_codes_are_shipped(code: str):
    assert code in adjustment_reasons()


@pytest.mark.parametrize("code", ["122", "303"])
def test_e53_psychiatric_reduction_and_qmb_share_are_not_denials(code: str):
    assert adjustment_reasons()[code].adjustment_class == "contractual"


@pytest.mark.parametrize(
    "code",
    [
        "N105",
        "N380",
        "N516",
        "N661",
        "N705",
        "N463",
        "M13",
        "M97",
        "N245",
        "N265",
        "N276",
        "N356",
        "N572",
        "N674",
        "N781",
        "N782",
        "N783",
        "N824",
        "N830",
        "MA27",
        "MA61",
        "MA92",
        "MA112",
    ],
)
def test_e54_missing_remark_codes_are_shipped(code: str):
    assert code in remark_codes()


def test_e50_not_on_fee_schedule_is_about_the_benefit():
    assert remark_codes()["N448"].root_cause == "benefit_coverage"


@pytest.mark.parametrize("code", ["150", "151", "152"])
def test_e56_disputes_about_records_are_routed_to_records(code: str):
    assert adjustment_reasons()[code].route == "records"


def test_e55_member_not_found_is_a_new_claim():
    assert adjustment_reasons()["31"].route == "new_claim"


def test_e59_authorization_and_appointment_are_two_documents():
    assert {"hipaa_authorization", "representative_appointment"} <= set(
        document_kinds()
    )
    assert "waiver_of_liability" in document_kinds()


def test_e80_contractual_amount_is_never_a_denial():
    row = adjustment_reasons()["45"]
    assert (row.adjustment_class, row.route) == ("contractual", "contract_review")
