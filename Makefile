# Every target works on a fresh machine with Python 3.11+ (with venv) and make.
PYTHON ?= python3
BIN := .venv/bin
CLIENTS := .venv-clients/bin
JAVASCRIPT := tests/clients/javascript

.PHONY: compiler javascript moto docs demo demo-sip switch telephony test quick check setup clients format lint types bench soak clean

setup: .venv/.ready

.venv/.ready: pyproject.toml constraints.txt src/trunkcall/__init__.py
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	PIP_CONSTRAINT=$(CURDIR)/constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

# Clients that pin botocore themselves live apart from the product.
clients: .venv-clients/.ready javascript

.venv-clients/.ready: constraints-clients.txt
	test -x $(CLIENTS)/python || $(PYTHON) -m venv .venv-clients
	PIP_CONSTRAINT=$(CURDIR)/constraints-clients.txt $(CLIENTS)/python -m pip install --quiet --disable-pip-version-check awscli
	touch $@

# What the benchmarks compare with. It brings much along, and no test needs it.
moto: .venv-clients/.moto

.venv-clients/.moto: .venv-clients/.ready
	PIP_CONSTRAINT=$(CURDIR)/constraints-clients.txt $(CLIENTS)/python -m pip install --quiet --disable-pip-version-check 'moto[server]'
	touch $@

# The AWS SDK for JavaScript. Without npm and without root its tests say that they were skipped.
javascript:
	@command -v npm >/dev/null || test "$$(id -u)" != 0 || { apt-get update -qq && apt-get install -y -qq nodejs npm; }
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(JAVASCRIPT)/node_modules/.ready; fi

$(JAVASCRIPT)/node_modules/.ready: $(JAVASCRIPT)/package.json $(JAVASCRIPT)/package-lock.json
	cd $(JAVASCRIPT) && npm ci --silent --no-audit --no-fund
	touch $@

demo: setup
	$(BIN)/trunkcall demo

# A campaign over SIP, in a network namespace with nothing but lo: nobody can be called from there.
demo-sip: setup switch
	@test "$$(id -u)" = 0 || { echo "make demo-sip needs root, to make a network namespace." >&2; exit 1; }
	cd tests && CI=true PYTHONPATH=. ../$(BIN)/python -m telephony.asterisk.namespace ../$(BIN)/python ../examples/sip/demo.py

# Compiles the disk that fails on request. Without gcc and without root its tests say that they were skipped.
compiler:
	@command -v gcc >/dev/null || test "$$(id -u)" != 0 || { apt-get update -qq && apt-get install -y -qq gcc libc6-dev; }

# What real calls are tested with. Without root the tests say that they were skipped.
switch:
	@test "$$(id -u)" != 0 || { command -v sipp && command -v baresip; } >/dev/null || { apt-get update -qq && apt-get install -y -qq sip-tester baresip-core; }
	@test "$$(id -u)" != 0 || scripts/get-switch

# In a network namespace with nothing but lo: nobody can be called from there. Calls are made in real time, with others at
# work on the same cores: what fails is named, run once more with nobody beside it, and has to hold then.
TELEPHONY := telephony/asterisk $(addprefix telephony/test_,carrier_conformance.py session_conformance.py media_conformance.py)
NAMESPACED := cd tests && ../$(BIN)/python -m telephony.asterisk.namespace ../$(BIN)/python -m pytest
telephony: setup switch
	($(NAMESPACED) $(SIDE_BY_SIDE) $(TELEPHONY)) || { test $$? -eq 1 && \
		$(NAMESPACED) --last-failed --last-failed-no-failures none --timeout 300 $(TELEPHONY); }

# Tests run side by side, more of them than there are cores, as most wait for a server or a clock: tests/conftest.py says
# how many, and which must stay together. Each is told in good time when it takes too long, with others at work.
SIDE_BY_SIDE := --numprocesses auto --dist loadgroup --timeout 300

# As root those with a real Asterisk are run by `telephony`; without, they are skipped by name among the others.
ROOT := $(filter 0,$(shell id -u))
OTHERS := $(if $(ROOT),--ignore tests/telephony/asterisk)

# Servers are started by the hundred, so what they import is compiled once, also where Python is told not to.
test quick telephony: export PYTHONDONTWRITEBYTECODE :=
test: setup clients compiler switch
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(OTHERS)
	$(MAKE) --no-print-directory telephony

# For all day: what is not marked as long, the same examples each time, and the names of those that grow too long.
quick: lint
	$(BIN)/python -m pytest -m "not long" $(SIDE_BY_SIDE) $(OTHERS) --hypothesis-profile quick --durations 5 --durations-min 5

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

check: format lint types test

# Pages that are made from the tables they describe.
docs: setup
	for page in docs/make_*.py; do $(BIN)/python $$page || exit 1; done

# The long form of the fault suite: some hours.
soak: setup
	TRUNKCALL_SOAK=1 TRUNKCALL_FAULT_ROUNDS=100 $(BIN)/python -m pytest tests/faults tests/storage/test_damage.py --timeout 7200

# That of telephony needs root, for a network namespace, and that of beeps espeak-ng; without they say that they are left out.
bench: setup moto switch
	for bench in api store due migration pacing contact_flows flow_turns several simulator beeps scale statuses presence centre calling do_not_call telephony media recordings media_limit branches; do $(BIN)/python benchmarks/$$bench.py || exit 1; done

clean:
	rm -rf .venv .venv-clients .venv-wheel .mypy_cache .ruff_cache .pytest_cache .hypothesis $(JAVASCRIPT)/node_modules
