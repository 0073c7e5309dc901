# The daily commands. Each sets up what it needs in .venv, from the exact versions in constraints.txt;
# a fresh machine needs python3 (3.11 or later, with venv) and make, nothing else.

PYTHON ?= python3
BIN := .venv/bin
BASE ?= docker.io/library/python:3.13-slim

.PHONY: run test test-long test-lowest test-browser test-registry fuzz kills ties no-effect lint bench compiled test-compiled schema \
  docs package image shown keys manual goldens contact-sheet notebooks clean

run: .venv/runs ## simulate scenarios/20nodes.yaml and show the result
	@$(BIN)/rolloutsim run scenarios/20nodes.yaml || { code=$$?; test $$code -eq 3 && \
	  echo "exit code 3: the simulation ran, and a threshold of the scenario was missed (see above)" >&2; }

test: .venv/develops ## all tests, in a process for each core
	$(BIN)/pytest -n auto

test-long: .venv/develops ## more cases of what the tests try some of; some minutes
	$(BIN)/pytest -n auto -m long

test-browser: .venv/develops ## the report and the page of serve in a real browser; needs Chromium (Debian: apt-get install chromium)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[browser]'
	$(BIN)/pytest tests/browser

test-registry: .venv/develops ## imports from a real registry on loopback; needs Debian's docker-registry, and OpenSSL
	$(BIN)/pytest tests/registry

test-lowest: .venv-lowest/develops ## all tests with the oldest versions of libraries that pyproject.toml allows
	.venv-lowest/bin/pytest -n auto -W ignore::DeprecationWarning

fuzz: .venv/develops ## 1,000,000 random scenarios, texts, results and files, against what must always hold; two hours
	$(BIN)/python -m tests.fuzz.run

kills: .venv/develops ## 1,000 kills, SIGTERMs and SIGINTs of what writes, and what is left after each; an hour
	$(BIN)/python -m tests.fuzz.kills --kills 1000

ties: .venv/develops ## 100,000 random scenarios and networks in which events tie, against exact arithmetic; an hour
	$(BIN)/python -m tests.theory.ties --kind scenarios --cases 100000
	$(BIN)/python -m tests.theory.ties --kind networks --cases 100000
	$(BIN)/python -m tests.theory.ties --kind peers --cases 20000

no-effect: .venv/develops ## whether what is said to have no effect has none: shipped, planted and 60 random scenarios; ten minutes
	$(BIN)/python -m tests.planning.no_effect --kind shipped
	$(BIN)/python -m tests.planning.no_effect --kind planted --cases 1000
	$(BIN)/python -m tests.planning.no_effect --kind random --cases 60

lint: .venv/develops ## style, types, import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/develops .venv-compiled/built ## the engine at scale, against rivals; long, not part of the tests
	$(BIN)/python -m tests.benchmarks.run
	$(BIN)/python -m tests.benchmarks.run --shapes --rounds 1
	cd .venv-compiled/src && ../bin/python -m tests.benchmarks.run
	cd .venv-compiled/src && ../bin/python -m tests.benchmarks.run --shapes --rounds 1

compiled: .venv-compiled/built ## the same engine compiled to C; needs a C compiler
	@echo "run .venv-compiled/bin/rolloutsim: the same results, about twice as fast"

test-compiled: .venv-compiled/built ## what the engine computes, with the compiled one
	cd .venv-compiled/src && ../bin/pytest tests/network tests/invariants tests/theory tests/fleet tests/golden

package: .venv/runs ## the wheel and the source distribution, into dist/; and what README.md and the tutorial show, in an empty environment
	$(BIN)/python -m tests.package

image: ## the container image `rolloutsim`, on a base pinned by its digest; needs podman or docker, and a network
	engine=$$(command -v podman || command -v docker) && $$engine pull --quiet $(BASE) && \
	pinned=$$($$engine image inspect --format '{{index .RepoDigests 0}}' $(BASE)) && echo "base: $$pinned" >&2 && \
	$$engine build --file Containerfile --build-arg BASE=$$pinned --tag rolloutsim .

schema: .venv/runs ## write the JSON Schemas of scenarios and of results anew after a change of either format
	$(BIN)/rolloutsim schema > rolloutsim.schema.json
	$(BIN)/rolloutsim schema --of results > rolloutsim.results.schema.json

docs: .venv/develops ## the documentation as a site in docs/_build/html; warnings are errors, and links are checked
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[docs]'
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --nitpicky --fresh-env --quiet docs docs/_build/html
	$(BIN)/python -m tests.site docs/_build/html

shown: .venv/develops ## write the outputs that README.md and docs/ show anew after an intended change
	$(BIN)/python -m tests.pages

keys: .venv/runs ## write what completion knows of the format's keys anew after a change
	$(BIN)/python -m tests.completion_keys

manual: .venv/runs ## write rolloutsim.1, the manual page, anew after a change of the command line
	$(BIN)/python -m tests.manual

goldens: .venv/develops ## write the expected outputs in tests/golden anew after an intended change
	$(BIN)/python -m tests.golden.regenerate

contact-sheet: .venv/develops ## every figure on every shipped scenario, a page each, in contact-sheet/
	$(BIN)/python -m tests.contact_sheet -o contact-sheet

notebooks: .venv/develops ## run notebooks/*.py and write the .ipynb beside each anew
	$(BIN)/python -m tests.notebooks.render

clean: ## remove the virtual environment and caches
	rm -rf .venv .venv-compiled .venv-lowest dist docs/_build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

.venv/runs: pyproject.toml constraints.txt
	@echo "setting up .venv with the versions of constraints.txt; once, about a minute" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "rolloutsim needs Python 3.11 or later; name one: make PYTHON=python3.12")'
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt hatchling editables
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e .
	@$(BIN)/python -m compileall -q rolloutsim
	@touch $@

.venv/develops: .venv/runs
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[dev]'
	@touch $@

.venv-lowest/develops: pyproject.toml constraints-lowest.txt
	@echo "setting up .venv-lowest with the versions of constraints-lowest.txt; once, about two minutes" >&2
	@$(PYTHON) -m venv --clear .venv-lowest
	@.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-lowest.txt hatchling editables
	@.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-lowest.txt \
	  --no-build-isolation -e '.[test]'
	@touch $@

# Built from a copy, so that no compiled module comes to lie beside its source; without the package's source
# in that copy, what runs there imports the compiled one.
.venv-compiled/built: .venv/runs hatch_build.py $(shell find rolloutsim -name '*.py' -o -name '*.c')
	@echo "compiling the engine into .venv-compiled; a minute or two" >&2
	@$(PYTHON) -m venv --clear .venv-compiled
	@.venv-compiled/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
	  hatchling mypy setuptools pytest hypothesis jsonschema numpy simpy pydantic
	@mkdir .venv-compiled/src
	@cp -R pyproject.toml hatch_build.py README.md LICENSE rolloutsim rolloutsim.1 scenarios tests \
	  rolloutsim*.schema.json .venv-compiled/src
	@cd .venv-compiled/src && ROLLOUTSIM_ENGINE=compiled ../bin/python -m pip install --quiet \
	  --disable-pip-version-check -c ../../constraints.txt --no-build-isolation .
	@rm -rf .venv-compiled/src/rolloutsim .venv-compiled/src/*.so
	@touch $@
