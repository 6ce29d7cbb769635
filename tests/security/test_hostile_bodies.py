"""Bodies that mean harm are refused quickly, with one problem, and change nothing."""

import io
import socket
import zipfile

import httpx
import msgspec
import pytest

from api.examples import EXAMPLE_CLAIM
from tests.api.running import Running

JSON = {"Content-Type": "application/json"}
X12 = {"Content-Type": "application/edi-x12"}
CLAIM = msgspec.json.encode(EXAMPLE_CLAIM)


def zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("claims.edi", b"ISA*" * 2_000_000)
    return packed.getvalue()


BILLION_LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">
<!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><lolz>&c;</lolz>"""

JSON_BODIES = {
    "empty": (b"", 400),
    "nul": (b"\0" * 1000, 400),
    "nul in a claim": (CLAIM[:-1] + b"\0}", 400),
    "invalid UTF-8": (b'{"patient_control_number": "\xff\xfe"}', 400),
    "lone surrogate": (b'{"patient_control_number": "\\ud800"}', 400),
    "truncated": (CLAIM[: len(CLAIM) // 2], 400),
    "deep list": (b"[" * 200_000, 422),
    "deep claim": (b'{"claims":' + b"[" * 200_000, 400),
    "deep object": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400),
    "number": (b"1", 422),
    "null": (b"null", 422),
    "a list": (b"[" + CLAIM + b"]", 422),
    "no claims": (b'{"claims": []}', 422),
    "claims is an object": (b'{"claims": {}}', 422),
    "unknown field": (CLAIM[:-1] + b',"organization_id":"org_other"}', 422),
    "unknown field beside claims": (b'{"claims": [' + CLAIM + b'], "as": 1}', 422),
    "an amount that is not a number": (
        CLAIM.replace(b'"total_charge":"180.00"', b'"total_charge":"NaN"'),
        422,
    ),
    "an endless amount": (
        CLAIM.replace(b'"total_charge":"180.00"', b'"total_charge":"1e999999"'),
        422,
    ),
    "a negative amount": (
        CLAIM.replace(b'"total_charge":"180.00"', b'"total_charge":"-1"'),
        422,
    ),
    "XML": (BILLION_LAUGHS, 400),
    "zip": (zip_bomb(), 400),
    "pickle": (b"\x80\x04\x95\x0b\x00\x00\x00", 400),
}


@pytest.mark.parametrize(("body", "status"), JSON_BODIES.values(), ids=JSON_BODIES)
def test_a_hostile_json_body_is_refused(
    client: httpx.Client, body: bytes, status: int
) -> None:
    answer = client.post("/v1/claims/score", content=body, headers=JSON)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.elapsed.total_seconds() < 2


X12_BODIES = {
    "empty": b"",
    "nul": b"\0" * 1000,
    "zip": zip_bomb(),
    "XML": BILLION_LAUGHS,
    "PDF": b"%PDF-1.7\n",
    "only an ISA": b"ISA*00*          *00*          *ZZ*A              *ZZ*B       "
    b"       *260101*0900*^*00501*000000001*0*T*:~",
    "one endless segment": b"ISA*00*" + b"A" * 3_000_000,
    "no terminator": b"ISA" + b"*" * 100_000,
}


@pytest.mark.parametrize("path", ["/v1/claims/score", "/v1/remittances", "/v1/files"])
@pytest.mark.parametrize("body", X12_BODIES.values(), ids=X12_BODIES)
def test_a_hostile_file_is_refused_and_never_a_fault_of_ours(
    client: httpx.Client, path: str, body: bytes
) -> None:
    answer = client.post(path, content=body, headers=X12)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.elapsed.total_seconds() < 5


@pytest.mark.parametrize("path", ["/v1/claims/score", "/v1/remittances", "/v1/files"])
def test_a_wrong_content_type_is_415_and_told_the_right_ones(
    client: httpx.Client, path: str
) -> None:
    answer = client.post(
        path, content=b"x", headers={"Content-Type": "application/xml"}
    )
    assert answer.status_code == 415
    assert "application/edi-x12" in answer.headers["accept"]


def test_an_announced_body_over_the_limit_is_refused_before_it_is_sent(
    running: Running, harbor: str
) -> None:
    """Nothing but the headers is sent, so the answer cannot have read the body."""
    host, port = running.url.removeprefix("http://").split(":")
    limit = running.settings.request_body_limit_bytes
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
            + running.key(harbor).encode()
            + f"\r\nContent-Length: {limit + 1}\r\n\r\n".encode()
        )
        assert b" 413 " in connection.recv(4096).split(b"\r\n", 1)[0]


def test_an_unannounced_body_is_cut_off_at_the_limit(client: httpx.Client) -> None:
    def endless() -> object:
        for _ in range(40):
            yield b"A" * 1_000_000

    answer = client.post("/v1/files", content=endless(), headers=X12)  # type: ignore[arg-type]
    assert answer.status_code == 413


def test_more_claims_than_allowed_are_413(
    client: httpx.Client, running: Running
) -> None:
    maximum = running.settings.max_claims_per_request
    body = b'{"claims": [' + b",".join([CLAIM] * (maximum + 1)) + b"]}"
    answer = client.post("/v1/claims/score", content=body, headers=JSON)
    assert answer.status_code == 413
    assert str(maximum) in answer.json()["detail"]


@pytest.mark.parametrize(
    "disposition",
    [
        'attachment; filename="../../etc/passwd"',
        'attachment; filename="..\\\\..\\\\x"',
        'attachment; filename="a\\x00b"',
        'attachment; filename=".."',
        "attachment; filename=" + "a" * 5000,
    ],
)
def test_a_file_name_is_only_ever_a_name(
    client: httpx.Client, running: Running, disposition: str
) -> None:
    """Nothing is written under the name; the report repeats at most a plain one."""
    before = sorted(path.name for path in running.settings.data_directory.iterdir())
    answer = client.post(
        "/v1/files",
        content=b"payer_id,name\nNGHP1,Northgate\n",
        headers={"Content-Type": "text/csv", "Content-Disposition": disposition},
    )
    shown = answer.json().get("file", "")
    assert "/" not in shown
    assert "\\" not in shown
    assert len(shown) <= 120
    after = sorted(path.name for path in running.settings.data_directory.iterdir())
    assert after == before


PAYLOADS = [
    "' OR 1=1 --",
    "1; DROP TABLE denials",
    'deadline"; DELETE FROM claims; --',
    "denied_on) UNION SELECT payload FROM claims --",
    "../../etc/passwd",
    "\0",
    "%00",
    "{{7*7}}",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    "'" * 500,
]


@pytest.mark.parametrize(
    "name", ["status", "payer_id", "root_cause", "route", "sort", "cursor", "limit"]
)
@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_filter_is_a_value_and_never_a_statement(
    client: httpx.Client, name: str, payload: str
) -> None:
    answer = client.get("/v1/denials", params={name: payload})
    if name == "payer_id" and answer.status_code == 200:
        assert answer.json()["denials"] == []
    else:
        assert answer.status_code == 422
        assert payload not in answer.text
    assert client.get("/v1/denials").json()["denials"]


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
@pytest.mark.parametrize("prefix", ["/v1/denials/", "/v1/appeals/"])
def test_an_id_that_is_none_of_ours_is_404(
    client: httpx.Client, prefix: str, payload: str
) -> None:
    answer = client.get(prefix + httpx.QueryParams({"a": payload}).__str__()[2:])
    assert answer.status_code == 404
