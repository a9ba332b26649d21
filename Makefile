# The three verbs of a newcomer, and what they stand on. Each prints what it does; what is done is not done again.

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: help setup demo test check lock clean

help: ## what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: ## everything that demo, test and check need, in this folder and nowhere else
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'setup: Python 3.11 or newer is needed: install it, or name one with make PYTHON=python3.11' >&2; exit 1; }
	@$(PYTHON) -m services.stack.setup

demo: setup ## a simulated town on one screen; Ctrl-C ends it
	@$(BIN)/riqing demo $(ARGS)

test: setup ## all tests, against the real database and broker (ARGS="-k name" for some)
	@$(BIN)/python -m services.stack.provision browser
	@$(BIN)/pytest $(ARGS)

check: setup ## style, types, and who knows whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if [ -f web/package.json ]; then cd web && npm run --silent check; fi

lock: ## write the lock files anew from pyproject.toml, with the newest versions it allows
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/python -m services.stack.lock

clean: ## forget what setup has fetched; the next setup fetches it again
	rm -rf .venv .tools web/node_modules web/dist
