# `make run` and `make test` need Python 3.11 or newer and nothing else.
# PORT=8001 make run … serves elsewhere; PYTHON=… chooses the Python that .venv is made from.

SHELL := /bin/sh
PY := .venv/bin/python
.DEFAULT_GOAL := help
unexport PYTHONDONTWRITEBYTECODE # the environment is compiled as it is imported, once

.PHONY: help run venv dev test slow check format lint types migrations-check races faults sip story bench lock messages clean

help: ## what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 18

venv:
	@sh config/venv.sh run requirements.txt

dev:
	@sh config/venv.sh dev requirements.txt requirements-dev.txt

run: venv ## everything, in the foreground; Ctrl-C stops all
	@exec $(PY) manage.py start

test: dev ## the test suite; what takes long has targets of its own: slow, faults, sip
	@exec $(PY) -m pytest -n logical -m "not slow and not faults and not sip" $(ARGS)

slow: dev ## browsers, whole tills started and killed, long walks through the API
	@exec $(PY) -m pytest -n logical --dist loadfile -m "slow and not faults and not sip" $(ARGS)

check: dev lint types migrations-check test ## format, lint, types, migrations, tests (CI runs slow, faults and sip too)

format: dev ## rewrite the code in the project's format
	@$(PY) -m ruff format . && $(PY) -m ruff check --fix .

lint: dev
	@$(PY) -m ruff format --check . && $(PY) -m ruff check .

types: dev
	@$(PY) manage.py check && $(PY) -m mypy .

migrations-check: dev
	@$(PY) manage.py makemigrations --check --dry-run

races: dev ## the race tests, each with its control
	@exec $(PY) -m pytest -m races $(ARGS)

faults: dev ## kill -9 under load (FAULT_KILLS), then the crash simulator (FAULT_SEEDS)
	@FAULT_KILLS=$${FAULT_KILLS:-12} $(PY) -m pytest -m faults tests/faults/test_kill.py $(ARGS)
	@FAULT_SEEDS=$${FAULT_SEEDS:-2000} $(PY) -m pytest -m faults -n logical tests/faults/test_simulator.py $(ARGS)

sip: dev ## real calls through a real telephony server (needs kamailio and sipp, see docs/sip.md)
	@exec $(PY) -m pytest -m sip tests/sip $(ARGS)

story: venv ## play the flows against the running server
	@exec $(PY) manage.py story

bench: venv ## the benchmarks
	@exec $(PY) -m benchmarks

lock: dev ## requirements.txt and requirements-dev.txt from the .in files
	@sh config/lock.sh

messages: dev ## collect texts to translate into locale/ (needs gettext)
	@$(PY) manage.py makemessages --all --no-obsolete --no-location --ignore=.venv --ignore=.var --ignore=tests

clean: ## remove the environment and caches; the data in .var stay
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache staticfiles
