"""/metrics: what is counted, who may read it, and that nothing sent is a label."""

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from api.examples import EXAMPLE_CLAIM, as_json, example_835, example_837p
from denialml.settings import Settings
from tests.api.running import Running

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
TOKEN = "m" * 40
CANARY = "ZQXCANARY7731"


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float:
    return samples(text).get((name, frozenset(labels.items())), 0.0)


@pytest.fixture
def read(running: Running) -> Iterator[httpx.Client]:
    with running.client() as client:
        yield client


def scrape(client: httpx.Client) -> str:
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    return answer.text


def test_requests_are_counted_under_their_template(
    read: httpx.Client, client: httpx.Client
) -> None:
    labels = {
        "route": "/v1/denials/{denial_id}",
        "method": "GET",
        "status_class": "4xx",
    }
    before = scrape(read)
    assert client.get("/v1/denials/den_nobody").status_code == 404
    after = scrape(read)
    name = "denialml_http_requests_total"
    assert value(after, name, **labels) == value(before, name, **labels) + 1
    count = "denialml_http_request_seconds_count"
    route = labels["route"]
    assert value(after, count, route=route) == value(before, count, route=route) + 1


def test_scores_and_their_audit_are_counted(
    read: httpx.Client, client: httpx.Client
) -> None:
    before = scrape(read)
    one = as_json(EXAMPLE_CLAIM)
    assert client.post("/v1/claims/score", json={"claims": [one] * 3}).is_success
    assert client.post("/v1/claims/score", json=one).is_success
    after = scrape(read)

    def scored(text: str) -> float:
        name = "denialml_claims_scored_total"
        return sum(value(text, name, way=way) for way in ("at_once", "on_a_thread"))

    assert scored(after) == scored(before) + 4
    name = "denialml_audit_tickets_total"
    written = value(after, name, result="written")
    assert written >= value(before, name, result="written") + 2
    assert value(after, "denialml_audit_seconds_count") >= written
    assert value(after, "denialml_audit_waiting") == 0


def test_the_state_is_told(read: httpx.Client) -> None:
    text = scrape(read)
    assert value(text, "denialml_ready") == 1
    assert value(text, "denialml_database_up") == 1
    assert value(text, "denialml_models_serving") >= 1
    assert value(text, "denialml_models_degraded") == 0
    assert value(text, "denialml_oldest_model_age_seconds") >= 0
    assert value(text, "denialml_disk_free_bytes") > 0


def test_nothing_that_was_sent_is_told_and_every_label_is_declared(
    running: Running, read: httpx.Client, harbor: str
) -> None:
    claim = as_json(EXAMPLE_CLAIM) | {"patient_control_number": CANARY}
    odd = {"X-Request-ID": CANARY, "User-Agent": CANARY, "Cookie": f"session={CANARY}"}
    edi = example_837p().replace("A-1001", CANARY)
    other_kind = example_835().replace("ST*835*", f"ST*{CANARY}*")
    file = {
        "Content-Type": "application/edi-x12",
        "Content-Disposition": f'attachment; filename="{CANARY}.edi"',
    }
    with running.client(running.key(harbor)) as client:
        client.headers.update(odd)
        client.post("/v1/claims/score", json=claim)
        client.post("/v1/claims/score", json=claim | {CANARY: 1})
        client.post("/v1/claims/score", content=edi, headers=file)
        client.post("/v1/files", content=other_kind, headers=file)
        for path in ("", "/v1/denials/", "/v1/denials?status=", "/static/", "/docs/"):
            client.get(f"{path}/{CANARY}")
        client.request("PROPFIND", "/v1/denials")
        client.get("/v1/denials", headers={"Host": f"{CANARY}.example"})
    text = scrape(read)
    assert CANARY.lower() not in text.lower()
    for identifier in running.organizations.values():
        assert identifier not in text
    declared = create_app(sealed()).state.service.metrics.declared_labels()
    for name, labels in samples(text):
        for label, shown in labels:
            assert label == "le" or shown in declared[label], (name, label, shown)
    assert any(("method", "other") in labels for _, labels in samples(text))
    assert any(("route", "unmatched") in labels for _, labels in samples(text))


def test_a_file_of_another_kind_is_counted_as_other(
    read: httpx.Client, client: httpx.Client
) -> None:
    before = scrape(read)
    sent = example_835().replace("ST*835*", "ST*8Q5*")
    assert sent != example_835()
    client.post(
        "/v1/files", content=sent, headers={"Content-Type": "application/edi-x12"}
    )
    known = client.post(
        "/v1/files",
        content=example_837p(),
        headers={"Content-Type": "application/edi-x12"},
    )
    assert known.status_code == 200
    after = scrape(read)
    name = "denialml_files_taken_in_total"

    def taken(text: str, kind: str) -> float:
        return sum(
            value(text, name, kind=kind, complete=complete)
            for complete in ("true", "false")
        )

    assert taken(after, "837P") == taken(before, "837P") + 1
    assert taken(after, "other") == taken(before, "other") + 1


def sealed(**changes: object) -> Settings:
    values: dict[str, object] = {
        "database_url": "sqlite://",
        "api_key_pepper": "p" * 40,
        "audit_key": "k" * 40,
    }
    return Settings(**(values | changes))  # type: ignore[arg-type]


def asked_from(
    peer: str, settings: Settings, headers: dict[str, str]
) -> httpx.Response:
    app = create_app(settings)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(peer, 50000))
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.get("http://localhost/metrics", headers=headers)

    try:
        return asyncio.run(ask())
    finally:
        app.state.service.close()


@pytest.mark.parametrize(
    ("changes", "peer", "headers", "expected"),
    [
        ({}, "127.0.0.1", {}, 200),
        ({}, "::1", {}, 200),
        ({}, "192.0.2.7", {}, 403),
        ({}, "127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 403),
        ({}, "127.0.0.1", {"Forwarded": "for=192.0.2.7"}, 403),
        ({"secure_cookies": True}, "127.0.0.1", {}, 403),
        ({"secure_cookies": True, "host": "0.0.0.0"}, "127.0.0.1", {}, 403),
        ({"metrics_token": TOKEN}, "127.0.0.1", {}, 401),
        ({"metrics_token": TOKEN}, "127.0.0.1", {"Authorization": "Bearer x"}, 401),
        ({"metrics_token": TOKEN}, "127.0.0.1", {"Authorization": TOKEN}, 401),
        (
            {"metrics_token": TOKEN},
            "192.0.2.7",
            {"Authorization": f"Bearer {TOKEN}"},
            200,
        ),
        (
            {"metrics_token": TOKEN, "secure_cookies": True},
            "192.0.2.7",
            {"Authorization": f"bearer {TOKEN}"},
            200,
        ),
    ],
)
def test_who_may_read_it(
    changes: dict[str, object], peer: str, headers: dict[str, str], expected: int
) -> None:
    answer = asked_from(peer, sealed(**changes), headers)
    assert answer.status_code == expected
    if expected != 200:
        assert "denialml_http" not in answer.text
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_api_key_opens_nothing_where_a_token_is_set(
    running: Running, harbor: str
) -> None:
    headers = {"Authorization": f"Bearer {running.key(harbor)}"}
    answer = asked_from("127.0.0.1", sealed(metrics_token=TOKEN), headers)
    assert answer.status_code == 401


def test_a_short_token_is_refused() -> None:
    with pytest.raises(ValueError, match="metrics_token"):
        sealed(metrics_token="short")


def test_every_metric_is_documented(read: httpx.Client) -> None:
    families = {family.name for family in text_string_to_metric_families(scrape(read))}
    own = {name for name in families if name.startswith("denialml_")}
    table = PAGE.read_text().split("## Metrics\n", 1)[1].split("\n## ", 1)[0]
    documented = set(re.findall(r"^\| `(denialml_\w+)` \|", table, re.M))
    assert {name.removesuffix("_total") for name in documented} == own


def test_counting_from_many_threads_loses_nothing(
    running: Running, read: httpx.Client
) -> None:
    name = "denialml_http_requests_total"
    labels = {"route": "/healthz", "method": "GET", "status_class": "2xx"}
    before = value(scrape(read), name, **labels)

    def ask() -> None:
        with running.client() as client:
            for _ in range(25):
                client.get("/healthz")

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value(scrape(read), name, **labels) == before + 200
