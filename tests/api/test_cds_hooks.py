"""CDS Hooks: discovery, cards of one claim, the same score and audit as the API."""

import json
import re
import statistics
import time
import uuid
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import select

from api.cds_cards import SUMMARY_CHARACTERS, cards_of
from api.examples import EXAMPLE_CLAIM, EXAMPLE_SCORE, as_json
from api.routes.cds_hooks import SERVICE_ID
from api.routes.files import example_fhir_claim
from denialml.domain.claim import Claim
from denialml.formats import read_bytes
from denialml.store.audit import AuditAction
from denialml.store.database import open_session
from denialml.store.office_tables import AuditEventRow
from tests.api.running import Running

ADDRESS = f"/cds-services/{SERVICE_ID}"
CLAIM: dict[str, Any] = as_json(EXAMPLE_CLAIM)


def call(**changes: Any) -> dict[str, Any]:
    return {
        "hook": "denialml-claim-prepare",
        "hookInstance": str(uuid.uuid4()),
        "context": {"userId": "Practitioner/1", "claim": CLAIM},
    } | changes


def check_form(answer: httpx.Response) -> list[dict[str, Any]]:
    """What CDS Hooks 2.0 asks of every card."""
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"cards"}
    for card in body["cards"]:
        assert set(card) == {"uuid", "summary", "indicator", "source", "detail"}
        assert 0 < len(card["summary"]) <= 140
        assert card["indicator"] in {"info", "warning"}
        assert card["source"] == {"label": "denialml claim check"}
        uuid.UUID(card["uuid"])
    cards: list[dict[str, Any]] = body["cards"]
    return cards


def test_discovery_is_public_and_has_the_form_of_the_standard(
    running: Running,
) -> None:
    with running.client() as client:
        answer = client.get("/cds-services")
    assert answer.status_code == 200
    (service,) = answer.json()["services"]
    assert set(service) == {"hook", "id", "title", "description", "prefetch"}
    assert service["id"] == SERVICE_ID
    for organization_id in running.organizations.values():
        assert organization_id not in answer.text


@pytest.mark.parametrize("hook", ["denialml-claim-prepare", "order-sign"])
@pytest.mark.parametrize("place", ["context", "prefetch"])
def test_the_cards_say_what_the_api_says(
    client: httpx.Client, hook: str, place: str
) -> None:
    score = client.post("/v1/claims/score?fixes=false", json=CLAIM).json()["scores"][0]
    held = {"context": {"patientId": "x"}, place: {"claim": CLAIM}}
    cards = check_form(client.post(ADDRESS, json=call(hook=hook, **held)))
    assert risk_of(score) in cards[0]["summary"]
    decision = score["decision"]["decision"]
    assert (cards[0]["indicator"] == "info") is (decision == "passes")
    grave = [
        it
        for it in score["findings"]
        if it["verdict"] == "found"
        and it["severity"] in {"reject", "hold", "deny-likely"}
    ]
    assert len(cards) == 1 + len(grave)
    for card, finding in zip(cards[1:], grave, strict=True):
        assert card["summary"].startswith(f"{finding['rule_id']}: ")
        assert card["indicator"] == "warning"


def risk_of(score: dict[str, Any]) -> str:
    if score["abstains"]:
        return "no estimate of its denial risk"
    return f"denial risk {score['probability']:.0%}"


def test_the_risk_of_a_batch_of_claims_is_the_one_of_the_api(
    running: Running, client: httpx.Client
) -> None:
    batch = read_bytes(running.outgoing, file="outgoing.edi")
    claims = [as_json(it) for it in batch if isinstance(it, Claim)][:8]
    scored = client.post("/v1/claims/score?fixes=false", json={"claims": claims})
    scores = scored.json()["scores"]
    assert not all(score["abstains"] for score in scores)
    for claim, score in zip(claims, scores, strict=True):
        cards = check_form(client.post(ADDRESS, json=call(context={"claim": claim})))
        assert risk_of(score) in cards[0]["summary"]


def test_a_fhir_claim_gives_the_same_risk(client: httpx.Client) -> None:
    fhir = {"Content-Type": "application/fhir+json"}
    sent = json.dumps(example_fhir_claim())
    answer = client.post("/v1/claims/score?fixes=false", content=sent, headers=fhir)
    (score,) = answer.json()["scores"]
    cards = check_form(
        client.post(ADDRESS, json=call(context={"claim": example_fhir_claim()}))
    )
    assert risk_of(score) in cards[0]["summary"]


def test_a_check_is_audited_like_a_score(
    running: Running, client: httpx.Client
) -> None:
    request_id = uuid.uuid4().hex
    check_form(client.post(ADDRESS, json=call(), headers={"X-Request-ID": request_id}))
    with open_session(running.engine, read_only=True) as session:
        actions = session.scalars(
            select(AuditEventRow.action).where(AuditEventRow.request_id == request_id)
        ).all()
    assert AuditAction.CLAIMS_SCORED in actions


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"context": {}}, "/context/claim"),
        ({"context": {"claim": None}, "prefetch": {"claim": None}}, "/context/claim"),
        ({"context": {"claim": []}}, "/context/claim"),
        ({"context": {"claim": {"claims": [CLAIM, CLAIM]}}}, "/context/claim"),
        ({"context": {"claim": CLAIM | {"lines": []}}}, "/context/claim/lines"),
        ({"context": {}, "prefetch": {"claim": {"x": 1}}}, "/prefetch/claim"),
        ({"context": {"claim": CLAIM | {"frequency_code": "8"}}}, "/context/claim/fr"),
        ({"hook": "patient-view"}, "/hook"),
        ({"hook": 7}, "/hook"),
        ({"surprise": 1}, ""),
    ],
)
def test_what_cannot_be_checked_is_refused_at_its_place(
    client: httpx.Client, changes: dict[str, Any], pointer: str
) -> None:
    answer = client.post(ADDRESS, json=call(**changes))
    assert answer.status_code == 422, answer.text
    (error, *_) = answer.json()["errors"]
    assert error["pointer"].startswith(pointer)


def test_no_json_is_400_and_a_field_twice_is_refused(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    assert client.post(ADDRESS, content=b"{", headers=headers).status_code == 400
    twice = json.dumps(call())[:-1] + ', "hook": "order-sign"}'
    assert client.post(ADDRESS, content=twice, headers=headers).status_code == 422
    deep = b'{"context":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_001
    assert client.post(ADDRESS, content=deep, headers=headers).status_code == 400
    assert client.post(ADDRESS, content=b"{}").status_code == 415


def test_nothing_of_the_call_is_repeated_but_the_claim_it_is_about(
    running: Running, client: httpx.Client
) -> None:
    canary = "ZQXCANARY7731"
    length = len(running.log.getvalue())
    sent = call(
        fhirServer=f"https://{canary}.example",
        fhirAuthorization={"access_token": canary},
        context={"claim": CLAIM, "patientId": canary},
        extension={canary: canary},
    )
    answer = client.post(ADDRESS, json=sent)
    check_form(answer)
    assert canary not in answer.text
    (line, *_) = running.log_lines(length, at_least=1)
    assert canary not in line


def test_text_of_a_claim_is_no_markup() -> None:
    finding = EXAMPLE_SCORE.findings[0]
    hostile = "x\n# [a](javascript:alert(1)) <img src=x onerror=alert(1)> `*_|"
    score = msgspec.structs.replace(
        EXAMPLE_SCORE,
        findings=(
            msgspec.structs.replace(
                finding, statement=hostile, verdict="found", title="t" * 300
            ),
        ),
        reasons=(hostile,),
    )
    cards = cards_of(score).cards
    text = "".join(card.detail for card in cards)
    for markup in (r"(?<!\\)\[a", r"(?<!\\)<img", r"\n# ", r"(?<!\\)`"):
        assert not re.search(markup, text)
    assert len(cards[-1].summary) == SUMMARY_CHARACTERS


def test_an_answer_takes_less_than_half_a_second(client: httpx.Client) -> None:
    check_form(client.post(ADDRESS, json=call()))
    seconds = []
    for _ in range(20):
        started = time.perf_counter()
        client.post(ADDRESS, json=call())
        seconds.append(time.perf_counter() - started)
    assert statistics.median(seconds) < 0.5
