# `make demo` is for a new user; `make check test rigs` are the gates. Everything installs itself.
PYTHON ?= python3
PY := .venv/bin/python
.PHONY: help venv venv-dev demo demo-reset check test rigs rigs-long lock

help: ## what there is
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

.venv/.base: requirements.lock pyproject.toml
	@echo "making .venv from requirements.lock"
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PY) -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.base
	@echo "adding what the tests need from requirements-dev.lock"
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

venv: .venv/.base ## .venv with what the product needs

venv-dev: .venv/.dev ## .venv with what the tests need

check: .venv/.dev ## ruff, mypy, import-linter, deptry, house tests
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/deptry .
	.venv/bin/pytest -q tests/house

test: .venv/.dev ## the suite, on SQLite and PostgreSQL, with the browser
	.venv/bin/pytest -q -n 2 -m "not rig"

rigs: .venv/.dev ## short forms of the heavy rigs
	.venv/bin/pytest -q -m rig

rigs-long: .venv/.dev ## long forms of the heavy rigs
	TAPDIAL_RIGS=long .venv/bin/pytest -q -m rig
