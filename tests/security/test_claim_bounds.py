"""A claim as JSON is refused where a value cannot be one, with the value's place."""

from typing import Any

import httpx
import msgspec
import pytest

from api.examples import EXAMPLE_CLAIM
from tests.api.running import START

JSON = {"Content-Type": "application/json"}
ADDRESS = f"/v1/claims/score?as_of={START.date()}"
CLAIM = msgspec.json.encode(EXAMPLE_CLAIM)
# Where a value of the example claim is replaced; the same place is named.
VALUES: dict[str, Any] = {
    "/frequency_code": "John Smith",
    "/lines/0/line_number": [-5, 0, 51],
    "/lines/0/service_date": ["0001-01-01", "9999-12-31", "2013-01-01"],
    "/lines/0/service_date_end": "9999-12-31",
    "/submitted_on": ["0001-01-01", "9999-12-31"],
    "/subscriber/birth_date": ["0001-01-01", "2999-01-01"],
    "/total_charge": ["180.01", "0"],
}
CASES = [
    (pointer, value)
    for pointer, values in VALUES.items()
    for value in (values if isinstance(values, list) else [values])
]


@pytest.mark.parametrize(("pointer", "value"), CASES)
@pytest.mark.parametrize("is_batch", [False, True], ids=["claim", "batch"])
def test_a_value_out_of_bounds_is_refused_with_its_pointer(
    client: httpx.Client, pointer: str, value: object, *, is_batch: bool
) -> None:
    claim = msgspec.json.decode(CLAIM)
    *parts, last = [int(p) if p.isdecimal() else p for p in pointer[1:].split("/")]
    holder = claim
    for part in parts:
        holder = holder[part]
    holder[last] = value
    body = msgspec.json.encode({"claims": [claim]} if is_batch else claim)
    answer = client.post(ADDRESS, content=body, headers=JSON)
    assert answer.status_code == 422, answer.text
    [error] = answer.json()["errors"]
    assert error["pointer"] == ("/claims/0" if is_batch else "") + pointer
    assert len(error["message"]) < 80


def test_a_line_number_that_no_machine_holds_is_refused(client: httpx.Client) -> None:
    body = CLAIM.replace(b'"line_number":1', b'"line_number":1' + b"0" * 30)
    answer = client.post(ADDRESS, content=body, headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/lines/0/line_number"


TWICE = {
    "in the claim": CLAIM[:-1] + b',"total_charge":"180.00"}',
    "in a line": CLAIM.replace(b'"line_number":1', b'"line_number":2,"line_number":1'),
    "in a batch": b'{"claims":[' + CLAIM[:-1] + b',"total_charge":"180.00"}]}',
    "beside a batch": b'{"claims":[],"claims":[' + CLAIM + b"]}",
}


@pytest.mark.parametrize("body", TWICE.values(), ids=TWICE)
def test_a_field_given_twice_is_refused(client: httpx.Client, body: bytes) -> None:
    for _ in range(2):  # neither the usual way nor the short one takes it
        answer = client.post(ADDRESS, content=body, headers=JSON)
        assert answer.status_code == 422, answer.text
        assert "given twice" in answer.json()["errors"][0]["message"]
