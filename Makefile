# `make` alone explains itself.

PYTHON3 ?= python3
PYTHON := .venv/bin/python
SETUP := @$(PYTHON3) tools/setup.py
SOURCES := functions tools tests examples

.DEFAULT_GOAL := help
.PHONY: help setup lock demo dev strategy test test-unit check format bench maestro openapi screenshots may-deploy deploy clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install everything the other targets need (they call it; a second time it installs nothing)
	$(SETUP)

demo: setup ## Replay real markets through the emulators (ARGS=--help for options)
	@$(PYTHON) -m examples.demo $(ARGS)

dev: setup ## Run the emulators with kept data, and fire schedules on their own cron expressions
	@$(PYTHON) -m tools.dev $(ARGS)

strategy: setup ## Write, check or list strategies (ARGS="new MyTrend", ARGS="check MyTrend", ARGS=list)
	@$(PYTHON) -m tools.strategy $(ARGS)

test: setup ## Run every test, emulators and a browser included
	$(SETUP) --browser
	@$(PYTHON) -m pytest $(ARGS)

test-unit: setup ## Run the fast tests, without emulators
	@$(PYTHON) -m pytest tests/unit tests/strategies $(ARGS)

check: setup ## Check format, lint, types and layers
	@$(PYTHON) -m ruff format --check $(SOURCES)
	@$(PYTHON) -m ruff check $(SOURCES)
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
	@npm run --silent check --workspace dashboard

format: setup ## Format the code and mend what can be mended
	@$(PYTHON) -m ruff format $(SOURCES)
	@$(PYTHON) -m ruff check --fix $(SOURCES)
	@npm run --silent format --workspace dashboard

bench: setup ## Measure cycle, statistics and import times as ratios to their bounds
	@$(PYTHON) -m tools.bench $(ARGS)

maestro: setup ## The operator's command line (ARGS="--help", ARGS="month TENANT 2020-03")
	@$(PYTHON) -m tools.maestro $(ARGS)

openapi: setup ## Write docs/openapi.json and docs/api-reference.md anew, from the code
	@$(PYTHON) -m tools.openapi

screenshots: setup ## Take the documents' pictures of the dashboard anew, from the demo's data
	$(SETUP) --browser
	@$(PYTHON) -m tools.screenshots $(ARGS)

lock: setup ## Compile the pinned requirements and the npm lock file anew
	@$(PYTHON) -m tools.lock

may-deploy: setup
	@$(PYTHON) -m tools.deploy --may-deploy $(ARGS)

deploy: may-deploy check ## Check, then deploy to the project of .firebaserc (ARGS="--project ID" for another)
	@$(PYTHON) -m pytest -q tests/unit tests/strategies
	@$(PYTHON) -m tools.deploy $(ARGS)

clean: ## Remove everything that set-up made
	rm -rf .venv functions/venv node_modules dashboard/dist .setup .logs .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .schemathesis
