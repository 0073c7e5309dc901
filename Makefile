# The daily commands. Each sets up what it needs in .venv, from the exact versions in constraints.txt;
# a fresh machine needs python3 (3.11 or later, with venv) and make, nothing else.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test lint bench schema goldens clean

run: .venv/runs ## simulate scenarios/20nodes.yaml and show the result
	@$(BIN)/rolloutsim run scenarios/20nodes.yaml || { code=$$?; test $$code -eq 3 && \
	  echo "exit code 3: the simulation ran, and a threshold of the scenario was missed (see above)" >&2; }

test: .venv/develops ## all tests
	$(BIN)/pytest

lint: .venv/develops ## style, types, import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/develops ## the engine at scale, against rivals; minutes, not part of the tests
	$(BIN)/python -m tests.benchmarks.run

schema: .venv/runs ## write rolloutsim.schema.json anew after a change of the scenario format
	$(BIN)/rolloutsim schema > rolloutsim.schema.json

goldens: .venv/develops ## write the expected outputs in tests/golden anew after an intended change
	$(BIN)/python -m tests.golden.regenerate

clean: ## remove the virtual environment and caches
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

.venv/runs: pyproject.toml constraints.txt
	@echo "setting up .venv with the versions of constraints.txt; once, about a minute" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "rolloutsim needs Python 3.11 or later; name one: make PYTHON=python3.12")'
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt hatchling editables
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e .
	@touch $@

.venv/develops: .venv/runs
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[dev]'
	@touch $@
