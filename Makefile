# Every target sets itself up: a virtual environment in .venv, the tested versions from requirements.lock.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
HOME_FOLDER ?= data
MONTH ?= 2017-06
export METRIC_PIPELINES_HOME ?= $(abspath $(HOME_FOLDER))
UV := $(shell command -v uv 2>/dev/null)

.PHONY: install refresh up demo-bad-month demo-fix test storage-suite lint lock docs clean

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else f"Python 3.11 to 3.13 is needed, found {v.major}.{v.minor}; say make PYTHON=python3.11")'
ifdef UV
	@test -x $(BIN)/python || uv venv --quiet --python $(PYTHON) .venv
	uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	uv pip install --quiet --python $(BIN)/python --no-deps -e .
else
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
endif
	@touch $@

refresh: install
	$(BIN)/metric-pipelines load-demo --if-missing
	$(BIN)/metric-pipelines refresh

up: install
	$(BIN)/metric-pipelines up

demo-bad-month: install
	$(BIN)/metric-pipelines demo bad-month --month $(MONTH)
	$(BIN)/metric-pipelines refresh

demo-fix: install
	$(BIN)/metric-pipelines demo fix
	$(BIN)/metric-pipelines refresh

test: install
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=25

# Dagster's own tests of event logs, over our storage; its source distribution comes from the package index.
storage-suite: install
	$(BIN)/python -m metric_pipelines_tests.dagsters_suite

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m metric_pipelines.cli.reference --check

docs: install
	$(BIN)/python -m metric_pipelines.cli.reference

lock:
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --no-strip-extras --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --no-header --annotation-style=line --extra demo --extra dev -o requirements.lock pyproject.toml

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
