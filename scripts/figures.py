"""Draw the README's table of figures from benchmarks/results: no number by hand.

python scripts/figures.py            rewrite the table in README.md
python scripts/figures.py --check    exit 1 if it is not what the results say
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
HEAD = ("| what | figure | bar | command |", "|---|---|---|---|")


def results(name: str) -> Any:
    """One benchmark's results."""
    return json.loads((RESULTS / f"{name}.json").read_text())


def backtest_rows() -> list[str]:
    """Risk models on simulated worlds."""
    found = results("backtest")
    worlds = found["results"]
    claims = min(world["claims"] for world in worlds)

    def skills(name: str) -> str:
        each = [world[name]["skill_kl"] for world in worlds]
        return ", ".join(f"{value:.2f}" for value in each)

    monthly = "denialml, refitted monthly"
    bars = {"denialml, fitted once": "0.70, 0.82", monthly: "0.88"}
    shuffled = [world["shuffled_labels_auc"] for world in worlds]
    command = found["command"]
    rows = [
        _row(
            f"{name}: share of the best possible score (skill_KL), "
            f"{len(worlds)} simulated worlds of {claims:,} claims",
            skills(name),
            bars.get(name, "below denialml"),
            command,
        )
        for name in found["mean_skill_kl"]
    ]
    errors = [world[monthly]["truth_calibration_error"] for world in worlds]
    rows.append(
        _row(
            f"{monthly}: calibration error against the true probability",
            ", ".join(f"{value:.3f}" for value in errors),
            "0.01",
            command,
        )
    )
    rows.append(
        _row(
            "AUC of the same pipeline on shuffled labels",
            ", ".join(f"{value:.3f}" for value in shuffled),
            "0.50 within 0.02",
            command,
        )
    )
    return rows


def root_cause_rows() -> list[str]:
    """Root causes of simulated denials."""
    seeds = results("root_cause")["seeds"]
    ours = ", ".join(f"{seed['macro_f1']:.2f}" for seed in seeds)
    theirs = ", ".join(f"{seed['macro_f1_dictionary']:.2f}" for seed in seeds)
    gain = min(seed["gain"] for seed in seeds)
    command = "python -m benchmarks.root_cause"
    return [
        _row("root cause of simulated denials, macro-F1, 17 classes", ours,
             f"0.15 above the dictionary (least gain {gain:.2f})", command),
        _row("the same by a dictionary of reason codes", theirs, "", command),
    ]  # fmt: skip


def reader_rows() -> list[str]:
    """Speed and memory of the X12 readers."""
    found = results("readers")
    command = "python -m benchmarks.readers"
    memory = max(found[kind]["peak_memory_mb"] for kind in ("835", "837P"))
    return [
        _row("reading 835 into typed records, against oxedi's stream (Rust)",
             f"{found['835']['times_oxedi_stream']:.2f} times its speed",
             "0.6", command),
        _row("reading 835 and 837P, against pyx12's segment reader",
             f"{found['835']['times_pyx12']:.1f} and "
             f"{found['837P']['times_pyx12']:.1f} times its speed",
             "5", command),
        _row("peak memory on a 20 MB file", f"{memory:.0f} MB", "80 MB", command),
    ]  # fmt: skip


def corpus_rows() -> list[str]:
    """The public sample files."""
    found = results("corpus")
    x12 = [value for value in found.values() if isinstance(value, dict)]
    files = sum(each.get("files", 0) for each in x12)
    raised = sum(each.get("raised", 0) for each in x12)
    wrong = sum(each.get("silently_wrong", 0) for each in x12)
    return [
        _row(
            f"{files} public X12 sample files",
            f"{raised} raise, {wrong} silently wrong",
            "0, 0",
            "python -m benchmarks.corpus",
        )
    ]


def ingest_rows() -> list[str]:
    """Ingest into SQLite."""
    found = results("ingest")
    return [
        _row(
            f"ingest of {found['claims']:,} simulated claims with their remittances"
            " into SQLite",
            f"{found['claims_per_wall_second']:,} claims a second, "
            f"{found['ingest_to_reading_cpu_ratio']:.1f} times reading alone",
            f"{found['bar_claims_per_second']:,}",
            "python -m benchmarks.ingest",
        )
    ]


def service_rows() -> list[str]:
    """The API."""
    found = results("api")
    return [
        _row(
            "one claim scored with reasons through the API, against the bare "
            "LightGBM contribution call",
            f"{found['ratio']:.2f} times",
            f"{found['bar']:g} times",
            "python -m benchmarks.api",
        )
    ]


def _row(what: str, figure: str, bar: str, command: str) -> str:
    return f"| {what} | {figure} | {bar} | `{command}` |"


def table() -> str:
    """The whole table."""
    rows = [
        *backtest_rows(),
        *root_cause_rows(),
        *corpus_rows(),
        *reader_rows(),
        *ingest_rows(),
        *service_rows(),
    ]
    return "\n".join([*HEAD, *rows])


def drawn(readme: str) -> str:
    """The README with the table between its marks."""
    before, rest = readme.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> int:
    """Rewrite, or check."""
    path = ROOT / "README.md"
    readme = path.read_text()
    wanted = drawn(readme)
    if "--check" in sys.argv:
        return int(readme != wanted)
    path.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
