"""A corrected draft from the page of outgoing claims: chosen, saved and audited."""

import base64
import html
import re
from collections.abc import Iterator

import httpx
import msgspec
import pytest

from denialml.domain.claim import Claim
from denialml.formats import read_bytes
from denialml.formats.claim_segments import MOST_CHARACTERS
from denialml.journeys.draft_files import write_records
from denialml.store.audit import AuditAction, list_events
from denialml.store.database import open_session
from tests.api.running import START, Running
from tests.formats.claim_files import UNREAD, recounted, with_unread_segments


@pytest.fixture
def browser(running: Running, harbor: str) -> Iterator[httpx.Client]:
    with running.signed_in(running.key(harbor)) as client:
        yield client


@pytest.fixture(scope="module")
def mistaken(running: Running) -> list[Claim]:
    """Outgoing claims with a place that their signed notes contradict."""
    records = read_bytes(running.outgoing, file="outgoing.edi").records
    return [
        msgspec.structs.replace(
            one, place_of_service="02", prior_authorization_number=""
        )
        for one in records
        if isinstance(one, Claim)
    ]


def token_of(page: httpx.Response) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


@pytest.fixture
def draft_form(browser: httpx.Client, mistaken: list[Claim]) -> dict[str, str]:
    """The first form for a draft on the page, as a browser would send it."""
    token = token_of(browser.get("/claims"))
    for claim in mistaken:
        text = write_records([claim], created_at=START).decode()
        page = browser.post("/claims", data={"csrf_token": token, "text": text})
        assert page.status_code == 200
        fields = form_of(page)
        if fields is not None:
            return fields
    pytest.fail("no outgoing claim of the simulated practice can be corrected")


def form_of(page: httpx.Response) -> dict[str, str] | None:
    """The first form for a draft on a page; None where it has none."""
    form = re.search(r'<form[^>]*class="draft".*?</form>', page.text, re.S)
    if form is None:
        return None
    fields = {
        name: html.unescape(value)
        for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form[0])
    }
    assert any(name.startswith("fix-") for name in fields)
    return fields


@pytest.mark.parametrize(
    ("separators", "line_break", "encoding"),
    [
        ("*:~", "\n", "utf-8"),
        ("*:~", "\r\n", "latin-1"),
        ("|>'", "", "utf-8"),
        ("*>\n", "", "latin-1"),
        ("\x1d\x1f\x1c", "", "utf-8"),
    ],
    ids=repr,
)
def test_a_draft_from_the_page_keeps_what_no_rule_reads(
    running: Running,
    browser: httpx.Client,
    separators: str,
    line_break: str,
    encoding: str,
) -> None:
    element, component, terminator = list(separators)
    text = with_unread_segments(running.outgoing).decode()
    for ours, theirs in zip("*:~", separators, strict=True):
        text = text.replace(ours, theirs)
    text = text.replace(terminator + "\n", terminator + line_break)
    content = text.encode(encoding)
    unread = [
        one.replace("*", element).replace(":", component) + terminator for one in UNREAD
    ]
    assert all(one in text for one in unread)
    token = token_of(browser.get("/claims"))
    page = browser.post(
        "/claims",
        data={"csrf_token": token},
        files={"file": ("claims.edi", content)},
    )
    assert page.status_code == 200
    fields = form_of(page)
    assert fields is not None
    answer = browser.post("/claims/corrections", data=fields)
    assert answer.status_code == 200, answer.text
    draft = answer.content.decode()
    assert all(one in draft for one in unread)
    [read] = read_bytes(answer.content, file="draft").records
    assert isinstance(read, Claim)
    assert read_bytes(answer.content, file="draft").problems == ()


def shown(client: httpx.Client, content: bytes) -> httpx.Response:
    """The page of an uploaded file."""
    page = client.post(
        "/claims",
        data={"csrf_token": token_of(client.get("/claims"))},
        files={"file": ("claims.edi", content)},
    )
    assert page.status_code == 200
    return page


def test_no_draft_is_offered_of_half_a_file(
    running: Running, browser: httpx.Client
) -> None:
    content = with_unread_segments(running.outgoing)
    assert 'class="draft"' in shown(browser, content).text
    half = shown(browser, content[: content.rindex(b"SE*")]).text
    assert "held claims first" in half
    assert 'class="draft"' not in half
    assert "of a file that could not be read completely" in half


def test_a_claim_that_is_too_long_for_a_draft_takes_none_from_the_others(
    running: Running, browser: httpx.Client
) -> None:
    content = with_unread_segments(running.outgoing)
    page = shown(browser, content)
    assert "too long" not in page.text
    fields = form_of(page)
    assert fields is not None
    [claim] = read_bytes(base64.b64decode(fields["claim"]), file="carried").records
    assert isinstance(claim, Claim)
    segments = content.decode().split("~\n")
    start = f"CLM*{claim.patient_control_number}*"
    [at] = [at for at, text in enumerate(segments) if text.startswith(start)]
    segments[at + 1 : at + 1] = ["K3*" + "A" * 80] * (MOST_CHARACTERS // 80)
    endless = shown(browser, recounted("~\n".join(segments).encode()))
    forms = page.text.count('class="draft"')
    assert forms > 1
    assert endless.text.count('class="draft"') == forms - 1
    assert endless.text.count("No draft can be written of this claim") == 1


def drafted(running: Running, harbor: str) -> int:
    with open_session(running.engine, read_only=True) as session:
        events = list_events(session, harbor, limit=1_000_000)
        return sum(one.action is AuditAction.CORRECTION_DRAFTED for one in events)


def test_the_chosen_corrections_are_saved_as_a_file(
    running: Running, harbor: str, browser: httpx.Client, draft_form: dict[str, str]
) -> None:
    before = drafted(running, harbor)
    chosen = sum(name.startswith("fix-") for name in draft_form)
    answer = browser.post("/claims/corrections", data=draft_form)
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    carried = base64.b64decode(draft_form["claim"])
    [original] = read_bytes(carried, file="as it was").records
    [draft] = read_bytes(answer.content, file="draft").records
    assert isinstance(draft, Claim)
    assert msgspec.structs.replace(draft, source=None) != msgspec.structs.replace(
        original, source=None
    )
    assert drafted(running, harbor) == before + chosen


def test_nothing_is_drafted_without_a_choice_or_from_elsewhere(
    running: Running, harbor: str, browser: httpx.Client, draft_form: dict[str, str]
) -> None:
    before = drafted(running, harbor)
    none = {name: it for name, it in draft_form.items() if not name.startswith("fix-")}
    refused = browser.post("/claims/corrections", data=none)
    assert refused.status_code == 422
    assert "at least one correction" in refused.text
    assert "upload the file again" in refused.text
    refused = browser.post("/claims/corrections", data=draft_form | {"fix-1": "upcode"})
    carried = base64.b64decode(draft_form["claim"])
    [claim] = read_bytes(carried, file="carried").records
    assert isinstance(claim, Claim)
    assert f"No draft of claim {claim.patient_control_number} was" in refused.text
    assert "upload the file again" in refused.text
    half = base64.b64encode(carried[: carried.rindex(b"IEA*")]).decode()
    refused = browser.post("/claims/corrections", data=draft_form | {"claim": half})
    assert "could not be read again" in refused.text
    changes: tuple[dict[str, str], ...] = (
        {"csrf_token": "guessed"},
        {"fix-1": "change_code"},
        {"fix-1": "verify_eligibility"},
        {"claim": "ISA*"},
        {"claim": base64.b64encode(b"ISA*").decode()},
        {"claim": "\u00e9"},
        {"claim": ""},
    )
    for change in changes:
        answer = browser.post("/claims/corrections", data=draft_form | change)
        assert answer.status_code in (403, 422), change
    assert drafted(running, harbor) == before
