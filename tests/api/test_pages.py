"""The pages: what a biller sees, without a browser."""

import html
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import httpx
import msgspec
import pytest

from api.examples import (
    EXAMPLE_CLAIM,
    EXAMPLE_DENIAL,
    EXAMPLE_SCORE,
    example_835,
    example_837p,
    example_authorization,
)
from api.pages.denial_view import adjustment_views, deadline_view, remark_views
from api.pages.outgoing import claim_view, risk_tone
from api.pages.rendering import Frame, day, money, percent, render, words
from denialml.domain.denial import Deadline, DeadlineBasis, RootCause
from denialml.domain.edit import ClaimDecision, Decision, Measured
from denialml.domain.missing import MissingRecord
from denialml.domain.remittance import ClaimAdjustment
from denialml.domain.risk import AnswerDays, LikelyCause, RiskScore
from denialml.rules.practice_gaps import practice_gaps
from tests.api.running import AUTHORIZATIONS, START, X12, Running

TODAY = date(2026, 11, 2)


@pytest.fixture(scope="module")
def browser(running: Running, harbor: str) -> Iterator[httpx.Client]:
    with running.signed_in(running.key(harbor)) as client:
        yield client


def text_of(answer: httpx.Response) -> str:
    """What a reader reads, with spaces evened out."""
    assert answer.status_code == 200, answer.text
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def title_of(answer: httpx.Response) -> str:
    """The page's title."""
    found = re.search(r"<title>([^<]*)</title>", answer.text)
    assert found is not None
    return html.unescape(found[1])


def token_of(client: httpx.Client) -> str:
    page = client.get("/denials").text
    return page.split('name="csrf_token" value="')[1].split('"')[0]


def denial_of(client: httpx.Client) -> str:
    found = re.search(r'href="/denials/(den_\w+)"', client.get("/denials").text)
    assert found is not None
    return found[1]


def test_the_first_page_is_the_entrance_and_then_the_worklist(
    running: Running, harbor: str
) -> None:
    with running.client() as stranger:
        assert "API key" in text_of(stranger.get("/"))
    with running.signed_in(running.key(harbor)) as client:
        assert client.get("/").headers["location"] == "/denials"


def test_the_worklist_shows_cause_runner_up_route_deadline_and_amount(
    browser: httpx.Client, client: httpx.Client
) -> None:
    shown = text_of(browser.get("/denials"))
    listed = client.get("/v1/denials?status=open&limit=200").json()["denials"]
    assert "Simulated data." in shown
    on_page = [
        it for it in listed if it["denial"]["patient_control_number"] in shown.split()
    ]
    assert len(on_page) >= 45
    for stored in on_page:
        assert f"${Decimal(stored['denial']['denied_amount']):,.2f}" in shown
    assert "Not configured" in shown
    assert "earliest plausible" in shown


def test_the_worklist_narrows_and_keeps_what_was_chosen(browser: httpx.Client) -> None:
    page = browser.get("/denials")
    payer = re.search(
        r'<option value="(\w+)" >([^<]+)</option>',
        page.text.split('name="payer_id"')[1],
    )
    assert payer is not None
    narrowed = browser.get(f"/denials?payer_id={payer[1]}&status=all&sort=-amount")
    assert f'<option value="{payer[1]}" selected>' in narrowed.text
    shown = re.findall(r'data-label="Payer">([^<]+)<', narrowed.text)
    assert shown
    assert {html.unescape(name).strip() for name in shown} == {html.unescape(payer[2])}


def test_the_pages_of_the_worklist_lead_on_and_back(browser: httpx.Client) -> None:
    first = browser.get("/denials?status=all")
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following is not None
    second = browser.get(html.unescape(following[1]))
    assert "Back to the first page" in second.text
    rows = r'href="/denials/(den_\w+)"'
    assert not set(re.findall(rows, first.text)) & set(re.findall(rows, second.text))


def test_what_can_still_be_won_comes_before_what_is_past(
    browser: httpx.Client,
) -> None:
    page = browser.get("/denials").text
    deadlines = re.findall(r'data-label="Deadline">(.*?)</td>', page, re.S)
    past = [" ago" in deadline for deadline in deadlines]
    assert past == sorted(past)
    assert not past[0]


@pytest.mark.parametrize("sort", ["deadline", "-amount", "-denied_on", "denied_on"])
def test_the_worklist_can_be_ordered_otherwise(
    browser: httpx.Client, client: httpx.Client, sort: str
) -> None:
    shown = re.findall(
        r'href="/denials/(den_\w+)"', browser.get(f"/denials?sort={sort}").text
    )
    listed = client.get(f"/v1/denials?status=open&sort={sort}&limit=50").json()
    assert shown == [it["denial"]["denial_id"] for it in listed["denials"]]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/denials", "No open denials"),
        ("/denials?root_cause=timely_filing", "No denial fits this filter"),
        ("/denials?status=closed", "No denial fits this filter"),
    ],
)
def test_an_empty_worklist_says_what_to_do(
    running: Running, path: str, expected: str
) -> None:
    organization = running.add_organization("Nothing yet", is_simulated=False)
    with running.signed_in(running.key(organization)) as client:
        shown = text_of(client.get(path))
    assert expected in shown
    assert "Simulated data." not in shown


def test_a_denial_says_why_what_until_when_and_what_is_on_file(
    running: Running,
) -> None:
    organization = running.add_organization("One denial")
    key = running.key(organization)
    with running.client(key) as client:
        client.post(
            "/v1/files", content=example_authorization(), headers=AUTHORIZATIONS
        )
        client.post("/v1/files", content=example_837p(), headers=X12)
        client.post("/v1/remittances", content=example_835(), headers=X12)
    with running.signed_in(key) as client:
        denial_id = denial_of(client)
        shown = text_of(client.get(f"/denials/{denial_id}"))
        for expected in (
            "90837 on Oct 5, 2026",
            "denied $180.00 of claim EXAMPLE-0001 on Oct 20, 2026",
            "Authorization missing",
            "CO-197",
            "ROBIN EXAMPLE",
            "Oct 6, 2026: Submitted",
            "Oct 20, 2026: Denied",
            "missing",
            "Draft the appeal",
            "Nothing is sent.",
        ):
            assert expected in shown
        drafted = client.post(
            f"/denials/{denial_id}/appeal", data={"csrf_token": token_of(client)}
        )
        assert drafted.status_code == 303
        letter = client.get(drafted.headers["location"])
        # A title ends up in the browser's history, so it names no claim or patient.
        draft_id = drafted.headers["location"].removeprefix("/appeals/")
        assert title_of(letter) == f"Letter {draft_id} \N{MIDDLE DOT} denialml"
        page = client.get(f"/denials/{denial_id}")
        assert title_of(page) == f"Denial {denial_id} \N{MIDDLE DOT} denialml"
        for expected in ("Drafted letter", "Missing", "EXM0000001", "NG000001"):
            assert expected in text_of(letter)
        packet = client.get(f"{drafted.headers['location']}/packet.pdf")
        assert packet.headers["content-type"] == "application/pdf"
        assert packet.content.startswith(b"%PDF-")
        assert "Letter of Nov 2, 2026" in text_of(client.get(f"/denials/{denial_id}"))


def test_who_may_only_read_is_not_offered_to_draft(
    running: Running, harbor: str
) -> None:
    with running.signed_in(running.key(harbor, ["denials:read"])) as client:
        page = client.get(f"/denials/{denial_of(client)}").text
    assert "Draft the appeal" not in page


def test_an_uploaded_file_shows_the_risk_of_each_claim(
    running: Running, browser: httpx.Client
) -> None:
    answer = browser.post(
        "/claims",
        data={"csrf_token": token_of(browser)},
        files={"file": ("outgoing.edi", running.outgoing, "application/octet-stream")},
    )
    shown = text_of(answer)
    chances = [
        float(it) for it in re.findall(r'class="tag \w+">(\d+)%</span>', answer.text)
    ]
    count = int(re.search(r"(\d+) claims, held claims first", shown)[1])  # type: ignore[index]
    assert count == running.outgoing.count(b"CLM*")
    assert len(chances) >= count - 2
    assert "Risk is the calibrated probability" in shown
    assert "Against payment" in shown


def outgoing_page(score: RiskScore) -> str:
    """What a reader reads of one scored claim."""
    answer = render(
        "outgoing.html.j2",
        frame=Frame("Harbor Lane", True, "token", "key", frozenset(), TODAY),
        scored=[claim_view(EXAMPLE_CLAIM, score, now=START)],
        model_version="m",
        problems=[],
        refusal="",
        pasted="",
        shown_contributions=8,
        gaps=practice_gaps([score.findings]),
    )
    text = re.sub(r"<[^>]+>", " ", bytes(answer.body).decode())
    return " ".join(html.unescape(text).split())


def test_an_outgoing_claim_shows_what_its_score_says_beside_the_number() -> None:
    [line] = EXAMPLE_SCORE.lines
    cause = LikelyCause(
        root_cause=RootCause.AUTH_MISSING, probability=0.2, reason_code="197"
    )
    score = msgspec.structs.replace(
        EXAMPLE_SCORE,
        lines=(msgspec.structs.replace(line, likely_causes=(cause,)),),
        interval=(0.31, 0.52),
        expected_loss=Decimal("57.93"),
        expected_answer_days=AnswerDays(median=22, low=14, high=40),
        speaks_for_payment=("The last eligibility answer said active.",),
        warnings=("This is a corrected claim.",),
    )
    shown = outgoing_page(score)
    assert "The true risk lies between 31% and 52% in about eight of ten" in shown
    assert "Expected loss $57.93." in shown
    assert "An answer is expected after 22 days (80% between 14 and 40)." in shown
    assert "(20%, CARC 197)." in shown
    assert "For payment The last eligibility answer said active." in shown
    assert "Warning. This is a corrected claim." in shown
    assert "Too little history" not in shown


def test_an_outgoing_claim_has_no_number_for_its_risk_where_the_score_abstains() -> (
    None
):
    reason = "Too little history: Plan P has not answered any claim line yet."
    score = msgspec.structs.replace(
        EXAMPLE_SCORE, abstains=True, abstention_reason=reason, interval=(0.1, 0.2)
    )
    shown = outgoing_page(score)
    assert f"{reason} The number" in shown
    assert "The true risk lies between" not in shown
    assert claim_view(EXAMPLE_CLAIM, score, now=START).tone == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "Choose a file or paste its text."),
        ("hello", "the file was not recognized"),
        (example_835(), "holds no professional claim"),
    ],
    ids=["nothing", "no X12", "no claims"],
)
def test_what_cannot_be_scored_is_said(
    browser: httpx.Client, text: str, expected: str
) -> None:
    answer = browser.post(
        "/claims", data={"csrf_token": token_of(browser), "text": text}
    )
    assert answer.status_code == 422
    assert expected in html.unescape(answer.text)


def test_a_truncated_file_says_where_it_breaks(browser: httpx.Client) -> None:
    answer = browser.post(
        "/claims",
        data={"csrf_token": token_of(browser), "text": example_837p()[:-60]},
    )
    assert "What could not be read" in text_of(answer)
    assert "segment" in text_of(answer)


@pytest.mark.parametrize("path", ["/denials/den_none", "/appeals/drf_none", "/x/y"])
def test_a_page_that_is_not_there_is_a_page(browser: httpx.Client, path: str) -> None:
    answer = browser.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "Not found" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/denials", "/claims", "/denials/{denial_id}"]
)
def test_every_page_is_well_built(browser: httpx.Client, path: str) -> None:
    address = path.format(denial_id=denial_of(browser))
    page = browser.get(address, follow_redirects=True).text
    assert '<html lang="en-US">' in page
    assert page.count("<h1") == 1
    assert page.count("<main") == 1
    assert "<script" not in page
    assert "style=" not in page
    assert not re.search(r" on\w+=", page)
    for found in re.findall(r"<(?:input|select|textarea)\b[^>]*>", page):
        if 'type="hidden"' not in found:
            name = re.search(r'id="(\w+)"', found)
            assert name is not None
            assert f'for="{name[1]}"' in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


BASIS = DeadlineBasis(
    rule="payer_window",
    due_on=date(2026, 11, 30),
    counted_from=date(2026, 9, 1),
    length="90 days from the remittance",
    support="configured",
    source="payers.csv",
)


@pytest.mark.parametrize(
    ("status", "due_on", "headline", "basis", "tone"),
    [
        (
            "configured",
            date(2026, 11, 30),
            "Nov 30, 2026",
            "28 days left, 90 days from the remittance (Sep 1, 2026)",
            "middle",
        ),
        ("statutory", date(2026, 11, 3), "Nov 3, 2026", "1 day left", "high"),
        ("configured", date(2026, 11, 3), "Nov 3, 2026", "1 day left", "high"),
        ("configured", date(2026, 11, 2), "Nov 2, 2026", "today", "high"),
        ("configured", date(2026, 11, 1), "Nov 1, 2026", "1 day ago", "high"),
        ("configured", date(2027, 3, 1), "Mar 1, 2027", "119 days left", ""),
        (
            "not_configured",
            date(2027, 3, 1),
            "Not configured",
            "earliest plausible Mar 1, 2027, 119 days left",
            "middle",
        ),
        ("no_appeal_right", None, "No appeal exists", "Reopening instead.", ""),
    ],
)
def test_a_deadline_in_words(
    status: str, due_on: date | None, headline: str, basis: str, tone: str
) -> None:
    deadline = Deadline(
        status=status,  # type: ignore[arg-type]
        due_on=due_on,
        bases=(BASIS,),
        note="Reopening instead.",
    )
    view = deadline_view(deadline, today=TODAY, status="open")
    said = [
        part.replace("\N{NO-BREAK SPACE}", " ") for part in (view.headline, view.basis)
    ]
    assert (said[0], said[1], view.tone) == (headline, basis, tone)


def test_a_closed_denial_has_no_days_left() -> None:
    view = deadline_view(EXAMPLE_DENIAL.deadline, today=TODAY, status="closed")
    assert "left" not in view.basis
    assert view.tone == ""


def test_an_unknown_code_is_said_to_be_unknown() -> None:
    adjustment = ClaimAdjustment(
        group_code="CO", reason_code="ZZ9", amount=Decimal("1")
    )
    assert "does not know" in adjustment_views((adjustment,))[0].words
    assert "does not know" in remark_views(("XX99",))[0].words


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, "under 1%"), (0.005, "under 1%"), (0.5, "50%"), (0.996, "over 99%")],
)
def test_a_chance_in_words(value: float, expected: str) -> None:
    assert percent(value) == expected


def test_amounts_days_and_names_in_words() -> None:
    assert money(Decimal("-1234.5")) == "-$1,234.50"
    assert day(date(2026, 3, 5)).replace("\N{NO-BREAK SPACE}", " ") == "Mar 5, 2026"
    assert day(None) == "unknown"
    assert words("coding_time_units") == "Coding time units"
    assert [risk_tone(it) for it in (0.6, 0.3, 0.1)] == ["high", "middle", "low"]


def test_a_letter_for_several_lines_says_so_on_each_of_them(running: Running) -> None:
    organization = running.add_organization("Two lines of one claim")
    key = running.key(organization)
    second_line = "LX*2~\nSV1*HC:90837*180*UN*1***1~\nDTP*472*D8*20261012~\n"
    claims = (
        example_837p()
        .replace("CLM*EXAMPLE-0001*180*", "CLM*EXAMPLE-0001*360*")
        .replace("SE*25*", f"{second_line}SE*28*")
    )
    second_answer = "SVC*HC:90837*180*0**1~\nDTM*472*20261012~\nCAS*CO*197*180~\n"
    answer = (
        example_835()
        .replace("CLP*EXAMPLE-0001*4*180*", "CLP*EXAMPLE-0001*4*360*")
        .replace("SE*16*", f"{second_answer}SE*19*")
    )
    with running.client(key) as client:
        for address, content, headers in (
            ("/v1/files", example_authorization(), AUTHORIZATIONS),
            ("/v1/files", claims, X12),
            ("/v1/remittances", answer, X12),
        ):
            taken = client.post(address, content=content, headers=headers)
            assert taken.status_code == 200, taken.text
        first, second = (
            one["denial"]["denial_id"]
            for one in client.get("/v1/denials").json()["denials"]
        )
        draft = client.post(f"/v1/denials/{second}/appeal").json()
        again = client.post(f"/v1/denials/{first}/appeal")
    assert again.json() == draft
    assert set(draft["denial_ids"]) == {first, second}
    with running.signed_in(key) as client:
        page = client.get(f"/appeals/{draft['draft_id']}").text
        assert "One letter for 2 denied lines" in page
        for denial_id in (first, second):
            assert f'href="/denials/{denial_id}"' in page
            assert draft["draft_id"] in client.get(f"/denials/{denial_id}").text


def test_an_outgoing_claim_shows_what_the_rules_found_and_cannot_tell() -> None:
    [found] = EXAMPLE_SCORE.findings
    measured = msgspec.structs.replace(
        found,
        measured=Measured(found=31, denied=24, denied_for_cause=20.0, of_payer=False),
        rests_on_default=True,
    )
    unknown = [
        msgspec.structs.replace(
            found,
            verdict="cannot_tell",
            rule_id=rule_id,
            missing=missing,
            missing_record=record,
            practice_keeps=keeps,
        )
        for rule_id, missing, record, keeps in (
            ("BH-036", "documented minutes", MissingRecord.ENCOUNTER, True),
            ("BH-038", "documented minutes", MissingRecord.ENCOUNTER, True),
            ("BH-095", "the enrollment", MissingRecord.ENROLLMENT, False),
        )
    ]
    score = msgspec.structs.replace(EXAMPLE_SCORE, findings=(measured, *unknown))
    shown = outgoing_page(score)
    assert "look first" in shown
    assert "deny-likely Line 1: 90837 takes 53 documented minutes" in shown
    assert "of 31 such lines answered by all payers, 24 were denied" in shown
    assert "setting is not written down" in shown
    assert "What the rules cannot tell of this claim (1)" in shown
    assert "documented minutes (BH-036, BH-038)" in shown
    assert shown.count("the enrollment") == 1, "it is told once, not with the claim"
    assert "Records the practice does not keep (1)" in shown
    assert (
        "The practice has no enrollments on file: BH-095 cannot be decided. Missing:"
        " the enrollment. Asked for 1 of 1 claim. Send enrollments.csv" in shown
    )
    assert "1 rule asks for records the practice does not keep" in shown
    passes = msgspec.structs.replace(
        EXAMPLE_SCORE,
        findings=(),
        decision=ClaimDecision(decision=Decision.PASSES, reasons=()),
    )
    assert "look first" not in outgoing_page(passes)
    assert "Found by the claim rules" not in outgoing_page(passes)
    assert "does not keep" not in outgoing_page(passes)
