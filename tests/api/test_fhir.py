"""FHIR over HTTP: files stored, denials found in them, claims scored."""

import json

from api.examples import example_835, example_837p
from api.routes.files import FHIR_MEDIA_TYPE, example_fhir_claim
from denialml.domain.remittance import ClaimPayment
from denialml.formats import read_bytes, write_fhir_answers
from tests.api.running import X12, Running

FHIR = {"Content-Type": FHIR_MEDIA_TYPE}
NDJSON = {"Content-Type": "application/fhir+ndjson"}
AS_OF = "2026-10-06"


def example_answers() -> bytes:
    """The example remittance as ExplanationOfBenefit resources."""
    records = read_bytes(example_835().encode(), file="r").records
    return write_fhir_answers(
        each for each in records if isinstance(each, ClaimPayment)
    )


def test_a_claim_scores_alike_as_x12_and_as_fhir(running: Running) -> None:
    organization = running.add_organization("FHIR scores")
    running.give_model(organization)
    address = f"/v1/claims/score?as_of={AS_OF}"
    with running.client(running.key(organization)) as client:
        claim = json.dumps(example_fhir_claim())
        fhir = client.post(address, content=claim, headers=FHIR)
        x12 = client.post(address, content=example_837p(), headers=X12)
    assert fhir.status_code == x12.status_code == 200, fhir.text
    assert fhir.json()["problems"] == []
    [left], [right] = fhir.json()["scores"], x12.json()["scores"]
    assert left == right


def test_denials_are_found_in_explanations_of_benefit(running: Running) -> None:
    organization = running.add_organization("FHIR answers")
    with running.client(running.key(organization)) as client:
        claim = json.dumps(example_fhir_claim())
        sent = client.post("/v1/files", content=claim, headers=FHIR)
        assert sent.json()["records_new"] == {"Claim": 1}
        taken = client.post("/v1/files", content=example_answers(), headers=NDJSON)
        assert taken.status_code == 200, taken.text
        assert taken.json()["denials"]["new"] == 1
        # The same remittance as an 835 adds nothing.
        again = client.post("/v1/files", content=example_835(), headers=X12)
        assert again.json()["records_new"] == {}
        assert len(client.get("/v1/denials").json()["denials"]) == 1
        refused = client.post("/v1/remittances", content=example_answers(), headers=X12)
        assert refused.status_code == 422


def test_a_fault_of_a_fhir_file_has_its_pointer(running: Running) -> None:
    organization = running.add_organization("FHIR faults")
    claim = example_fhir_claim()
    claim["item"][0]["net"]["value"] = "180"
    with running.client(running.key(organization)) as client:
        answer = client.post("/v1/files", content=json.dumps(claim), headers=FHIR)
        other = client.post("/v1/files", content="{}", headers=FHIR)
    assert answer.json()["type"].endswith("incomplete-file")
    [problem] = answer.json()["report"]["problems"]
    assert problem["pointer"] == "/item/0/net/value"
    assert other.json()["type"].endswith("unreadable-file")
