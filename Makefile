# Each target makes the virtual environment it needs; the second time that takes no time.

PYTHON ?= python3.11
VENV   := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Modules are compiled when they are imported first: without files, in every process that tests start.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1
INSTALL := $(VENV)/bin/python pipelines/project/install.py
LOCKS := $(wildcard requirements/*.lock)

.PHONY: demo test faults coverage mutants fuzz check docs audit sbom wheel format clean help
.DEFAULT_GOAL := help

help:
	@echo "make help                  this list"
	@echo "make demo [PHOTO=any.jpg]  install, render, train and register ada and bruno, swap a photo"
	@echo "make test                  run the tests"
	@echo "make faults                run those that kill processes and nodes, a minute each"
	@echo "make coverage              run the tests, and count lines and branches that they reach"
	@echo "make mutants [COUNT=40]    break a package's code in COUNT ways and see which the tests notice"
	@echo "make fuzz [SECONDS=60]     feed each reader of others' data for SECONDS"
	@echo "make check                 lint and type-check, as CI does"
	@echo "make docs                  build the documentation into site/, strictly"
	@echo "make audit [OFFLINE=1]     known vulnerabilities of the locked packages"
	@echo "make sbom                  what is installed, into sbom.json (CycloneDX)"
	@echo "make wheel                 the wheel, tried where there is no compiler, libGL, X or network"
	@echo "make format                fix what can be fixed"
	@echo "make clean                 remove what \`dvc repro\`, the demo and the tools made; photos, the"
	@echo "                           registry, the DVC cache and $(VENV) stay"

demo: $(VENV)/.train
	@python pipelines/demo.py $(if $(PHOTO),--photo "$(PHOTO)")

test: $(VENV)/.dev
	@pytest --quiet --numprocesses $(or $(WORKERS),auto) --maxprocesses 4 --dist loadfile \
		--no-loadscope-reorder -m "not faults" $(ARGS)

faults: $(VENV)/.dev
	@pytest --quiet -m faults $(ARGS)

coverage: $(VENV)/.dev
	@coverage erase
	@coverage run -m pytest --quiet --numprocesses $(or $(WORKERS),auto) --maxprocesses 4 --dist loadfile \
		--no-loadscope-reorder $(ARGS)
	@coverage combine --quiet
	@coverage report --skip-covered --sort cover

mutants: $(VENV)/.dev
	@PYTHONPATH=. nice -n 15 python benchmarks/mutants.py $(PACKAGES) --count $(or $(COUNT),40)

fuzz: $(VENV)/.dev
	@PYTHONPATH=. nice -n 15 python benchmarks/fuzz.py --seconds $(or $(SECONDS),60)

check: $(VENV)/.dev
	@ruff format --check .
	@ruff check .
	@mypy --num-workers auto

docs: $(VENV)/.docs
	@python pipelines/project/cli_reference.py --check
	@NO_MKDOCS_2_WARNING=1 mkdocs build --quiet

audit: $(VENV)/.audit
	@python pipelines/project/audit.py $(if $(OFFLINE),--offline) $(if $(WRITE),--write) \
		$(if $(DATABASE),--database "$(DATABASE)")

sbom: $(VENV)/.audit
	@cat $(LOCKS) | cyclonedx-py requirements --output-format JSON --output-reproducible \
		--no-validate --mc-type application --pyproject pyproject.toml --output-file sbom.json -

wheel: $(VENV)/.dev
	@python pipelines/project/wheel.py --keep dist

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

$(VENV)/.train: pyproject.toml $(LOCKS) | $(VENV)/bin/python
	@echo "Installing what trains and swaps into $(VENV) (minutes, the first time) ..."
	@$(INSTALL) train serve
	@touch $@

$(VENV)/.docs: $(VENV)/.train
	@$(INSTALL) docs
	@touch $@

$(VENV)/.audit: $(VENV)/.train
	@$(INSTALL) audit
	@touch $@

$(VENV)/.dev: pyproject.toml $(LOCKS) | $(VENV)/bin/python
	@echo "Installing what trains, swaps and tests into $(VENV) (minutes, the first time) ..."
	@$(INSTALL) train serve server dev
	@touch $(VENV)/.train $@
