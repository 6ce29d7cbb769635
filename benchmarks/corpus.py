"""How the readers do on the public sample files of ../shared/x12.

Run ``python -m benchmarks.corpus`` (``--json`` also writes
benchmarks/results/corpus.json). For each kind of file: how many were read, with how
many claims or answers, against the plain tokenizer of tests/formats/corpus.py; how many
are complete, and how many raise or are silently wrong (which must be none).
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from denialml.errors import UnreadableFile
from denialml.formats import read_bytes
from tests.formats.corpus import ROOT, Sample, samples, segment_counts

RESULTS = Path(__file__).parent / "results" / "corpus.json"
# What each kind counts: the record and the segment that starts one.
COUNTED = {"837P": ("Claim", "CLM"), "835": ("ClaimPayment", "CLP")}
ANSWERS = {
    "277CA": "ClaimAcknowledgment",
    "999": "FileAcknowledgment",
    "271": "EligibilityCheck",
    "278": "Authorization",
}


def examine(sample: Sample) -> Counter[str]:
    """What happened to one file."""
    result = Counter(files=1, consistent=int(sample.consistent))
    try:
        reading = read_bytes(sample.path.read_bytes(), file=sample.path.name)
    except UnreadableFile:
        result["refused"] += 1
        return result
    names = Counter(type(record).__name__ for record in reading.records)
    errors = sum(problem.severity == "error" for problem in reading.problems)
    result["complete"] += reading.complete
    if sample.kind in COUNTED:
        record, identifier = COUNTED[sample.kind]
        found = names[record]
        counted = segment_counts(sample.path.read_bytes())[identifier]
        result.update(claims=found, claims_counted=counted, exact=found == counted)
        result["consistent_and_exact"] += sample.consistent and found == counted
        result["different_but_explained"] += found != counted and errors > 0
        result["silently_wrong"] += found != counted and errors == 0
        if sample.expected_claims is not None:
            result["with_expected_count"] += 1
            result["expected_count_met"] += found == sample.expected_claims
    else:
        result["records"] += names[ANSWERS[sample.kind]]
        silent = not reading.records and not reading.problems
        result["silently_wrong"] += silent
    return result


def measure() -> dict[str, dict[str, int]]:
    """Totals by kind of file; every sample is read, derived variants included."""
    totals: dict[str, Counter[str]] = {}
    for kind in (*COUNTED, *ANSWERS):
        total: Counter[str] = Counter(raised=0, silently_wrong=0)
        for sample in samples(kind):
            try:
                total.update(examine(sample))
            except Exception as fault:
                total["raised"] += 1
                print(f"{sample.name}: {type(fault).__name__}", file=sys.stderr)
        totals[kind] = total
    return {kind: dict(sorted(total.items())) for kind, total in totals.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="write the results file")
    arguments = parser.parse_args()
    if not ROOT.is_dir():
        sys.exit("the corpus ../shared/x12 is not on this machine")
    results = measure()
    print(json.dumps(results, indent=2))
    if arguments.json:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
