"""FHIR as files: references, NDJSON, Bundles, limits, and whatever a sender may do."""

import io
import json
import re
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from denialml.domain.claim import Claim
from denialml.domain.coverage import EligibilityCheck
from denialml.domain.problem import Reading
from denialml.domain.record import Fact
from denialml.domain.remittance import ClaimPayment
from denialml.errors import UnreadableFile
from denialml.formats import (
    fhir_answer,
    fhir_claim,
    fhir_claim_lines,
    fhir_eligibility,
    fhir_parties,
    fhir_resources,
    open_reader,
    read_bytes,
    read_file,
    write_fhir_claims,
)
from denialml.formats.fhir_json import MOST_BYTES
from denialml.store.identity import encode

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "tests" / "files" / "fhir"
SAMPLES = ROOT / ".." / "shared" / "x12" / "fhir"
IGNORED = {
    "Claim": fhir_claim.IGNORED,
    "Claim.item, answer's item": fhir_claim_lines.IGNORED,
    "an answer": fhir_answer.IGNORED,
    "an eligibility response": fhir_eligibility.IGNORED,
    **fhir_parties.IGNORED,
}
FUZZ = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
BUNDLE = json.loads((FILES / "claim-bundle.json").read_text())
EOB = json.loads((FILES / "eob-search.json").read_text())
LINES = (FILES / "claim-response.ndjson").read_bytes()
ELIGIBILITY = json.loads((FILES / "eligibility-response.json").read_text())
[KNOWN] = read_file(FILES / "claim-bundle.json").records


def read(value: object) -> Reading[Fact]:
    return read_bytes(json.dumps(value).encode(), file="f.json")


def codes(reading: Reading[Fact]) -> list[str]:
    return [problem.code for problem in reading.problems]


def copied(value: Any) -> Any:
    return json.loads(json.dumps(value))


def entry(kind: str, bundle: dict[str, Any]) -> dict[str, Any]:
    return next(e for e in bundle["entry"] if e["resource"]["resourceType"] == kind)


# References


def test_references_are_relative_to_the_server_of_the_entry() -> None:
    """Two servers, two patients of one id: the claim's own server counts."""
    bundle = copied(BUNDLE)
    other = copied(entry("Patient", bundle))
    other["fullUrl"] = "https://elsewhere.example/fhir/Patient/p1"
    other["resource"]["name"] = [{"family": "Stranger"}]
    bundle["entry"].insert(0, other)
    [claim] = read(bundle)
    assert isinstance(claim, Claim)
    assert claim.patient is not None
    assert claim.patient.last_name == "Sample"


def test_a_reference_that_could_mean_two_patients_means_none() -> None:
    bundle = copied(BUNDLE)
    other = copied(entry("Patient", bundle))
    other["fullUrl"] = "urn:uuid:3f1d5a1e-0000-4000-8000-000000000009"
    other["resource"]["name"] = [{"family": "Stranger"}]
    for each in bundle["entry"]:
        if each["resource"]["resourceType"] in ("Patient", "Claim"):
            del each["fullUrl"]
    bundle["entry"].append(other)
    reading = read(bundle)
    [claim] = reading
    assert isinstance(claim, Claim)
    assert claim.patient is not None
    assert claim.patient.last_name == ""
    assert "unresolved-reference" in codes(reading)


def test_a_reference_to_another_kind_of_resource_is_not_followed() -> None:
    bundle = copied(BUNDLE)
    entry("Claim", bundle)["resource"]["patient"] = {"reference": "Organization/payer"}
    reading = read(bundle)
    [problem] = [p for p in reading.problems if p.code == "unresolved-reference"]
    assert problem.pointer == "/entry/0/resource/patient"
    # The record gives way to the same one read whole: it is stored as provisional.
    assert problem.severity == "error"
    assert problem.segment == 1
    assert reading.complete


def test_the_coverage_of_another_patient_is_questioned() -> None:
    bundle = copied(BUNDLE)
    coverage = entry("Coverage", bundle)["resource"]
    coverage["beneficiary"] = {"reference": "Patient/p2"}
    reading = read(bundle)
    assert len(reading.records) == 1
    [problem] = reading.problems
    assert problem.code == "coverage-of-another"
    assert problem.pointer == "/entry/0/resource/insurance"


def test_references_in_a_circle_end() -> None:
    bundle = copied(BUNDLE)
    coverage = entry("Coverage", bundle)["resource"]
    coverage["subscriber"] = coverage["payor"][0] = {"reference": "Coverage/v1"}
    coverage["beneficiary"] = {"reference": "Claim/c1"}
    assert len(read(bundle).records) == 1


def test_contained_resources_belong_to_their_container_only() -> None:
    """Both the claim and the coverage contain a #x; each means its own."""
    bundle = copied(BUNDLE)
    claim = entry("Claim", bundle)["resource"]
    coverage = entry("Coverage", bundle)["resource"]
    for holder, name in ((claim, "Wrong"), (coverage, "Right")):
        holder["contained"] = [
            {"resourceType": "Patient", "id": "x", "name": [{"family": name}]}
        ]
    coverage["subscriber"] = {"reference": "#x"}
    [found] = read(bundle)
    assert isinstance(found, Claim)
    assert found.subscriber.last_name == "Right"


def test_a_version_and_an_absolute_address_are_understood() -> None:
    bundle = copied(BUNDLE)
    claim = entry("Claim", bundle)["resource"]
    claim["patient"] = {
        "reference": "https://practice.example/fhir/Patient/p1/_history/3"
    }
    assert read(bundle).records[0] is not None
    assert codes(read(bundle)) == []


# NDJSON and Bundles


def ndjson(bundle: dict[str, Any]) -> bytes:
    resources = [each["resource"] for each in bundle["entry"]]
    resources.sort(key=lambda each: each["resourceType"] == "Claim")
    resources = [each for each in resources if "id" in each]
    claim = next(each for each in resources if each["resourceType"] == "Claim")
    claim["provider"] = {"identifier": {"value": "1234567893"}, "display": "Group"}
    return b"".join(json.dumps(each).encode() + b"\n" for each in resources)


def test_lines_point_to_lines_before_them() -> None:
    data = ndjson(copied(BUNDLE))
    reading = read_bytes(data, file="f.ndjson")
    [claim] = reading
    assert isinstance(claim, Claim)
    assert reading.problems == ()
    assert claim.subscriber.first_name == "Alex"
    backwards = b"".join(line + b"\n" for line in reversed(data.splitlines()))
    reading = read_bytes(backwards, file="f.ndjson")
    assert set(codes(reading)) == {"unresolved-reference"}
    assert {problem.row for problem in reading.problems} == {1}


BROKEN_LINES = {
    "cut off": b'{"resourceType": "Claim", "id": ',
    "no object": b"[1, 2]",
    "no resource": b'{"claims": []}',
    "not UTF-8": b'{"resourceType": "Claim", "id": "\xff"}',
    "deep": b'{"resourceType": "Claim", "a": ' + b"[" * 100_000,
    "NaN": b'{"resourceType": "Claim", "total": NaN}',
    "too long": b'{"a": "' + b"x" * MOST_BYTES + b'"}',
}


# A file that starts with a list is not taken for FHIR at all.
BREAKS = [
    (name, place)
    for name in BROKEN_LINES
    for place in (0, 1, 2)
    if (name, place) != ("no object", 0)
]


@pytest.mark.parametrize(("name", "place"), BREAKS)
def test_a_broken_line_costs_itself_only(name: str, place: int) -> None:
    lines = LINES.splitlines()
    lines.insert(place, BROKEN_LINES[name])
    reading = read_bytes(b"\n".join(lines) + b"\n\n", file="f.ndjson")
    kinds = [type(record) for record in reading]
    assert ClaimPayment in kinds
    assert Claim in kinds
    assert not reading.complete
    [problem] = [each for each in reading.problems if each.row == place + 1]
    assert problem.code in ("unreadable-json", "not-a-resource", "json-too-large")


class Repeating(io.RawIOBase):
    """A stream of one line, over and over."""

    def __init__(self, line: bytes, times: int) -> None:
        self._line = line
        self._left = times
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest and self._left:
            self._left -= 1
            self._rest = self._line
        sent, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(sent)] = sent
        return len(sent)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fhir_resources, "MOST_BYTES_KEPT", 100_000)
    assert isinstance(KNOWN, Claim)
    line = write_fhir_claims([KNOWN])
    line = line.replace(b'"resourceType":"Claim"', b'"resourceType":"Claim","id":"1"')
    stream = io.BufferedReader(Repeating(line, 400), buffer_size=1 << 16)
    tracemalloc.start()
    reader = open_reader(stream, file="f")
    assert sum(1 for _ in reader) == 400
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_500_000 < 400 * len(line)
    assert [each.code for each in reader.problems] == ["too-many-resources"]


@pytest.mark.parametrize("kind", ["document", "history", "message", None, 7])
def test_bundles_that_do_not_list_resources_are_refused(kind: object) -> None:
    reading = read(BUNDLE | {"type": kind})
    assert reading.records == ()
    assert codes(reading) == ["unsupported-bundle"]
    assert not reading.complete


def test_a_page_of_a_search_says_that_there_are_more() -> None:
    bundle = copied(EOB)
    bundle["link"].append({"relation": "next", "url": "https://payer.example/2"})
    assert "further-pages" in codes(read(bundle))


def test_a_member_given_twice_leaves_out_its_resource_only() -> None:
    text = json.dumps(BUNDLE).replace('"created":', '"created": 1, "created":')
    reading = read_bytes(text.encode(), file="f")
    assert reading.records == ()
    [problem] = reading.problems
    assert problem.code == "repeated-member"
    assert problem.pointer == "/entry/0/resource"


@pytest.mark.parametrize(
    "data",
    [b"{}", b'{"claims": []}', b'{"resourceType": 7}', b'{"resourceType": "a b"}'],
)
def test_json_that_is_no_fhir_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableFile, match="JSON"):
        read_bytes(data, file="f")


@pytest.mark.parametrize(
    "type_",
    [
        7,
        [7],
        [None],
        {"coding": True},
        {"coding": {}},
        {"coding": [7]},
        {"coding": [{"code": 7}]},
        {"coding": [{"code": "a\0b"}]},
        {"coding": [{"system": 7, "code": "x"}]},
    ],
    ids=repr,
)
def test_a_code_in_another_form_is_named_and_left_out(type_: object) -> None:
    claim = json.loads(LINES.splitlines()[0]) | {"type": type_}
    reading = read(claim)
    assert len(reading.records) == 1
    assert codes(reading) == ["bad-element", "claim-type-assumed"]


@pytest.mark.parametrize("url", [{}, [], 7, None, "a b", "x" * 500])
def test_an_extension_without_an_address_is_passed_over(url: object) -> None:
    claim = json.loads(LINES.splitlines()[0])
    claim["extension"] = [{"url": url}, 7]
    assert len(read(claim).records) == 1


def test_text_that_cannot_be_stored_is_left_out() -> None:
    """NUL and half characters would break the database or the encoding."""
    for bad in ("a\0b", "\ud800", "x" * 20_000):
        claim = json.loads(LINES.splitlines()[0])
        claim["insurer"]["display"] = bad
        reading = read(claim)
        [found] = reading
        assert isinstance(found, Claim)
        assert found.payer.name == ""
        assert codes(reading) == ["bad-element"]
        encode(found)


# Anything at all

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.just([]),
    st.just({}),
    st.just([[]]),
    st.just({"coding": {}}),
    st.just({"reference": "#r1"}),
    st.just({"reference": "Claim/c1"}),
    st.just({"value": -1, "currency": "USD"}),
    st.just([{"url": 7}]),
)


def places_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, each in pairs:
        yield from places_of(each, (*path, name))


CLAIM_LINE, RESPONSE_LINE = (json.loads(line) for line in LINES.splitlines())
SEEDS = [BUNDLE, EOB, ELIGIBILITY, json.loads(write_fhir_claims([KNOWN])), CLAIM_LINE]  # type: ignore[list-item]
SEEDS.append(
    {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": CLAIM_LINE}, {"resource": RESPONSE_LINE}],
    }
)
PLACES = [list(places_of(seed)) for seed in SEEDS]


def check(data: bytes) -> None:
    """Nothing but UnreadableFile comes out; losses are told; records can be stored."""
    started = time.process_time()
    try:
        reading = read_bytes(data, file="f")
    except UnreadableFile:
        return
    assert time.process_time() - started < 1
    if not reading.complete:
        assert any(each.severity == "error" for each in reading.problems)
    for record in reading:
        encode(record)
    for problem in reading.problems:
        assert problem.message.isprintable()


@given(data=st.data())
@FUZZ
def test_anything_in_any_place(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(SEEDS) - 1))
    value = copied(SEEDS[number])
    for _ in range(data.draw(st.integers(1, 4))):
        *holder, last = data.draw(st.sampled_from(PLACES[number]))
        target = value
        try:
            for name in holder:
                target = target[name]
            if data.draw(st.booleans()):
                target[last] = data.draw(VALUES)
            else:
                del target[last]
        except (KeyError, IndexError, TypeError):
            continue
    check(json.dumps(value).encode("utf-8", "surrogatepass"))


@given(
    number=st.integers(0, len(SEEDS) - 1),
    edits=st.lists(
        st.tuples(st.integers(0, 4000), st.integers(0, 20), st.binary(max_size=6)),
        min_size=1,
        max_size=6,
    ),
)
@FUZZ
def test_damaged_bytes(number: int, edits: list[tuple[int, int, bytes]]) -> None:
    data = json.dumps(SEEDS[number]).encode()
    for position, length, replacement in edits:
        data = data[:position] + replacement + data[position + length :]
    check(data)
    check(LINES + data)


HOSTILE = {
    "many empty entries": b'{"resourceType":"Bundle","type":"batch","entry":['
    + b",".join([b"{}"] * 300_000)
    + b"]}",
    "many members": b'{"resourceType":"Claim",'
    + b",".join(b'"a%d":1' % n for n in range(300_000))
    + b"}",
    "many items": b'{"resourceType":"ExplanationOfBenefit","item":['
    + b",".join([b"[]"] * 300_000)
    + b"]}",
    "many identifiers": b'{"resourceType":"Claim","identifier":['
    + b",".join([b'{"value":"1"}'] * 60_000)
    + b"]}",
    "many values": b'{"resourceType":"Claim","a":[' + b"0," * 3_000_000 + b"0]}",
    "long number": b'{"resourceType":"Claim","total":{"value":'
    + b"9" * 5_000_000
    + b"}}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_large_nonsense_ends_soon(name: str) -> None:
    started = time.process_time()
    reading = read_bytes(HOSTILE[name], file="f")
    assert time.process_time() - started < 10
    assert reading.records == ()
    assert reading.problems
    assert len(reading.problems) <= 1001


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared corpus is not there")
def test_public_samples_are_read_without_an_exception() -> None:
    """Of many versions and servers; most are no professional claims of R4."""
    found: list[Fact] = []
    for path in sorted(SAMPLES.glob("*.json")):
        reading = read_file(path)
        found += reading.records
        assert reading.records or reading.problems, path.name
    assert {ClaimPayment, EligibilityCheck} <= {type(each) for each in found}


@pytest.mark.parametrize("kind", IGNORED)
def test_what_is_passed_over_is_named_in_the_docs(kind: str) -> None:
    page = (ROOT / "docs" / "fhir.md").read_text("utf-8")
    [row] = re.findall(rf"^\| {re.escape(kind)} \| (.*) \|$", page, re.M)
    assert set(re.findall(r"`(\w+)`", row)) == set(IGNORED[kind])
