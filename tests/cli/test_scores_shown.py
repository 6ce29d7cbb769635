"""What `denialml score` shows a person: reasons, what speaks for payment, warnings."""

from datetime import date

import pytest

from denialml.cli.scoring import ScoredFile, show_scores
from denialml.domain.risk import RiskScore


def shown(capsys: pytest.CaptureFixture[str], *scores: RiskScore) -> tuple[str, str]:
    show_scores(
        ScoredFile(
            file="out.edi",
            complete=True,
            scores=scores,
            not_scored=("V-1",),
            problems=(),
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
