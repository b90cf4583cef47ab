"""Which seeds worlds are made from."""

from __future__ import annotations

import pytest

SEEDS = range(40)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("worlds")
    group.addoption("--world-seed", type=int, help="live through this world alone")
    group.addoption("--world-seeds", metavar="FROM:TO", help="live through these worlds, the last one left out")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "world_seed" in metafunc.fixturenames:
        metafunc.parametrize("world_seed", seeds_of(metafunc.config))


def seeds_of(config: pytest.Config) -> range:
    one, many = config.getoption("world_seed", None), config.getoption("world_seeds", None)
    if one is not None:
        return range(one, one + 1)
    if many is not None:
        first, _, end = many.partition(":")
        return range(int(first or 0), int(end))
    return SEEDS
