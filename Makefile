# Every target makes .venv by itself, so a fresh clone needs nothing but Python 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
PROGRAMS := memory_demo memory_extensions hochreiter airline sine characters reverse_strings
TIMED := tests/test_bench_cheats.py tests/test_bench_honest.py  # nothing may run beside these

.PHONY: check test lint examples clean

check: .venv/ready          ## check a bundled from-scratch LSTM and print its report
	$(BIN)/lstm-checks check examples/right_lstm.py

test: .venv/ready lint      ## every test, the linter and the type checker
	$(BIN)/pytest -n 2 $(TIMED:%=--ignore=%)
	$(BIN)/pytest $(TIMED)

examples: .venv/ready       ## every example in full, plots to examples/plots; a few minutes
	set -e; for name in $(PROGRAMS); do echo; echo "== $$name"; $(BIN)/python examples/$$name.py; done

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf .venv
