"""Templates are code: what a template may not do is refused when it is loaded."""

import shutil

import msgspec
import pytest

from denialml.appeals.catalog import Catalog, template_directory
from denialml.appeals.declared_context import DECLARED_NAMES
from denialml.appeals.drafting import draft_letter
from denialml.appeals.markup import TemplateFault
from denialml.domain.denial import RootCause
from tests.appeals.cases import DRAFTED, case, whole_file
from tests.appeals.test_drafting import letter_text


def complete():
    return case(RootCause.AUTH_MISSING, documents=whole_file())


def catalog_with(tmp_path, body, path="retro_authorization/letter.html.j2"):
    directory = tmp_path / "templates"
    shutil.copytree(template_directory(), directory)
    target = directory / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(body, "utf-8")
    return Catalog(directory, declared=DECLARED_NAMES)


REFUSED = {
    "undeclared name": "{{ patient_ssn }}",
    "private attribute": "{{ claim.__class__ }}",
    "method call": "{{ claim.code.upper() }}",
    "wide filter": "{{ 'x'|center(500000000) }}",
    "multiplication": "{{ 'a' * 10000000000 }}",
    "power": "{{ 10 ** 10 ** 10 }}",
    "concatenation": "{{ claim.code ~ 'x' }}",
    "range": "{% for x in range(200000) %}{% endfor %}",
    "safe filter": "{{ claim.code|safe }}",
    "other file": "{% include '../secrets.txt' %}",
    "computed import": "{% include claim.code %}",
    "syntax": "{% if %}",
}


@pytest.mark.parametrize("fault", REFUSED)
def test_refused_when_loaded(tmp_path, fault):
    with pytest.raises(TemplateFault) as refusal:
        catalog_with(tmp_path, REFUSED[fault])
    assert "retro_authorization/letter.html.j2" in str(refusal.value)


BROKEN = {
    "undefined field": ("<p>{{ claim.shoe_size }}</p>", "shoe_size"),
    "absent fact": ("<p>{{ facts.claim_accepted_on }}</p>", "nothing (None)"),
    "unsourced text": (
        "{% for e in exhibits %}<p>{{ loop.index }}</p>{% endfor %}",
        "prints int where it needs a sourced value",
    ),
    "statement without a source": ("<p>Paid late.</p>", "without a source"),
    "unknown tag": ("<script>1</script>", "not part of the letter markup"),
    "text outside a block": ("hello", "outside a block"),
    "nested blocks": (
        "<p data-role='request'><li data-role='request'>x</li></p>",
        "inside",
    ),
    "unclosed": ("<p data-role='request'>x", "unclosed"),
    "endless": (
        "{% for a in exhibits %}{% for b in exhibits %}{% for c in exhibits %}"
        "{% for d in exhibits %}{% for e in exhibits %}{% for f in exhibits %}"
        "{% for g in exhibits %}{% for h in exhibits %}{% for i in exhibits %}"
        "{% for j in exhibits %}{% for k in exhibits %}{% for l in exhibits %}"
        "{% for m in exhibits %}{% for n in exhibits %}{% for o in exhibits %}"
        "<p data-role='request'>long enough to add up</p>" + "{% endfor %}" * 15,
        "too long",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_refused_when_drawn_without_repeating_values(tmp_path, fault):
    body, said = BROKEN[fault]
    catalog = catalog_with(tmp_path, body)
    with pytest.raises(TemplateFault) as refusal:
        draft_letter(complete(), drafted_at=DRAFTED, catalog=catalog)
    assert said in str(refusal.value)
    assert "Whitfield" not in str(refusal.value)


def test_a_payer_override_replaces_the_wording_for_that_payer_only(tmp_path):
    body = (template_directory() / "retro_authorization/letter.html.j2").read_text()
    marked = body.replace("We ask {{ payer.name }} to", "Kindly, {{ payer.name }},", 1)
    path = "payers/60054/retro_authorization/letter.html.j2"
    catalog = catalog_with(tmp_path, marked, path)
    record = complete()
    theirs = draft_letter(record, drafted_at=DRAFTED, catalog=catalog)
    assert "Kindly, Northwind Health Plan," in letter_text(theirs)
    payer = msgspec.structs.replace(record.claim.payer, payer_id="00001")
    other = msgspec.structs.replace(
        record, claim=msgspec.structs.replace(record.claim, payer=payer)
    )
    text = letter_text(draft_letter(other, drafted_at=DRAFTED, catalog=catalog))
    assert "Kindly" not in text


def test_a_specification_with_an_unknown_field_is_refused(tmp_path):
    with pytest.raises(TemplateFault, match="essental"):
        catalog_with(
            tmp_path, 'essental = "typo"\n', "retro_authorization/template.toml"
        )


def test_a_blank_that_a_template_leaves_blocks_the_draft(tmp_path):
    body = "<p>{{ claim.code }} was billed on ___.</p>"
    draft = draft_letter(
        complete(),
        drafted_at=DRAFTED,
        catalog=catalog_with(tmp_path, body),
    )
    assert draft.status == "blocked"
    assert "blank or an unfinished marker" in draft.blocked_reasons[0]
