# Everything runs in an environment of its own, made on first use. `make help` lists the targets.

VENV ?= .venv
STUDY ?= digits
SEEDS ?=
ARMS ?=
WORKERS ?=

PY := $(VENV)/bin/python
READY := $(VENV)/.installed
CHOICE := $(STUDY) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(ARMS),--arms $(ARMS))

.DEFAULT_GOAL := help
.PHONY: help setup stability-sweep report test lint bench clean

help: ## this list
	@echo "make TARGET [VENV=folder of the environment] [STUDY=digits] [SEEDS=n] [ARMS=a,b] [WORKERS=n]"
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup: $(READY) ## make the environment and install the pinned packages

stability-sweep: $(READY) ## train what is missing of STUDY, then write its report
	@$(PY) -m experiments.sweep $(CHOICE) $(if $(WORKERS),--workers $(WORKERS)); status=$$?; \
	if [ $$status -le 1 ]; then $(PY) -m analysis.report $(CHOICE) || exit $$?; fi; exit $$status

report: $(READY) ## write the report of STUDY from the records there are
	@$(PY) -m analysis.report $(CHOICE)

test: $(READY) ## run the tests
	@$(PY) -m pytest

lint: $(READY) ## style, types and layering
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy experiments models analysis runs benchmarks
	@$(PY) -m pytest -q tests/test_layering.py

bench: $(READY) ## measure the costs and gains that the README quotes
	@$(PY) -m benchmarks

clean: ## remove reports and caches; records and checkpoints in runs/_local stay
	rm -rf runs/reports .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(READY): requirements.lock
	@python=$$(sh .ci/find-python) || exit 1; \
	echo "Installing into $(VENV): PyTorch and what it needs, about 5.5 GB where that includes CUDA (Linux), 1 GB elsewhere."; \
	$$python -m venv $(VENV) || { echo "error: $$python cannot make an environment; on Debian and Ubuntu install its package python3-venv" >&2; exit 1; }
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@touch $@
