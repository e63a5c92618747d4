# What a newcomer, a developer and CI run. `make` alone lists it.
#
# It needs make, Python 3.11 or newer and pip; everything else goes into .venv.
#   PYTHON=python3.13   the Python to make .venv with
#   ARGS="-k foscarnet" more words for pytest; ARGS="-n 0" runs the tests in one process

.DEFAULT_GOAL := help
.PHONY: help setup demo verify test test-long mutation fuzz generated-cases bench bench-quick malformed load lint format generate check-generated golden pins wheel lock sbom audit-dependencies installed-demo clean

BIN := .venv/bin

# The first Python of these that is new enough. Only asked where it is needed.
PYTHON = $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-19s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Make .venv with rashpath and its tools; quick and offline where nothing changed
	@python="$(PYTHON)"; \
	[ -n "$$python" ] && "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "error: rashpath needs Python 3.11 or newer; name one with \`make setup PYTHON=/path/to/python3\`" >&2; \
		exit 1; }; \
	"$$python" .ci/setup.py

demo: setup ## Start a server, decide and explain a real case, stop the server
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh docs/example/demo.sh

verify: setup ## Prove the shipped guideline over all cases, and cross-check it
	$(BIN)/rashpath guideline verify --cross-check 20

test: setup ## Run the tests
	@sh .ci/chromium.sh
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

test-long: setup ## Run the tests, the long ones too
	@$(BIN)/python .ci/setup.py spark
	$(BIN)/python -m pytest -m "long or not long" $(ARGS)

mutation: setup ## Try every slip of an author in the guideline; none may survive (takes long)
	$(BIN)/python -m tests.coverage.mutation --write $(ARGS)

fuzz: setup ## Feed whatever to all that reads what others wrote; ARGS="--seconds 600 --seed 2"
	$(BIN)/python -m tests.fuzz $(ARGS)

generated-cases: setup ## Write the generated cases and the record of the content anew
	$(BIN)/rashpath guideline generate-cases -o tests/generated
	$(BIN)/python -m tests.coverage.record

bench: setup ## Measure everything and write docs/performance.* (up to ten minutes, on a quiet machine)
	@$(BIN)/python .ci/setup.py bench
	$(BIN)/python -m tests.bench.run --write $(ARGS)

bench-quick: setup ## Measure in under a minute and print a table
	@$(BIN)/python .ci/setup.py bench
	$(BIN)/python -m tests.bench.run --quick $(ARGS)

malformed: setup ## Give malformed cases to rashpath and to other engines, and write docs/malformed-input.md
	@$(BIN)/python .ci/setup.py bench
	$(BIN)/python -m tests.malformed.run --write $(ARGS)

load: setup ## Run servers under load and faults and write docs/load-and-faults.md (75 minutes)
	$(BIN)/python -m tests.load --write $(ARGS)

lint: setup ## Check style, types, who imports whom, and the contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy .ci/setup.py .ci/generate.py .ci/supply.py
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/buf lint proto

format: setup ## Format the code, and mend what ruff can mend
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

generate: setup ## Write the Python code of the contract, and compile the kernel (kernel.c)
	$(BIN)/python .ci/generate.py

check-generated: setup ## Check that the committed generated code is current
	$(BIN)/python .ci/generate.py --check

golden: setup ## Rewrite the golden pictures' texts; read their diff
	$(BIN)/python -m tests.diagram.pictures

pins: setup ## Write the versions in .venv, and of the supply tools, to .ci/constraints.txt
	$(BIN)/python .ci/supply.py tools
	@{ echo "# Versions that were tested together; \`make pins\` rewrites this from the present environment."; \
	{ $(BIN)/python -m pip freeze --exclude-editable --exclude pip --exclude setuptools; \
	$(BIN)/python -m pip --python build/supply/tools/bin/python freeze; } \
	| awk -F == '!seen[tolower($$1)]++' | LC_ALL=C sort -f -t = -k 1,1; } > .ci/constraints.txt.new
	@mv .ci/constraints.txt.new .ci/constraints.txt

wheel: setup ## Build the wheel into dist/; the same sources give the same bytes
	$(BIN)/python -m pip wheel --quiet --no-deps --no-index --no-build-isolation --wheel-dir dist .

lock: setup ## Write server/deploy/lock: every runtime dependency with its hashes
	$(BIN)/python .ci/supply.py lock

sbom: setup ## Write the software bill of materials and the licences to build/sbom
	$(BIN)/python .ci/supply.py sbom

audit-dependencies: setup ## Ask for known faults in dependencies: 0 none, 1 some, 3 not to be asked
	$(BIN)/python .ci/supply.py audit $(ARGS)

installed-demo: setup ## Run the container's build steps in an empty environment, and the demo there
	$(BIN)/python -m pytest -m long tests/deploy/test_build_steps.py $(ARGS)

clean: ## Remove .venv and every cache
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find graph server clients tests .ci -name __pycache__ -type d -prune -exec rm -rf {} +
