# The verbs of the project. Each works a second time without network, in seconds:
# what was installed leaves a stamp in .venv, which is older than what it depends on
# only if that has changed.

PYTHON ?= $(shell .ci/python)
BIN := .venv/bin
MYPY := $(BIN)/mypy
RUFF := $(BIN)/ruff

.PHONY: run test bench lint types check clean

# exec: Ctrl-C goes to the server alone, and make says nothing of it.
run: .venv/.installed
	@exec $(BIN)/oneroom serve $(ARGS)

check: lint types test

test: .venv/.installed-dev
	@.ci/programs
	@$(BIN)/python -m pytest $(ARGS)

# The room beside its peers: minutes; ARGS=--quick: one.
bench: .venv/.installed-bench
	@$(BIN)/python -m benchmarks $(ARGS)

lint: .venv/.installed-dev
	@$(RUFF) check .
	@$(RUFF) format --check --quiet . || { $(RUFF) format --check .; exit 1; }

types: .venv/.installed-dev
	@$(MYPY)

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist

.venv/.installed: pyproject.toml
	@$(call install,.)

.venv/.installed-dev: pyproject.toml
	@$(call install,.[dev])
	@touch .venv/.installed

# Adds to what is there, and leaves the other stamps true.
.venv/.installed-bench: pyproject.toml | .venv/.installed
	@echo "Installing the benchmark's peers into .venv (once)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[bench]"
	@touch $@

# A half-made .venv has no stamp, and is made anew.
define install
	test -n "$(PYTHON)" || exit 1; \
	echo "Installing oneroom into .venv (once)…"; \
	rm -f .venv/.installed .venv/.installed-dev; \
	{ test -x $(BIN)/python && $(BIN)/python -m pip --version >/dev/null 2>&1; } \
	|| $(PYTHON) -m venv --clear .venv \
	|| { echo "Python's venv is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable "$(1)" && touch $@
endef
