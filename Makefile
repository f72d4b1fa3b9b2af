# Everything a person needs: run, test, lint, bench. Needs Python 3.11 or newer, venv, pip, make.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
DATA ?= data
ONLY ?=

BIN := $(VENV)/bin

LOCK := $(VENV)-lock/bin/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras \
	--no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.DEFAULT_GOAL := help
.PHONY: help run run.env test check lint bench bench-large scale lock clean broken

help:
	@echo 'make run [PORT=8000] [DATA=data]  serve the sample newsroom on http://localhost:PORT;'
	@echo '                                  . ./run.env leads other terminals to it'
	@echo 'make test                         run all tests'
	@echo 'make check                        lint, and the tests that start no other process'
	@echo 'make lint                         ruff and mypy --strict'
	@echo 'make bench [ONLY=name]            measure, against a peer run beside it'
	@echo 'make bench-large                  the same with large stores, and with several machines'
	@echo 'make scale                        tables of very large newsrooms: takes hours'
	@echo 'make lock                         take the newest libraries that pyproject.toml allows'

run: $(VENV)/run.stamp run.env
	. ./run.env && communique store upgrade
	. ./run.env && communique release add config/samples | grep -v '^new ' || true
	. ./run.env && exec communique --set log.format=text serve

# Where the newsroom of the last `make run` is, for commands in other terminals.
run.env:
	@printf '%s\n' 'export PATH="$(abspath $(BIN)):$$PATH"' \
		'export COMMUNIQUE_CONFIG="$(CURDIR)/config/communique.yaml"' \
		'export COMMUNIQUE_DATA_FOLDER="$(abspath $(DATA))"' \
		'export COMMUNIQUE_HTTP__PORT=$(PORT)' \
		'export COMMUNIQUE_SITE__BASE_URL=http://localhost:$(PORT)' > $@
	@echo 'In other terminals: . ./run.env'

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

bench-large: $(VENV)/dev.stamp
	$(BIN)/python -m bench --large

scale: $(VENV)/dev.stamp
	$(BIN)/python -m bench.scale

lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet pip-tools
	$(LOCK) --output-file locks/run.txt pyproject.toml
	$(LOCK) --extra dev --constraint locks/run.txt --output-file locks/dev.txt pyproject.toml
	$(LOCK) --only-build-deps --build-deps-for wheel --output-file locks/build.txt pyproject.toml
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) run.env build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Installs the versions that were tested (locks/), by their hashes. LOCKED= takes the newest that
# pyproject.toml allows. The stamps are made anew when either file changes.
LOCKED ?= yes

# A finished .venv that no longer works is made anew: one that was moved here, or whose Python was
# replaced by another version.
ifneq ($(wildcard $(VENV)/*.stamp),)
BROKEN := $(shell head -3 $(BIN)/communique 2>/dev/null | grep -qF '$(abspath $(BIN))/python' && \
	$(BIN)/python -c 'import pip, pydantic_core, lxml.etree' 2>/dev/null || echo broken)
endif

broken:
	@echo '$(VENV) was made for another folder or another Python: it is made anew'
	@rm -f $(VENV)/*.stamp

# So is one whose installation was broken off: it has no stamp.
define make_venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1):" \
			"name another one, such as PYTHON=python3.12" >&2; exit 1; }
	@ls $(VENV)/*.stamp >/dev/null 2>&1 || test ! -e $(VENV)/pyvenv.cfg || rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
endef

$(VENV)/run.stamp: pyproject.toml locks/run.txt $(BROKEN)
	$(make_venv)
	$(if $(LOCKED),$(BIN)/python -m pip install --quiet --no-compile --require-hashes --requirement locks/run.txt)
	$(BIN)/python -m pip install --quiet $(if $(LOCKED),--no-deps) --editable .
	touch $@

$(VENV)/dev.stamp: pyproject.toml locks/dev.txt $(BROKEN)
	$(make_venv)
	$(if $(LOCKED),$(BIN)/python -m pip install --quiet --no-compile --require-hashes --requirement locks/dev.txt)
	$(BIN)/python -m pip install --quiet $(if $(LOCKED),--no-deps) --editable '.[dev]'
	touch $@
