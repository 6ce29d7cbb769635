"""The tables of risk figures in docs/, drawn from benchmarks/results."""

from collections.abc import Callable
from typing import Any

ONCE, MONTHLY = "denialml, fitted once", "denialml, refitted monthly"
World = dict[str, Any]


def world_table(medium: World, hard: World) -> str:
    """One column per simulated world, medium ones first."""
    worlds = [*medium["results"], *hard["results"]]
    kinds = ["medium"] * len(medium["results"]) + ["hard"] * len(hard["results"])
    rows: dict[str, Callable[[World], str]] = {
        "claims": lambda world: f"{world['claims']:,}",
        f"{ONCE}: skill_KL": lambda world: _skill(world[ONCE]),
        f"{MONTHLY}: skill_KL": lambda world: _skill(world[MONTHLY]),
        "skill_KL per claim, refitted monthly": lambda world: (
            f"{world[MONTHLY]['skill_kl_claim']:.3f}"
        ),
        "AUC: refitted monthly / the truth itself": lambda world: (
            f"{world[MONTHLY]['auc']:.3f} / {world['truth']['auc']:.3f}"
        ),
        "calibration error against the true probability: once / monthly": (
            lambda world: " / ".join(
                f"{world[name]['truth_calibration_error']:.3f}"
                for name in (ONCE, MONTHLY)
            )
        ),
        "80% intervals cover the true probability, fitted once": lambda world: (
            f"{world['interval']['covered']:.0%}"
        ),
        "cut-off promising 90% precision reaches, fitted once": _kept,
    }
    head = "| | " + " | ".join(
        f"{kind} {world['seed']}" for kind, world in zip(kinds, worlds, strict=True)
    )
    lines = [f"{head} |", "|---" * (len(worlds) + 1) + "|"]
    for name, cell in rows.items():
        lines.append(f"| {name} | " + " | ".join(map(cell, worlds)) + " |")
    return "\n".join(lines)


def peer_table(found: World) -> str:
    """One row per learner: skill, and what denialml fitted once gains over it."""
    gains, means = found["paired_gains"], found["mean_skill_kl"]
    lines = [
        f"{len(found['results'])} simulated worlds of "
        f"{min(world['claims'] for world in found['results']):,} claims"
        f" (`{found['command']}`). Gains of denialml, fitted once, with 95% intervals;"
        " above 0 is better.",
        "",
        "| | skill_KL | log-loss | average precision | recall at 95% precision |",
        "|---|---|---|---|---|",
        f"| {ONCE} | {means[ONCE]:.3f} | | | |",
    ]
    for name in sorted(gains, key=means.__getitem__, reverse=True):
        cells = [
            f"{gain['gain']:+.4f} [{gain['interval'][0]:+.4f},"
            f" {gain['interval'][1]:+.4f}]"
            for gain in (
                gains[name][measured]
                for measured in (
                    "log_loss",
                    "average_precision",
                    "recall_at_95_precision",
                )
            )
        ]
        lines.append(f"| {name} | {means[name]:.3f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _skill(measured: World) -> str:
    low, high = measured["skill_kl_interval"]
    return f"{measured['skill_kl']:.3f} [{low:.3f}, {high:.3f}]"


def _kept(world: World) -> str:
    (found,) = (one for one in world["cut_offs"] if one["precision_asked"] == 0.9)
    if not found["reached"]:
        return "none reaches it"
    return f"{found['precision']:.0%}"


def radar_table(found: World) -> str:
    """Changes found within 15 days by size of the group, and false alarms."""
    clocks = ("from_first_answer", "from_first_denial", "from_week_answered")
    lines = [
        "| answers a month | planted | from the first answer | from the first denial |"
        " from half of the first week answered |",
        "|---|---|---|---|---|",
    ]
    for size in found["power"]:
        cells = [
            " / ".join(
                f"{size[test][clock]['share']:.0%}"
                for test in ("radar", "searching", "told")
            )
            for clock in clocks
        ]
        lines.append(
            f"| {size['answers_a_month']:,} | {size['planted']} | "
            + " | ".join(cells)
            + " |"
        )
    alarms = [
        f"{each['false_alarms']} in {each['quarters']:.0f} quarters"
        f" ({each['a_quarter']:.2f} a quarter, 95% {each['interval'][0]:.2f} to"
        f" {each['interval'][1]:.2f}) in {_practices(name)}"
        for name, each in found["false_alarms"].items()
    ]
    named = found["named"]
    lines += [
        "",
        f"False alarms: {'; '.join(alarms)}. Of {named['found']} changes found"
        f" {named['right_group']} were given the right group,"
        f" {named['right_reason']} the right reason;"
        f" {named['start_in_interval']} began within the 90% interval, by"
        f" {named['median_start_error_days']} days from the stated day in the median; a"
        f" retrain was proposed for {named['retraining_proposed']}.",
    ]
    return "\n".join(lines)


def _practices(name: str) -> str:
    return "all practices" if name == "all" else f"practices of {name}"
