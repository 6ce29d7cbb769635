"""What the documents promise exists: links, make targets, commands and pages."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_relative_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    broken = []
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        if not (page.parent / target).exists():
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_make_targets_named_in_a_page_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"`make ([a-z-]+)", page.read_text()))
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_files_named_in_a_page_exist(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    named = re.findall(
        r"`((?:benchmarks|docs|models|notebooks|tests|scripts|denialml|api"
        r"|appeal_templates)/[\w./-]+\.\w+)`",
        text,
    )
    missing = [name for name in named if not (ROOT / name).exists()]
    assert missing == []


def test_every_page_of_docs_is_reachable_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    pages = [p.name for p in (ROOT / "docs").glob("*.md")]
    unlisted = [name for name in pages if f"docs/{name}" not in readme]
    assert unlisted == []


def test_the_changelog_has_an_unreleased_section_with_entries() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    section = text.split("## Unreleased", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^- \w", section, re.M)
