# `make demo` is for a new user; `make check test rigs` are the gates. Everything installs itself.
PYTHON ?= python3
PY := .venv/bin/python
.PHONY: help venv venv-dev venv-ha peers pcsc packages ha-demo demo demo-reset check test rigs rigs-long bench-ussd bench-ledger bench-ledger-large bench-smpp bench-decisions bench-finding bench-payouts bench-keys bench-nfc bench-recon settings-page

help: ## what there is
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

.venv/.base: requirements.lock pyproject.toml
	@echo "making .venv from requirements.lock (about a minute the first time)"
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

.venv-ha/.ha: deploy/ha/requirements.lock
	@echo "making .venv-ha with Patroni from deploy/ha/requirements.lock"
	@$(PYTHON) -m venv --clear .venv-ha
	@sed -n '/^setuptools==/,/[^\\]$$/p' $< > .venv-ha/build.lock
	@.venv-ha/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r .venv-ha/build.lock
	@.venv-ha/bin/python -m pip install -q --disable-pip-version-check --require-hashes --no-build-isolation -r $<
	@touch $@

venv-ha: .venv-ha/.ha ## .venv-ha with Patroni, apart from the product

.venv-peers/.peers: tests/peers/requirements.lock
	@echo "making .venv-peers with smpp.twisted3 from tests/peers/requirements.lock"
	@$(PYTHON) -m venv --clear .venv-peers
	@sed -n '/^setuptools==/,/[^\\]$$/p' $< > .venv-peers/build.lock
	@.venv-peers/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r .venv-peers/build.lock
	@.venv-peers/bin/python -m pip install -q --disable-pip-version-check --require-hashes --no-build-isolation -r $<
	@touch $@

NODE_PEERS := tests/peers/node/node_modules/.package-lock.json
$(NODE_PEERS): tests/peers/node/package-lock.json | packages
	@echo "adding node-smpp from tests/peers/node/package-lock.json"
	@npm ci --prefix tests/peers/node --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

peers: .venv-peers/.peers $(NODE_PEERS) packages ## SMPP peers of other houses, apart from the product

pcsc: .venv/.dev ## adds pyscard, for card readers; takes swig and libpcsclite-dev
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements-pcsc.lock

packages:
	@.ci/packages

ha-demo: .venv/.base .venv-ha/.ha packages ## three database nodes behind one door; Ctrl-C stops all
	@exec $(PY) -m deploy.ha up

demo: .venv/.base ## gateway, simulators and the lab with demo people; Ctrl-C stops all
	@exec .venv/bin/tapdial demo

demo-reset: .venv/.base ## the same from nothing
	@exec .venv/bin/tapdial demo --reset

check: .venv/.dev ## ruff, mypy, import-linter, deptry, house tests
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/deptry .
	.venv/bin/pytest -q tests/house

test: .venv/.dev packages peers ## the suite, on SQLite and PostgreSQL, with the browser
	.venv/bin/pytest -q -n 2 --dist loadfile -m "not rig"

# A kill mostly waits for the next start, so two of them share the machine; the others want it alone.
rigs: .venv/.dev .venv-ha/.ha packages peers ## short forms of the heavy rigs
	.venv/bin/pytest -q -m rig -n 2 --timeout 900 tests/journeys/test_kills.py
	.venv/bin/pytest -q -m rig --timeout 900 --ignore tests/journeys/test_kills.py

rigs-long: .venv/.dev .venv-ha/.ha packages peers ## the rigs, then every property and machine with up to 20,000 examples; hours
	HYPOTHESIS_PROFILE=soak .venv/bin/pytest -q -m rig --timeout 3600
	HYPOTHESIS_PROFILE=soak .venv/bin/pytest -q -n 2 -m "not rig and not browser and not journey" --timeout 36000

bench-ussd: .venv/.dev ## hops a second in ratio to a bare handler
	$(PY) -m bench.ussd

bench-ledger: .venv/.dev packages ## the ledger in ratio to pgbench and to a commit per transfer
	$(PY) -m bench.ledger

bench-ledger-large: .venv/.dev packages ## the same with 10 million transfers in the table; long
	$(PY) -m bench.ledger_large

bench-smpp: .venv/.dev packages peers ## SMS over SMPP in ratio to smpplib's blocking client and to node-smpp's
	$(PY) -m bench.smpp

bench-decisions: .venv/.dev ## decision tables in ratio to reading them row by row
	$(PY) -m bench.decisions

bench-finding: .venv/.dev packages ## search over 10 million transfers by either end of an id, in ratio to a whole key and to a scan; long
	$(PY) -m bench.finding

bench-nfc: .venv/.dev packages ## durable authorisations a second on each database, in ratio to the same without one
	$(PY) -m bench.nfc
	$(PY) -m bench.nfc_tap
	$(PY) -m bench.nfc_clearing

bench-payouts: .venv/.dev ## a file of 100,000 payments to posted, told and ordered, in ratio to reading and writing it
	$(PY) -m bench.payouts
	$(PY) -m bench.signing

bench-recon: .venv/.dev ## reconciliation of a noisy set: how good and how fast, in ratio to a plain dict join
	$(PY) -m bench.recon

bench-keys: .venv/.dev packages ## cryptograms verified in software and in a hardware module, in ratio to the mathematics alone
	$(PY) -m bench.keys

settings-page: .venv/.base ## writes docs/SETTINGS.md
	.venv/bin/tapdial settings --markdown > docs/SETTINGS.md
