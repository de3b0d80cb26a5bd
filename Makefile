# Needs make, python3 (3.11 or later, with venv) and a package registry; tests also need one of npm packages. Every target sets the environment up first, once per lock change.
#   make demo ARGS="--complaints 40 --seed 7"    the main job, on the embedded stack
#   make test                                    the gate: every check, and beside them all tests but the world
#   make world                                   the tests marked `world`: engines, pages in the browser, benchmarks, planted bugs, killed processes
#   make test-near                               the tests of the gate that a change since BASE (main) can reach
#   make unit                                    the tests that need no server
#   make deep                                    random tests, long and with fresh seeds, and planted bugs
#   make console                                 the pages of officers: console/dist
#   make bench ARGS="first-hold"                 one benchmark
#   make docs                                    the generated pages, in build/docs/reference
#   make pictures                                the pictures in docs/pictures, from the tests in the browser

PYTHON ?= python3
ARGS ?=
UPGRADE ?=
# Tests that wait for clocks leave a core to others: there are two processes for each.
JOBS ?= $(shell $(PYTHON) -c 'import os; print(min(8, 2 * (os.cpu_count() or 1)))')
SHARE := -n $(JOBS) --dist loadfile --no-loadscope-reorder
UNIT := tests/adapters tests/documents tests/domain tests/schemas tests/simulator
MACHINES := tests/activities/case/test_case_machine.py tests/activities/recovery/test_orders_machine.py \
	tests/activities/recovery/test_restoration_machine.py tests/activities/recovery/test_merge_machine.py \
	tests/activities/case/test_discrepancies_machine.py \
	tests/activities/case/test_payers_bank_machine.py tests/activities/test_one_person.py \
	tests/workflows/test_any_order_machine.py
DEEP := $(MACHINES) tests/domain tests/db/reporting tests/api/test_openapi.py tests/api/test_openapi_hostile.py \
	tests/api/test_openapi_random.py tests/api/test_role_matrix.py tests/activities/recovery/test_claims.py tests/benchmarks/test_million.py \
	tests/e2e
# Every Python has an environment of its own (requirements/install.py); `.venv` is a link to the one set up last.
BIN := .venvs/$(shell $(PYTHON) -c 'import sys; v = sys.version_info; print(f"{sys.implementation.name}-{v.major}.{v.minor}")')/bin

.DEFAULT_GOAL := help
.PHONY: help setup console demo bench test world test-near unit deep docs pictures lint format lock clean

# Compiled files of ours and of the libraries are kept for all the processes that tests start, where Python keeps none.
unit test world test-near deep: export PYTHONPYCACHEPREFIX := $(CURDIR)/.pycache
unit test world test-near deep: export PYTHONDONTWRITEBYTECODE :=

help:
	@sed -n 's/^#   //p' Makefile

setup:
	@$(PYTHON) requirements/install.py

# The pages of officers, built once per change of their sources.
console: setup
	@$(BIN)/python requirements/console.py

demo: console
	@$(BIN)/goldenhour demo $(ARGS)

bench: setup
	@$(BIN)/goldenhour bench $(ARGS)

docs: setup
	@$(BIN)/python -m workers.reference

pictures: console
	@PICTURES=1 $(BIN)/pytest $(SHARE) tests/browser $(ARGS)
	@$(BIN)/python -m tests.browser.pictures

lint: setup
	@echo "== ruff check"
	@$(BIN)/ruff check .
	@echo "== ruff format"
	@$(BIN)/ruff format --check .
	@echo "== mypy"
	@$(BIN)/mypy
	@echo "== import rules"
	@$(BIN)/lint-imports --no-cache
	@echo "== console"
	@$(BIN)/python requirements/console.py --types

format: setup
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

test: setup
	@$(BIN)/python tests/gate.py $(SHARE) -m "not world" $(ARGS)

# Only files that have the mark are collected, which takes each process seconds less.
world: $(if $(filter no,$(BROWSER)),setup,console)
	@$(BIN)/python -m tests.tried_again $(SHARE) -m world $(ARGS) $$(grep -rl --include='test_*.py' 'mark\.world' tests)

test-near: setup
	@$(BIN)/python -m tests.near $(SHARE) -m "not world" $(ARGS)

unit: setup
	@$(BIN)/pytest $(SHARE) $(UNIT) $(ARGS)

deep: setup
	@DEEP=1 $(BIN)/pytest $(SHARE) --timeout 7200 $(DEEP) $(ARGS)
	@$(BIN)/python tests/planted_bugs.py

lock: setup
	@requirements/lock.sh $(UPGRADE)

clean:
	rm -rf .venv .venvs .goldenhour .hypothesis .import_linter_cache .mypy_cache .pycache .pytest_cache .ruff_cache build dist console/dist console/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
