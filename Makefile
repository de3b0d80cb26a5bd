# Needs make, python3 (3.11 or later, with venv) and a package registry. Every target sets the environment up first, once per lock change.
#   make demo ARGS="--complaints 40 --seed 7"    the main job, on the embedded stack
#   make test                                    every check and every test
#   make bench ARGS="first-hold"                 one benchmark
#   make docs                                    the generated pages in docs/reference

PYTHON ?= python3
ARGS ?=
UPGRADE ?=
# Every Python has an environment of its own (requirements/install.py); `.venv` is a link to the one set up last.
BIN := .venvs/$(shell $(PYTHON) -c 'import sys; v = sys.version_info; print(f"{sys.implementation.name}-{v.major}.{v.minor}")')/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo bench test docs lint format lock clean

help:
	@sed -n 's/^#   //p' Makefile

setup:
	@$(PYTHON) requirements/install.py

demo: setup
	@$(BIN)/goldenhour demo $(ARGS)

bench: setup
	@$(BIN)/goldenhour bench $(ARGS)

docs: setup
	@$(BIN)/python -m workers.reference

lint: setup
	@echo "== ruff check"
	@$(BIN)/ruff check .
	@echo "== ruff format"
	@$(BIN)/ruff format --check .
	@echo "== mypy"
	@$(BIN)/mypy
	@echo "== import rules"
	@$(BIN)/lint-imports --no-cache

format: setup
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

test: lint
	@echo "== tests"
	@$(BIN)/pytest -n 2 $(ARGS)

lock: setup
	@requirements/lock.sh $(UPGRADE)

clean:
	rm -rf .venv .venvs .goldenhour .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
