# Everything sets itself up in .venv; only python3.11 (or PYTHON=...) is needed.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PARALLEL := --numprocesses auto --maxprocesses 8 --dist worksteal
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-all check fix clean

demo: $(VENV)/.base
	$(BIN)/linguapress demo

test: $(VENV)/.full
	$(BIN)/python -m pytest --quiet $(PARALLEL)

test-all: $(VENV)/.full
	$(BIN)/python -m pytest --quiet $(PARALLEL) -m "slow or not slow"

check: $(VENV)/.full
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/.full
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/.base: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) torch
	$(PIP) --editable .
	@touch $@

$(VENV)/.full: $(VENV)/.base requirements-dev.txt integrations/langchain/pyproject.toml integrations/llama-index/pyproject.toml
	$(PIP) --requirement requirements-dev.txt
	$(PIP) --no-deps --editable integrations/langchain --editable integrations/llama-index
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
