# `make` alone explains itself.

PYTHON3 ?= python3
PYTHON := .venv/bin/python
SETUP := @$(PYTHON3) tools/setup.py
SOURCES := functions tools tests examples

.DEFAULT_GOAL := help
.PHONY: help setup lock demo dev strategy lab test test-unit check format bench maestro docs screenshots may-deploy deploy clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what demo and dev need (every target installs what it needs; the second time, nothing)
	$(SETUP) emulators
	@echo 'Set up. Next: make demo'

demo: ## Replay real markets through the emulators (ARGS=--help for options)
	$(SETUP) emulators
	@$(PYTHON) -m examples.demo $(ARGS)

dev: ## Run the emulators with kept data, and fire schedules on their own cron expressions
	$(SETUP) emulators
	@$(PYTHON) -m tools.dev $(ARGS)

strategy: ## Write, check or list strategies (ARGS="new MyTrend", ARGS="check MyTrend", ARGS=list)
	$(SETUP) tools
	@$(PYTHON) -m tools.strategy $(ARGS)

lab: ## Measure policies on past prices or a tenant's record (ARGS="run --prices FILE --out DIR"; ARGS=--help for all)
	$(SETUP) lab
	@$(PYTHON) -m tools.lab $(ARGS)

test: ## Run every test, emulators and a browser included
	$(SETUP) emulators develop browser
	@$(PYTHON) -m tools.run_tests $(ARGS)

test-unit: ## Run the fast tests, without emulators
	$(SETUP) develop
	@$(PYTHON) -m pytest tests/unit tests/strategies $(ARGS)

check: ## Check format, lint, types, layers, and that the documents are not stale
	$(SETUP) develop
	@$(PYTHON) -m ruff format --check $(SOURCES)
	@$(PYTHON) -m ruff check $(SOURCES)
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
	@$(PYTHON) -m tools.docs --check
	@npm run --silent check --workspace dashboard

format: ## Format the code and fix what can be fixed
	$(SETUP) develop
	@$(PYTHON) -m ruff format $(SOURCES)
	@$(PYTHON) -m ruff check --fix $(SOURCES)
	@npm run --silent format --workspace dashboard

bench: ## Measure times as ratios to a baseline in the same run, and memory
	$(SETUP) emulators lab
	@$(PYTHON) -m tools.bench $(ARGS)

maestro: ## The operator's command line (ARGS="--help", ARGS="month TENANT 2020-03")
	$(SETUP) tools
	@$(PYTHON) -m tools.maestro $(ARGS)

docs: ## Write into the documents what programs know (ARGS="demo", "bench", "lab" or "evidence": and what these print)
	$(SETUP) emulators develop
	@$(PYTHON) -m tools.docs $(ARGS)

screenshots: ## Retake the documents' pictures of the dashboard, from the demo's data
	$(SETUP) emulators develop browser
	@$(PYTHON) -m tools.screenshots $(ARGS)

lock: ## Compile the pinned requirements and the npm lock file again
	$(SETUP) tools
	@$(PYTHON) -m tools.lock

may-deploy:
	$(SETUP) tools
	@$(PYTHON) -m tools.deploy --may-deploy $(ARGS)

deploy: may-deploy check ## Check, then deploy to the project of .firebaserc (ARGS="--project ID" for another)
	$(SETUP) deploy
	@$(PYTHON) -m pytest -q tests/unit tests/strategies
	@$(PYTHON) -m tools.deploy $(ARGS)

clean: ## Remove everything that set-up made
	rm -rf .venv functions/venv node_modules dashboard/dist .setup .logs .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .schemathesis
