# Everything runs in an environment of its own, made on first use. `make help` lists the targets.

VENV ?= .venv
STUDY ?= digits
SEEDS ?=
ARMS ?=
WORKERS ?=
RUNS_PER_GPU ?=
ENGINE ?=
SNAPSHOT_EVERY ?=
AGAIN :=
YES :=
RATES ?= 0.8 0.3
PAIRS ?=
PHI ?=
SAMPLES ?=
TRIALS ?=
FAULT_SEED ?=
TEST_ON ?=
DATASET ?=
ROOT ?=
IMAGES ?=
SIZE ?=
UNCHECKED :=
SKIP :=

# what may be set on the command line: a typo would otherwise do something else than was meant, without a word
KNOWN := VENV STUDY SEEDS ARMS WORKERS AGAIN YES RATES PAIRS PHI SAMPLES TEST_ON DATASET ROOT IMAGES SIZE UNCHECKED \
	SKIP SNAPSHOT_EVERY RUNS_PER_GPU TRIALS FAULT_SEED ENGINE PYTHON RAY_ADDRESS MONGO_URL GAN_STABILITY_LOCAL GAN_STABILITY_DATA \
	TEST_MONGO_URL SHELL MAKEFLAGS
GIVEN := $(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name)))
UNKNOWN := $(firstword $(filter-out $(KNOWN) -%,$(GIVEN)))
ifneq ($(UNKNOWN),)
NEAREST := $(shell $$(sh .ci/find-python 2>&1) .ci/nearest.py '$(UNKNOWN)' $(KNOWN) 2>/dev/null)
$(error unknown variable $(UNKNOWN)$(if $(NEAREST),; did you mean $(NEAREST)?,.) Known: $(KNOWN))
endif
ifneq ($(words $(VENV)),1)
$(error VENV="$(VENV)": expected the path of one folder, without spaces)
endif

quoted = '$(subst ','\'',$(strip $(1)))'
PY := $(VENV)/bin/python
READY := $(VENV)/.installed
CLUSTER := $(VENV)/.cluster
MONGO := .venv-mongo
CHOICE = $(call quoted,$(STUDY)) $(if $(SEEDS),--seeds $(call quoted,$(SEEDS))) $(if $(ARMS),--arms $(call quoted,$(ARMS)))
PROCESSES = $(if $(WORKERS),--workers $(call quoted,$(WORKERS)))
ON_GPUS = $(if $(RUNS_PER_GPU),--runs-per-gpu $(call quoted,$(RUNS_PER_GPU)))
MADE_BY = $(if $(ENGINE),--engine $(call quoted,$(ENGINE)))
KEPT = $(if $(SNAPSHOT_EVERY),--snapshot-every $(call quoted,$(SNAPSHOT_EVERY)))

# a command that takes long ends with make, whatever ends that: the shell between them would pass no signal on
HERE = export GAN_STABILITY_MAKER=$$PPID;

.DEFAULT_GOAL := help
.PHONY: help setup stability-sweep status data report fid representation reproducibility power test faults lint bench gpu-check calibration clean purge

help: ## this list
	@echo "make TARGET [STUDY=digits] [SEEDS=n] [ARMS=a,b] [WORKERS=n] [ENGINE=ray] [AGAIN=1 [YES=1]] [VENV=folder of the environment]"
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 20
	@echo "Also from the environment or a file .env:"
	@echo "  MONGO_URL           mongodb://... to record to instead of a folder"
	@echo "  RAY_ADDRESS         host:port of the Ray cluster for ENGINE=ray instead of this machine alone (docs/cluster.md)"
	@echo "  GAN_STABILITY_DATA  folder with data sets' own files instead of runs/_local/data"
	@echo "  GAN_STABILITY_LOCAL folder for records, checkpoints and reports instead of runs/_local and runs/reports"

setup: $(READY) ## make the environment and install the pinned packages

stability-sweep: $(READY) $(if $(filter ray,$(ENGINE)),$(CLUSTER)) ## train what is missing of STUDY, then write its report; ENGINE=ray: on a Ray cluster, AGAIN=1 trains all again, SNAPSHOT_EVERY=5 keeps weights at each fifth probe
	@$(HERE) $(PY) -m experiments.sweep $(CHOICE) $(PROCESSES) $(MADE_BY) $(ON_GPUS) $(KEPT) $(if $(filter-out 0 no,$(AGAIN)),--again) $(if $(filter-out 0 no,$(YES)),--yes); status=$$?; \
	if [ $$status -le 1 ]; then $(PY) -m analysis.report $(CHOICE) || exit $$?; fi; exit $$status

status: $(READY) ## where STUDY stands, or every study that has records: complete, running (how fast, how long still), failed (why)
	@$(PY) -m runs.status $(if $(SEEDS)$(ARMS)$(filter-out file,$(origin STUDY)),$(CHOICE)) || [ $$? -eq 1 ]

data: $(READY) ## fetch or read DATASET and prepare it: ROOT=its files, SIZE=64, IMAGES=a folder of pictures, UNCHECKED=1, SKIP=1
	@$(PY) -m experiments.data $(call quoted,$(DATASET)) $(if $(ROOT),--root $(call quoted,$(ROOT))) \
	$(if $(IMAGES),--path $(call quoted,$(IMAGES))) $(if $(SIZE),--size $(call quoted,$(SIZE))) \
	$(if $(filter-out 0 no,$(UNCHECKED)),--unchecked) $(if $(filter-out 0 no,$(SKIP)),--skip-unreadable)

report: $(READY) ## write the report of STUDY from the records there are
	@$(PY) -m analysis.report $(CHOICE)

fid: $(READY) ## FID and KID of STUDY's last generators, to set beside published ones; quick on a GPU alone
	@$(HERE) $(PY) -m experiments.fid $(call quoted,$(STUDY)) $(if $(SEEDS),--seeds $(call quoted,$(SEEDS))) \
	$(if $(SAMPLES),--samples $(call quoted,$(SAMPLES)))

representation: $(READY) ## how good are the features of STUDY's discriminators for a linear classifier? TEST_ON=cifar10: on another data set
	@$(HERE) $(PY) -m experiments.representation $(CHOICE) \
	$(if $(TEST_ON),--test-on $(call quoted,$(TEST_ON))) $(PROCESSES)

reproducibility: $(READY) ## train a few seeds of STUDY again; compare bits and verdicts
	@$(HERE) $(PY) -m experiments.reproducibility $(call quoted,$(STUDY)) $(if $(SEEDS),--seeds $(call quoted,$(SEEDS))) \
	$(PROCESSES) && $(PY) -m analysis.reruns $(call quoted,$(STUDY))

power: $(READY) ## how many pairs? RATES="0.6 0.2", or PAIRS=8 RATES=0.2: what could they show? (PHI: correlation within pairs)
	@$(PY) -m analysis.power --rates $(foreach rate,$(RATES),$(call quoted,$(rate))) $(if $(PAIRS),--pairs $(call quoted,$(PAIRS))) \
	$(if $(PHI),--phi $(call quoted,$(PHI)))

test: $(READY) ## run the tests; with a MongoDB imitation in an environment of its own, unless TEST_MONGO_URL names a server
	@$(if $(TEST_MONGO_URL),,$(MAKE) --no-print-directory --silent $(MONGO)/.installed || echo "make test: secantusdb cannot be installed into $(MONGO): tests that need a MongoDB server are skipped" >&2)
	@$(MAKE) --no-print-directory --silent $(CLUSTER) || echo "make test: Ray cannot be installed into $(VENV): tests that need it are skipped" >&2
	@$(PY) -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

faults: $(READY) ## break sweeps at random moments (TRIALS=50, seeded, 45 minutes at most): is anything lost, doubled or changed?
	@$(PY) -m tests.faults $(if $(TRIALS),--trials $(call quoted,$(TRIALS))) $(if $(FAULT_SEED),--seed $(call quoted,$(FAULT_SEED)))

lint: $(READY) ## style, types and layering
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy experiments models analysis runs benchmarks
	@$(PY) -m pytest -q tests/test_layering.py

bench: $(READY) ## measure the costs and gains that the README quotes
	@$(PY) -m benchmarks

gpu-check: $(READY) ## is what is claimed of a GPU true on this one? tests, speeds, a small study; a line a claim
	@$(PY) -m benchmarks.gpu

calibration: $(READY) ## check every test's error rate and power on synthetic studies (2 minutes)
	@$(PY) -m benchmarks.calibration

clean: ## remove reports and caches; records and checkpoints stay, wherever they are
	@if [ -n "$$(find runs/reports -name run.json 2>/dev/null)" ]; then \
	echo "error: there are records in runs/reports; move them elsewhere first: clean deletes none" >&2; exit 2; fi
	rm -rf runs/reports .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -not -path './$(MONGO)/*' -prune -exec rm -rf {} +

purge: $(READY) ## delete all records and checkpoints of STUDY, after saying what and asking; YES=1 does not ask
	@$(if $(filter file,$(origin STUDY)),echo "error: purge deletes records; name their study: make purge STUDY=name" >&2; exit 2,\
	$(PY) -m runs.purge $(call quoted,$(STUDY)) $(if $(filter-out 0 no,$(YES)),--yes))

$(READY): requirements.lock
	@python=$$(sh .ci/find-python) || exit 1; \
	echo "Installing into $(VENV): PyTorch and what it needs, about 5.5 GB where that includes CUDA (Linux), 1 GB elsewhere."; \
	$$python -m venv $(VENV) || { echo "error: $$python cannot make an environment; on Debian and Ubuntu install its package python3-venv" >&2; exit 1; }
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.lock \
	|| { echo "error: the packages could not be installed; pip says why above" >&2; exit 1; }
	@touch $@

# for ENGINE=ray and its tests
$(CLUSTER): requirements-cluster.lock $(READY)
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-cluster.lock \
	|| { echo "error: Ray could not be installed; pip says why above" >&2; exit 1; }
	@touch $@

# for the tests alone; the lock has hashes. What is half installed is removed, and does not count
$(MONGO)/.installed: tests/secantusdb.lock
	@$(PY) -m venv --clear $(MONGO) && $(MONGO)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	-r tests/secantusdb.lock && touch $@ || { rm -rf $(MONGO); exit 1; }
