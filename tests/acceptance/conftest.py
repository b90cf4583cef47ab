"""Servers that acceptance tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serving import Serving, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server at 600 times real time, shared by the tests of a module."""
    path: Path = tmp_path_factory.mktemp("acceptance") / "data"
    with serving(path, speed=600, agents=20) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: Serving) -> Any:
    return server.client()
