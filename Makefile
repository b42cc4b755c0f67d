# `make demo` and `make test` do all the set-up themselves; only Python >= 3.11, venv and make are needed.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check fuzz docs format clean

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	@echo 'Setting up .venv (a minute or two) …'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: .venv/installed
	$(BIN)/walkthrough demo --out demo

test: .venv/installed
	$(BIN)/python -m pytest

check: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

fuzz: .venv/installed
	WALKTHROUGH_FUZZ=20 $(BIN)/python -m pytest tests/mining/test_mining_alignment.py tests/mining/test_mining_bounds.py tests/mining/test_mining_quality.py

docs: .venv/installed
	$(BIN)/python docs/detectors/pages.py

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv demo dist build
