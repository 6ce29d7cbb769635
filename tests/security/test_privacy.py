"""What patients are called stays in the answers: not in logs, errors, headers, URLs."""

import json

import httpx
import msgspec
import pytest

from api.access_log import ALLOWED_KEYS, fault_fields, keep_allowed_keys
from api.examples import EXAMPLE_CLAIM, example_835, example_837p
from api.pages.rendering import render
from denialml.domain.claim import Subscriber
from tests.api.running import X12, Running

CANARIES = ("ZZCANARYLAST", "ZZCANARYFIRST", "ZZMEMBER777", "19010203", "ZZMRN888")
JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv"}


def canary_837p() -> str:
    return (
        example_837p()
        .replace("NM1*IL*1*EXAMPLE*ROBIN", "NM1*IL*1*ZZCANARYLAST*ZZCANARYFIRST")
        .replace("EXM0000001", "ZZMEMBER777")
        .replace("19900101", "19010203")
        .replace("EXAMPLE-MRN-1", "ZZMRN888")
    )


def canary_835() -> str:
    return (
        example_835()
        .replace("NM1*QC*1*EXAMPLE*ROBIN", "NM1*QC*1*ZZCANARYLAST*ZZCANARYFIRST")
        .replace("EXM0000001", "ZZMEMBER777")
    )


def canary_claim() -> bytes:
    return msgspec.json.encode(
        msgspec.structs.replace(
            EXAMPLE_CLAIM,
            subscriber=Subscriber(
                member_id="ZZMEMBER777",
                last_name="ZZCANARYLAST",
                first_name="ZZCANARYFIRST",
            ),
            medical_record_number="ZZMRN888",
        )
    )


def held(answers: list[httpx.Response]) -> list[str]:
    """Canaries in headers of any answer, or in the body of a refusal."""
    found = []
    for answer in answers:
        headers = " ".join(f"{name}: {value}" for name, value in answer.headers.items())
        body = answer.text if answer.status_code >= 400 else ""
        found += [canary for canary in CANARIES if canary in headers + body]
    return found


def test_no_canary_in_log_header_or_refusal(running: Running) -> None:
    organization = running.add_organization("Canaries")
    running.give_model(organization)
    key = running.key(organization)
    before = len(running.log.getvalue())
    claim = canary_claim()
    answers: list[httpx.Response] = []
    with running.client(key) as client:

        def send(method: str, path: str, content: object, headers: object) -> None:
            answers.append(
                client.request(method, path, content=content, headers=headers)  # type: ignore[arg-type]
            )

        send("POST", "/v1/files", canary_837p(), X12)
        send("POST", "/v1/remittances", canary_835(), X12)
        send("POST", "/v1/remittances", canary_835()[:-40], X12)
        send("POST", "/v1/remittances", canary_837p(), X12)
        send(
            "POST",
            "/v1/files",
            b"ZZCANARYLAST,ZZMEMBER777",
            {"Content-Type": "text/csv"},
        )
        send("POST", "/v1/claims/score", claim, JSON)
        send("POST", "/v1/claims/score", canary_837p(), X12)
        send("POST", "/v1/claims/score", claim[:-5], JSON)
        send("POST", "/v1/claims/score", claim[:-1] + b',"ZZCANARYLAST":1}', JSON)
        send(
            "POST", "/v1/claims/score", claim.replace(b'"180.00"', b'"ZZMRN888"'), JSON
        )
        send("POST", "/v1/claims/score", claim, {"Content-Type": "ZZCANARYLAST/x"})
        send("GET", "/v1/denials?payer_id=ZZCANARYLAST&sort=ZZMEMBER777", None, {})
        send("GET", "/v1/denials?cursor=ZZCANARYLAST", None, {})
        send("GET", "/v1/denials/ZZCANARYLAST", None, {"X-Request-ID": "ZZMEMBER777"})
        send("GET", "/ZZCANARYLAST/ZZMRN888?q=ZZMEMBER777", None, {})
        send("ZZMRN888", "/v1/denials", None, {})
        denial = client.get("/v1/denials").json()["denials"][0]["denial"]
        send("POST", f"/v1/denials/{denial['denial_id']}/appeal", None, {})
        draft = answers[-1].json()["draft_id"]
        for form in ("json", "html", "pdf", "ZZCANARYLAST"):
            send("GET", f"/v1/appeals/{draft}?format={form}", None, {})
    assert sum(answer.status_code >= 400 for answer in answers) >= 11
    # The report of a broken file names what is wrong to the person who sent it; the
    # one offending value may be in it, which is why it is never logged.
    assert held(answers) == []
    logged = "\n".join(running.log_lines(before, at_least=len(answers)))
    assert [canary for canary in CANARIES if canary in logged] == []


def test_a_fault_of_ours_says_nothing_but_the_request_id(
    running: Running, harbor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("ZZCANARYLAST has member number ZZMEMBER777")

    monkeypatch.setattr("api.routes.denials.list_denials", fail)
    before = len(running.log.getvalue())
    with running.client(running.key(harbor)) as client:
        answer = client.get("/v1/denials")
    assert answer.status_code == 500
    assert answer.json()["type"] == "/docs/problems/internal-error"
    assert held([answer]) == []
    line = json.loads(running.log_lines(before, at_least=1)[-1])
    assert line["request_id"] == answer.json()["request_id"]
    assert line["fault"] == "RuntimeError"
    assert "test_privacy.py" in line["where"]
    assert "ZZ" not in json.dumps(line)


def test_every_log_line_has_only_keys_of_the_list(
    running: Running, client: httpx.Client
) -> None:
    client.get("/v1/denials")
    lines = [json.loads(line) for line in running.log_lines(0, at_least=1)]
    assert set().union(*lines) <= ALLOWED_KEYS


def test_a_forgotten_key_is_dropped_from_a_log_line() -> None:
    event = {"event": "request", "claim": "ZZCANARYLAST", "status": 200}
    assert keep_allowed_keys(None, "info", event) == {"event": "request", "status": 200}


def test_a_fault_is_described_without_its_message() -> None:
    try:
        raise ValueError("ZZCANARYLAST")
    except ValueError as error:
        fields = fault_fields(error)
    assert fields["fault"] == "ValueError"
    assert "ZZCANARYLAST" not in str(fields)


XSS = (
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "{{7000001*7}}${7000001*7}",
    "</textarea><script>alert(1)</script>",
    "javascript:alert(1)",
)


@pytest.mark.parametrize("payload", XSS)
def test_a_name_from_a_file_is_text_on_every_page(
    running: Running, payload: str
) -> None:
    """X12 text has no delimiters in it, so those are left out of the payload."""
    name = payload.replace("*", "").replace(":", "").replace("~", "").replace("^", "")
    organization = running.add_organization(payload)
    running.give_model(organization)
    claims = (
        example_837p()
        .replace("EXAMPLE*ROBIN", f"{name}*{name}")
        .replace("EXM0000001", name)
        .replace("NORTHGATE HEALTH PLAN", name)
    )
    remittance = example_835().replace("NORTHGATE HEALTH PLAN", name)
    key = running.key(organization)
    with running.client(key) as client:
        for path, content in (("/v1/files", claims), ("/v1/remittances", remittance)):
            answer = client.post(path, content=content.encode(), headers=X12)
            assert answer.status_code == 200, answer.text
        denial = client.get("/v1/denials").json()["denials"][0]["denial"]["denial_id"]
        draft = client.post(f"/v1/denials/{denial}/appeal").json()["draft_id"]
        letter = client.get(f"/v1/appeals/{draft}?format=html").text
    with running.signed_in(key) as browser:
        pages = [
            browser.get(path).text
            for path in ("/denials", f"/denials/{denial}", f"/appeals/{draft}")
        ]
        token = pages[0].split('name="csrf_token" value="')[1].split('"')[0]
        for sent in (claims, payload):
            scored = browser.post("/claims", data={"csrf_token": token, "text": sent})
            pages.append(scored.text)
    for page in (*pages, letter):
        assert "<script" not in page
        assert "onerror=alert" not in page.replace("&lt;img src=x onerror=alert", "")
        assert "<svg" not in page
        assert "49000007" not in page
        assert 'href="javascript' not in page
    assert any("&lt;" in page or "{{" in page or "javascript" in page for page in pages)


def test_templates_escape_and_refuse_what_is_not_given() -> None:
    page = render("sign_in.html.j2", failed=False).body.decode()
    assert "API key" in page
    with pytest.raises(Exception, match="undefined"):
        render("sign_in.html.j2")
