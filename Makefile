# Everything a person needs: run, test, lint, bench. Needs Python 3.11 or newer, venv, pip, make.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
DATA ?= data
ONLY ?=

BIN := $(VENV)/bin
SETTINGS := --set data_folder=$(DATA) --set http.port=$(PORT) --set site.base_url=http://localhost:$(PORT)

.DEFAULT_GOAL := help
.PHONY: help run test check lint bench clean

help:
	@echo 'make run [PORT=8000] [DATA=data]  serve the sample newsroom on http://localhost:PORT'
	@echo 'make test                         run all tests'
	@echo 'make check                        lint, and the tests that start no other process'
	@echo 'make lint                         ruff and mypy --strict'
	@echo 'make bench [ONLY=name]            measure, against a peer run beside it'

run: $(VENV)/run.stamp
	$(BIN)/communique $(SETTINGS) release add config/samples | grep -v '^new ' || true
	exec $(BIN)/communique $(SETTINGS) --set log.format=text serve

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n auto --dist worksteal

check: lint
	$(BIN)/python -m pytest -n auto --dist worksteal --no-processes -q -r fE

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(VENV)/dev.stamp
	$(BIN)/python -m bench $(ONLY)

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The stamps are made anew when pyproject.toml asks for something else.
$(VENV)/run.stamp: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/dev.stamp: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@
