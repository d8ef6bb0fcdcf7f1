# The front door: `make help` lists what there is.

PYTHON ?= python3
PORT   ?= 8000
JOBS   ?= 2

VENV     := .venv
BIN      := $(VENV)/bin
STAMP    := $(VENV)/.installed
PACKAGES := recsys features training serving experiments

DEMO       := demo
SHOP       := demo-shop
MEMBERS    ?= 3000
PRODUCTS   ?= 600
MLFLOW_PORT ?= 5000

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-stop mlflow test test-fast check lint types imports docs coverage bench lock clean
.DELETE_ON_ERROR:

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---------------------------------------------------------------- environment

setup: $(STAMP) ## make .venv with everything the demo and the tests need

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(f"Python 3.11 or newer is needed, $(PYTHON) is {v[0]}.{v[1]}; name another one: make setup PYTHON=python3.11") if v < (3, 11) else None'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import os, sysconfig, sys; sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' || { echo "Python.h is missing, LightFM is compiled against it; on Debian and Ubuntu: apt install python3-dev" >&2; exit 1; }
	@command -v $${CC:-cc} >/dev/null || command -v gcc >/dev/null || { echo "a C compiler is needed to build LightFM; on Debian and Ubuntu: apt install gcc, on macOS: xcode-select --install" >&2; exit 1; }
	@echo "setup: installing into $(VENV) (a few minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	LIGHTFM_NO_CFLAGS=1 $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-warn-script-location \
		--constraint requirements.lock --editable '.[train,parquet,postgres,test]'
	@touch $@

lock: ## resolve the dependencies anew into requirements.lock (needs uv)
	uv pip compile --universal --python-version 3.11 --no-emit-index-url --no-annotate --no-header --upgrade \
		--extra train --extra parquet --extra registry --extra postgres --extra test pyproject.toml -o requirements.lock

clean: demo-stop ## remove what was built, the demo too; .venv stays
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage coverage.xml
	rm -rf $(DEMO) $(SHOP) $(SHOP)-truth
	find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

# ---------------------------------------------------------------------- tests

test: check ## everything: lint, types, import directions, all tests (JOBS=2 processes)
	$(BIN)/pytest -n $(JOBS)

test-fast: setup ## the engine's tests only, without lint
	$(BIN)/pytest -q tests/recsys tests/contract tests/properties recsys

check: lint types imports ## lint, types and import directions

lint: setup ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --diff .

types: setup ## mypy, strict
	$(BIN)/mypy

imports: setup ## import-linter: which room may import which
	@PYTHONIOENCODING=utf-8 $(BIN)/lint-imports

docs: setup ## does the README say what is true: commands, options, targets, links
	$(BIN)/pytest -q tests/test_docs.py tests/test_architecture.py

coverage: setup ## all tests with line and branch coverage
	$(BIN)/pytest -n $(JOBS) --cov --cov-report=term --cov-report=xml

bench: setup ## measure serving and bulk decisions against their floors
	$(BIN)/recsys bench serve
	$(BIN)/recsys bench bulk
