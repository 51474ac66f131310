# Everything installs into .venv; only Python 3.11 or newer with venv is needed beforehand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP = $(BIN)/pip --quiet --disable-pip-version-check
# TORCH_INSTALL='torch==… --index-url …' chooses another build of torch; what torch needs comes from the constraints.
TORCH = $(if $(TORCH_INSTALL),$(PIP) install --no-deps $(TORCH_INSTALL))
LOCALE := src/atalho/text/pt_BR/LC_MESSAGES/atalho

# Exact versions. Newer pips read those of what builds the package from the second name, older ones from the first.
CONSTRAINTS := constraints
export PIP_CONSTRAINT := $(CONSTRAINTS)/all.txt $(if $(TORCH_INSTALL),,$(CONSTRAINTS)/cuda.txt)
export PIP_BUILD_CONSTRAINT := $(CONSTRAINTS)/all.txt

.PHONY: demo test slow check format messages docs bench bench-gpu bench-finetune bench-reliability dist upgrade lowest hooks clean

demo: $(VENV)/core
	rm -rf demo
	$(BIN)/atalho sample fashion demo/fashion
	$(BIN)/atalho train demo/fashion --model resnet20 --minutes 1.2 --out demo/run
	$(BIN)/atalho evaluate demo/run
	$(BIN)/atalho predict demo/run demo/fashion/test/bag/0000.png demo/fashion/test/sneaker/0000.png
	@echo
	@echo "Open the report: $(CURDIR)/demo/run/report.html"

# One thread a process: two processes of two threads on two cores wait for each other.
test: $(VENV)/dev
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto

slow: $(VENV)/dev
	$(BIN)/pytest -m slow

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/dependencies.py check $(CONSTRAINTS)
	$(BIN)/python tools/files.py check
	$(BIN)/python tools/results.py check
	$(BIN)/python tools/command_line.py check

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Collect the texts of the source into the Portuguese catalogue and compile it. Translate the new ones in atalho.po
# (tests/text names them), then run it again to compile them.
messages: $(VENV)/dev
	$(BIN)/pybabel --quiet extract -k N_ -k Text -k ntext:1,2 -k nwhole:1,2 -k ConfigError -k DataError -k WeightsError -k RunError -k GalleryError -k NotFiniteError -k OutOfMemoryError -k RankLostError --no-location --sort-output --omit-header -o $(LOCALE).pot src
	$(BIN)/pybabel --quiet update -l pt_BR -i $(LOCALE).pot -o $(LOCALE).po \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 100
	rm $(LOCALE).pot
	$(BIN)/pybabel --quiet compile -l pt_BR -i $(LOCALE).po -o $(LOCALE).mo

# The site in docs/_build/html. The reference of the command line is generated from the parser.
docs: $(VENV)/docs
	$(BIN)/python tools/command_line.py write
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -b html docs docs/_build/html
	@echo "Open the site: $(CURDIR)/docs/_build/html/index.html"

bench: $(VENV)/dev
	$(BIN)/python benchmarks/training_speed.py

# Under eight minutes on one GPU; what is done already is not repeated.
bench-gpu: $(VENV)/dev
	$(BIN)/python benchmarks/gpu.py

# From scratch or from trained weights: make bench-finetune DATA='FOLDER...' [FROM=RUN]. What is done is not repeated.
bench-finetune: $(VENV)/dev
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/finetune.py $(DATA) --name finetune-own $(if $(FROM),--from $(FROM))

# Forty minutes on two busy cores; what is done already is not repeated.
bench-reliability: $(VENV)/dev
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/reliability.py

# A wheel, tried where nothing else is installed.
dist: BIN := dist/environment/bin
dist:
	rm -rf dist
	$(PYTHON) -m venv dist/environment
	$(TORCH)
	$(PIP) wheel --no-deps --wheel-dir dist .
	$(PIP) install dist/*.whl
	cd dist && environment/bin/atalho sample fashion fashion
	cd dist && environment/bin/atalho train fashion --model resnet20 --epochs 1 --out run
	cd dist && environment/bin/atalho predict run fashion/test/bag/0000.png
	rm -rf dist/environment dist/fashion dist/run

# The newest versions of all that is installed, torch excepted: CONTRIBUTING says more.
upgrade:
	$(PYTHON) tools/dependencies.py newest

lowest:
	$(PYTHON) tools/dependencies.py lowest

# make check before every commit.
hooks:
	git config core.hooksPath .githooks

clean:
	rm -rf .venv demo dist docs/_build

$(VENV)/core: pyproject.toml $(wildcard $(CONSTRAINTS)/*.txt)
	$(PYTHON) -m venv $(VENV)
	$(TORCH)
	$(PIP) install --editable .
	touch $@

$(VENV)/dev: $(VENV)/core
	$(PIP) install --editable '.[dev]'
	touch $@

$(VENV)/docs: $(VENV)/core
	$(PIP) install --editable '.[docs]'
	touch $@
