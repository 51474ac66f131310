# Everything installs into .venv; only Python 3.11 or newer with venv is needed beforehand.
PYTHON ?= python3
BIN := .venv/bin
LOCALE := src/atalho/text/pt_BR/LC_MESSAGES/atalho

.PHONY: demo test slow check format messages bench bench-reliability clean

demo: .venv/core
	rm -rf demo
	$(BIN)/atalho sample fashion demo/fashion
	$(BIN)/atalho train demo/fashion --model resnet20 --epochs 20 --out demo/run
	$(BIN)/atalho evaluate demo/run
	$(BIN)/atalho predict demo/run demo/fashion/test/bag/0000.png demo/fashion/test/sneaker/0000.png
	@echo
	@echo "Open the report: $(CURDIR)/demo/run/report.html"

# One thread a process: two processes of two threads on two cores wait for each other.
test: .venv/dev
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto

slow: .venv/dev
	$(BIN)/pytest -m slow

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Collect the texts of the source into the Portuguese catalogue and compile it. Translate the new ones in atalho.po
# (tests/locale names them), then run it again to compile them.
messages: .venv/dev
	$(BIN)/pybabel --quiet extract -k N_ -k Text -k ntext:1,2 -k nwhole:1,2 --no-location --sort-output --omit-header -o $(LOCALE).pot src
	$(BIN)/pybabel --quiet update -l pt_BR -i $(LOCALE).pot -o $(LOCALE).po \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 100
	rm $(LOCALE).pot
	$(BIN)/pybabel --quiet compile -l pt_BR -i $(LOCALE).po -o $(LOCALE).mo

bench: .venv/dev
	$(BIN)/python benchmarks/training_speed.py

# Forty minutes on two busy cores; what is done already is not repeated.
bench-reliability: .venv/dev
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/reliability.py

clean:
	rm -rf .venv demo

.venv/core: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

.venv/dev: .venv/core
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@
