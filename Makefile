# `make demo` and `make test` do all the set-up; `make check` is what has to hold before a commit, slow tests too.
PYTHON ?= python3
BIN := .venv/bin
FOLDERS := isa traces sim programs tools
SOURCES := __init__.py __main__.py alike.py documents.py errors.py garbage.py intervals.py lazy_names.py safe_files.py toml_files.py units.py wording.py $(FOLDERS)

.PHONY: demo test slow fuzz mutate coverage same release check nightly format types lint shape changelog reproduce pages docs

demo: .venv/.installed
	$(BIN)/acortex run zoo:digits_mlp

test: .venv/.installed-test
	$(BIN)/python -m pytest

check: lint types test slow docs

# What the default run leaves out: what takes long, and the cases of brute-force tests beyond a few.
slow: .venv/.installed-test
	$(BIN)/python -m pytest -m slow

# Files and command lines that are nearly right, N of each kind: see CONTRIBUTING.md. Guided by coverage where the extra
# `fuzz` is installed. `make fuzz TARGETS="source chip" SECONDS=45 SEED=1`; findings go to build/fuzz.
N ?= 100000
SECONDS ?= 86400
SEED ?= 0
fuzz: .venv/.installed-test
	PYTHONPATH=tests:tests/programs $(BIN)/python -P -m fuzz $(TARGETS) -n $(N) --seconds $(SECONDS) --seed $(SEED)

# Changes sources a little, and sees whether a test fails: of the modules that changed since SINCE, or of those named.
# `make mutate MODULES="isa/codec.py traces/file"`; more tests that judge them: TESTS="tests/judge"; only what
# survived the last run: AGAIN=1. See CONTRIBUTING.md.
SINCE ?= HEAD~20
mutate: .venv/.installed-test
	PYTHONPATH=tests:tests/programs $(BIN)/python -P -m mutation $(or $(MODULES),--since $(SINCE)) $(TESTS:%=--tests %) $(AGAIN:%=--again)

# Which share of lines and branches all tests reach, slow ones too, beside the bar of each layer. Takes long.
coverage: .venv/.installed-test
	$(BIN)/python -m pytest -m "slow or not slow" --cov=acortex --cov-branch --cov-report=json:build/coverage.json $(TESTS)
	$(BIN)/python tests/coverage_bars.py build/coverage.json

# What programs, runs, traces and pictures hold on every Python that is here, with old and new libraries, some threads
# and hash seeds: all the same, or an error.
same: .venv/.installed-test
	rm -rf build/same
	$(BIN)/nox -f tests/noxfile.py -s same

# Wheel, source distribution and SBOM from a clean clone, in dist/.
release: .venv/.installed-test
	$(BIN)/nox -f tests/noxfile.py -s release

# The manual as a site, in build/docs/index.html. Nothing is fetched, and a warning is an error.
docs: .venv/.installed-docs
	$(BIN)/python -m sphinx -b html -q -W --keep-going -d build/doctrees docs build/docs

# As many random programs as a night holds; see tests/judge.
nightly: .venv/.installed-test
	ACORTEX_PROGRAMS=100000 ACORTEX_SKIPS=20000 $(BIN)/python -m pytest -m "slow or not slow" tests/judge

# Rebuilds the pages and pictures of docs/ that hold numbers of simulated runs; takes minutes.
reproduce: .venv/.installed-test
	$(BIN)/python -m acortex.tools.paper docs
	$(BIN)/python -m acortex.tools.analog_page docs/analog-networks.md

# The size and the structure of the sources, each number beside its bound, and the lines of each folder.
shape: .venv/.installed-test
	$(BIN)/python tests/shape.py

# The section of CHANGELOG.md that the fragments in changes/ make; nothing is written.
changelog: .venv/.installed-test
	$(BIN)/python -m towncrier build --draft --version Unreleased

# Rewrites what docs/ shows of tables in the sources: diagnostics, rules, instructions, and what ends each wait;
# and the grammar by which editors highlight.
pages: .venv/.installed-test
	$(BIN)/python -m acortex.isa.language.book > docs/diagnostics.md
	$(BIN)/python -m acortex.sim.functional.rules.book > docs/rules.md
	$(BIN)/python -m acortex.isa.lint.book > docs/lint.md
	$(BIN)/python -m acortex.tools.timing_page docs/timing.md
	$(BIN)/python -m acortex.tools.manual.instructions > docs/reference/instructions.md
	$(BIN)/python -m acortex.tools.manual.language > docs/reference/language.md
	$(BIN)/python -m acortex.tools.manual.waits > docs/reference/waits.md
	$(BIN)/python -m acortex.tools.skipping_picture docs/skipping.svg
	$(BIN)/acortex draw floorplan zoo:inception_v1 -o docs/draw-floorplan.svg
	$(BIN)/acortex draw network zoo:resnet152 -o docs/draw-network.svg
	$(BIN)/acortex draw memory zoo:inception_v1 -o docs/draw-memory.svg
	$(BIN)/acortex draw breakdown zoo:gnmt -o docs/draw-breakdown.svg
	$(BIN)/python -m acortex.tools.editor.textmate > editors/vscode/syntaxes/acortex-asm.tmLanguage.json

lint: .venv/.installed-test
	$(BIN)/ruff format --check $(SOURCES) docs/conf.py tests
	$(BIN)/ruff check $(SOURCES) docs/conf.py tests

types: .venv/.installed-test .pkg/acortex
	$(BIN)/mypy $(SOURCES:%=.pkg/acortex/%)

format: .venv/.installed-test
	$(BIN)/ruff format $(SOURCES) docs/conf.py tests
	$(BIN)/ruff check --fix $(SOURCES) docs/conf.py tests

# The install is editable: what runs is what stands in this folder. A stamp saves the next call from asking pip again.
.venv/.installed: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/.installed-test: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	touch $@ .venv/.installed

.venv/.installed-docs: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[docs]"
	touch $@ .venv/.installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "aCortex needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv

# Type checkers see the checkout as the package that it installs as.
.pkg/acortex:
	mkdir -p .pkg
	ln -s .. $@
