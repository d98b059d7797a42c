# Each target makes the virtual environment it needs; the second time that takes no time.

PYTHON ?= python3.11
VENV   := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
INSTALL := $(VENV)/bin/python -m pip install -qq --constraint requirements.lock

.PHONY: demo test check docs format clean help
.DEFAULT_GOAL := help

help:
	@echo "make demo [PHOTO=any.jpg]  install, render, train and register ada and bruno, swap a photo"
	@echo "make test                  run the tests"
	@echo "make check                 lint and type-check, as CI does"
	@echo "make docs                  build the documentation into site/, strictly"
	@echo "make format                fix what can be fixed"
	@echo "make clean                 remove what \`dvc repro\`, the demo and the tools made; photos, the"
	@echo "                           registry, the DVC cache and $(VENV) stay"

demo: $(VENV)/.train
	@python pipelines/demo.py $(if $(PHOTO),--photo "$(PHOTO)")

test: $(VENV)/.dev
	@pytest --quiet --numprocesses $(or $(WORKERS),auto) --maxprocesses 4 --dist loadfile \
		--no-loadscope-reorder $(ARGS)

check: $(VENV)/.dev
	@ruff format --check .
	@ruff check .
	@mypy

docs: $(VENV)/.docs
	@python pipelines/cli_reference.py --check
	@NO_MKDOCS_2_WARNING=1 mkdocs build --quiet

format: $(VENV)/.dev
	@ruff check --fix-only --quiet .
	@ruff format .

clean:
	rm -rf demo data models reports registered checkpoints logs
	rm -rf .mypy_cache .pytest_cache .ruff_cache site
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not on PATH; install \
	Python 3.11, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.train: pyproject.toml requirements.lock | $(VENV)/bin/python
	@echo "Installing what trains and swaps into $(VENV) (minutes, the first time) ..."
	@$(INSTALL) --editable '.[train,serve]'
	@touch $@

$(VENV)/.docs: $(VENV)/.train
	@$(INSTALL) --editable '.[docs]'
	@touch $@

$(VENV)/.dev: pyproject.toml requirements.lock | $(VENV)/bin/python
	@echo "Installing what trains, swaps and tests into $(VENV) (minutes, the first time) ..."
	@$(INSTALL) --editable '.[train,server,serve,dev]'
	@touch $(VENV)/.train $@
