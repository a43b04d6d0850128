# Each target makes what it needs, from nothing but Python 3.11+ with venv.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
# Much of what the tests do is waiting, so twice as many run as there are cores.
JOBS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN || echo 1))))

.PHONY: demo test test-faults test-ceph test-aws table test-permissions test-races unit bench fuzz mutants check format clean help

help: ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/.ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "xacct needs Python 3.11 or newer, with venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(VENV)/.ready ## Run the whole story on the embedded cloud
	@$(BIN)/xacct demo

test: $(VENV)/.ready ## Run every test
	XACCT_TABLE=$(or $(XACCT_TABLE),check) $(BIN)/python -m pytest -n $(JOBS) --dist worksteal tests

unit: $(VENV)/.ready ## Run the tests that take seconds
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m 'not slow' tests

test-ceph: $(VENV)/.ready ## Run the live tests on a Ceph gateway, brought up and taken down (needs root)
	XACCT_TABLE=$(or $(XACCT_TABLE),check) $(BIN)/python -m tests.live.ceph $(BIN)/python -m pytest -n $(JOBS) --dist worksteal tests/live

test-aws: $(VENV)/.ready ## Run the live tests on the throw-away AWS accounts that XACCT_AWS_PROFILES names
	XACCT_TABLE=$(or $(XACCT_TABLE),check) $(BIN)/python -m tests.live.aws $(BIN)/python -m pytest tests/live

table: $(VENV)/.ready ## Write the README's table anew, from what the live tests see here and on Ceph
	XACCT_TABLE=write $(BIN)/python -m pytest -n $(JOBS) --dist worksteal tests/live
	XACCT_TABLE=write $(BIN)/python -m tests.live.ceph $(BIN)/python -m pytest -n $(JOBS) --dist worksteal tests/live

test-permissions: $(VENV)/.ready ## Take every single right that apply says it needs away, and see it fail
	XACCT_EVERY=1 $(BIN)/python -m pytest -n $(JOBS) --dist worksteal tests/functional/test_permissions.py

test-races: $(VENV)/.ready ## Let two runs write one bucket's policy at once, fifty times, here and on Ceph
	XACCT_ROUNDS=50 $(BIN)/python -m pytest tests/live/test_two_runs.py
	XACCT_ROUNDS=50 $(BIN)/python -m tests.live.ceph $(BIN)/python -m pytest tests/live/test_two_runs.py

test-faults: $(VENV)/.ready ## Break the apply of every example at every call, in every way
	$(BIN)/python -m tests.faults

fuzz: $(VENV)/.ready ## Hold proofs, decisions and two readings against each other, 100,000 times each
	$(BIN)/python -m tests.property.test_proofs 100000
	$(BIN)/python -m tests.property.test_two_readings 100000
	$(BIN)/python -m tests.property.test_order 5000

mutants: $(VENV)/.ready ## Change xacct/policy in small ways and see the tests notice
	$(BIN)/python -m tests.mutants

bench: $(VENV)/.ready ## Measure what decisions, comparisons and proofs cost
	$(BIN)/python -m tests.benchmarks.policy

check: $(VENV)/.ready ## Check format, lint, types and layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.ready ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove what the other targets made
	rm -rf $(VENV) .cache build dist
