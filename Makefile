# make help lists the targets. They install everything they need from PyPI into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Packages come from PyPI and nothing else: without the variable, uv fetches a Python from elsewhere.
UV := UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV=$(VENV) $(BIN)/uv
# Two more than the number of cores, because many tests wait for a process or a socket.
JOBS := $(shell expr $$(nproc) + 2)
export PATH := $(CURDIR)/$(BIN):$(PATH)
# The tests start hundreds of Python processes. Without byte code each one compiles what it imports, which is two thirds
# of its CPU time.
unexport PYTHONDONTWRITEBYTECODE
# The users' values go to the commands by environment. In a line of the shell, a quote or a $ in one would be run.
export ARGS BASELINING_JOB CLIENTS ENDPOINT_NAME INPUTS LOAD MINUTES PROFILE REGION ROLE_ARN SEED TAG_UPDATES TYPE_NAME

# $(call telling,TITLE,COMMAND) runs a command, and says every four seconds that it still runs: also without a terminal.
# The loop ends with the shell, however that ends.
define telling
@echo "$(1)"; (while sleep 4 && kill -0 $$$$ 2>/dev/null; do echo "  still at it"; done) & told=$$!; \
	$(2); code=$$?; kill $$told; exit $$code
endef

.DEFAULT_GOAL := help

.PHONY: help
help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)$$/  make \1\t\2/' | expand -t 30

.PHONY: setup
setup: $(READY)  ## set up the virtual environment, .venv

$(READY): requirements-dev.txt tools/uv.txt tools/lint.txt sandbox/pyproject.toml $(wildcard sandbox/src/cfn_sandbox/*/emulator.txt sandbox/src/cfn_sandbox/*/linter.txt)
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11, 3.12 or 3.13 is needed: choose one with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement tools/uv.txt
	$(call telling,Installing what requirements-dev.txt names: a minute the first time,$(UV) pip install --require-hashes --requirement requirements-dev.txt)
	$(UV) pip install --quiet --no-deps --no-build-isolation --editable sandbox
	@$(UV) pip install --quiet --require-hashes --requirement tools/lint.txt || \
		echo "cfn-sandbox lint isn't available: cloudformation-validate has no wheel for this system (on Linux, glibc 2.34)"
	$(call telling,Fetching AWS's Lambda emulator and schema rules,$(BIN)/cfn-sandbox setup)
	@touch $@

.PHONY: demo
demo: $(READY)  ## deploy AWS's documentation example to a sandbox on this machine, change it, delete it
	@$(BIN)/python -m tools.sagemaker

.PHONY: check
check: $(READY) lint  ## lint, types, unit and handler tests: under a minute
	$(BIN)/pytest tests/unit tests/handlers -m "not slow" --numprocesses $(JOBS) --quiet

# ARGS go to pytest, which splits them as a shell does, and select tests; then lint and coverage are skipped.
.PHONY: test
ifdef ARGS
test: $(READY)
	PYTEST_ADDOPTS="$$ARGS" $(BIN)/pytest
else
test: $(READY) lint  ## lint, types and every test, with AWS's contract suite v1, and v2 rebuilt from its documentation; some tests only: ARGS="-k tags"
	$(BIN)/pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder --cov --cov-report term-missing:skip-covered
endif

.PHONY: test-weekly
test-weekly: $(READY)  ## tests that build whole environments, or run whole suites once more; the sandbox's coverage
	$(BIN)/pytest -m weekly --numprocesses $(JOBS) --dist loadfile
	@# In this process alone: commands, the emulator's process and cfn's plugin, which run in others, count as not reached.
	$(BIN)/pytest sandbox/tests --numprocesses $(JOBS) --dist loadfile --cov cfn_sandbox --cov-fail-under 91.5

.PHONY: soak
soak: $(READY)  ## stacks under random faults for ten minutes, then load: MINUTES=..., LOAD=..., SEED=... repeats a run
	@PYTHONPATH=src $(BIN)/python -m tests.faults.soak $(if $(MINUTES),--minutes "$$MINUTES") \
		$(if $(SEED),--seed "$$SEED") $(if $(LOAD),--load "$$LOAD")

# Optional: MODULES="ownership tags" runs only these; MINUTES=... for each of them.
.PHONY: mutate
mutate: $(READY)  ## change the type's modules in one place at a time, and say which changes their tests miss
	@PYTHONPATH=src $(BIN)/python -m tools.mutate $(MODULES) $(if $(MINUTES),--minutes "$(MINUTES)")

.PHONY: lint
lint: $(READY)  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: format
format: $(READY)  ## format the code with ruff and fix what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: models
models: $(READY)  ## write the trimmed service models, from botocore's
	$(BIN)/cfn-sandbox models

.PHONY: generate
generate: $(READY)  ## write models.py, role, docs/ and the linter's schema from the schema, and the guide's tables of messages
	$(BIN)/cfn generate
	$(BIN)/cfn-sandbox role
	$(BIN)/cfn-sandbox lint --write-schema lint/aws-sagemaker-modelqualityjobdefinition.json
	PYTHONPATH=src $(BIN)/python -m tools.messages

.PHONY: bench
bench: $(READY)  ## compare the package with a plain one: tools/benchmarks/RESULTS.md
	@$(UV) pip install --quiet --require-hashes --requirement tools/benchmarks/requirements.txt
	@$(BIN)/python -m tools.benchmarks

.PHONY: bench-sandbox
bench-sandbox: $(READY)  ## measure what people wait for in the sandbox: tools/benchmarks/SANDBOX.md
	@$(BIN)/python -m tools.benchmarks.sandbox

.PHONY: endpoint
endpoint: $(READY)  ## make an endpoint with data capture in the sandbox, for the guides: ENDPOINT_NAME=churn
	@$(BIN)/python -m tools.sagemaker.endpoint "$$ENDPOINT_NAME"

.PHONY: prerequisites
prerequisites: $(READY)  ## deploy what AWS's contract tests need in your account: ENDPOINT_NAME=... (with data capture)
	@$(BIN)/python -m tools.publishing prerequisites --endpoint-name "$$ENDPOINT_NAME" $(if $(REGION),--region "$$REGION") \
		$(if $(PROFILE),--profile "$$PROFILE") $(if $(BASELINING_JOB),--baselining-job "$$BASELINING_JOB")

.PHONY: prerequisites-delete
prerequisites-delete: $(READY)  ## delete what prerequisites deployed
	@$(BIN)/python -m tools.publishing prerequisites-delete $(if $(REGION),--region "$$REGION") \
		$(if $(PROFILE),--profile "$$PROFILE")

# Optional: CLIENTS="cdk sam" runs only these.
.PHONY: clients
clients: $(READY)  ## run CDK, SAM, the AWS CLI, Ansible, the SDKs and more against the sandbox
	@$(BIN)/python -m tools.clients $$CLIENTS

# Optional for submit: REGION, PROFILE, ROLE_ARN, UNCHECKED=yes; for submit and package: TAG_UPDATES=in-place, INPUTS=DIR.
.PHONY: submit
submit: $(READY)  ## register the type under your own name: TYPE_NAME=Acme::SageMaker::ModelQualityJobDefinition
	@$(BIN)/python -m tools.publishing submit --type-name "$$TYPE_NAME" $(if $(REGION),--region "$$REGION") \
		$(if $(PROFILE),--profile "$$PROFILE") $(if $(ROLE_ARN),--role-arn "$$ROLE_ARN") \
		$(if $(TAG_UPDATES),--tag-updates "$$TAG_UPDATES") $(if $(INPUTS),--inputs "$$INPUTS") \
		$(if $(UNCHECKED),--unchecked)

.PHONY: package
package: $(READY)  ## write the zip that submit uploads into dist/; TYPE_NAME=... for your own name
	@$(BIN)/python -m tools.publishing package $(if $(TYPE_NAME),--type-name "$$TYPE_NAME") \
		$(if $(TAG_UPDATES),--tag-updates "$$TAG_UPDATES") $(if $(INPUTS),--inputs "$$INPUTS")

.PHONY: deregister
deregister: $(READY)  ## undo submit: TYPE_NAME=..., and REGION, PROFILE as for submit
	@$(BIN)/python -m tools.publishing deregister --type-name "$$TYPE_NAME" $(if $(REGION),--region "$$REGION") \
		$(if $(PROFILE),--profile "$$PROFILE")

COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --generate-hashes

.PHONY: lock
lock: $(READY)  ## lock what ships (requirements.in -> requirements.txt), and update the development tools
	$(COMPILE) --no-annotate --custom-compile-command "make lock" requirements.in --output-file requirements.txt
	$(COMPILE) --no-header --upgrade --constraint requirements.txt --group pyproject.toml:dev requirements.txt \
		sandbox/pyproject.toml --output-file requirements-dev.txt
	$(COMPILE) --no-header --upgrade --constraint requirements-dev.txt --group pyproject.toml:bench \
		--output-file tools/benchmarks/requirements.txt
	echo "cloudformation-validate>=1.14,<2" | $(COMPILE) --no-header --upgrade - --output-file tools/lint.txt
	echo uv | $(COMPILE) --no-header --constraint requirements-dev.txt - --output-file tools/uv.txt
	for input in tools/clients/environments/*.in; do \
		$(COMPILE) --no-header --no-annotate --upgrade $$input --output-file $${input%.in}.txt || exit 1; done
	for folder in cdk-cli javascript osls; do (cd tools/clients/environments/$$folder && npm update --package-lock-only \
		--omit-lockfile-registry-resolved --no-audit --no-fund) || exit 1; done

.PHONY: recording
recording: $(READY)  ## record make demo as guides/demo.svg
	$(BIN)/python tools/record.py guides/demo.svg --title "make demo" -- $(BIN)/python -m tools.sagemaker

.PHONY: clean
clean:  ## remove everything that the other targets created
	rm -rf $(VENV) .cache build dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache rpdk.log*
