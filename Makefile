# Every recipe is a call; the logic is in Python. `make` prints this list.
STACK ?= dev
DATA ?=
COLUMNS ?=
ONLY ?=
PYTHON ?= python3
export UV_PYTHON_DOWNLOADS = never
RUN = .uv/bin/uv run --no-sync

.DEFAULT_GOAL := help
.PHONY: help setup doctor up down publish status check test bench golden

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what the repository needs (run by the others)
	@$(PYTHON) local/bootstrap.py

doctor: setup ## what this machine lacks, how to get it, how long it takes
	@$(RUN) local-cloud doctor

up: setup ## the platform on this machine, data through to a judged model; DATA=FILE|orange-juice COLUMNS=date=ds,... STACK=dev
	@$(RUN) python -m local.flow up --stack '$(STACK)' --data '$(DATA)' --columns '$(COLUMNS)'

down: setup ## destroy the stack and leave nothing behind
	@$(RUN) python -m local.flow down --stack '$(STACK)'

publish: setup ## jobs and training pipeline of this work tree to the stack, with what that changes
	@$(RUN) python -m local.flow publish --stack '$(STACK)'

status: setup ## what runs, what was decided, what failed
	@$(RUN) local-cloud status --stack '$(STACK)'

check: setup ## format, lint, types, layers
	@$(RUN) ruff format --check . && $(RUN) ruff check .
	@$(RUN) pyrefly check
	@$(RUN) python -m local.size

test: setup ## all tests that are not marked slow, with the real engine
	@$(RUN) python -m local.tests

bench: setup ## ours against the anchor, same data, one table; ONLY=name
	@$(RUN) python -m bench $(ONLY)

golden: setup ## rewrite the golden files from what the code says now
	@$(RUN) python -m local.tests --golden
