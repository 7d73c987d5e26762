# Everything runs in an environment of its own, made on first use. `make help` lists the targets.

VENV ?= .venv
STUDY ?= digits
SEEDS ?=
ARMS ?=
WORKERS ?=
RATES ?= 0.8 0.3
PAIRS ?=

PY := $(VENV)/bin/python
READY := $(VENV)/.installed
CHOICE := $(STUDY) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(ARMS),--arms $(ARMS))

.DEFAULT_GOAL := help
.PHONY: help setup stability-sweep report reproducibility power test lint bench calibration clean

help: ## this list
	@echo "make TARGET [VENV=folder of the environment] [STUDY=digits] [SEEDS=n] [ARMS=a,b] [WORKERS=n]"
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup: $(READY) ## make the environment and install the pinned packages

stability-sweep: $(READY) ## train what is missing of STUDY, then write its report
	@$(PY) -m experiments.sweep $(CHOICE) $(if $(WORKERS),--workers $(WORKERS)); status=$$?; \
	if [ $$status -le 1 ]; then $(PY) -m analysis.report $(CHOICE) || exit $$?; fi; exit $$status

report: $(READY) ## write the report of STUDY from the records there are
	@$(PY) -m analysis.report $(CHOICE)

reproducibility: $(READY) ## train a few seeds of STUDY again; compare bits and verdicts
	@$(PY) -m experiments.reproducibility $(STUDY) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(WORKERS),--workers $(WORKERS)) \
	&& $(PY) -m analysis.compare_reruns $(STUDY)

power: $(READY) ## how many pairs? RATES="0.6 0.2", or PAIRS=8 RATES=0.2: what could they show? (PHI: correlation within pairs)
	@$(PY) -m analysis.power --rates $(RATES) $(if $(PAIRS),--pairs $(PAIRS)) $(if $(PHI),--phi $(PHI))

test: $(READY) ## run the tests
	@$(PY) -m pytest

lint: $(READY) ## style, types and layering
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy experiments models analysis runs benchmarks
	@$(PY) -m pytest -q tests/test_layering.py

bench: $(READY) ## measure the costs and gains that the README quotes
	@$(PY) -m benchmarks

calibration: $(READY) ## check every test's error rate and power on synthetic studies (2 minutes)
	@$(PY) -m benchmarks.calibration

clean: ## remove reports and caches; records and checkpoints in runs/_local stay
	rm -rf runs/reports .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(READY): requirements.lock
	@python=$$(sh .ci/find-python) || exit 1; \
	echo "Installing into $(VENV): PyTorch and what it needs, about 5.5 GB where that includes CUDA (Linux), 1 GB elsewhere."; \
	$$python -m venv $(VENV) || { echo "error: $$python cannot make an environment; on Debian and Ubuntu install its package python3-venv" >&2; exit 1; }
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@touch $@
