# make help lists the targets.
#
# PYTHON=python3.12   another interpreter (3.11 or newer)
# PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"   the CPU build of torch on Linux

PYTHON ?= python3
PIP_ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2
DEVICE ?= cpu

.DELETE_ON_ERROR:
.PHONY: help setup test soak test-fast small tutorial lab notebooks results benchmarks tables clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## install into .venv

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, but $(PYTHON) is " + sys.version.split()[0] + ": make PYTHON=python3.12 …") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt $(PIP_ARGS) --editable ".[dev,lab,video,large,huggingface]"
	@touch $@

test: $(READY) ## linters and every test, on WORKERS=2 processes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -n $(WORKERS) --maxschedchunk 1

soak: $(READY) ## 1,000 kills of what writes files, half an hour: [KILLS=1000]
	KILLS=$(or $(KILLS),1000) $(BIN)/python -m pytest -n $(WORKERS) --maxschedchunk 1 tests/robust/test_kills.py

test-fast: $(READY) ## about a minute: all but notebooks, training and other tests of several seconds
	$(BIN)/python -m pytest -n $(WORKERS) --maxschedchunk 1 -m "not slow"

small: $(READY) ## make the small LALM, a download of 93 MB: [HUB=1 for the language model from the hub]
	$(BIN)/python -m ccsav_lab.small $(if $(HUB),--hub)

tutorial: $(READY) ## the main job: [MODEL=folder or name] [DATA=folder or name] [GROUP=column] [WINDOW=s] [FETCH=1]
	@$(BIN)/python -m ccsav_lab.first_run $(if $(MODEL),--model "$(MODEL)") $(if $(DATA),--data "$(DATA)") \
		$(if $(GROUP),--group "$(GROUP)") $(if $(WINDOW),--window $(WINDOW)) $(if $(FETCH),--fetch)

lab: $(READY) ## open JupyterLab on the notebooks: [LAB_ARGS="--no-browser"]
	$(BIN)/jupyter lab $(LAB_ARGS) notebooks/00_quickstart.ipynb

notebooks: tutorial ## run the course's notebooks again, with their figures
	$(BIN)/python scripts/run_notebooks.py

results: $(READY) ## all methods on all tasks, about 45 minutes: [REAL=folder with esc10, fsdd, whisper-tiny.en]
	$(BIN)/python scripts/measure_methods.py $(if $(REAL),--real "$(REAL)")
	$(BIN)/python scripts/measure_mixtures.py $(if $(REAL),--real "$(REAL)")
	$(BIN)/python scripts/measure_class_weights.py $(if $(REAL),--real "$(REAL)" --models mini whisper-tiny.en)

benchmarks: $(READY) small ## speed and memory: [REAL=folder with whisper-tiny.en] [DEVICE=cuda]
	$(BIN)/python -m benchmarks.extraction --device $(DEVICE) $(if $(REAL),--model "$(REAL)/whisper-tiny.en")
	$(BIN)/python -m benchmarks.prediction
	$(BIN)/python -m benchmarks.precision $(if $(REAL),--real "$(REAL)")
	$(BIN)/python -m benchmarks.store
	$(BIN)/python -m benchmarks.simulate
	$(BIN)/python -m benchmarks.ranks
	$(BIN)/python -m benchmarks.memory

tables: $(READY) ## write the tables in docs/ from the measured results
	$(BIN)/python scripts/write_tables.py

clean: ## remove .venv, caches and builds
	rm -rf $(VENV) .cache .pytest_cache .ruff_cache build src/*.egg-info
