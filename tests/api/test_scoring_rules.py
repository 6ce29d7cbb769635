"""Claim rules over HTTP: findings, decision and an organization's own file."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from api.examples import EXAMPLE_CLAIM
from api.routes.claims import ScoredClaims
from tests.api.running import Running

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def rules_file(running: Running, harbor: str) -> Iterator[Path]:
    path = running.settings.rules_file_of(harbor)
    path.parent.mkdir(parents=True, exist_ok=True)
    yield path
    path.unlink(missing_ok=True)


def score(client: httpx.Client) -> ScoredClaims:
    two = msgspec.structs.replace(
        EXAMPLE_CLAIM,
        lines=(msgspec.structs.replace(EXAMPLE_CLAIM.lines[0], units=2),),
    )
    answer = client.post(
        "/v1/claims/score", content=msgspec.json.encode(two), headers=JSON
    )
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=ScoredClaims)


def rule_ids(scored: ScoredClaims) -> set[str]:
    return {one.rule_id for one in scored.scores[0].findings}


def test_findings_and_decision_come_with_the_score(client: httpx.Client) -> None:
    scored = score(client)
    assert "BH-040" in rule_ids(scored)
    assert scored.scores[0].decision is not None
    assert scored.scores[0].decision.decision == "hold"


def test_an_organizations_file_is_read_again_when_it_changes(
    client: httpx.Client, rules_file: Path
) -> None:
    assert "BH-040" in rule_ids(score(client))
    rules_file.write_text("[rules.BH-040]\nenabled = false\n")
    assert "BH-040" not in rule_ids(score(client))
    rules_file.write_text("[rules.BH-040]\nenabled = \n")
    assert "BH-040" not in rule_ids(score(client)), "the last good rules stand"
    ready = client.get("/readyz").json()
    assert ready["rules"] == "degraded"
    assert any(
        said.startswith("rules files with a fault: 1") for said in ready["missing"]
    )
    assert rules_file.stem not in str(ready)
    rules_file.unlink()
    assert "BH-040" in rule_ids(score(client))
    assert client.get("/readyz").json()["rules"] == "ok"


def test_fixes_come_with_the_score_unless_they_are_not_wanted(
    client: httpx.Client,
) -> None:
    with_fixes = score(client).scores[0]
    assert with_fixes.fixes is not None
    assert any("BH-040" in one.resolves for one in with_fixes.fixes.fixes)
    answer = client.post(
        "/v1/claims/score?fixes=false",
        content=msgspec.json.encode(EXAMPLE_CLAIM),
        headers=JSON,
    )
    without = msgspec.json.decode(answer.content, type=ScoredClaims).scores[0]
    assert without.fixes is None
    assert without.decision is not None


def test_one_organizations_file_is_not_anothers(
    running: Running, client: httpx.Client, rules_file: Path
) -> None:
    other = rules_file.with_name("org_of_somebody_else.toml")
    other.write_text("[rules.BH-040]\nenabled = false\n")
    try:
        assert "BH-040" in rule_ids(score(client))
    finally:
        other.unlink()


def test_what_the_practice_keeps_no_record_of_is_told_once(
    running: Running, client: httpx.Client
) -> None:
    """By the short way of one claim and by the usual one of two."""
    two = {"claims": [msgspec.to_builtins(EXAMPLE_CLAIM)] * 2}
    answers = []
    for body in (msgspec.to_builtins(EXAMPLE_CLAIM), two):
        answer = client.post(
            "/v1/claims/score?fixes=false" if body is two else "/v1/claims/score",
            content=msgspec.json.encode(body),
            headers=JSON,
        )
        assert answer.status_code == 200, answer.text
        answers.append(msgspec.json.decode(answer.content, type=ScoredClaims))
    one, both = answers
    assert one.practice_gaps
    # The practice has enrollments and has written down no fees.
    assert not any(gap.missing_record == "enrollment" for gap in one.practice_gaps)
    assert {gap.missing_field for gap in one.practice_gaps} >= {"fee_schedule"}
    for gap, twice in zip(one.practice_gaps, both.practice_gaps, strict=True):
        assert twice == msgspec.structs.replace(gap, claims=2)
    told = {rule for gap in one.practice_gaps for rule in gap.rule_ids}
    [score] = one.scores
    assert told == {
        finding.rule_id for finding in score.findings if finding.practice_keeps is False
    }
