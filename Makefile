# Every target sets up what it needs; `make` alone says what there is.
# Settings, all optional:  CAPTURES=DIR (a folder of images)  DATA=DIR (where the data go)  JSON=1 (one JSON object on
# standard output, all else on standard error)  ARGS="…" (more for pytest).

.DEFAULT_GOAL := help
.NOTPARALLEL: # the set-up comes before what needs it
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
BIN := .venv/bin
DASHBOARD := cloud_service/dashboard
STEP := deploy/step.sh
# Node and the servers may lie here; relative, so that a blank in the project's path does no harm.
WITH_NODE := PATH="$$PWD/.runtime/bin:$$PATH"
CAPTURES ?=
DATA ?=
JSON ?=
ARGS ?=
export CAPTURES DATA JSON

.PHONY: help
help: ## say what there is
	@echo "Smearflow, research use only. Targets:"
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 12
	@sed -n 's/^# Settings/Settings/p; s/^# \(standard output.*\)/          \1/p' Makefile

.PHONY: run
run: ## the whole stack on this machine until Ctrl-C (DATA=DIR)
	@deploy/setup.sh runtime
	@exec $(BIN)/smearflow up $${DATA:+--data "$$DATA"}

.PHONY: demo
demo: ## feed captures through the whole stack and show what came back (CAPTURES=DIR JSON=1 DATA=DIR)
	@deploy/setup.sh runtime
	@case "$$JSON" in '' | 0 | no | false) json= ;; *) json=--json ;; esac; \
	exec $(BIN)/smearflow demo $${CAPTURES:+--captures "$$CAPTURES"} $${DATA:+--data "$$DATA"} $$json

.PHONY: test
test: lint pytest ## lint, types and every test but the benchmarks (ARGS=…)

# A file's tests stay in one process, as they share fixtures. Files go in their order, not by their number of tests: those
# of unit tests, which are quick, come last, so that all processes end at about the same time. tests/conftest.py says how
# many processes there are.
.PHONY: pytest
pytest:
	@$(STEP) pytest $(BIN)/pytest -m "not benchmark" -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

# One target a check, so that `make --keep-going` shows what all of them find.
CHECKS := check-ruff check-format check-mypy check-imports check-shell check-dashboard-types check-dashboard-lint \
	check-dashboard-tests
.PHONY: lint $(CHECKS)
lint: setup $(CHECKS) ## every static check
check-ruff:
	@$(STEP) "ruff check" $(BIN)/ruff check --quiet .
check-format:
	@$(STEP) "ruff format" $(BIN)/ruff format --quiet --check .
check-mypy:
	@$(STEP) mypy $(BIN)/mypy --no-error-summary
check-imports:
	@$(STEP) imports $(BIN)/lint-imports --no-logo
check-shell:
	@$(STEP) shellcheck $(BIN)/shellcheck --external-sources deploy/*.sh deploy/setup/*.sh .ci/run
check-dashboard-types:
	@$(WITH_NODE) $(STEP) "dashboard types" npm --prefix $(DASHBOARD) run --silent types
check-dashboard-lint:
	@$(WITH_NODE) $(STEP) "dashboard lint" npm --prefix $(DASHBOARD) run --silent lint
check-dashboard-tests:
	@$(WITH_NODE) $(STEP) "dashboard tests" npm --prefix $(DASHBOARD) run --silent test

.PHONY: format
format: setup ## rewrite the Python code in the project's one format
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

.PHONY: types
types: setup check-mypy check-dashboard-types ## mypy --strict and TypeScript's strict checks

.PHONY: bench
bench: setup ## the benchmarks, which print ratios and are no part of `make test` (ARGS=…)
	@$(BIN)/pytest -m benchmark -s --timeout 0 tests/benchmarks $(ARGS)

.PHONY: test-gpu
GPU_PYTHON ?= $(BIN)/python
test-gpu: ## the tests that need an NVIDIA GPU; writes gpu-report.json (GPU_PYTHON=python with CUDA builds, else the set-up's own)
	@[ "$(GPU_PYTHON)" != "$(BIN)/python" ] || TORCH=cuda deploy/setup.sh dev
	@"$(GPU_PYTHON)" -m pytest -m gpu --gpu-report gpu-report.json tests/gpu $(ARGS)

.PHONY: setup
setup: ## all that the tests need; nothing is done twice
	@deploy/setup.sh dev

.PHONY: lock
lock: setup ## renew requirements.lock and package-lock.json for what pyproject.toml and package.json name (UPGRADE=1: newest of all)
	@$(BIN)/uv pip compile --quiet $(if $(UPGRADE),--upgrade) --universal --python-version 3.11 --system-certs --all-extras \
		--override deploy/setup/lock-without.txt --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		--output-file requirements.lock pyproject.toml deploy/setup/lock-also.txt
	@cd $(DASHBOARD) && $(WITH_NODE) npm $(if $(UPGRADE),update,install) --omit-lockfile-registry-resolved --no-audit --no-fund
	@echo "Now say 'make test', then commit requirements.lock and $(DASHBOARD)/package-lock.json."

.PHONY: clean
clean: ## remove what the set-up and the tools made; captures and data stay
	@rm -rf .venv .runtime .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache \
		$(DASHBOARD)/node_modules $(DASHBOARD)/dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
