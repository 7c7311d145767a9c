# Everything here is also an `mmt` command (see `mmt --help`); make only sets up .venv first.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
MMT := $(VENV)/bin/mmt
READY := $(VENV)/.ready

.PHONY: help setup tutorial test test-full lab lint notebooks test-notebooks site study study-quick figures gallery bench bench-train clean

help:  ## Show what can be done
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: $(READY)  ## Make .venv and install everything into it

# torch comes first and by its exact version, so that a CPU build is kept where one is offered.
$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -e '.[notebooks,export,browser,site,dev]'
	touch $(READY)

tutorial: $(READY)  ## Run the notebooks in order; results in build/tutorial, table at the end
	$(MMT) tutorial

test: $(READY)  ## Check the style and run the test suite, notebooks in fast mode included
	$(MMT) test

test-full: $(READY)  ## The same with every case of what `make test` takes samples of
	$(MMT) test --full

lab: $(READY)  ## Open JupyterLab on the notebooks (loopback, with a token)
	$(MMT) lab

lint: $(READY)  ## Check style, formatting and types
	$(MMT) lint

notebooks: $(READY)  ## Write notebooks/*.ipynb from their sources in notebooks/src
	$(MMT) notebooks

test-notebooks: $(READY)  ## Run every notebook in full, in order and alone, against its time limit
	$(MMT) course time

site: $(READY)  ## Build the site in build/site: executed notebooks, gallery, results, reference
	$(MMT) course site

study: $(READY)  ## Run the study of docs/study_plan.md, or what is missing of it (ten core hours)
	$(MMT) study

study-quick: $(READY)  ## Make some of the study's stored runs again and compare them
	$(MMT) study check

figures: $(READY)  ## Write the paper's figures and the study's tables into build/figures, from the stored results
	$(MMT) figures

gallery: $(READY)  ## Write docs/gallery.md and its pictures, from the stored results
	$(MMT) figures --gallery

bench: $(READY)  ## Time losses and data against how others do it (ratios within one run)
	$(VENV)/bin/python tests/bench/bench_losses.py
	$(VENV)/bin/python tests/bench/bench_synthetic.py
	$(VENV)/bin/python tests/bench/bench_data.py
	$(VENV)/bin/python tests/bench/bench_store.py
	$(VENV)/bin/python tests/bench/bench_explorer.py

bench-train: $(READY)  ## Time training steps (joint against alone, layouts, precisions) and their memory
	$(VENV)/bin/python tests/bench/bench_train.py

clean:  ## Remove build results (not the environment, not the cache)
	rm -rf build
