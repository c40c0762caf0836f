# Everything a fresh clone needs: `make demo`, `make test`. Plain `make` lists the targets.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(firstword $(shell command -v python3.11 python3))
# cpu, or cuda for the plain Linux wheel of the package index
TORCH ?= cpu
TORCH_VERSION := 2.13.0
UV_VERSION := 0.13.9
# What the demo and the tests need: not ray.
EXTRAS := hf,knowledge,pii,tag,review,train,voice,dev
# More arguments for the command of a target: make test ARGS='-k store'
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
MADE := $(VENV)/.made
TORCHED := $(VENV)/.torch-$(TORCH)
READY := $(VENV)/.ok

ifeq ($(filter $(TORCH),cpu cuda),)
$(error TORCH is '$(TORCH)', but has to be cpu or cuda)
endif

# uv does not read pip's settings: hand over those that say where packages come from.
empty :=
space := $(empty) $(empty)
comma := ,
ifdef PIP_FIND_LINKS
export UV_FIND_LINKS ?= $(subst $(space),$(comma),$(strip $(PIP_FIND_LINKS)))
endif
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
ifdef PIP_EXTRA_INDEX_URL
export UV_INDEX ?= $(PIP_EXTRA_INDEX_URL)
endif
ifdef PIP_CERT
export SSL_CERT_FILE ?= $(PIP_CERT)
endif
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Compiling torch, transformers and presidio anew in every process costs more than most commands.
unexport PYTHONDONTWRITEBYTECODE
UV_PIP := $(BIN)/uv pip install --quiet --python $(BIN)/python
PIP := $(BIN)/python -m pip install --quiet

# The review server has an environment, and so a lock, of its own.
SERVER := curation/review/server

# The tests of the engine on Ray; 70 MB that nothing else needs.
RAYED := $(VENV)/.ray

.PHONY: help setup demo test check format laws e2e cover bench lock licences wheel clean distclean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## make .venv with everything that demo and tests need (TORCH=cuda on a GPU machine)

$(MADE):
	@[[ -n "$(PYTHON)" ]] || { echo "setup: no Python found; install Python 3.11 or name one: make setup PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "setup: $(PYTHON) is older than Python 3.11; name a newer one: make setup PYTHON=..." >&2; exit 1; }
	@echo "setup: $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) uv==$(UV_VERSION) || echo "setup: uv cannot be installed, going on with pip (minutes instead of seconds)"
	@touch $@

# The right torch wheel depends on the machine, so it is chosen here and locked nowhere.
$(TORCHED): $(MADE)
	@rm -f $(VENV)/.torch-*
ifeq ($(TORCH),cuda)
	@echo "setup: torch $(TORCH_VERSION), plain wheel"
	@env -u UV_FIND_LINKS $(UV_PIP) --reinstall-package torch torch==$(TORCH_VERSION) || \
	  env -u PIP_FIND_LINKS $(PIP) --force-reinstall torch==$(TORCH_VERSION)
else
	@echo "setup: torch $(TORCH_VERSION) for the CPU"
	@{ [[ -n "$${UV_FIND_LINKS:-}" ]] && \
	    $(UV_PIP) --no-index --no-deps --reinstall-package torch torch==$(TORCH_VERSION) 2>/dev/null; } || \
	  { [[ -n "$${PIP_FIND_LINKS:-}" ]] && \
	    $(PIP) --no-index --no-deps --force-reinstall torch==$(TORCH_VERSION) 2>/dev/null; } || \
	  $(UV_PIP) --torch-backend=cpu --reinstall-package torch torch==$(TORCH_VERSION) 2>/dev/null || \
	  { echo "setup: no CPU wheel within reach, taking the plain one (it runs on the CPU, but is large)"; \
	    $(UV_PIP) torch==$(TORCH_VERSION) 2>/dev/null || $(PIP) torch==$(TORCH_VERSION); }
endif
	@touch $@

$(READY): pyproject.toml constraints.txt $(TORCHED)
	@echo "setup: curation[$(EXTRAS)]"
	@{ [[ -x $(BIN)/uv ]] && $(UV_PIP) -c constraints.txt -e '.[$(EXTRAS)]'; } || \
	  $(PIP) -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@

$(RAYED): $(READY)
	@{ [[ -x $(BIN)/uv ]] && $(UV_PIP) -c constraints.txt -e '.[$(EXTRAS),ray]'; } || \
	  $(PIP) -c constraints.txt -e '.[$(EXTRAS),ray]'
	@touch $@

demo: $(READY) ## the whole way on made-up conversations: pull, clean, tag, export, train, report
	$(BIN)/curate demo $(ARGS)

test: $(READY) ## the test suite, in random order on two processes (minutes)
	$(BIN)/pytest -n 2 -q -m 'not slow and not net' $(ARGS)

check: $(READY) ## ruff, mypy, import contracts, declared dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry .

format: $(READY) ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

laws: $(RAYED) ## every promise at full length: 1,000 cases each, every crash point, 50 kills, Ray
	CURATE_TEST_PROFILE=laws $(BIN)/pytest -n 2 -q -m 'not net' --timeout 1800 $(ARGS)

e2e: $(READY) ## the whole way on real input, slow tests included
	$(BIN)/pytest -q tests/e2e $(ARGS)

cover: $(READY) ## test coverage; fails below 90 % of core
	$(BIN)/pytest -n 2 -q -m 'not slow and not net' --cov=curation --cov-report= $(ARGS)
	$(BIN)/coverage report
	$(BIN)/coverage report --include='curation/core/*' --fail-under=90

bench: $(RAYED) ## every speed claim against its peer, as ratios
	@for script in benchmarks/*.py benchmarks/*/run.py; do \
	  [[ -e "$$script" && "$$(basename "$$script")" != _* ]] || continue; \
	  echo "== $$script"; $(BIN)/python "$$script" $(ARGS); \
	done

lock: $(MADE) ## compute constraints.txt anew (ARGS=--upgrade: take newer releases, too)
	@cp constraints.txt $(VENV)/constraints.new 2>/dev/null || true
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-annotate --no-header \
	  --no-emit-index-url --no-emit-find-links $(ARGS) --output-file $(VENV)/constraints.new pyproject.toml
	@{ echo "# Generated by \`make lock\` from pyproject.toml, for every extra: do not edit."; \
	   echo "# Without torch and what comes with its CUDA wheel (triton, nvidia-*, cuda-*): the machine chooses these."; \
	   grep -Ev '^(torch|triton|nvidia-[a-z0-9-]+|cuda-[a-z0-9-]+)==' $(VENV)/constraints.new; \
	 } > constraints.txt
	@cp $(SERVER)/requirements.lock $(VENV)/server.new 2>/dev/null || true
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --no-emit-find-links $(ARGS) --output-file $(VENV)/server.new $(SERVER)/requirements.in
	@{ echo "# Generated by \`make lock\` from requirements.in: do not edit."; cat $(VENV)/server.new; } \
	  > $(SERVER)/requirements.lock

licences: $(READY) ## list what is installed with the licence of each; fails where one declares none
	@$(BIN)/python docs/licences.py

wheel: $(READY) ## build sdist and wheel into dist/
	$(BIN)/python -m build --no-isolation

clean: ## remove what is quickly made again: builds and tool caches
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.*
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## clean, and remove .venv
	rm -rf $(VENV)
