"""FHIR files stored: one claim from X12 and FHIR is one; answers find their claims."""

import json
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from sqlalchemy.orm import Session

from denialml.domain.adjudication import LineOutcome
from denialml.domain.claim import Claim
from denialml.domain.remittance import ClaimPayment
from denialml.formats import read_bytes, write_fhir_answers, write_fhir_claims
from denialml.store.records import practice_records
from tests.formats.interchange import professional
from tests.store.files import (
    CLAIMS,
    SAME_REMITTANCE,
    claims_file,
    ingest,
    remittance_file,
    rows_of,
    stored,
)

FILES = Path(__file__).resolve().parents[1] / "files" / "fhir"
X12_CLAIM = professional(
    """
    CLM*C1*150***11:B:7*Y*A*Y*Y
    REF*F8*ICN7
    REF*EA*MR1
    HI*ABK:F411*ABF:F331
    NM1*82*1*ROE*JO****XX*1003000126
    LX*1
    SV1*HC:90837:95*150*UN*1*10**1:2
    DTP*472*D8*20260203
    REF*6R*LINE1
    """
)
# The same claim as a practice's system would export it to FHIR, written by hand.
FHIR_CLAIM: dict[str, Any] = {
    "resourceType": "Claim",
    "contained": [
        {
            "resourceType": "Patient",
            "id": "p",
            "identifier": [
                {
                    "type": {"coding": [{"code": "MR"}]},
                    "value": "MR1",
                }
            ],
            "name": [{"family": "DOE", "given": ["ANA"]}],
            "gender": "female",
            "birthDate": "1980-01-02",
            "address": [
                {
                    "line": ["2 ELM ST", "APT 3"],
                    "city": "ALBANY",
                    "state": "NY",
                    "postalCode": "12208",
                }
            ],
        },
        {
            "resourceType": "Organization",
            "id": "b",
            "identifier": [
                {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"},
                {"system": "urn:oid:2.16.840.1.113883.4.4", "value": "123456789"},
            ],
            "name": "CALM PRACTICE",
            "type": [
                {
                    "coding": [
                        {
                            "system": "http://nucc.org/provider-taxonomy",
                            "code": "101YM0800X",
                        }
                    ]
                }
            ],
            "address": [
                {
                    "line": ["1 MAIN ST"],
                    "city": "ALBANY",
                    "state": "NY",
                    "postalCode": "12207",
                }
            ],
        },
        {
            "resourceType": "Organization",
            "id": "o",
            "identifier": [{"value": "ACME1"}],
            "name": "ACME HEALTH",
        },
        {
            "resourceType": "Practitioner",
            "id": "d",
            "identifier": [
                {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1003000126"}
            ],
            "name": [{"family": "ROE", "given": ["JO"]}],
        },
        {
            "resourceType": "Coverage",
            "id": "v",
            "status": "active",
            "type": {
                "coding": [
                    {
                        "system": "https://codesystem.x12.org/005010/1032",
                        "code": "CI",
                    }
                ]
            },
            "subscriberId": "M1",
            "beneficiary": {"reference": "#p"},
            "relationship": {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/"
                        "subscriber-relationship",
                        "code": "self",
                    }
                ]
            },
            "payor": [{"reference": "#o"}],
            "class": [
                {
                    "type": {
                        "coding": [
                            {
                                "system": "http://terminology.hl7.org/CodeSystem/"
                                "coverage-class",
                                "code": "group",
                            }
                        ]
                    },
                    "value": "GRP1",
                }
            ],
        },
    ],
    "identifier": [{"value": "C1"}],
    "status": "active",
    "type": {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/claim-type",
                "code": "professional",
            }
        ]
    },
    "use": "claim",
    "patient": {"reference": "#p"},
    "created": "2026-02-04T09:30:00-05:00",
    "insurer": {"reference": "#o"},
    "provider": {"reference": "#b"},
    "related": [
        {
            "relationship": {"coding": [{"code": "prior"}]},
            "reference": {"value": "ICN7"},
        }
    ],
    "careTeam": [{"sequence": 1, "provider": {"reference": "#d"}}],
    "diagnosis": [
        {"sequence": 1, "diagnosisCodeableConcept": {"coding": [{"code": "F41.1"}]}},
        {"sequence": 2, "diagnosisCodeableConcept": {"coding": [{"code": "F33.1"}]}},
    ],
    "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "#v"}}],
    "item": [
        {
            "extension": [
                {
                    "url": "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
                    "extension-itemTraceNumber",
                    "valueIdentifier": {"value": "LINE1"},
                }
            ],
            "sequence": 1,
            "careTeamSequence": [1],
            "diagnosisSequence": [1, 2],
            "productOrService": {
                "coding": [
                    {"system": "http://www.ama-assn.org/go/cpt", "code": "90837"}
                ]
            },
            "modifier": [{"coding": [{"code": "95"}]}],
            "servicedDate": "2026-02-03",
            "locationCodeableConcept": {"coding": [{"code": "10"}]},
            "quantity": {"value": 1},
            "net": {"value": 150.00, "currency": "USD"},
        }
    ],
    "total": {"value": 150, "currency": "USD"},
}


def test_a_claim_from_x12_and_from_fhir_is_one_claim(
    session: Session, organization_id: str
) -> None:
    """X222 wants SV105 only where it differs from CLM05-1; FHIR has it at the line."""
    same_place = X12_CLAIM.replace(b"11:B:7", b"10:B:7").replace(b"*1*10**1", b"*1***1")
    [sent] = read_bytes(same_place, file="c.edi")
    [exported] = read_bytes(json.dumps(FHIR_CLAIM).encode(), file="c.json")
    assert isinstance(sent, Claim)
    assert isinstance(exported, Claim)
    assert replace(exported, source=None) == replace(sent, source=None)

    first = ingest(session, organization_id, same_place, file="c.edi")
    again = ingest(
        session, organization_id, json.dumps(FHIR_CLAIM).encode(), file="c.json"
    )

    assert first.records_new == {"Claim": 1}
    assert again.records_new == {}
    assert again.records_known == {"Claim": 1}
    assert again.transactions == {"Claim": 1}
    assert rows_of(session, organization_id)["claims"] == 1


def test_what_was_read_from_x12_and_written_as_fhir_adds_nothing(
    session: Session, organization_id: str
) -> None:
    claims = read_bytes(claims_file(CLAIMS), file="c").records
    payments = read_bytes(remittance_file(SAME_REMITTANCE), file="r").records
    ingest(session, organization_id, claims_file(CLAIMS), file="c.edi")
    ingest(session, organization_id, remittance_file(SAME_REMITTANCE), file="r.edi")
    before = stored(session, organization_id)

    as_fhir = [
        write_fhir_claims(each for each in claims if isinstance(each, Claim)),
        write_fhir_answers(each for each in payments if isinstance(each, ClaimPayment)),
        write_fhir_claims([each for each in claims if isinstance(each, Claim)][::-1]),
    ]
    for number, data in enumerate(as_fhir):
        report = ingest(session, organization_id, data, file=f"f{number}.ndjson")
        assert report.complete
        assert report.records_new == {}
        assert report.records_replaced == {}
    assert stored(session, organization_id) == before


def test_an_explanation_of_benefit_answers_the_lines_of_its_claim(
    session: Session, organization_id: str
) -> None:
    for name in ("claim-bundle.json", "eob-search.json"):
        data = (FILES / name).read_bytes()
        report = ingest(session, organization_id, data, file=name)
        assert report.complete
    assert report.payments_matched == 1
    assert report.lines_answered == 2
    records = practice_records(session, organization_id)
    assert [each.outcome for each in records.adjudications] == [
        LineOutcome.DENIED,
        LineOutcome.PAID,
    ]
    assert len(records.eligibility_checks) == 1
    again = ingest(session, organization_id, data, file="renamed.json")
    assert again.records_new == {}


def test_a_fhir_answer_finds_a_claim_that_came_as_x12(
    session: Session, organization_id: str
) -> None:
    [_, answer] = [
        json.loads(line)
        for line in (FILES / "claim-response.ndjson").read_text().splitlines()
    ]
    answer["request"] = {"identifier": {"value": "C1"}}
    answer["item"] = answer["item"][1:]
    answer["item"][0]["itemSequence"] = 1
    answer["payment"] = None
    ingest(session, organization_id, X12_CLAIM, file="c.edi")
    report = ingest(session, organization_id, json.dumps(answer).encode(), file="a")
    assert report.payments_matched == 1
    [line] = practice_records(session, organization_id).adjudications
    assert line.outcome is LineOutcome.DENIED


def test_a_claim_read_without_its_patient_gives_way_to_the_whole_one(
    session: Session, organization_id: str
) -> None:
    bundle = json.loads((FILES / "claim-bundle.json").read_text())
    parts = dict(bundle)
    parts["entry"] = [
        each
        for each in bundle["entry"]
        if each["resource"]["resourceType"] != "Patient"
    ]
    cut = ingest(session, organization_id, json.dumps(parts).encode(), file="cut")
    assert {each.code for each in cut.problems} == {"unresolved-reference"}
    whole = ingest(session, organization_id, json.dumps(bundle).encode(), file="whole")
    assert whole.records_replaced == {"Claim": 1}
    assert rows_of(session, organization_id)["claims"] == 1
