# make run: the daemon on ./jobs.d, page at http://127.0.0.1:8321
# make test: everything: lint, types, architecture, all tests, a real browser
# make nightly: the properties of schedules and clock changes, tried 10,000 times each
# make soak: daemon and runner killed 1,000 times under load (KILLS=100 make soak: less)
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run test nightly soak fmt screenshots

.DEFAULT_GOAL := help

help:
	@echo "make run    serve ./jobs.d at http://127.0.0.1:8321"
	@echo "make test   lint, types, architecture and every test"
	@echo "make nightly    the property tests with 10,000 examples each"
	@echo "make soak   daemon and runner killed 1,000 times under load; KILLS=100 for less"
	@echo "make fmt    format the code"
	@echo "make screenshots    pictures of the pages, into docs/screenshots"

# The environment is made again when pyproject.toml changes.
.venv/.run-stamp: pyproject.toml
	@echo "Making .venv with rota in it (once; about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/.test-stamp: .venv/.run-stamp
	@echo "Adding the test tools to .venv"
	@$(BIN)/python -m pip install --quiet "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --group dev
	@touch $@

.venv: .venv/.run-stamp

run: .venv/.run-stamp
	@exec $(BIN)/rota serve jobs.d --state .rota

test: .venv/.test-stamp
	@bash tests/run.sh

nightly: .venv/.test-stamp
	@ROTA_TEST_EXAMPLES=10000 $(BIN)/pytest -q --timeout=7200 tests/property

KILLS ?= 1000
soak: .venv/.test-stamp
	@ROTA_SOAK_KILLS=$(KILLS) $(BIN)/pytest -q -s -p no:randomly tests/crash/test_kills.py

fmt: .venv/.test-stamp
	$(BIN)/ruff format daemon catalog renderers tests bench
	$(BIN)/ruff check --fix daemon catalog renderers tests bench

screenshots: .venv/.test-stamp
	@bash tests/browser/ensure-chromium.sh
	@$(BIN)/python tests/browser/screenshots.py
