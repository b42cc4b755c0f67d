# `make demo` and `make test` do all the set-up themselves; only Python >= 3.11, venv and make are needed.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check fuzz docs format clean accuracy

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

# Thousands of random examples; then the XML readers for FUZZ_SECONDS each, guided by coverage (docs/hardening.md).
FUZZ_SECONDS ?= 600

.venv/fuzz: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[fuzz]'
	touch $@

fuzz: .venv/fuzz
	WALKTHROUGH_FUZZ=20 $(BIN)/python -m pytest tests/hardening tests/mining/test_mining_alignment.py tests/mining/test_mining_bounds.py tests/mining/test_mining_quality.py tests/mining/test_mining_reduction.py
	@if $(BIN)/python -c 'import atheris' 2>/dev/null; then \
	    for reader in xes bpmn nets; do \
	        nice $(BIN)/python tests/hardening/fuzz_xml.py $$reader -max_total_time=$(FUZZ_SECONDS) || exit 1; \
	    done; \
	else echo 'Atheris has no build for this machine: fuzzing guided by coverage is left out.'; fi

docs: .venv/installed
	$(BIN)/python docs/detectors/pages.py
	$(BIN)/python docs/models/pages.py

# Precision and recall per kind of finding on simulated truth, into benchmarks/accuracy.md; a quarter of an hour at
# most on two cores. Fails (1) where a kind misses its bar.
accuracy: .venv/installed
	$(BIN)/python benchmarks/accuracy.py

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv demo dist build
