# make test       set up .venv and run linters and tests
# make tutorial   set up .venv and run the main job, on the mini LALM unless told otherwise:
#                   make tutorial MODEL=folder DATA=folder [GROUP=column] [WINDOW=seconds]
#                   make tutorial MODEL=name DATA=name FETCH=1    downloads what is not here
# make notebooks  run the course's notebooks again, with their figures
# make results    all methods on all tasks, half an hour; REAL=folder with esc10, fsdd, whisper-tiny.en
# make benchmarks, make readme, make clean
#
# PYTHON=python3.12   another interpreter (3.11 or newer)
# PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"   a small CPU build on Linux

PYTHON ?= python3
PIP_ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DELETE_ON_ERROR:
.PHONY: test tutorial notebooks results benchmarks readme setup clean

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, but $(PYTHON) is " + sys.version.split()[0] + ": make PYTHON=python3.12 …") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt $(PIP_ARGS) --editable ".[dev,lab,video,large]"
	@touch $@

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest

tutorial: $(READY)
	@$(BIN)/python -m ccsav_lab.first_run $(if $(MODEL),--model "$(MODEL)") $(if $(DATA),--data "$(DATA)") \
		$(if $(GROUP),--group "$(GROUP)") $(if $(WINDOW),--window $(WINDOW)) $(if $(FETCH),--fetch)

notebooks: tutorial
	$(BIN)/python scripts/run_notebooks.py

results: $(READY)
	$(BIN)/python scripts/measure_methods.py $(if $(REAL),--real "$(REAL)")

benchmarks: $(READY)
	$(BIN)/python -m benchmarks.extraction
	$(BIN)/python -m benchmarks.prediction
	$(BIN)/python -m benchmarks.fitting

readme: $(READY)
	$(BIN)/python scripts/write_readme_tables.py

clean:
	rm -rf $(VENV) .cache .pytest_cache .ruff_cache build src/*.egg-info
