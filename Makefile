# One verb a line; CI calls the same verbs. `make help` lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
STACK ?= dev
CLIENT ?= claude-code
PYTHON ?= python3
# Everything below runs with the environment that the bootstrap wrote, and with nothing else assumed.
WITH := . ./.exai/env &&
STACKS := $(WITH) python -m scripts.stack

.PHONY: help
help: ## list the verbs
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: ready ready-python ready-pulumi ready-browser toolchain
ready: # engine, Pulumi, Python environment: looks first, installs only what is missing and may be installed
	@$(PYTHON) scripts/bootstrap --quiet
ready-python:
	@$(PYTHON) scripts/bootstrap --quiet python
ready-pulumi: # no engine needed
	@$(PYTHON) scripts/bootstrap --quiet python toolchain
ready-browser: # a Chromium for the status page's tests and pictures, where Debian packages may be installed
	@$(PYTHON) scripts/bootstrap --quiet python browser
toolchain: ## build the Pulumi CLI and its Docker provider from source (registries-only machines)
	@$(PYTHON) scripts/bootstrap toolchain

.PHONY: up down destroy preview drift logs ps token connect env swarm-init
up: ready ## create or change the stack, then make a real MCP call (STACK=dev)
	@$(STACKS) up --stack $(STACK)
down: ready ## remove containers and networks; volumes stay (STACK=dev)
	@$(STACKS) down --stack $(STACK)
destroy: ready ## remove everything, volumes too, after naming them (STACK=dev, YES=1 to skip the question)
	@$(STACKS) destroy --stack $(STACK)
preview: ready-pulumi ## show what `up` would do; needs no engine (STACK=dev STATE=export.json ARGS=--json)
	@$(STACKS) preview --stack $(STACK) $(if $(STATE),--state '$(STATE)') $(ARGS)
drift: ready ## compare the running stack with its state; non-zero if they differ (STACK=dev)
	@$(STACKS) drift --stack $(STACK)
logs: ready ## follow the logs of the stack's containers (STACK=dev)
	@$(STACKS) logs --stack $(STACK)
ps: ready ## what the stack runs, its health and ports (STACK=dev)
	@$(STACKS) ps --stack $(STACK)
token: ready-pulumi ## print the client token (STACK=dev)
	@$(STACKS) token --stack $(STACK)
connect: ready-pulumi ## what an MCP client needs to reach the stack (CLIENT=claude-code, STACK=dev, ARGS=--write: its file)
	@$(STACKS) connect --stack $(STACK) $(CLIENT) $(ARGS)
swarm-init: ready ## make this engine the manager of a Swarm (ADDR=… if other machines are to join)
	@$(STACKS) swarm-init --stack $(STACK) $(if $(ADDR),--address $(ADDR))
env: ready-pulumi ## print the environment for a bare `pulumi up`, to be evaluated by the shell
	@$(WITH) more=$$(python -m scripts.stack env --stack $(STACK)) && cat .exai/env && printf '%s\n' "$$more"

.PHONY: run demo compose-up compose-down
run: ready-python ## serve from this checkout with SQLite, no container
	@$(WITH) exec python -m app
demo: ready-python ## the server against two fake vendors, shown in a minute, no key needed (ARGS="--once --port 8090")
	@$(WITH) exec python -m demo.tour $(ARGS)
compose-up: ready ## the same topology with docker compose
	@$(WITH) scripts/compose-up.sh
compose-down: ready ## stop the compose project; volumes stay
	@$(WITH) scripts/compose-down.sh

.PHONY: test check format scan e2e conformance bench bench-models image-report describe-tools reference pictures pin-images
test: ready ready-browser check ## everything this machine can run; what could not run is named with its reason
	@$(WITH) python -m pytest
check: ready-python ## format, lint, types, workflows, secrets in files
	@$(WITH) ruff format --check . && ruff check . && mypy && python -m scripts.scan --quick
format: ready-python ## format the code and mend what the linter can
	@$(WITH) ruff format . && ruff check --fix .
scan: ready ## what is known to be wrong with what we ship; what could not be asked is said (ARGS=--strict: fails)
	@$(WITH) python -m scripts.scan $(ARGS)
e2e: ready ## every test that runs a real stack on a real engine, those too that `make test` leaves out
	@$(WITH) EXAI_LONG=1 python -m pytest tests/e2e $(ARGS)
bench: ready-python ## our server beside a bare echo and the SDK, every figure against its limit (ARGS="--quick --write")
	@$(WITH) python -m bench $(ARGS)
bench-models: ready-python ## what a model call costs here beside the vendor's time, and what is promised of it (ARGS="--quick --write")
	@$(WITH) python -m bench.models $(ARGS)
conformance: ready-python ## the official MCP conformance suite, on a Node of its own
	@$(WITH) python -m scripts.conformance
image-report: ready ## size and content of the production image against its limits
	@$(WITH) python scripts/image_report.py
describe-tools: ready-python ## after a tool was changed on purpose: write docs/tools.lock and the tables of docs/
	@$(WITH) python -m scripts.describe_tools && python -m scripts.reference
reference: ready-python ## write the tables of docs/ from the code
	@$(WITH) python -m scripts.reference
pictures: ready-browser ## take the status page's pictures anew, into docs/images
	@$(WITH) python -m scripts.pictures
pin-images: ready-python ## write the base images' digests to images.lock (needs the image registries)
	@$(WITH) python scripts/pin_images.py
