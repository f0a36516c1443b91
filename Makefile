# `make` lists the targets. The work is in tools/, so that it can also be run without make.

PYTHON := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup demo approval test check format generate image wheels bench tamper clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what the service needs: system packages, .venv, the sandbox image
	@tools/setup
	@tools/image

demo: setup ## Start the service, send it the programs in examples/ and print each verdict
	@$(PYTHON) examples/demo.py

approval: setup ## Have a run that deletes held, approved, landed, rolled back, denied and proven
	@examples/approval/demo

test: ## Install what the tests need and run all of them; a skipped test is a failed one
	@tools/test

check: ## Check format, lint, types, imports, the API and that generated files are fresh
	@tools/check

format: ## Format the code and mend what the linter can mend
	@tools/setup --code
	@.venv/bin/ruff check --fix --quiet .
	@.venv/bin/ruff format .

generate: ## Generate the gRPC code from proto/ and the policies' JSON Schema
	@tools/setup --code
	@tools/generate

image: ## Build the sandbox image anew, with Debian's latest fixes
	@tools/setup
	@.venv/bin/assize image build --refresh

wheels: ## Prepare what the Dockerfile builds from, in build/wheels
	@tools/setup --code
	@tools/wheels

bench: setup ## Verify all of HumanEval through the service: make bench DATA=HumanEval.jsonl
	@$(PYTHON) bench/humaneval.py --data "$(or $(DATA),$(error say where HumanEval is: make bench DATA=PATH))"

tamper: ## Have wrong programs that try to pass judged on every engine, and by plain pytest
	@tools/tamper

clean: ## Remove .venv, caches and build results; sandbox images stay
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
