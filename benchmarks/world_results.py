"""Results of worlds put together: one file from one process or from several.

A part holds the resamples behind its intervals (`gain_draws`), so that gains can be
pooled over worlds; the final file holds intervals only. Simulated data.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.comparison import gains_of

Result = dict[str, Any]
_OWN_FEATURES = "denialml's features"


def joined(parts: Sequence[Path]) -> Result:
    """The content of a final file from parts, by seed.

    Raises
    ------
    SystemExit
        If a part has no resamples, parts differ in more than their seeds, or a seed
        comes twice.
    """
    contents = []
    for path in parts:
        content = json.loads(path.read_text())
        if any("gain_draws" not in each for each in content["results"]):
            raise SystemExit(f"{path} was not written with --part")
        contents.append(content)
    commands = {_without_seeds(each["command"]) for each in contents}
    learners = {
        tuple(each["gain_draws"]) for one in contents for each in one["results"]
    }
    if len(commands) > 1 or len(learners) > 1:
        raise SystemExit("parts of different commands cannot be joined: run them again")
    results = sorted(
        (each for one in contents for each in one["results"]),
        key=lambda each: int(each["seed"]),
    )
    seeds = [each["seed"] for each in results]
    if len(set(seeds)) < len(seeds):
        raise SystemExit(f"a seed comes twice: {seeds}")
    command = commands.pop().replace("--seeds", f"--seeds {' '.join(map(str, seeds))}")
    return completed({**contents[0], "command": command, "results": results})


def _without_seeds(command: str) -> str:
    return re.sub(r"--seeds( \d+)+", "--seeds", command)


def completed(content: Result) -> Result:
    """The content with what holds over all its worlds."""
    results = content["results"]
    pooled = pooled_gains(results)
    means = {
        name: float(np.mean([each[name]["skill_kl"] for each in results]))
        for name, value in results[0].items()
        if isinstance(value, dict) and "skill_kl" in value
    }
    return {
        "data": content["data"],
        "command": content["command"],
        "split": content["split"],
        "mean_skill_kl": means,
        "paired_gains": pooled,
        "shortfalls": shortfalls(results),
        "results": results,
    }


def pooled_gains(results: Sequence[Result]) -> dict[str, Any]:
    """What denialml fitted once gains over each other, mean over the worlds."""
    return {
        name: gains_of([each["gain_draws"][name] for each in results])
        for name in results[0]["gain_draws"]
    }


def write(content: Result, out: Path, *, part: bool) -> None:
    """Write a part as it is, a final file with intervals in place of resamples."""
    if not part:
        content = completed(content)
        content["results"] = [_final(each) for each in content["results"]]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(content, indent=None if part else 1) + "\n")


def _final(result: Result) -> Result:
    rest = {name: value for name, value in result.items() if name != "gain_draws"}
    return {**rest, "paired_gains": pooled_gains([result])}


def shortfalls(results: Sequence[Result]) -> list[str]:
    """What falls short of the bars of issue 3, or looks too good to be true.

    Of one world, or of several pooled. On denialml's own features another learner may
    tie; it must not be surely better.
    """
    found = []
    for result in results:
        ours, seed = result["denialml, fitted once"], result["seed"]
        if ours["truth_calibration_error"] > 0.01:
            error = ours["truth_calibration_error"]
            found.append(f"world {seed}: calibration error {error:.3f}")
        shuffled = result.get("shuffled_labels_auc", 0.5)
        if abs(shuffled - 0.5) > 0.02:
            found.append(f"world {seed}: shuffled labels reach AUC {shuffled:.3f}")
        if ours["skill_kl"] > 1.02 or ours["auc"] > result["truth"]["auc"] + 0.01:
            found.append(f"world {seed}: better than the truth: something leaks")
    for name, gains in pooled_gains(results).items():
        for measured, gain in gains.items():
            low, high = gain["interval"]
            if (high < 0) if name.endswith(_OWN_FEATURES) else (low <= 0):
                found.append(f"{measured}: not surely above {name}")
    return found


def told(result: Result) -> str:
    """One world in lines for a terminal."""
    seed = result["seed"]
    lines = []
    for name, value in result.items():
        if isinstance(value, dict) and "skill_kl" in value:
            low, high = value["skill_kl_interval"]
            lines.append(
                f"seed {seed}: {name}: skill_KL {value['skill_kl']:.3f}"
                f" [{low:.3f}, {high:.3f}], AUC {value['auc']:.3f}"
            )
    lines.append(f"seed {seed}: shortfalls {result['shortfalls'] or 'none'}")
    return "\n".join(lines)
