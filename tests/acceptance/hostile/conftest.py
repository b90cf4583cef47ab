"""A server for the tests of a module, of which each must leave the others served.

After each test it must answer /health and a signed call, and have logged nothing: what anybody can send all day long
would fill the disk that the store is on.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from acceptance.hostile.support import still_serves
from serving import Serving, serving
from wire import Signer, Wire


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("hostile") / "data", agents=0) as running:
        yield running


@pytest.fixture(scope="module")
def signer(server: Serving) -> Signer:
    return Signer.of(server.environment)


@pytest.fixture
def wire(server: Serving) -> Iterator[Wire]:
    with Wire(server.url) as connection:
        yield connection


@pytest.fixture(autouse=True)
def _the_others_are_still_served(server: Serving, signer: Signer) -> Iterator[None]:
    before = server.log_path.stat().st_size
    yield
    still_serves(server, signer)
    with server.log_path.open() as log:
        log.seek(before)
        written = log.read()
    assert written == "", written[-4000:]
