# Everything a person needs: run, test, lint, bench. Needs Python 3.11 or newer, venv, pip, make.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
DATA ?= data
ONLY ?=

BIN := $(VENV)/bin
SETTINGS := --set data_folder=$(DATA) --set http.port=$(PORT) --set site.base_url=http://localhost:$(PORT)

LOCK := $(VENV)-lock/bin/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras \
	--no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.DEFAULT_GOAL := help
.PHONY: help run test check lint bench lock clean

help:
	@echo 'make run [PORT=8000] [DATA=data]  serve the sample newsroom on http://localhost:PORT'
	@echo 'make test                         run all tests'
	@echo 'make check                        lint, and the tests that start no other process'
	@echo 'make lint                         ruff and mypy --strict'
	@echo 'make bench [ONLY=name]            measure, against a peer run beside it'
	@echo 'make lock                         take the newest libraries that pyproject.toml allows'

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
	$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin & darwin=$$!; $(BIN)/mypy && wait $$darwin

bench: $(VENV)/dev.stamp
	$(BIN)/python -m bench $(ONLY)

lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet pip-tools
	$(LOCK) --output-file locks/run.txt pyproject.toml
	$(LOCK) --extra dev --constraint locks/run.txt --output-file locks/dev.txt pyproject.toml
	$(LOCK) --only-build-deps --build-deps-for wheel --output-file locks/build.txt pyproject.toml
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Installs the versions that were tested (locks/), by their hashes. LOCKED= takes the newest that
# pyproject.toml allows. The stamps are made anew when either file changes.
LOCKED ?= yes

$(VENV)/run.stamp: pyproject.toml locks/run.txt
	$(PYTHON) -m venv $(VENV)
	$(if $(LOCKED),$(BIN)/python -m pip install --quiet --no-compile --require-hashes --requirement locks/run.txt)
	$(BIN)/python -m pip install --quiet $(if $(LOCKED),--no-deps) --editable .
	touch $@

$(VENV)/dev.stamp: pyproject.toml locks/dev.txt
	$(PYTHON) -m venv $(VENV)
	$(if $(LOCKED),$(BIN)/python -m pip install --quiet --no-compile --require-hashes --requirement locks/dev.txt)
	$(BIN)/python -m pip install --quiet $(if $(LOCKED),--no-deps) --editable '.[dev]'
	touch $@
