"""What `denialml score` shows a person: reasons, what speaks for payment, warnings."""

from datetime import date

import msgspec
import pytest

from api.examples import EXAMPLE_SCORE
from denialml.cli.scoring import ScoredFile, cut_off_note, show_scores
from denialml.domain.edit import EditFinding
from denialml.domain.fix import Fix, FixBy, FixClass, FixSet
from denialml.domain.missing import MissingRecord
from denialml.domain.risk import CutOff, RiskScore
from denialml.fixes.candidate import FixKind
from denialml.modeling.risk.cut_offs import flagged_by
from denialml.rules.practice_gaps import practice_gaps


def shown(capsys: pytest.CaptureFixture[str], *scores: RiskScore) -> tuple[str, str]:
    show_scores(
        ScoredFile(
            file="out.edi",
            complete=True,
            scores=scores,
            not_scored=("V-1",),
            problems=(),
            practice_gaps=practice_gaps([one.findings for one in scores]),
        ),
        top=20,
    )
    captured = capsys.readouterr()
    return captured.out, " ".join(captured.err.split())


def score(number: str, *warnings: str) -> RiskScore:
    return RiskScore(
        patient_control_number=number,
        as_of=date(2024, 1, 2),
        model_version="m",
        probability=0.5,
        lines=(),
        reasons=("No note.",),
        speaks_for_payment=("Covered.",),
        warnings=warnings,
    )


def test_reasons_and_what_speaks_for_payment_are_told_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, _ = shown(capsys, score("A-1"))
    assert "- No note." in out
    assert "+ Covered." in out


def test_a_warning_is_shown_once_with_the_number_of_claims(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, err = shown(capsys, score("A-1", "No history."), score("A-2", "No history."))
    assert err.count("No history.") == 1
    assert "warning (2 claims): No history." in err
    assert "claim V-1 was not scored" in err


def test_a_score_without_warnings_warns_of_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, err = shown(capsys, score("A-1"))
    assert "warning" not in err


def test_a_precision_shows_only_what_it_flags_and_says_what_that_is_worth(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cut_off = CutOff(
        precision=0.9,
        risk=0.5,
        flagged=40,
        denied=36,
        low=0.77,
        high=0.96,
        recall=0.3,
    )
    safe = msgspec.structs.replace(score("B-2"), probability=0.49)
    unsure = msgspec.structs.replace(score("C-3"), probability=0.9, abstains=True)
    scores = (unsure, score("A-1"), safe)
    show_scores(
        ScoredFile(
            file="out.edi",
            complete=True,
            scores=scores,
            not_scored=(),
            problems=(),
            cut_off=cut_off,
            flagged=flagged_by(cut_off, scores),
        ),
        top=20,
    )
    captured = capsys.readouterr()
    assert "A-1" in captured.out
    assert "B-2" not in captured.out
    assert "C-3" not in captured.out
    said = " ".join(captured.err.split())
    assert (
        "1 claim is flagged for a precision of 90%, at a risk of 50.0% or more" in said
    )
    assert "among 40 earlier claims flagged so, 36 were denied" in said
    assert "77% to 96%" in said
    assert flagged_by(cut_off, scores) == ("A-1",)
    assert flagged_by(None, scores) == ()


def test_a_precision_without_a_cut_off_of_its_own_is_told() -> None:
    learnt = CutOff(
        precision=0.2, risk=0.1, flagged=40, denied=9, low=0.1, high=0.4, recall=0.9
    )
    assert cut_off_note((learnt,), precision=0.2) is None
    assert cut_off_note((learnt,), precision=0.05) == (
        "No cut-off was learnt for a precision of 5.0%: that of 20% is used."
    )
    assert "the strictest reached 20%" in (
        cut_off_note((learnt,), precision=0.95) or ""
    )
    assert "rates alone serve" in (cut_off_note((), precision=0.95) or "")


def test_a_precision_not_reached_still_shows_the_scores(
    capsys: pytest.CaptureFixture[str],
) -> None:
    scored = ScoredFile(
        file="out.edi",
        complete=True,
        scores=(score("A-1"),),
        not_scored=(),
        problems=(),
        cut_off_note="No cut-off.",
    )
    show_scores(scored, top=20)
    captured = capsys.readouterr()
    assert "A-1" in captured.out
    assert "No cut-off." in captured.err


def told(capsys: pytest.CaptureFixture[str], one: RiskScore) -> str:
    """What the table's last column says of one claim, without the table."""
    out, _ = shown(capsys, one)
    rows = [line.split("│")[-2].strip() for line in out.splitlines() if "│" in line]
    return " ".join(rows)


def with_set(found: FixSet | None, *more: Fix) -> RiskScore:
    """The example's score with another smallest set, and fixes before its own."""
    fixes = EXAMPLE_SCORE.fixes
    assert fixes is not None
    return msgspec.structs.replace(
        EXAMPLE_SCORE,
        fixes=msgspec.structs.replace(
            fixes, smallest=found, fixes=(*more, *fixes.fixes)
        ),
    )


def test_the_smallest_set_is_one_line_with_the_risk_at_each_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert (
        "> authorizations: request authorization; biller: bill documented code"
        " (line 1), risk 41% -> 22% -> 11%, protects $36"
    ) in told(capsys, EXAMPLE_SCORE)


def test_a_set_that_is_not_enough_says_what_is_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = FixSet(
        fix_ids=("request_authorization",),
        risks_after=(0.22,),
        dollars_protected=None,
        reaches=False,
    )
    assert "risk 41% -> 22%, above the accepted 15%" in told(capsys, with_set(one))
    held = msgspec.structs.replace(one, still_found=("BH-112", "BH-117"))
    assert "risk 41% -> 22%, still held by BH-112 BH-117" in told(
        capsys, with_set(held)
    )
    untold = msgspec.structs.replace(one, risks_after=(None,), reaches=True)
    assert "> authorizations: request authorization" in told(capsys, with_set(untold))
    assert "risk 41%" not in told(capsys, with_set(untold))


def test_what_must_not_be_sent_is_said_and_nothing_where_nothing_is_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wait = Fix(
        fix_id="wait_for_answer",
        kind=FixKind.WAIT_FOR_ANSWER,
        stops=True,
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        statement="Do not send it again: it was sent on 2026-10-01.",
    )
    assert f"> {wait.statement}" in told(capsys, with_set(None, wait))
    assert "> " not in told(capsys, with_set(None)).split("what to do)")[-1]


def test_a_risk_that_only_the_mistake_hid_is_shown_beside_a_question_mark(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = FixSet(
        fix_ids=("bill_documented_code:1",),
        risks_after=(0.08,),
        dollars_protected=None,
        reaches=True,
    )
    unsure = msgspec.structs.replace(
        with_set(one), abstains=True, abstention_reason="Too little history."
    )
    assert "bill documented code (line 1), risk ? -> 8%" in told(capsys, unsure)
    untold = msgspec.structs.replace(one, risks_after=(None,), reaches=False)
    assert "too little history on the claim as it then is" in told(
        capsys, with_set(untold)
    )


def unknown(rule_id: str, missing: str, *, keeps: bool) -> EditFinding:
    """What a rule cannot tell; `keeps`: the practice has such records."""
    [found] = EXAMPLE_SCORE.findings
    return msgspec.structs.replace(
        found,
        verdict="cannot_tell",
        rule_id=rule_id,
        missing=missing,
        missing_record=MissingRecord.ENCOUNTER if keeps else MissingRecord.ENROLLMENT,
        practice_keeps=keeps,
    )


def test_what_cannot_be_told_of_a_claim_stands_with_it_and_a_gap_is_told_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    minutes = [
        unknown(rule_id, "documented minutes", keeps=True)
        for rule_id in ("BH-036", "BH-037")
    ]
    enrolled = unknown("BH-095", "the enrollment", keeps=False)
    scores = [
        msgspec.structs.replace(score(number), findings=(*minutes, enrolled))
        for number in ("A-1", "A-2")
    ]
    out, err = shown(capsys, *scores)
    told = " ".join(out.replace("│", " ").split())
    assert told.count("? cannot tell: documented minutes (BH-036 BH-037)") == 2
    assert "enrollment" not in out
    assert err.count("BH-095") == 1
    assert (
        "not kept: The practice has no enrollments on file: BH-095 cannot be decided,"
        " asked for 2 of 2 claims. Send enrollments.csv" in err
    )


def test_no_dollars_are_protected_where_the_model_abstains(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fixes = EXAMPLE_SCORE.fixes
    assert fixes is not None
    assert fixes.smallest is not None
    certain, _ = shown(capsys, EXAMPLE_SCORE)
    assert "protects $" in " ".join(certain.replace("│", " ").split())
    unsure = msgspec.structs.replace(
        EXAMPLE_SCORE, abstains=True, abstention_reason="Too little history."
    )
    said, _ = shown(capsys, unsure)
    assert "protects" not in said
    assert "$" not in said
