"""What is documented is true: pages, problems, recipes, examples, OpenAPI."""

import json
import re
import subprocess
from pathlib import Path

import httpx
import pytest

from api.app import MONITOR_PATHS
from api.examples import example_835, example_837p, example_authorization
from api.openapi import operations
from api.permissions import Permission
from api.problems import ProblemType
from tests.api.running import Running

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text()
PAYERS = (
    "payer_id,name,requires_authorization_on_claim\n"
    "NGHP1,Northgate Health Plan (invented),true\n"
)


@pytest.fixture(scope="module")
def document(running: Running) -> dict[str, object]:
    with running.client() as client:
        answer = client.get("/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json())


def test_every_problem_type_has_its_heading_in_order() -> None:
    assert re.findall(r"^### ([a-z-]+)$", PAGE, re.M) == [it.slug for it in ProblemType]


@pytest.mark.parametrize("problem", ProblemType, ids=lambda it: it.slug)
def test_the_page_and_the_service_agree_about_a_problem(
    running: Running, problem: ProblemType
) -> None:
    section = PAGE.split(f"### {problem.slug}\n\n", 1)[1].split("\n### ", 1)[0]
    assert section.startswith(f"{problem.status}. ")
    with running.client() as client:
        answer = client.get(f"/docs/problems/{problem.slug}")
    assert answer.status_code == 200
    assert problem.title in answer.text


def test_every_operation_stands_in_the_table(document: dict[str, object]) -> None:
    table = PAGE.split("## Operations", 1)[1].split("\n## ", 1)[0]
    written = re.findall(r"^\| `(\w+) (\S+)` \| `?([\w:]+)`? \|", table, re.M)
    served = [
        (it.method, it.path, it.definition.get("x-permission") or "public")
        for it in operations(document)
    ]
    assert sorted(written) == sorted(served)


def test_the_document_is_openapi_3_1_with_an_example_everywhere(
    document: dict[str, object],
) -> None:
    assert str(document["openapi"]).startswith("3.1")
    for operation in operations(document):
        contents = [
            *operation.definition.get("requestBody", {}).get("content", {}).values(),
            *(
                content
                for answer in operation.definition["responses"].values()
                for content in answer.get("content", {}).values()
            ),
        ]
        assert contents
        assert all(content["example"] for content in contents), operation.path
        assert operation.definition["summary"]
        assert operation.definition["description"]


def test_every_reference_leads_to_a_shape(document: dict[str, object]) -> None:
    text = json.dumps(document)
    wanted = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert wanted
    assert wanted <= set(document["components"]["schemas"])  # type: ignore[index]


def test_the_answer_of_scoring_is_shaped_down_to_an_edit(
    document: dict[str, object],
) -> None:
    shapes = document["components"]["schemas"]  # type: ignore[index]
    assert {"ClaimFixes", "FixSet", "Fix", "Edit", "Proof"} <= set(shapes)
    [operation] = [it for it in operations(document) if it.path == "/v1/claims/score"]
    [answer] = operation.definition["responses"]["200"]["content"].values()
    [score] = answer["example"]["scores"]
    assert set(shapes["Fix"]["properties"]) == set(score["fixes"]["fixes"][0])


def test_every_guarded_operation_names_the_key(document: dict[str, object]) -> None:
    for operation in operations(document):
        guarded = operation.definition.get("x-permission") in set(Permission)
        assert guarded or not operation.path.startswith("/v1/")
        assert (operation.definition.get("security") is not None) is guarded
        assert ("401" in operation.definition["responses"]) is (
            guarded or operation.path in MONITOR_PATHS
        )


def test_the_request_examples_are_accepted(
    running: Running, document: dict[str, object]
) -> None:
    organization = running.add_organization("Examples")
    running.give_model(organization)
    sent = 0
    with running.client(running.key(organization)) as client:
        # The payer wants the number of the authorization that is on file: the example
        # of a correction puts it on the claim.
        for name, text in (
            ("payers.csv", PAYERS),
            ("authorizations.csv", example_authorization()),
        ):
            known = client.post(
                "/v1/files",
                content=text,
                headers={
                    "Content-Type": "text/csv",
                    "Content-Disposition": f'attachment; filename="{name}"',
                },
            )
            assert known.status_code == 200, known.text
        # Operations on a record come last: the files sent before bring a denial.
        for operation in sorted(operations(document), key=lambda it: "{" in it.path):
            body = operation.definition.get("requestBody", {}).get("content", {})
            for media_type, content in body.items():
                example = content["example"]
                text = example if isinstance(example, str) else json.dumps(example)
                path = operation.path
                if "{denial_id}" in path:
                    (found,) = client.get("/v1/denials").json()["denials"]
                    path = path.format(denial_id=found["denial"]["denial_id"])
                if "{claim_id}" in path:
                    listed = client.get("/v1/claims").json()["claims"]
                    path = path.format(claim_id=listed[0]["claim_id"])
                answer = client.request(
                    operation.method,
                    path,
                    content=text,
                    headers={"Content-Type": media_type, "If-Match": "*"},
                )
                assert answer.status_code in {200, 201, 202}, (path, answer.text)
                sent += 1
    assert sent == 14


def test_the_documentation_page_needs_nothing_from_elsewhere(running: Running) -> None:
    with running.client() as client:
        page = client.get("/docs").text
    assert "POST" in page
    assert "/v1/claims/score" in page
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def recipes() -> list[str]:
    return re.findall(r"```sh\n(.*?)```", PAGE, re.S)


def test_the_recipes_run(running: Running, tmp_path: Path) -> None:
    """Every shell block of docs/api.md, in order, in an organization of its own."""
    (tmp_path / "authorizations.csv").write_text(example_authorization())
    (tmp_path / "claims.edi").write_text(example_837p())
    (tmp_path / "remittance.edi").write_text(example_835())
    organization = running.add_organization("Recipes")
    running.give_model(organization)
    key = running.key(organization)
    variables = {"URL": running.url, "DENIALML_KEY": key, "PATH": "/usr/bin:/bin"}
    assert len(recipes()) == 6
    for recipe in recipes():
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", recipe],
            cwd=tmp_path,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (recipe, done.stderr)
        if "/v1/denials?" in recipe:
            listed = json.loads(done.stdout)["denials"]
            variables["DENIAL_ID"] = listed[0]["denial"]["denial_id"]
            with httpx.Client(
                base_url=running.url,
                headers={"Authorization": f"Bearer {key}"},
                timeout=60,
            ) as client:
                draft = client.post(f"/v1/denials/{variables['DENIAL_ID']}/appeal")
            variables["DRAFT_ID"] = draft.json()["draft_id"]
    assert (tmp_path / "packet.pdf").read_bytes().startswith(b"%PDF-")
