#!/bin/sh
# Run every benchmark; each writes benchmarks/results/NAME.json. Then the README's table.
# Seeds stand in the commands (or as a module's stated default) and in every result.
# The file of California decisions is not part of denialml: name it as second argument.
set -eu
python=$1
decisions=${2:-}
"$python" -m benchmarks.corpus --json
"$python" -m benchmarks.readers --json
"$python" -m benchmarks.ingest --json
"$python" -m benchmarks.distributed --claims 4000 --seed 101
"$python" -m benchmarks.simulator --json
"$python" -m benchmarks.root_cause --seeds 411 412 --claims 60000 --out benchmarks/results/root_cause.json
"$python" -m benchmarks.features --claims 20000 100000
"$python" -m benchmarks.backtest --claims 150000 --seeds 411 412 413 414 415 \
    --difficulty medium --refits monthly
"$python" -m benchmarks.backtest --claims 150000 --seeds 421 --difficulty hard \
    --refits monthly --out benchmarks/results/backtest_hard.json
"$python" -m benchmarks.backtest --claims 120000 --seeds 427 428 --difficulty medium \
    --refits --baselines --peers --out benchmarks/results/peers.json
"$python" -m benchmarks.small_practice --claims 2000 5000 --seeds 401 402 403 404 405 406 407 408 409 410
"$python" -m benchmarks.leaks --claims 20000 --seeds 401
"$python" -m benchmarks.abstention --claims 12000 --seeds 401 402
"$python" -m benchmarks.cause_chances --claims 20000 --seeds 401 402
"$python" -m benchmarks.reasons --claims 20000 --seeds 414
"$python" -m benchmarks.claim_rules --claims 60000 --seeds 429 430
"$python" -m benchmarks.fixes --claims 60000 --seeds 433 434
"$python" -m benchmarks.fixes --claims 8000 --seeds 511 --cap 150 \
    --out benchmarks/results/fixes_small.json
"$python" -m benchmarks.rule_outcomes --claims 6000 --seeds 435 436 437 438 439 440
"$python" -m benchmarks.radar --worlds 417:13000:900 418:33000:440
"$python" -m benchmarks.model_card --claims 20000 --seed 101
"$python" -m benchmarks.explain
"$python" -m benchmarks.drift
"$python" -m benchmarks.api --json benchmarks/results/api.json
"$python" -m benchmarks.audit --json benchmarks/results/audit.json
if [ -n "$decisions" ]; then
    "$python" -m benchmarks.california "$decisions" --out benchmarks/results/california.json
fi
"$python" scripts/figures.py
