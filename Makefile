# Every target makes its environment by itself, so that a fresh clone needs Python 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := pip install --quiet --disable-pip-version-check --no-compile
PROGRAMS := memory_demo memory_extensions hochreiter airline offsets truncation sine characters reverse_strings one_or_many
TIMED := tests/test_bench_cheats.py tests/test_bench_honest.py tests/test_bench_device.py  # they measure: for a quiet machine

# What takes minutes: the grader in its sandboxes, odd and hostile subjects, right LSTMs in every form,
# the museum, the command of the benchmark, the programs and pictures.
SLOW := $(addprefix tests/test_,$(addsuffix .py,grading grading_gradescope sandbox malformed_classes \
	nothing_left fuzzed_replies bench_command examples show formats_right formats_composition \
	formats_torch formats_foreign museum museum_published))
REDTEAM := tests/redteam
SITE := tests/site
APART := $(TIMED:%=--ignore=%) $(SLOW:%=--ignore=%) $(REDTEAM:%=--ignore=%) $(SITE:%=--ignore=%)

.PHONY: check test slow docs timed test-frameworks lint examples oldest newest clean

check: .venv/kit            ## check a bundled from-scratch LSTM and print its report
	$(BIN)/lstm-checks check examples/right_lstm.py

test: .venv/dev lint        ## the tests, the linter and the type checker
	$(BIN)/pytest -n 2 $(APART)

slow: .venv/dev             ## the tests that take minutes, then attacks on the grader at every level of sandbox
	$(BIN)/pytest -n 2 $(SLOW)
	$(BIN)/pytest $(REDTEAM)

docs: .venv/docs             ## the site in build/docs/html, with the course run; then tests of both
	$(BIN)/python docs/site/build.py
	$(BIN)/pytest $(SITE)

timed: .venv/dev            ## the tests of the benchmark that measure CPU time; alone, on a quiet machine
	$(BIN)/pytest $(TIMED)

examples: .venv/dev         ## every example in full, plots to examples/plots; a few minutes
	set -e; for name in $(PROGRAMS); do echo; echo "== $$name"; $(BIN)/python examples/$$name.py; done

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

oldest: ENV := .venv-oldest
oldest: PYTHON := python3.11
oldest:                     ## what needs no PyTorch, with the oldest allowed packages
	$(PYTHON) -m venv --clear $(ENV)
	grep -oE '"[a-z-]+>=[0-9.]+"' pyproject.toml | sed 's/"//g; s/>=/==/' | sort -u > $(ENV)/oldest.txt
	$(ENV)/bin/$(INSTALL) -c $(ENV)/oldest.txt -e '.[test]'
	$(without_torch)

newest: ENV := .venv-newest
newest:                     ## the same with the newest packages
	$(PYTHON) -m venv --clear $(ENV)
	$(ENV)/bin/$(INSTALL) -e '.[test]'
	$(without_torch)

test-frameworks: ENV := .venv-frameworks
test-frameworks:            ## the LSTMs of Keras, Flax, Equinox, ONNX and tinygrad, in an environment of their own
	$(PYTHON) -m venv $(ENV)
	$(ENV)/bin/$(INSTALL) -c constraints.txt -e '.[frameworks,torch,test]'
	KERAS_BACKEND=jax $(ENV)/bin/pytest -rs -n 2 tests/frameworks tests/test_formats_right.py -k 'frameworks or jax or flax or equinox or keras or tinygrad'

define without_torch
$(ENV)/bin/pip list --disable-pip-version-check
$(ENV)/bin/pytest -rs -n 2 $(APART)
endef

# One environment in two steps: a check needs neither PyTorch nor what the tests need.
.venv/kit: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/$(INSTALL) -c constraints.txt -e .
	touch $@

.venv/dev: .venv/kit
	$(BIN)/$(INSTALL) -c constraints.txt -e '.[dev]'
	touch $@

# What makes the site needs no PyTorch, and is put beside what a check needs.
.venv/docs: .venv/kit
	$(BIN)/$(INSTALL) -c constraints.txt -e '.[docs]'
	touch $@

clean:
	rm -rf .venv .venv-oldest .venv-newest .venv-frameworks build
