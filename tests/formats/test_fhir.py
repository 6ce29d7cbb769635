"""FHIR files in, records out: the mapping of docs/fhir.md, example by example."""

import copy
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from denialml.domain.adjudication import LineOutcome, line_outcome
from denialml.domain.claim import Address, Claim, ClaimPayer, Diagnosis, Provider
from denialml.domain.coverage import EligibilityCheck, EligibilityResult
from denialml.domain.problem import Reading
from denialml.domain.record import Fact, Source
from denialml.domain.remittance import ClaimAdjustment, ClaimPayment, Remittance
from denialml.formats import read_bytes, read_file, write_fhir_claims

FILES = Path(__file__).resolve().parents[1] / "files" / "fhir"


def loaded(name: str) -> dict[str, Any]:
    return json.loads((FILES / name).read_text())


def read(value: object) -> Reading[Fact]:
    return read_bytes(json.dumps(value).encode(), file="f.json")


def codes(reading: Reading[Fact]) -> list[str]:
    return [problem.code for problem in reading.problems]


def lines_of_file(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FILES / name).read_text().splitlines()]


CLAIM, CLAIM_RESPONSE = lines_of_file("claim-response.ndjson")


def changed(value: dict[str, Any], **members: object) -> dict[str, Any]:
    return copy.deepcopy(value) | members


def test_a_bundle_of_a_claim_for_a_child() -> None:
    reading = read_file(FILES / "claim-bundle.json")
    [claim] = reading
    assert reading.problems == ()
    assert reading.complete
    assert isinstance(claim, Claim)
    assert claim.patient_control_number == "PCN-1001"
    assert claim.submitted_on == date(2026, 3, 2)
    assert claim.payer == ClaimPayer(payer_id="NGHP1", name="Northgate Health Plan")
    assert claim.subscriber.first_name == "Alex"
    assert claim.subscriber.member_id == "MEM-9"
    assert claim.subscriber.claim_filing_code == "CI"
    assert claim.subscriber.group_number == "GRP-3"
    assert claim.subscriber.plan_name == "Northgate Open"
    assert claim.patient is not None
    assert claim.patient.relationship_code == "19"
    assert (claim.patient.first_name, claim.patient.middle_name) == ("Robin", "K")
    assert claim.patient.birth_date == date(2014, 5, 6)
    assert claim.patient.address == Address(
        street="2 Example Way", city="Springfield", state="IL", postal_code="62701"
    )
    assert claim.medical_record_number == "MRN-55"
    assert claim.billing_provider == Provider(
        name="Example Counseling Group", npi="1234567893", tax_id="000000000"
    )
    assert claim.rendering_provider == Provider(
        name="Clinician",
        first_name="Dana",
        npi="1003000126",
        taxonomy_code="101YM0800X",
    )
    assert claim.diagnoses == (
        Diagnosis(code="F411", qualifier="ABK"),
        Diagnosis(code="F331", qualifier="ABF"),
    )
    assert claim.prior_authorization_number == "AUTH77"
    assert claim.place_of_service == "10"
    assert claim.total_charge == Decimal(255)
    assert claim.source == Source(file="claim-bundle.json", segment=1)


def test_the_lines_of_that_claim() -> None:
    [claim] = read_file(FILES / "claim-bundle.json")
    assert isinstance(claim, Claim)
    talk, plan = claim.lines
    assert (talk.procedure_code, talk.modifiers) == ("90837", ("95",))
    assert (talk.charge, talk.units, talk.unit_basis) == (180, 1, "UN")
    assert talk.line_control_number == "L-1"
    assert talk.diagnosis_pointers == (1, 2)
    assert (plan.procedure_code, plan.units, plan.unit_basis) == ("H0032", 30, "MJ")
    assert plan.charge == 75
    assert (plan.service_date, plan.service_date_end) == (
        date(2026, 2, 25),
        date(2026, 2, 26),
    )
    # The place and the clinician that all lines share stand at the claim.
    assert talk.place_of_service == plan.place_of_service == ""
    assert talk.rendering_provider is plan.rendering_provider is None


def test_an_explanation_of_benefit_in_carins_shape() -> None:
    reading = read_file(FILES / "eob-search.json")
    remittance, payment, check = reading
    assert codes(reading) == ["amount-derived"]
    assert isinstance(remittance, Remittance)
    assert isinstance(payment, ClaimPayment)
    assert remittance.payer_id == "NGHP1"
    assert remittance.trace_number == "EFT-88"
    assert remittance.payment_date == date(2026, 3, 14)
    assert remittance.received_on == date(2026, 3, 14)
    assert remittance.payee_npi == "1234567893"
    assert payment.remittance == remittance
    assert payment.patient_control_number == "PCN-1001"
    assert payment.payer_claim_control_number == "ICN-500"
    assert (payment.charge, payment.paid) == (255, 40)
    assert payment.patient_responsibility == 20
    assert payment.status_code == "1"
    assert payment.member_id == "MEM-9"
    assert payment.rendering_npi == "1003000126"
    assert payment.received_by_payer_on == date(2026, 3, 4)
    assert isinstance(check, EligibilityCheck)


def test_the_lines_of_that_answer() -> None:
    _, payment, _ = read_file(FILES / "eob-search.json")
    assert isinstance(payment, ClaimPayment)
    denied, paid = payment.service_payments
    # The reason has no amount: it gets what was not paid.
    assert denied.adjustments == (
        ClaimAdjustment(group_code="", reason_code="197", amount=Decimal("180.00")),
    )
    assert denied.remark_codes == ("M62",)
    assert line_outcome(payment, denied) is LineOutcome.DENIED
    assert paid.adjustments == (
        ClaimAdjustment(group_code="CO", reason_code="45", amount=Decimal("15.00")),
        ClaimAdjustment(group_code="PR", reason_code="3", amount=Decimal("20.00")),
    )
    assert (paid.charge, paid.paid, paid.allowed) == (75, 40, 60)
    assert paid.remark_codes == ("N381",)
    assert line_outcome(payment, paid) is LineOutcome.PAID


def test_a_payers_own_coverage_is_an_eligibility_answer() -> None:
    *_, check = read_file(FILES / "eob-search.json")
    assert isinstance(check, EligibilityCheck)
    assert check.result is EligibilityResult.ACTIVE
    assert check.checked_on == date(2026, 3, 20)
    assert (check.coverage_begin, check.coverage_end) == (
        date(2025, 1, 1),
        date(2026, 12, 31),
    )


@pytest.mark.parametrize(
    ("members", "result"),
    [
        ({"status": "cancelled"}, EligibilityResult.INACTIVE),
        ({"period": {"end": "2026-03-01"}}, EligibilityResult.INACTIVE),
        ({"period": {"start": "2026-04-01"}}, EligibilityResult.UNKNOWN),
        ({"period": {}}, EligibilityResult.UNKNOWN),
        ({"status": "draft"}, EligibilityResult.UNKNOWN),
    ],
    ids=["cancelled", "ended", "not begun", "no period", "draft"],
)
def test_coverage_says_no_more_than_it_does(
    members: dict[str, object], result: EligibilityResult
) -> None:
    bundle = loaded("eob-search.json")
    bundle["entry"][4]["resource"] |= members
    *_, check = read(bundle)
    assert isinstance(check, EligibilityCheck)
    assert check.result is result


def test_a_copied_card_is_no_answer() -> None:
    bundle = loaded("eob-search.json")
    card = bundle["entry"][4]["resource"]
    del card["meta"]
    reading = read(
        {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": card}]}
    )
    assert reading.records == ()
    assert codes(reading) == ["coverage-not-an-answer"]


def test_a_claim_response_answers_the_claims_items() -> None:
    reading = read_file(FILES / "claim-response.ndjson")
    claim, remittance, payment = reading
    assert reading.problems == ()
    assert isinstance(claim, Claim)
    assert claim.payer.payer_id == "NGHP1"
    assert isinstance(remittance, Remittance)
    assert remittance.trace_number == "CHK-7"
    assert isinstance(payment, ClaimPayment)
    assert payment.patient_control_number == "PCN-2002"
    talk, complexity = payment.service_payments
    assert (talk.procedure_code, talk.charge, talk.paid) == ("90834", 140, 100)
    assert talk.adjustments == (
        ClaimAdjustment(group_code="CO", reason_code="45", amount=Decimal(20)),
        ClaimAdjustment(group_code="PR", reason_code="2", amount=Decimal(20)),
    )
    assert (talk.line_control_number, complexity.line_control_number) == ("1", "2")
    assert line_outcome(payment, complexity) is LineOutcome.DENIED
    assert payment.patient_responsibility == 20


def test_without_the_claim_the_items_are_known_by_number_only() -> None:
    [_, payment] = read(CLAIM_RESPONSE)
    assert isinstance(payment, ClaimPayment)
    assert [each.procedure_code for each in payment.service_payments] == ["", ""]
    assert [each.line_control_number for each in payment.service_payments] == ["1", "2"]
    # What is charged is paid or adjusted.
    assert [each.charge for each in payment.service_payments] == [140, 20]
    assert codes(read(CLAIM_RESPONSE)) == ["answer-without-number"]


def test_an_added_item_is_what_the_payer_changed_the_code_to() -> None:
    response = changed(CLAIM_RESPONSE)
    item = response["item"][0]
    response["item"] = [{"itemSequence": 1}]
    response["addItem"] = [
        {
            "itemSequence": [1],
            "productOrService": {"coding": [{"code": "90832"}]},
            "adjudication": item["adjudication"],
        }
    ]
    _, _, payment = read(
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": CLAIM}, {"resource": response}],
        }
    )
    assert isinstance(payment, ClaimPayment)
    [service] = payment.service_payments
    assert service.procedure_code == "90832"
    assert service.submitted_procedure_code == "90834"
    assert service.paid == 100


def test_an_eligibility_response() -> None:
    reading = read_file(FILES / "eligibility-response.json")
    assert reading.problems == ()
    [check] = reading
    assert check == EligibilityCheck(
        checked_on=date(2026, 3, 3),
        payer_id="NGHP1",
        member_id="MEM-9",
        result=EligibilityResult.ACTIVE,
        medical_record_number="MRN-55",
        service_date=date(2026, 3, 5),
        plan_name="Northgate Open",
        coverage_begin=date(2026, 1, 1),
        coverage_end=date(2026, 12, 31),
        mental_health_active=True,
        visits_remaining=18,
        trace_number="TRACE-1",
        last_name="Sample",
        first_name="Robin",
        birth_date=date(2014, 5, 6),
        gender="F",
        source=Source(file="eligibility-response.json", segment=1),
    )


def test_a_rejected_inquiry_has_its_reason() -> None:
    response = loaded("eligibility-response.json")
    del response["insurance"]
    system = "https://codesystem.x12.org/005010/901"
    coding = {"system": system, "code": "72"}
    response |= {"outcome": "error", "error": [{"code": {"coding": [coding]}}]}
    [check] = read(response)
    assert isinstance(check, EligibilityCheck)
    assert check.reject_reason_code == "72"
    assert check.result is EligibilityResult.UNKNOWN


@pytest.mark.parametrize(
    ("resource", "members", "code"),
    [
        (CLAIM, {"use": "preauthorization"}, "unsupported-claim-use"),
        (CLAIM, {"use": "predetermination"}, "unsupported-claim-use"),
        (
            CLAIM,
            {
                "type": {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/"
                            "claim-type",
                            "code": "institutional",
                        }
                    ]
                }
            },
            "unsupported-claim-type",
        ),
        (CLAIM, {"status": "cancelled"}, "not-active"),
        (CLAIM, {"identifier": []}, "claim-without-number"),
        (CLAIM, {"item": []}, "claim-without-lines"),
        (CLAIM, {"modifierExtension": [{"url": "u"}]}, "modifier-not-understood"),
        (CLAIM, {"implicitRules": "http://example.org"}, "modifier-not-understood"),
        (CLAIM, {"total": {"value": 1, "currency": "EUR"}}, "bad-amount"),
        (CLAIM_RESPONSE, {"outcome": "queued"}, "answer-not-final"),
        (CLAIM_RESPONSE, {"outcome": "error"}, "answer-is-error"),
        (CLAIM_RESPONSE, {"item": []}, "answer-without-amounts"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_claim_or_answer_is_left_out_with_the_reason(
    resource: dict[str, Any], members: dict[str, object], code: str
) -> None:
    reading = read(changed(resource, **members))
    assert reading.records == ()
    assert code in codes(reading)
    for problem in reading.problems:
        assert problem.pointer is not None
        assert problem.expected
        assert problem.fix


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"net": {"value": "20"}}, "/item/1/net/value"),
        ({"net": {"value": 1e300}}, "/item/1/net/value"),
        ({"net": {"value": -1}}, "/item/1"),
        ({"net": 7}, "/item/1/net"),
        (
            {
                "productOrService": {
                    "coding": [
                        {"system": "http://snomed.info/sct", "code": "228557008"}
                    ]
                }
            },
            "/item/1",
        ),
    ],
    ids=["text", "huge", "negative", "no object", "no procedure code"],
)
def test_a_claim_with_an_unusable_line_is_left_out_and_names_it(
    members: dict[str, object], pointer: str
) -> None:
    claim = changed(CLAIM)
    claim["item"][1] |= members
    reading = read(
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": claim}, {"resource": CLAIM}],
        }
    )
    assert len(reading.records) == 1
    assert not reading.complete
    assert f"/entry/0/resource{pointer}" in [p.pointer for p in reading.problems]


def test_a_bad_day_is_left_out_alone() -> None:
    claim = changed(CLAIM, created="2026-02")
    reading = read(claim)
    [found] = reading
    assert isinstance(found, Claim)
    assert found.submitted_on is None
    [problem] = reading.problems
    assert (problem.code, problem.pointer) == ("bad-element", "/created")


def test_a_corrected_claim_names_what_it_replaces() -> None:
    relationship = {"coding": [{"code": "prior"}]}
    related = [{"relationship": relationship, "reference": {"value": "ICN-1"}}]
    [claim] = read(changed(CLAIM, related=related))
    assert isinstance(claim, Claim)
    assert claim.frequency_code == "7"
    assert claim.original_payer_claim_control_number == "ICN-1"


def test_what_is_not_read_is_told_once_for_each_kind() -> None:
    claim = changed(CLAIM, fundsReserve={"coding": []})
    for item in claim["item"]:
        item["bodySite"] = {"coding": []}
        item["extension"] = [{"url": "http://example.org/x", "valueString": "y"}]
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": claim}, {"resource": {"resourceType": "Observation"}}],
    }
    reading = read(bundle)
    assert len(reading.records) == 1
    assert reading.complete
    assert sorted(
        (each.code, each.message.partition(" ")[0]) for each in reading.problems
    ) == [
        ("element-not-read", "Claim.fundsReserve"),
        ("element-not-read", "Claim.item.bodySite"),
        ("element-not-read", "Claim.item.extension(http://example.org/x)"),
        ("unsupported-resource", "Observation"),
    ]


def test_the_first_diagnosis_counts_where_none_is_called_principal() -> None:
    codings = [
        {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}]}
        for code in ("F33.1", "Z63.0")
    ]
    diagnosis = [
        {"sequence": number, "diagnosisCodeableConcept": coding}
        for number, coding in zip((5, 9), codings, strict=True)
    ]
    claim = changed(CLAIM, diagnosis=diagnosis)
    claim["item"][0]["diagnosisSequence"] = [9, 5]
    [found] = read(claim)
    assert isinstance(found, Claim)
    assert [each.qualifier for each in found.diagnoses] == ["ABK", "ABF"]
    # The positions in the claim, not FHIR's sequences; none are made up.
    assert [each.diagnosis_pointers for each in found.lines] == [(2, 1), ()]


def test_money_keeps_its_digits() -> None:
    claim = changed(CLAIM)
    text = json.dumps(claim).replace('"value": 140', '"value": 140.10')
    text = text.replace('"value": 20,', '"value": 19.899999999999999,')
    reading = read_bytes(text.encode(), file="f")
    [found] = reading
    assert isinstance(found, Claim)
    assert [str(each.charge) for each in found.lines] == ["140.10", "19.90"]
    assert codes(reading) == ["amount-rounded"]


def adjudication(category: str, amount: object = None, *reasons: str) -> dict[str, Any]:
    """One adjudication; a reason of digits is a CARC, another a RARC."""
    lists = {True: "claim-adjustment-reason", False: "remittance-advice-remark"}
    hl7 = {"submitted", "benefit", "eligible", "deductible", "copay"}
    system = (
        "http://terminology.hl7.org/CodeSystem/adjudication"
        if category in hl7
        else "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudication"
        + ("Discriminator" if category.endswith("reason") else "")
    )
    found: dict[str, Any] = {
        "category": {"coding": [{"system": system, "code": category}]},
        "reason": {
            "coding": [
                {
                    "system": f"https://x12.org/codes/{lists[code.isdecimal()]}-codes",
                    "code": code,
                }
                for code in reasons
            ]
        },
    }
    if amount is not None:
        found["amount"] = {"value": amount, "currency": "USD"}
    return found


@pytest.mark.parametrize(
    ("sent", "paid", "reasons", "outcome"),
    [
        (
            [("benefit", 0), ("denialreason", None, "197")],
            0,
            [("", "197", 100)],
            LineOutcome.DENIED,
        ),
        (
            [("benefit", 60), ("copay", 20), ("adjustmentreason", None, "45")],
            60,
            [("PR", "3", 20), ("", "45", 20)],
            LineOutcome.PAID,
        ),
        (
            [("benefit", 0), ("noncovered", 70), ("denialreason", None, "96")],
            0,
            [("", "96", 70)],
            LineOutcome.DENIED,
        ),
        (
            [("benefit", 0), ("denialreason", None, "50", "197")],
            0,
            [("", "50", 100), ("", "197", 0)],
            LineOutcome.DENIED,
        ),
        # What is stated with a reason counts, and the category's amount not again.
        (
            [("benefit", 80), ("deductible", 20), ("adjustmentreason", 20, "1")],
            80,
            [("", "1", 20)],
            LineOutcome.PAID,
        ),
        # Nobody says what was paid: the reason may be that of a part.
        (
            [("adjustmentreason", None, "96")],
            0,
            [("", "96", 0)],
            LineOutcome.UNKNOWN,
        ),
        ([("denialreason", None, "96")], 0, [("", "96", 100)], LineOutcome.DENIED),
        ([("deductible", 100)], 0, [("PR", "1", 100)], LineOutcome.PAID),
        ([("paidtoprovider", 70), ("paidtopatient", 30)], 100, [], LineOutcome.PAID),
        ([("benefit", 0)], 0, [], LineOutcome.UNKNOWN),
    ],
    ids=[
        "denied for a reason without an amount",
        "the reason gets what the copay leaves",
        "no more than was not covered",
        "the first of two reasons",
        "reasons before categories",
        "a reason without a payment",
        "a denial without a payment",
        "deductible",
        "paid to two",
        "nothing said",
    ],
)
def test_adjudication_as_adjustments(
    sent: list[Any],
    paid: int,
    reasons: list[tuple[str, str, int]],
    outcome: LineOutcome,
) -> None:
    response = changed(CLAIM_RESPONSE, payment=None)
    response["item"] = [
        {
            "itemSequence": 1,
            "adjudication": [
                adjudication("submitted", 100),
                *(adjudication(*each) for each in sent),
            ],
        }
    ]
    _, payment = read(response)
    assert isinstance(payment, ClaimPayment)
    [service] = payment.service_payments
    assert service.paid == paid
    assert [
        (each.group_code, each.reason_code, each.amount) for each in service.adjustments
    ] == reasons
    assert line_outcome(payment, service) is outcome


def test_the_claims_own_reason_gets_what_the_lines_leave() -> None:
    response = changed(
        CLAIM_RESPONSE,
        adjudication=[
            adjudication("adjustmentreason", None, "29"),
            adjudication("copay", 40),
        ],
    )
    response["item"][1]["adjudication"].pop()
    _, payment = read(response)
    assert isinstance(payment, ClaimPayment)
    # 140 and nothing for the second line, whose charge nobody states.
    assert [(each.reason_code, each.amount) for each in payment.adjustments] == [
        ("29", 0)
    ]
    response["total"] = [adjudication("submitted", 160)]
    _, payment = read(response)
    assert isinstance(payment, ClaimPayment)
    assert [(each.reason_code, each.amount) for each in payment.adjustments] == [
        ("29", 20)
    ]


def test_an_answer_gives_a_denied_claim_only_where_the_payer_says_so() -> None:
    bundle = loaded("eob-search.json")
    answer = bundle["entry"][0]["resource"]
    answer["item"] = answer["item"][:1]
    answer["total"] = answer["payment"] = None
    _, payment, _ = read({**bundle, "entry": bundle["entry"]})
    assert isinstance(payment, ClaimPayment)
    assert (payment.status_code, payment.paid, payment.charge) == ("4", 0, 180)
    assert payment.remittance.trace_number == ""
    assert payment.remittance.payment_date == date(2026, 3, 12)
    for item in answer["item"]:
        for each in item["adjudication"]:
            each["category"]["coding"][0]["code"] = each["category"]["coding"][0][
                "code"
            ].replace("denialreason", "adjustmentreason")
    _, payment, _ = read(bundle)
    assert isinstance(payment, ClaimPayment)
    assert payment.status_code == "1"


def test_other_coverage_says_what_it_paid() -> None:
    [sent] = read_file(FILES / "claim-bundle.json").records
    assert isinstance(sent, Claim)
    [claim] = (json.loads(write_fhir_claims([sent])),)
    secondary = copy.deepcopy(claim["insurance"][0])
    secondary |= {"sequence": 2, "focal": False, "claimResponse": {"reference": "#a"}}
    claim["insurance"].append(secondary)
    adjudication = CLAIM_RESPONSE["item"][0]["adjudication"]
    claim["contained"].append(
        {
            "resourceType": "ClaimResponse",
            "id": "a",
            "created": "2026-02-01",
            "adjudication": adjudication[2:],
            "total": [adjudication[0]],
        }
    )
    [found] = read(claim)
    assert isinstance(found, Claim)
    [other] = found.other_payers
    assert (other.paid, other.adjudicated_on) == (100, date(2026, 2, 1))
    assert [each.reason_code for each in other.adjustments] == ["45", "2"]
    assert other.payer_responsibility_code == "P"
