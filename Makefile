# `make demo` shows the main job on this machine; `make test` checks everything. Both need only Python >= 3.11, make and a C/C++ compiler.
PYTHON ?= python3
BIN := .venv/bin
PATHFINDER := $(BIN)/pathfinder

.PHONY: help setup dev demo test lint types unit docs pictures bench corpora package clean

help:
	@echo "make demo     set up, then detect, recommend and run on this machine"
	@echo "make test     set up, lint, type-check, test"
	@echo "make bench    start-up time against 'python3 -c pass', estimates against measured truth"
	@echo "make corpora DIR=folder    replay recorded hosts through detect and score them"
	@echo "make docs     regenerate the generated pages and schemas"
	@echo "make pictures record the session and the pictures of the README (after tools/browser.py)"
	@echo "make package  build the wheel and the source distribution into dist/"

setup:
	@$(PYTHON) tools/setup_env.py

dev:
	@$(PYTHON) tools/setup_env.py --dev

demo: setup
	@$(BIN)/python tools/demo.py

test: dev lint types unit

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(PATHFINDER) matrix lint

types:
	$(BIN)/mypy
	$(BIN)/mypy --platform win32
	$(BIN)/mypy --platform darwin

unit:
	$(BIN)/python -m pytest

docs:
	$(BIN)/python tools/generate_docs.py

pictures:
	$(BIN)/python tools/record_session.py
	$(PATHFINDER) recommend --model llama-3-8b --host profile:desktop-rtx-4060 --as svg > docs/pictures/recommendation.svg
	$(BIN)/python tools/page_picture.py

bench:
	@$(BIN)/python benchmarks/startup.py
	@$(BIN)/python benchmarks/estimate_accuracy.py

corpora:
	@$(BIN)/python benchmarks/corpora.py $(DIR)

package:
	$(BIN)/python -m build

clean:
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
