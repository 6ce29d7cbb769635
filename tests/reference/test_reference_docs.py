"""The pages on tables and causes say what the code and the figures say."""

import json
from pathlib import Path

import denialml.reference as reference
from denialml.reference import root_causes

ROOT = Path(__file__).resolve().parents[2]


def test_every_loader_has_its_row_on_the_reference_page():
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    loaders = [name for name in reference.__all__ if name.islower()]
    assert [name for name in loaders if f"`{name}()`" not in page] == []


def test_every_root_cause_has_its_row_on_the_page():
    page = (ROOT / "docs" / "root-causes.md").read_text(encoding="utf-8")
    assert [cause for cause in root_causes() if f"| `{cause}` |" not in page] == []


def test_root_cause_figures_of_the_page_are_those_of_the_benchmark():
    page = (ROOT / "docs" / "root-causes.md").read_text(encoding="utf-8")
    path = ROOT / "benchmarks" / "results" / "root_cause.json"
    figures = json.loads(path.read_text(encoding="utf-8"))
    assert figures["simulated"] is True
    assert len(figures["seeds"]) >= 2
    for seed in figures["seeds"]:
        assert seed["gain"] >= 0.15
        shares = [
            f"{seed[figure]:.3f} ({seed[share]:.1%})"
            for figure, share in (
                ("macro_f1", "share_of_exact"),
                ("macro_f1_learnt_unlabeled", "share_of_exact_learnt_unlabeled"),
                ("macro_f1_learnt_labeled", "share_of_exact_learnt_labeled"),
            )
        ]
        row = (
            f"| {seed['seed']} | {seed['denied_lines']:,} |"
            f" {seed['macro_f1_exact_posterior']:.3f} |"
            f" {seed['macro_f1_dictionary']:.3f} |"
            f" {seed['macro_f1_line_by_itself']:.3f} | {' | '.join(shares)} |"
        )
        assert row in page


def test_every_letter_template_named_exists():
    folder = ROOT / "appeal_templates"
    for cause in root_causes().values():
        assert (folder / cause.letter_template).is_dir(), cause.id
