# make demo: valid molecules on the screen. make test: everything tested. Both start from a bare Python 3.11 to 3.13.
# make notebooks: every notebook executed again, in place.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test lint notebooks clean

demo: .venv/.installed
	$(BIN)/grammar-rae generate -n 1000 --model grae-smiles --out molecules.csv --grid molecules.png

test: .venv/.tested
	OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2

lint: .venv/.linted
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

notebooks: .venv/.tested
	for notebook in notebooks/*.ipynb; do $(BIN)/python -c "import sys, nbformat; from nbclient import execute; \
	  cells = nbformat.read(sys.argv[1], 4); execute(cells, record_timing=False); \
	  nbformat.write(cells, sys.argv[1])" $$notebook || exit 1; done

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.installed: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) -e .
	touch $@

.venv/.tested: .venv/.installed
	$(PIP) -e '.[test]'
	touch $@

.venv/.linted: .venv/.tested
	$(PIP) -e '.[lint]'
	touch $@

clean:
	rm -rf .venv build dist *.egg-info molecules.csv molecules.png
