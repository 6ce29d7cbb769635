#!/bin/sh
# Resolve the three lock files: what denialml runs on, what it is built with, and uv.
set -eu
uv=$1
options="--quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url"
$uv pip compile $options pyproject.toml --all-extras --group build -o requirements.lock
$uv pip compile $options pyproject.toml --all-extras --group build --group dev -c requirements.lock -o requirements-dev.lock
echo uv | $uv pip compile $options - -c requirements-dev.lock -o bootstrap.lock
