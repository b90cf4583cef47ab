"""What holds for every test, wherever it stands.

Decides how many tests run side by side, and which stay together: those that share something of their module, as a
server, so that it is made once, and tests that speak of what earlier ones did find them on the same server.
"""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

from faults.disk import keep_mounts_to_ourselves
from telephony.asterisk.namespace import INSIDE

WORKERS_PER_CORE = 2
"""Most stories wait for a server or for a clock."""
CALLS_PER_CORE = 3
"""Those of a real switch wait for telephones, and do nothing else for most of their time."""
MAX_WORKERS = 16

# How long an example takes says nothing while others are at work.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("suite"), max_examples=30, derandomize=True, database=None)
settings.load_profile("suite")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background jobs ignore Ctrl-C, and so would every program that a test starts and interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure() -> None:
    keep_mounts_to_ourselves()


def pytest_xdist_auto_num_workers() -> int:
    per_core = CALLS_PER_CORE if INSIDE in os.environ else WORKERS_PER_CORE
    return min(MAX_WORKERS, per_core * (os.cpu_count() or 1))


def pytest_itemcollected(item: pytest.Item) -> None:
    if isinstance(item, pytest.Function) and shares_with_its_module(item):
        item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Begun last, a long story would go on alone while the other cores idle.
    items.sort(key=lambda item: item.get_closest_marker("long") is None or any(item.iter_markers("xdist_group")))


def shares_with_its_module(item: pytest.Function) -> bool:
    """Whether it uses a fixture that is made once for all tests of a module."""
    made = item._fixtureinfo.name2fixturedefs
    return any(definition.scope == "module" for definitions in made.values() for definition in definitions)
