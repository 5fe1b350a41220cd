# The two commands to know: `make demo` runs a working day from signed event to billing, `make test` proves it.
# Both install first what is missing. `make help` lists the rest.

PYTHON ?= python3
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format bench simulate mutants lock sbom audit clean

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "make %-8s %s\n", $$1, $$2 }'

setup: ## install what is missing: Debian packages, .venv, what the tests run on Node.js (a no-op when up to date)
	@PYTHON='$(PYTHON)' .ci/setup

demo: setup ## run the demo day; EXIT=1 ends by itself and prints a JSON summary as its last line
	@.venv/bin/jobseal-gateway demo $(if $(EXIT),--exit)

test: setup ## run every test; TESTS=path and ARGS='-k word' narrow it, WORKERS=n sets the processes
	@.venv/bin/pytest -n $(WORKERS) --dist loadfile $(ARGS) $(TESTS)

check: setup ## lint, formatting, strict types, import arrows
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

format: setup ## put imports and layout in order
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: setup ## measure speed and size against references; QUICK=1 ends within 90 seconds
	@.venv/bin/python tests/bench $(if $(QUICK),--quick)

simulate: setup ## run SEEDS=n seeds of the simulation, each twice; FIRST=n, SIZE=large
	@.venv/bin/python -m tests.system simulate --seeds $(or $(SEEDS),100) --first $(or $(FIRST),0) --size $(or $(SIZE),small) --workers $(WORKERS)

mutants: setup ## plant each known mistake in a copy and show the check that catches it; ONLY=name
	@.venv/bin/python -m tests.system mutants $(ONLY)

torture: setup ## try to break every promise; QUICK=1 within 15 minutes; goes on where it stopped; ONLY=row, PROGRESS=folder
	@PYTHON='$(PYTHON)' .ci/debian-packages torture
	@.venv/bin/python -m tests.torture $(if $(QUICK),--quick) $(if $(ONLY),--only '$(ONLY)') $(if $(PROGRESS),--progress '$(PROGRESS)')

lock: setup ## write the locks anew from pyproject.toml; UPGRADE=1 moves to the newest versions allowed
	@PYTHON='$(PYTHON)' UPGRADE='$(UPGRADE)' .ci/lock

sbom: setup ## list what an installation consists of (CycloneDX), into build/sbom.cdx.json
	@PYTHON='$(PYTHON)' .ci/supply sbom

audit: setup ## ask for known vulnerabilities of those packages; needs an index that has advisories
	@PYTHON='$(PYTHON)' .ci/supply audit

clean: ## remove what the other targets made, the virtual environment included; data under var/ stays
	rm -rf .venv build dist tests/micropython/node_modules tests/oidc/node_modules
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find device gateway protocol tests -name __pycache__ -type d -prune -exec rm -rf {} +
