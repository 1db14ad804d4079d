# What to run is in README.md; 'make' alone lists it.
# Another Python: make test PYTHON=python3.13 (it gets an environment of its own).

PYTHON ?= $(shell command -v python3.11 >/dev/null 2>&1 && python3.11 -c '' >/dev/null 2>&1 && echo python3.11 || echo python3)
ifeq ($(origin PYTHON),file)
VENV ?= .venv
else
VENV ?= .venv-$(notdir $(PYTHON))
endif
BIN := $(VENV)/bin
SCENARIO ?= sound
WORKERS ?= auto
# Neighbours stay with one worker, which has then made what a module shares.
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test quick static check all programs schemas bench fuzz audit sbom clean
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.run ## play phase 1 on the embedded router (SCENARIO=sound|…)
	rm -rf demo
	$(BIN)/cbops demo --scenario $(SCENARIO) --dir demo || case $$? in 10|20) ;; *) exit 1 ;; esac

test: $(VENV)/.test programs ## everything: all tests, and the floor under the coverage
	$(PYTEST) -m "pure and not long" --cov --cov-report=json:.coverage.json --cov-report=
	$(BIN)/python -m tools.coverage_floor .coverage.json
	$(PYTEST) -m "long or not pure" # without coverage, which would double their time

quick: $(VENV)/.test ## the tests that take less than ten seconds each
	$(PYTEST) -m "not long" -q

static: $(VENV)/.check ## ruff, formatting, types, import contracts, nothing left to do
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy -p tools
	$(BIN)/lint-imports
	@! grep -rnwE 'TODO|FIXME' --include='*.py' cbops tests tools benchmarks

check: static quick ## the fast front door: static checks and quick tests

all: ## all that CI does
	.ci/run

programs: ## install what the tests need beside Python, where that is possible
	@tools/programs prometheus prometheus-alertmanager chromium openssl tmux zsh fish

schemas: $(VENV)/.run ## write docs/schemas anew from the models
	$(BIN)/python -m tools.schemas

bench: $(VENV)/.bench ## start-up beside an empty Typer app; replay beside pybreaker; 7 days from Prometheus
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/replay.py
	$(BIN)/python benchmarks/replaying.py
	$(BIN)/python benchmarks/collecting.py

fuzz: $(VENV)/.fuzz ## more than 100,000 bad inputs for every parser and command; says what was found
	tools/fuzz $(BIN)/python

audit: $(VENV)/.audit ## what is known against the pinned dependencies; what couldn't be looked up is unknown
	$(BIN)/python -m tools.audit constraints.txt

sbom: $(VENV)/.audit ## dist/cbops.cdx.json: what a release is made of (CycloneDX)
	$(BIN)/python -m tools.sbom dist/cbops.cdx.json

clean: ## remove everything that make made
	rm -rf .venv .venv-* build dist demo htmlcov .coverage .coverage.* *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp says that this much is installed in the environment, for this pyproject.toml.

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "cbops needs Python 3.11 or newer, and $(PYTHON) is not: name another with PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || \
		{ echo "the module venv is missing: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.run: $(VENV)/.made pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group test
	@touch $@

$(VENV)/.bench: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group bench
	@touch $@

$(VENV)/.check: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group check
	@touch $@

# Where atheris can't be installed, the coverage-guided part is left out, with a word.
$(VENV)/.fuzz: $(VENV)/.test constraints-tools.txt
	-$(BIN)/python -m pip install --quiet --constraint constraints.txt --constraint constraints-tools.txt --group fuzz
	@touch $@

$(VENV)/.audit: $(VENV)/.run constraints-tools.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --constraint constraints-tools.txt --group audit
	@touch $@
