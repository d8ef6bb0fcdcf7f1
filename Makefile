# The front door: `make help` lists what there is.

PYTHON ?= python3
PORT   ?= 8000
JOBS   ?= 2

VENV     := .venv
BIN      := $(VENV)/bin
STAMP    := $(VENV)/.installed
PACKAGES := recsys features training serving experiments

DEMO       := demo
SHOP       := demo-shop
MEMBERS    ?= 3000
PRODUCTS   ?= 600
MEMBER     := m00000023
PRODUCT    := p000042
MLFLOW_PORT ?= 5000

API     = http://127.0.0.1:$(PORT)/v1
HEADERS = -H "Authorization: Bearer $$(cat $(DEMO)/key)" -H "Content-Type: application/json"
ASKED   = {"member_id": "$(MEMBER)", "placement": "home", "n": 6}

define PORT_FREE
import os, socket, subprocess, sys
port, pid_file = int(sys.argv[1]), sys.argv[2]
try:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
except OSError as error:
    try:  # the demo itself may run there: it is stopped next
        pid = open(pid_file).read().strip()
        proc = f"/proc/{pid}/cmdline"
        ran = open(proc).read().replace("\0", " ") if os.path.exists(proc) else subprocess.run(
            ["ps", "-ww", "-p", pid, "-o", "args="], capture_output=True, text=True).stdout
    except OSError:
        ran = ""
    if "recsys serve" not in ran or ran.split()[-2:] != ["--port", str(port)]:
        sys.exit(f"cannot listen on port {port} ({error.strerror}); stop what listens there or choose another: "
                 f"make {sys.argv[3]} PORT={port + 1}")
endef
export PORT_FREE

define WAIT
import json, os, sys, time, urllib.error, urllib.request
url, pid, key = sys.argv[1], int(open(sys.argv[2]).read()), open(sys.argv[3]).read().strip()
served = open(sys.argv[4]).read().strip()
until = time.monotonic() + 60
while time.monotonic() < until:
    try:
        with urllib.request.urlopen(url + "/health/ready", timeout=2) as answer:
            bundle = json.load(answer)["bundle_id"]
        # Only the service of this very store knows a key that was made a moment ago.
        asked = urllib.request.Request(url + "/v1/models", headers={"Authorization": "Bearer " + key})
        urllib.request.urlopen(asked, timeout=2).close()
        os.kill(pid, 0)
        if bundle[:16] == served:
            sys.exit(0)
        sys.exit(f"{url} serves the bundle {bundle[:16]}, the demo's is {served}")
    except ProcessLookupError:
        sys.exit("its process has ended")
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            sys.exit(f"another service answers at {url}: it does not know the demo's key")
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        sys.exit("its process has ended")
    time.sleep(0.2)
sys.exit("it was not ready within 60 s")
endef
export WAIT

define WELCOME

The demo runs. Open
  http://127.0.0.1:$(PORT)/docs      the API, to try in the browser
  make mlflow                     the training runs, in MLflow: http://127.0.0.1:$(MLFLOW_PORT)/#/experiments/1/runs

Lines to try here (the member and the product are real). What is recommended to a member:

  curl -s $(API)/recommendations $(HEADERS) -d '$(ASKED)'

The member looks at a product; ask the line above again, and the answer knows it:

  curl -s $(API)/events $(HEADERS) -d '{"events": [{"event_id": "e1", "member_id": "$(MEMBER)", "kind": "view", "product_id": "$(PRODUCT)"}]}'

Products and at most one offer for the member's home page:

  curl -s $(API)/slates $(HEADERS) -d '$(ASKED)'

What is known of the member: tier and what the next one takes, points, stage, value, what is due:

  curl -s $(API)/members/$(MEMBER) -H "Authorization: Bearer $$(cat $(DEMO)/key)"

Its log is $(DEMO)/serve.log; make demo-stop stops it.
endef
export WELCOME

.DEFAULT_GOAL := help

.PHONY: help setup demo demo-serve demo-stop mlflow test test-fast check lint types imports docs coverage bench lock clean
.DELETE_ON_ERROR:

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with everything the demo and the tests need

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(f"Python 3.11 or newer is needed, $(PYTHON) is {v[0]}.{v[1]}; name another one: make setup PYTHON=python3.11") if v < (3, 11) else None'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import os, sysconfig, sys; sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' || { echo "Python.h is missing, LightFM is compiled against it; on Debian and Ubuntu: apt install python3-dev" >&2; exit 1; }
	@command -v $${CC:-cc} >/dev/null || command -v gcc >/dev/null || { echo "a C compiler is needed to build LightFM; on Debian and Ubuntu: apt install gcc, on macOS: xcode-select --install" >&2; exit 1; }
	@echo "setup: installing into $(VENV) (a few minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	LIGHTFM_NO_CFLAGS=1 $(BIN)/python -m pip install --disable-pip-version-check --no-warn-script-location \
		--constraint requirements.lock --editable '.[train,parquet,postgres,test]'
	@touch $@

demo: setup ## a simulated retailer from nothing to a running service (PORT=8000)
	@$(BIN)/python -c "$$PORT_FREE" $(PORT) $(DEMO)/serve.pid demo
	@$(MAKE) --no-print-directory demo-stop
	rm -rf $(DEMO) $(SHOP) $(SHOP)-truth
	$(BIN)/recsys simulate --out $(SHOP) --members $(MEMBERS) --products $(PRODUCTS) --seed 7
	$(BIN)/recsys ingest simulated --data $(SHOP) --out $(DEMO)
	$(BIN)/recsys train --workspace $(DEMO)
	$(BIN)/recsys publish --workspace $(DEMO)
	@$(MAKE) --no-print-directory demo-serve

demo-serve: setup ## serve the demo again as it stands, without building it anew (PORT=8000)
	@test -f $(DEMO)/serving/current || { echo "there is no demo to serve yet; run: make demo" >&2; exit 1; }
	@$(BIN)/python -c "$$PORT_FREE" $(PORT) $(DEMO)/serve.pid demo-serve
	@$(MAKE) --no-print-directory demo-stop
	@umask 077; $(BIN)/recsys key create --workspace $(DEMO) --name demo --json \
		| $(BIN)/python -c 'import json, sys; print(json.load(sys.stdin)["key"])' > $(DEMO)/key
	@nohup $(BIN)/recsys serve --workspace $(DEMO) --port $(PORT) > $(DEMO)/serve.log 2>&1 & echo $$! > $(DEMO)/serve.pid
	@$(BIN)/python -c "$$WAIT" http://127.0.0.1:$(PORT) $(DEMO)/serve.pid $(DEMO)/key $(DEMO)/serving/current \
		|| { echo "the service did not start; its log:" >&2; tail -20 $(DEMO)/serve.log >&2; exit 1; }
	@printf '%s\n' "$$WELCOME"

demo-stop: ## stop the demo's service
	@pid=$$(cat $(DEMO)/serve.pid 2>/dev/null) || exit 0; \
	if { tr '\0' ' ' < /proc/$$pid/cmdline || ps -p $$pid -o args=; } 2>/dev/null | grep -q 'recsys serve'; then \
		echo "stopping the demo's service (process $$pid)"; kill $$pid; \
		for _ in $$(seq 100); do kill -0 $$pid 2>/dev/null || break; sleep 0.1; done; \
	fi; rm -f $(DEMO)/serve.pid

mlflow: setup ## look at the demo's runs in MLflow (MLFLOW_PORT=5000)
	@echo "the runs are at http://127.0.0.1:$(MLFLOW_PORT)/#/experiments/1/runs once it listens"
	MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false MLFLOW_DISABLE_TELEMETRY=true \
		$(BIN)/mlflow ui --backend-store-uri sqlite:///$(DEMO)/mlflow.db --workers 1 --port $(MLFLOW_PORT)

lock: ## resolve the dependencies anew into requirements.lock (needs uv)
	uv pip compile --universal --python-version 3.11 --no-emit-index-url --no-annotate --no-header --upgrade \
		--extra train --extra parquet --extra registry --extra postgres --extra test pyproject.toml -o requirements.lock

clean: demo-stop ## remove what was built, the demo too; .venv stays
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage coverage.xml
	rm -rf $(DEMO) $(SHOP) $(SHOP)-truth
	find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

test: check ## everything: lint, types, import directions, all tests (JOBS=2 processes)
	$(BIN)/pytest -n $(JOBS) --dist loadfile

test-fast: setup ## the engine's tests only, without lint
	$(BIN)/pytest -q tests/recsys tests/contract tests/properties recsys

check: lint types imports ## lint, types and import directions

lint: setup ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --diff .

types: setup ## mypy, strict
	$(BIN)/mypy

imports: setup ## import-linter: which room may import which
	@PYTHONIOENCODING=utf-8 $(BIN)/lint-imports

docs: setup ## does the README say what is true: commands, options, targets, links
	$(BIN)/pytest -q tests/test_docs.py tests/test_architecture.py

coverage: setup ## all tests with line and branch coverage
	$(BIN)/pytest -n $(JOBS) --dist loadfile --cov --cov-report=term --cov-report=xml

bench: setup ## measure serving and bulk decisions against their floors
	$(BIN)/recsys bench serve
	$(BIN)/recsys bench bulk
