#!/bin/sh
# Run every benchmark; each writes benchmarks/results/NAME.json. Then the README's table.
set -eu
python=$1
"$python" -m benchmarks.corpus --json
"$python" -m benchmarks.readers --json
"$python" -m benchmarks.ingest --json
"$python" -m benchmarks.simulator --json
"$python" -m benchmarks.root_cause --out benchmarks/results/root_cause.json
"$python" -m benchmarks.backtest --claims 100000 --seeds 201 202 203
"$python" -m benchmarks.explain
"$python" -m benchmarks.api --json benchmarks/results/api.json
"$python" scripts/figures.py
