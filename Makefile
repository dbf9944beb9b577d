# Every recipe is a call; the logic is in Python. `make` prints this list.
STACK ?= dev
DATA ?=
# No `?=`: shells may export the width of the terminal under this name.
COLUMNS =
NEGATIVE ?=
ONLY ?=
SCENARIO ?= new-data
DIGEST ?=
RESULT ?=
UNTIL ?= production
STORE ?=
ITEM ?=
DS ?=
ANSWER ?=
PYTHON ?= python3
export UV_PYTHON_DOWNLOADS = never
# Large SDKs are compiled once, not by each of many processes.
unexport PYTHONDONTWRITEBYTECODE
RUN = .uv/bin/uv run --no-sync

.DEFAULT_GOAL := help
.PHONY: help setup doctor up down demo preflight preview bootstrap deploy publish release lineage audit cost status check test bench

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what the repository needs (run by the others)
	@$(PYTHON) local/bootstrap.py

doctor: setup ## what this machine lacks, how to get it, how long it takes
	@$(RUN) local-cloud doctor

up: setup ## the platform on this machine, data through to a judged model; DATA=FILE|FOLDER|orange-juice COLUMNS=date=ds,... NEGATIVE=zero STACK=dev
	@$(RUN) python -m local.flow up --stack '$(STACK)' --data '$(DATA)' --columns '$(COLUMNS)' --negative '$(NEGATIVE)'

down: setup ## destroy the stack and leave nothing behind
	@$(RUN) python -m local.flow down --stack '$(STACK)'

demo: setup ## something happens to the running stack: SCENARIO=new-data|bad-data|worse-model|duplicate-events|crash
	@$(RUN) python -m local.flow demo --stack '$(STACK)' --scenario '$(SCENARIO)'

bootstrap: setup ## once per stack: Pulumi's state, its key, the pipelines' login, Azure DevOps: STACK=dev
	@$(RUN) python -m deployment bootstrap --stack '$(STACK)'

preflight: setup ## what would stop a deployment on Azure, each with its fix: STACK=dev
	@$(RUN) python -m deployment preflight --stack '$(STACK)'

preview: setup ## what `make deploy` would change on Azure, judged by the policies: STACK=dev
	@$(RUN) python -m deployment preview --stack '$(STACK)'

deploy: setup ## platform, jobs, pipeline and handler of this work tree onto the stack on Azure: STACK=dev
	@$(RUN) python -m deployment up --stack '$(STACK)'

publish: setup ## jobs and training pipeline of this work tree to the stack, with what that changes
	@$(RUN) python -m local.flow publish --stack '$(STACK)'

release: setup ## DIGEST=sha256:... through QA into production, or back; what the release stages run: UNTIL=qa|production
	@$(RUN) python -m rollout scoring --stack '$(STACK)' --digest '$(DIGEST)' --until '$(UNTIL)' $(if $(RESULT),--result '$(RESULT)')

lineage: setup ## why a series got its number, from the answer back to the file: STORE=7 ITEM=12 DS=YYYY-MM-DD, or ANSWER=FILE
	@$(RUN) python -m lineage --stack '$(STACK)' --store '$(STORE)' --item '$(ITEM)' --ds '$(DS)' --answer '$(ANSWER)'

audit: setup ## what stands on a stack, judged by the policies, as a pipeline does every night: STACK=dev RESULT=FOLDER
	@$(RUN) python -m policy.audit --stack '$(STACK)' $(if $(RESULT),--results '$(RESULT)')

cost: setup ## what the stacks cost a month by list prices, side by side; STACK=dev line by line
	@$(RUN) python -m cost $(if $(filter command line environment,$(origin STACK)),--stack '$(STACK)')

status: setup ## what runs, what was decided, what failed
	@$(RUN) local-cloud status --stack '$(STACK)'

check: setup ## format, lint, types, sizes, policies on what both programs declare; RESULT=FOLDER for what these say
	@$(RUN) ruff format --check . && $(RUN) ruff check .
	@$(RUN) pyrefly check
	@$(RUN) python -m local.size && $(RUN) python -m deployment.judged $(if $(RESULT),--results '$(RESULT)')

test: setup ## all tests that are not marked slow, with the real engine; GOLDEN=1 rewrites the golden files instead
	@$(RUN) python -m local.tests $(if $(GOLDEN),--golden)

bench: setup ## ours against the anchor, same data, one table; ONLY=name
	@$(RUN) python -m bench $(ONLY)
