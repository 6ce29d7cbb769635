"""Nothing that a patient, payer or clinician is called reaches any artifact.

The whole tracking store (SQLite included), what serves and every log line of training
and promotion are searched for planted words, in plain, reversed, hex and base64.
"""

import base64
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.canaries import (
    CONTROL,
    LAST_NAME,
    PAYER_NAME,
    PLANTED,
    find_words,
    unplanted_numbers,
)
from tests.journeys.simulated_store import (  # noqa: F401 (fixture)
    SimulatedStore,
    simulated_store,
)

ARTIFACTS = ("tracking", "serving", "logs")


def test_the_words_were_planted_in_what_was_learnt_from(
    simulated_store: SimulatedStore,  # noqa: F811
) -> None:
    """The search below would be empty of meaning if the store did not hold them."""
    assert find_words(PLANTED, simulated_store.directory / "out")
    stored = find_words(PLANTED, simulated_store.directory / "store")
    assert set(PLANTED) <= set().union(*stored.values())


@pytest.mark.parametrize("name", ARTIFACTS)
def test_no_planted_word_is_in_any_artifact(
    simulated_store: SimulatedStore,  # noqa: F811
    name: str,
) -> None:
    directory = simulated_store.directory / name
    assert any(path.is_file() for path in directory.rglob("*"))
    words = {*PLANTED, *unplanted_numbers(simulated_store.outgoing)}
    assert len(words) > 100
    assert find_words(words, directory) == {}


def test_no_code_of_a_claim_is_in_any_artifact(
    simulated_store: SimulatedStore,  # noqa: F811
) -> None:
    """Diagnoses and lettered procedure codes, as words of their own."""
    codes = {
        code
        for claim in simulated_store.outgoing
        for code in (
            *(diagnosis.code for diagnosis in claim.diagnoses),
            *(line.procedure_code for line in claim.lines),
        )
        if re.search("[A-Z]", code)
    }
    assert len(codes) > 5
    pattern = re.compile(rf"(?<![\w.])(?:{'|'.join(sorted(codes))})(?![\w.])")
    for name in ("tracking", "serving"):
        for path in (simulated_store.directory / name).rglob("*"):
            if path.is_file() and path.suffix in (".json", ".md", ".txt", ".svg"):
                assert pattern.search(path.read_text()) is None, path.name


def test_no_model_file_notes_the_extremes_of_a_feature(
    simulated_store: SimulatedStore,  # noqa: F811
) -> None:
    """They are the values of single lines."""
    found = list(simulated_store.directory.rglob("model.txt"))
    assert len(found) >= 2
    for path in found:
        text = path.read_text()
        (line,) = re.findall(r"^feature_infos=(.*)$", text, re.MULTILINE)
        assert set(line.split()) == {"none"}


def test_a_plot_holds_pixels_and_nothing_that_names_when_or_where_it_was_drawn(
    simulated_store: SimulatedStore,  # noqa: F811
) -> None:
    pictures = list((simulated_store.directory / "tracking").rglob("*.png"))
    assert {path.stem for path in pictures} == {
        "calibration",
        "contributions",
        "decision_curve",
    }
    for path in pictures:
        assert set(_chunks(path.read_bytes())) == {"IHDR", "pHYs", "IDAT", "IEND"}
        drawn = path.with_suffix(".svg").read_text()
        for word in ("dc:date", "Matplotlib", str(simulated_store.directory)):
            assert word not in drawn
        assert "Simulated claims of" in drawn


def _chunks(png: bytes) -> Iterator[str]:
    """The names of a PNG's chunks: length, name, content, check sum, eight bytes in."""
    at = 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        yield png[at + 4 : at + 8].decode()
        at += 12 + length


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(f"a {PAYER_NAME} b".encode(), id="plain"),
        pytest.param(f"a {PAYER_NAME.lower()} b".encode(), id="lower case"),
        pytest.param(PAYER_NAME[::-1].encode(), id="reversed"),
        pytest.param(PAYER_NAME.encode().hex().encode(), id="hex"),
        *(
            pytest.param(
                base64.b64encode(b"x" * shift + PAYER_NAME.encode() + b"tail"),
                id=f"base64 shifted by {shift}",
            )
            for shift in range(3)
        ),
    ],
)
def test_the_search_finds_a_word_that_is_there(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "some.bin").write_bytes(b"\0\1" + written + b"\2")
    (tmp_path / "clean.txt").write_text("nothing here")
    assert find_words(PLANTED, tmp_path) == {"some.bin": {PAYER_NAME}}


def test_the_search_reads_a_database_whose_value_spans_pages(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "some.db") as connection:
        connection.execute("create table t (value text)")
        # A page is 4096 bytes: of so many copies, some lie across its end.
        value = "".join(f"{CONTROL}{number:07}" for number in range(3000))
        connection.execute("insert into t values (?)", (value + LAST_NAME,))
    connection.close()
    assert find_words(PLANTED, tmp_path) == {"some.db": {CONTROL, LAST_NAME}}
