# The user's commands. Each installs what it needs into .venv; nothing outside the repository is touched,
# except that `make test` installs the Debian peers it talks to when it may (root, or sudo without a password).
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
VOICES := .tools/voices
CONFIG ?=
LAN ?=

.PHONY: help run demo test test-fast lint env env-run peers bench prompts train lock clean

help:
	@echo "make run         start the hotline on this machine (first time: installs, then shows accounts and what to dial)"
	@echo "make run LAN=1   the same, reachable from the local network"
	@echo "make demo        one whole round with independent phones, under 3 minutes, report in demo-out/"
	@echo "make test        every test; installs the peers it needs where it may"
	@echo "make lint        ruff, mypy --strict, import contracts"
	@echo "make bench       the figures of docs/performance.md"
	@echo "make prompts     render what the dialogues say (Kokoro, in an environment of its own)"
	@echo "make train       train the classifier of demands from data/intents"

run: env-run
	@$(BIN)/python server.py run $(if $(CONFIG),--config $(CONFIG)) $(if $(LAN),--lan)

demo: env peers
	@$(BIN)/python -m benchmarks.demo

test: env peers
	$(BIN)/python -m pytest -q --cov --cov-report=term:skip-covered $(ARGS)

test-fast: env
	$(BIN)/python -m pytest -q -m "unit or store" $(ARGS)

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: env peers
	$(BIN)/python -m benchmarks.calls --mode bridge --calls 100 --seconds 20
	$(BIN)/python -m benchmarks.calls --cps 30 --seconds 20
	$(BIN)/python -m benchmarks.asr data/speech
	$(BIN)/python -m benchmarks.replies data/replies/sms_replies.jsonl
	$(BIN)/python -m benchmarks.intents data/intents/utterances.jsonl

prompts: $(VOICES)/.installed
	$(VOICES)/bin/python -m ivr.synthesis render

train: env
	$(BIN)/python -m ivr.train_intents

$(VOICES)/.installed: requirements/voices.lock
	$(PYTHON) -m venv $(VOICES)
	$(VOICES)/bin/python -m pip install -q --disable-pip-version-check -r requirements/voices.lock
	@touch $@

env: $(VENV)/.dev
env-run: $(VENV)/.run

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Debian: apt install python3, or make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv module is missing. Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.lock | $(VENV)/bin/python
	@test -e $(VENV)/.dev || $(BIN)/python -m pip install -q --disable-pip-version-check -r requirements/run.lock
	@touch $@

$(VENV)/.dev: requirements/dev.lock | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements/dev.lock
	@touch $@

peers:
	@deploy/install-peers

lock: env
	$(BIN)/python -m pip install -q uv
	for set in "run console speech intents" "dev console speech intents vosk postgresql test lint" "voices voices" "whisper-reference speech whisper-reference"; do \
	  set -- $$set; out=$$1; shift; \
	  $(BIN)/uv pip compile pyproject.toml --no-emit-index-url --no-annotate --no-header -q --python-version 3.11 \
	    $$(printf -- '--extra %s ' "$$@") -o requirements/$$out.lock; done

clean:
	rm -rf $(VENV) .tools demo-out .mypy_cache .ruff_cache .pytest_cache .hypothesis
