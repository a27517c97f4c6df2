# make demo   example fossils, and the whole workflow on them
# make test   every test
# make quick  the tests that matter while you edit, in less than a minute
# make lint   format, types, the arrows between rooms, the form of the rules
# make page   the script of the atlas, after a change in scripts/fossilvit/pages/atlas/web/src; needs Node.js
# make slurm  the environment, with what a SLURM cluster needs
# Each makes the environment in .venv first, if it is missing. PYTHON=python3.12 chooses another Python.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CORES := $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
FOSSILS := data/example_fossils
PAGE := scripts/fossilvit/pages/atlas/web

.PHONY: demo test quick lint page env slurm clean
.DELETE_ON_ERROR:

demo: env
	$(BIN)/python -m scripts.make_fossils --out $(FOSSILS)
	$(BIN)/snakemake --cores $(CORES) --configfile config/demo.yaml
	@echo
	@echo "Done. Open the atlas in a browser:  $(CURDIR)/results/atlas/index.html"
	@echo "  pictures                         results/figures/"
	@echo "  clusters                         results/clusters.csv"
	@echo "  nearest neighbors                results/knn.csv"
	@echo "  agreement with the folders       results/evaluation.csv"
	@echo "  labels that may be wrong         results/suspects.csv"
	@echo "  facts of every specimen          results/specimens.csv"
	@echo "  scans not read, and why          results/failed.csv"

test: env slurm lint
	@envs/install-system-packages.sh tests/slurm/system-packages.txt "tests on a SLURM of this machine"
	@envs/install-system-packages.sh tests/browser/system-packages.txt "tests of the atlas in a browser"
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal --durations 20 --junitxml logs/tests.xml

quick: env
	$(BIN)/python -m pytest --numprocesses 2 tests/unit -m "not slow"

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

page:
	cd $(PAGE) && npm ci --ignore-scripts && npm run check && npm run build

env: $(READY)

slurm: $(VENV)/.slurm

$(VENV)/.slurm: $(READY)
	$(BIN)/python -m pip install --quiet --constraint envs/constraints.txt --editable '.[slurm]'
	@touch $@

$(READY): pyproject.toml envs/constraints.txt envs/system-packages.txt
	@echo "Making the environment in $(VENV), which takes a few minutes."
	@PYTHON=$(PYTHON) envs/install-system-packages.sh envs/system-packages.txt "the offscreen renderer"
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "FossilViT needs Python 3.11 to 3.13; name one with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint envs/constraints.txt --editable '.[dev]'
	@touch $(READY)

clean:
	rm -rf $(VENV) .snakemake logs
