# denialml: `make demo` and `make test` set up everything they need.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true

.PHONY: help setup setup-dev system-packages demo test quick check benchmark lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

$(BIN)/uv: bootstrap.lock
	@test -x $(BIN)/python || sh scripts/create_venv.sh $(PYTHON) $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bootstrap.lock
	@touch $@

$(VENV)/.runtime: $(BIN)/uv requirements.lock pyproject.toml
	@echo "Installing the locked packages into $(VENV) ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(VENV)/.runtime ## the environment to run denialml, from the lock
setup-dev: $(VENV)/.dev ## the environment to work on denialml

system-packages: ## Debian packages that some tests use (chromium, PostgreSQL); needs root
	@sh scripts/system_packages.sh

demo: setup ## simulate a practice, train, score, draft appeals, serve on loopback
	@$(BIN)/denialml demo

check: setup-dev ## ruff, format, mypy strict, import floors, dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry .
	$(BIN)/pytest -q tests/documentation

quick: setup-dev ## the tests that take less than ten seconds each
	$(BIN)/pytest -n 2 -m "not slow and not browser and not postgresql"

test: setup-dev system-packages check ## the whole suite
	$(BIN)/pytest -n 2 --dist loadscope

benchmark: setup-dev ## regenerate every figure in benchmarks/results (over an hour)
	@sh scripts/benchmark.sh $(BIN)/python $(DECISIONS)

lock: $(BIN)/uv ## resolve the lock files again
	@sh scripts/lock.sh $(BIN)/uv

clean: ## remove the environment and the demo's data
	rm -rf $(VENV) demo
