"""Draw the tables of figures from benchmarks/results: no number by hand.

python scripts/figures.py            rewrite them in README.md and in docs
python scripts/figures.py --check    exit 1 if one is not what the results say
"""

import json
import sys
from pathlib import Path
from typing import Any

from risk_tables import MONTHLY, ONCE, peer_table, radar_table, world_table

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
HEAD = ("| what | figure | bar | command |", "|---|---|---|---|")


def results(name: str) -> Any:
    """One benchmark's results."""
    return json.loads((RESULTS / f"{name}.json").read_text())


def backtest_rows() -> list[str]:
    """Risk models on simulated worlds, medium and hard."""
    rows = []
    for name, bars in (
        ("backtest", {ONCE: "0.82", MONTHLY: "0.88"}),
        ("backtest_hard", {ONCE: "0.75", MONTHLY: "0.75"}),
    ):
        found = results(name)
        worlds = found["results"]
        claims = min(world["claims"] for world in worlds)
        kind = "hard" if name.endswith("hard") else "medium"
        for model, bar in bars.items():
            skills = [world[model]["skill_kl"] for world in worlds]
            errors = [world[model]["truth_calibration_error"] for world in worlds]
            rows += [
                _row(
                    f"{model}: share of the best possible score (skill_KL), "
                    f"{len(worlds)} {kind} simulated worlds of {claims:,} claims",
                    f"{_list(skills, 2)} (mean {sum(skills) / len(skills):.3f})",
                    bar,
                    found["command"],
                ),
                _row(
                    f"{model}: calibration error against the true probability",
                    _list(errors, 3),
                    "0.01",
                    found["command"],
                ),
            ]
    return rows


def peer_rows() -> list[str]:
    """Other learners and published recipes on the same simulated worlds."""
    found = results("peers")
    gains, means = found["paired_gains"], found["mean_skill_kl"]
    same = [name for name in gains if name.endswith("denialml's features")]
    others = [name for name in gains if name not in same]
    best = max(others, key=means.__getitem__)
    rows = [
        _row(
            f"{name}: skill_KL, mean of {len(found['results'])} simulated worlds",
            f"{means[name]:.2f}",
            bar,
            found["command"],
        )
        for name, bar in (
            (ONCE, "above all others"),
            *((each, "a tie") for each in same),
            (best, ""),
            ("payer x CPT table", ""),
        )
    ]
    for measured in ("log_loss", "average_precision", "recall_at_95_precision"):
        surely = sum(gains[each][measured]["interval"][0] > 0 for each in others)
        rows.append(
            _row(
                f"other learners and published recipes that {ONCE}, surely beats in "
                f"{measured.replace('_', ' ')} (paired 95% interval above 0)",
                f"{surely} of {len(others)}",
                f"{len(others)}",
                found["command"],
            )
        )
    shuffled = [world["shuffled_labels_auc"] for world in found["results"]]
    rows.append(
        _row(
            "AUC of the same pipeline on shuffled labels",
            _list(shuffled, 3),
            "0.50 within 0.02",
            found["command"],
        )
    )
    return rows


def _list(values: list[float], digits: int) -> str:
    return ", ".join(f"{value:.{digits}f}" for value in values)


def claim_rule_rows() -> list[str]:
    """Claim rules on simulated worlds."""
    found = results("claim_rules")
    worlds = found["results"]
    names = ("rules alone", "model alone", "both")
    precisions = {
        name: _list([one["compared"][name]["average_precision"] for one in worlds], 3)
        for name in names
    }
    return [
        _row(
            "findings of severity reject or deny-likely that were right, rules measured"
            f" on the practice's own remittances, {len(worlds)} simulated worlds",
            _list([one["measured"]["precision"] for one in worlds], 2),
            "0.60",
            found["command"],
        ),
        _row(
            "the same with every rule as it comes",
            _list([one["not_measured"]["precision"] for one in worlds], 2),
            "",
            found["command"],
        ),
        _row(
            f"average precision of {', '.join(names)}, {len(worlds)} simulated worlds"
            f" of {min(one['claims'] for one in worlds):,} claims and more",
            "; ".join(precisions[name] for name in names) + _verdict(worlds),
            "both above each",
            found["command"],
        ),
        *_small_practice_rows(found["small_practices"]),
    ]


def _verdict(worlds: list[Any]) -> str:
    """Whether both together are above each in every world, in words."""
    above = [
        one["compared"]["both"]["average_precision"]
        > max(
            one["compared"][name]["average_precision"]
            for name in ("rules alone", "model alone")
        )
        for one in worlds
    ]
    return "" if all(above) else f" (both above each in {sum(above)} of {len(above)})"


def claim_speed_rows() -> list[str]:
    """What asking the claim rules costs."""
    found = results("claim_rules")
    worlds = found["results"]
    return [
        _row(
            "100,000 claims asked by the rules, and with gathering what is on file, in"
            " runs of the reference loop (20 s were 97 of them on an idle machine)",
            "; ".join(
                _list([one[name] for one in worlds], 0)
                for name in (
                    "asking_loops_for_100_000_claims",
                    "loops_for_100_000_claims",
                )
            ),
            "97",
            found["command"],
        )
    ]


def _small_practice_rows(found: dict[str, Any]) -> list[str]:
    medium = found["by_difficulty"]["medium"]
    contestants = medium["contestants"]
    names = ("rules alone", "model without", "model with")
    low, high = contestants["model with"]["gain"]["average_precision"]["interval"]
    return [
        _row(
            f"average precision of rules alone, the model without their findings and"
            f" with them, {len(medium['seeds'])} simulated worlds of"
            f" {medium['claims']:,} claims",
            ", ".join(f"{contestants[each]['average_precision']:.3f}" for each in names)
            + f" (gain {low:.3f} to {high:.3f})",
            "with them above each",
            found["command"],
        )
    ]


def fix_rows() -> list[str]:
    """Fixes of claims that were denied on simulated worlds."""
    found = results("fixes")
    worlds = found["results"]
    rows = [
        _row(
            f"denials whose true cause the top fix takes away: {tier}, {len(worlds)}"
            " simulated worlds",
            _list([one["removed"][tier]["top"] for one in worlds], 2),
            bar,
            found["command"],
        )
        for tier, bar in (
            ("correction on file", "0.80"),
            ("legal fix named by facts on file", "0.80"),
            ("all denied lines", ""),
        )
    ]
    rows.append(
        _row(
            "scoring one claim with rules, reasons and fixes, against the bare"
            " pred_contrib call, median",
            _list([one["cost"]["all claims"]["ratio"] for one in worlds], 2),
            "4",
            found["command"],
        )
    )
    small = results("fixes_small")
    rows.append(
        _row(
            "the same in a practice of"
            f" {small['results'][0]['claims']:,} claims, whose model is quick",
            _list([one["cost"]["all claims"]["ratio"] for one in small["results"]], 1),
            "4",
            small["command"],
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
        *peer_rows(),
        *claim_rule_rows(),
        *claim_speed_rows(),
        *fix_rows(),
        *root_cause_rows(),
        *corpus_rows(),
        *reader_rows(),
        *ingest_rows(),
        *service_rows(),
    ]
    return "\n".join([*HEAD, *rows])


def pages() -> dict[str, str]:
    """The table of each page."""
    return {
        "README.md": table(),
        "docs/retraining.md": world_table(
            results("backtest"), results("backtest_hard")
        ),
        "docs/benchmarks.md": peer_table(results("peers")),
        "docs/radar.md": radar_table(results("radar")),
    }


def drawn(page: str, figures: str) -> str:
    """A page with the table between its marks."""
    before, rest = page.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    return f"{before}{BEGIN}\n{figures}\n{END}{after}"


def main() -> int:
    """Rewrite, or check."""
    stale = 0
    for name, figures in pages().items():
        path = ROOT / name
        page = path.read_text()
        wanted = drawn(page, figures)
        stale += page != wanted
        if "--check" not in sys.argv:
            path.write_text(wanted)
    return int(bool(stale) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
