"""What the page of outgoing claims says to do about a claim."""

import html
import re
from datetime import date
from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest

from api.examples import EXAMPLE_CLAIM, EXAMPLE_SCORE
from api.pages.fix_view import (
    BY_WORDS,
    CLASS_WORDS,
    ELEMENT_WORDS,
    dollars_words,
    edit_view,
    to_do_view,
)
from api.pages.outgoing import claim_view
from api.pages.rendering import Frame, render
from denialml.domain.denial import RootCause
from denialml.domain.edit import ClaimDecision, Decision
from denialml.domain.fix import ClaimFixes, Edit, Fix, FixBy, FixClass, FixSet
from denialml.domain.risk import LikelyCause, RiskScore
from denialml.fixes.candidate import FixKind
from denialml.fixes.elements import EDITABLE
from tests.api.running import START


def example_fixes() -> tuple[ClaimFixes, FixSet]:
    """The example's fixes and their smallest set."""
    fixes = EXAMPLE_SCORE.fixes
    assert fixes is not None
    assert fixes.smallest is not None
    return fixes, fixes.smallest


EXAMPLE_FIXES, SMALLEST = example_fixes()
ASKED, BILLED = EXAMPLE_FIXES.fixes
NO_FIXES = ClaimFixes(accepted_risk=0.15, fixes=())
WAIT = Fix(
    fix_id="wait_for_answer",
    kind=FixKind.WAIT_FOR_ANSWER,
    stops=True,
    fix_class=FixClass.NEEDS_ANOTHER_STEP,
    fix_by=FixBy.BILLER,
    statement="Do not send it again: the same service went to this payer.",
)
NEVER = Fix(
    fix_id="change_date:1",
    kind=FixKind.CHANGE_DATE,
    fix_class=FixClass.NEVER_SUGGESTED,
    fix_by=FixBy.COMPLIANCE,
    statement="Another date of service is not suggested: it is the session's day.",
)
CLEAN = msgspec.structs.replace(
    EXAMPLE_SCORE,
    probability=0.08,
    findings=(),
    decision=ClaimDecision(decision=Decision.PASSES, reasons=()),
)


def with_fixes(score: RiskScore = EXAMPLE_SCORE, **changes: object) -> RiskScore:
    """A score whose fixes are the example's with some changes."""
    return msgspec.structs.replace(
        score, fixes=msgspec.structs.replace(EXAMPLE_FIXES, **changes)
    )


def page_of(score: RiskScore) -> str:
    """The page of one scored claim."""
    answer = render(
        "outgoing.html.j2",
        frame=Frame(
            "Harbor Lane", True, "token", "key", frozenset(), date(2026, 11, 2)
        ),
        scored=[claim_view(EXAMPLE_CLAIM, score, now=START)],
        model_version="m",
        problems=[],
        refusal="",
        pasted="",
        shown_contributions=8,
        gaps=[],
    )
    return bytes(answer.body).decode()


def read(score: RiskScore) -> str:
    """What a reader reads of it."""
    text = re.sub(r"<[^>]+>", " ", page_of(score))
    return re.sub(r" ([,.)])", r"\1", " ".join(html.unescape(text).split()))


def test_the_smallest_set_is_an_ordered_list_with_the_risk_at_each_step() -> None:
    shown = read(EXAMPLE_SCORE)
    assert "What to do Risk 41% → then 22% → then 11%, protects $36" in shown
    first, second = shown.index(ASKED.statement), shown.index(BILLED.statement)
    assert first < second
    assert "Needs another step Authorizations Risk 41% → then 22%" in shown
    assert "Correct from your records Biller Risk 22% → then 11%" in shown
    assert "Settles BH-036" in shown
    assert "Assumes the payer authorizes the service" in shown
    assert "The risk is then within the accepted 15%" in shown
    assert "From your records alone (step 2): risk 41% to 31%, protects $19." in shown
    assert "<ol" in page_of(EXAMPLE_SCORE)


def test_an_edit_is_shown_before_and_after_with_its_place() -> None:
    shown = read(EXAMPLE_SCORE)
    assert (
        "Line 1: Procedure code 90837 → becomes 90834 (2400 SV101-2)"
        " Line 1: Charge 180.00 → becomes 140.00 (2400 SV102)"
    ) in shown
    assert (
        "Proof The note of 2026-10-05 documents 45 minutes. (session note"
        " EXAMPLE-NOTE-1, on file since Oct 5, 2026)"
    ) in shown.replace("\N{NO-BREAK SPACE}", " ")


def test_a_remedy_that_a_fix_says_is_not_said_again() -> None:
    [finding] = EXAMPLE_SCORE.findings
    shown = read(EXAMPLE_SCORE)
    assert "Before sending" not in shown
    assert finding.fix not in shown
    assert "Step 2 settles it. BH-036" in shown
    loose = read(msgspec.structs.replace(EXAMPLE_SCORE, fixes=None))
    assert "Before sending Obtain an authorization before sending the claim." in loose
    assert finding.fix in loose
    assert "What to do" not in loose
    beside = read(with_fixes(smallest=None, by_correction=None))
    assert "Its fix stands above. BH-036" in beside


def test_what_must_not_be_sent_is_said_first() -> None:
    score = with_fixes(fixes=(WAIT, ASKED, BILLED))
    shown = read(score)
    assert f"What to do {WAIT.statement} Risk 41%" in shown
    assert "EXAMPLE-0001 do not send look first" in shown
    assert "do not send" not in read(EXAMPLE_SCORE)
    alone = read(with_fixes(fixes=(WAIT,), smallest=None, by_correction=None))
    assert f"What to do {WAIT.statement} Found by the claim rules" in alone
    beside = read(with_fixes(fixes=(WAIT, BILLED), smallest=None, by_correction=None))
    assert f"can be settled meanwhile: {BILLED.statement}" in beside


def test_what_is_not_suggested_comes_last_and_quietly() -> None:
    shown = read(with_fixes(fixes=(ASKED, BILLED, NEVER)))
    said = shown.index(f"Not suggested {NEVER.statement}")
    assert shown.index("From your records alone") < said
    assert said < shown.index("Found by the claim rules")
    view = to_do_view(with_fixes(fixes=(ASKED, BILLED, NEVER)))
    assert view is not None
    assert view.others == ()


def test_fixes_beside_the_set_are_folded_with_what_they_do_by_themselves() -> None:
    one = FixSet(
        fix_ids=(ASKED.fix_id,),
        risks_after=(0.22,),
        dollars_protected=Decimal("20.74"),
        reaches=False,
    )
    score = with_fixes(smallest=one, by_correction=None)
    shown = read(score)
    assert "Other fixes (1)" in shown
    assert "Risk 41% → then 31% by itself, protects $19" in shown
    assert "the risk stays at 22%, above the accepted 15%. A person decides." in shown
    assert "From your records alone" not in shown
    # A single step's risk is that of the set: it is not said twice.
    assert shown.count("→ then 22%") == 1
    same = msgspec.structs.replace(BILLED, risk_after=0.411)
    assert "Risk as before" in read(
        with_fixes(fixes=(ASKED, same), smallest=one, by_correction=None)
    )


def test_a_set_that_leaves_a_hold_names_the_rule() -> None:
    held = msgspec.structs.replace(SMALLEST, reaches=False, still_found=("BH-112",))
    shown = read(with_fixes(smallest=held))
    assert "The best that was found: BH-112 still holds the claim." in shown


def test_risks_that_would_read_the_same_are_told_apart() -> None:
    close = msgspec.structs.replace(SMALLEST, reaches=False, risks_after=(0.2, 0.153))
    assert "stays at 15.3%, above the accepted 15.0%" in read(
        with_fixes(smallest=close)
    )


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (
            msgspec.structs.replace(CLEAN, fixes=NO_FIXES),
            "The risk is within the accepted 15%, and the claim rules found nothing.",
        ),
        (
            msgspec.structs.replace(CLEAN, probability=0.4, fixes=NO_FIXES),
            "Nothing that the records on file allow brings the risk of 40% down",
        ),
        (
            with_fixes(
                msgspec.structs.replace(EXAMPLE_SCORE, probability=0.08),
                smallest=None,
                by_correction=None,
            ),
            "no finding holds the claim. What was found can still be settled:",
        ),
        (
            msgspec.structs.replace(
                EXAMPLE_SCORE,
                probability=0.08,
                decision=ClaimDecision(decision=Decision.HOLD, reasons=("Held.",)),
                fixes=NO_FIXES,
            ),
            "No correction that the records on file prove lifts the hold. Found by",
        ),
        (
            with_fixes(
                msgspec.structs.replace(
                    EXAMPLE_SCORE,
                    probability=0.08,
                    decision=ClaimDecision(decision=Decision.HOLD, reasons=("Held.",)),
                ),
                fixes=(BILLED,),
                smallest=None,
                by_correction=None,
            ),
            "No correction that the records on file prove lifts the hold. These steps"
            f" settle what was found: {BILLED.statement}",
        ),
    ],
    ids=[
        *("clean", "risky without fixes", "fit with a finding", "held"),
        "held with a step that settles it",
    ],
)
def test_a_claim_without_a_set_says_where_it_stands(
    score: RiskScore, expected: str
) -> None:
    assert expected in read(score)


def test_where_the_model_abstains_no_fix_has_a_risk() -> None:
    unsure = msgspec.structs.replace(
        EXAMPLE_SCORE, abstains=True, abstention_reason="Too little history."
    )
    fixes = tuple(
        msgspec.structs.replace(one, risk_after=None, dollars_protected=None)
        for one in (ASKED, BILLED)
    )
    found = FixSet(
        fix_ids=(BILLED.fix_id,),
        risks_after=(None,),
        dollars_protected=None,
        reaches=True,
    )
    score = with_fixes(unsure, fixes=fixes, smallest=found, by_correction=None)
    shown = read(score)
    assert "What to do Bill 90834" in shown
    assert "Nothing holds the claim any more." in shown
    assert "→ then" not in shown


def test_where_the_model_abstains_no_dollars_and_no_causes_are_shown() -> None:
    """They would rest on the number that the page says is no estimate."""
    cause = LikelyCause(
        root_cause=RootCause.AUTH_MISSING, probability=0.2, reason_code="197"
    )
    [line] = EXAMPLE_SCORE.lines
    told = msgspec.structs.replace(
        EXAMPLE_SCORE,
        lines=(msgspec.structs.replace(line, likely_causes=(cause,)),),
    )
    certain = read(told)
    for words in ("Expected loss", "expected loss", "If denied", "protects $"):
        assert words in certain
    assert "Line 1, 90837: 41%" in certain
    unsure = msgspec.structs.replace(
        told, abstains=True, abstention_reason="Too little history."
    )
    shown = read(unsure)
    assert "The number, 41%, is no estimate" in shown
    for words in ("xpected loss", "If denied", "CARC 197", "protects"):
        assert words not in shown
    assert "Line 1, 90837: too little history for an estimate" in shown


def test_a_risk_is_told_that_only_the_mistake_hid() -> None:
    unsure = msgspec.structs.replace(
        EXAMPLE_SCORE, abstains=True, abstention_reason="Too little history."
    )
    billed = msgspec.structs.replace(BILLED, risk_after=0.08, dollars_protected=None)
    found = FixSet(
        fix_ids=(billed.fix_id,),
        risks_after=(0.08,),
        dollars_protected=None,
        reaches=True,
    )
    asked = msgspec.structs.replace(ASKED, risk_after=0.07, dollars_protected=None)
    shown = read(with_fixes(unsure, fixes=(billed, asked), smallest=found))
    assert "Risk then 8%" in shown
    assert "Risk then 7%" in shown
    assert "The risk is then within the accepted 15%, and nothing holds" in shown
    assert "→ then" not in shown, "the risk before is not known"


def test_that_the_risk_can_no_longer_be_told_is_said() -> None:
    found = FixSet(
        fix_ids=(BILLED.fix_id,),
        risks_after=(None,),
        dollars_protected=None,
        reaches=False,
    )
    billed = msgspec.structs.replace(BILLED, risk_after=None, dollars_protected=None)
    shown = read(with_fixes(EXAMPLE_SCORE, fixes=(billed,), smallest=found))
    assert "too little is known of the claim as it then is" in shown


@pytest.mark.parametrize("field", sorted(EDITABLE))
def test_every_element_has_words_and_none_shows_who_someone_is(field: str) -> None:
    view = edit_view(
        Edit(field=field, line_number=None, before="BEFORE", after="AFTER")
    )
    assert view.what == ELEMENT_WORDS[field]
    is_of_a_person = field.startswith(("2010BA", "2010CA"))
    assert view.is_shown is not is_of_a_person
    assert ("AFTER" in (view.before, view.after)) is not is_of_a_person


def test_a_member_number_is_named_and_not_shown() -> None:
    fix = msgspec.structs.replace(
        BILLED,
        edits=(
            Edit(
                field="2010BA NM109",
                line_number=None,
                before="SECRETBEFORE",
                after="SECRETAFTER",
            ),
        ),
    )
    page = page_of(with_fixes(fixes=(ASKED, fix)))
    assert "SECRET" not in page
    assert "Member number differs from the record below" in " ".join(
        re.sub(r"<[^>]+>", " ", page).split()
    )


def test_every_class_and_every_desk_has_words() -> None:
    assert set(CLASS_WORDS) == set(FixClass)
    assert set(BY_WORDS) == set(FixBy)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (None, ""),
        (Decimal("0"), ""),
        (Decimal("0.40"), "under $1"),
        (Decimal("1234.6"), "$1,235"),
    ],
)
def test_an_estimate_is_whole_dollars(amount: Decimal | None, expected: str) -> None:
    assert dollars_words(amount) == expected


def test_the_result_is_well_built() -> None:
    page = page_of(with_fixes(fixes=(WAIT, ASKED, BILLED, NEVER)))
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for name in re.findall(r'aria-labelledby="([^"]+)"', page):
        assert name in ids
    levels = [int(one) for one in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert "style=" not in page
    assert "<script" not in page
