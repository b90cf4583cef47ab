"""The failing disk that the tests of this folder share."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.disk import Disk, build


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled library."""
    return build(tmp_path_factory.mktemp("diskfault"))


@pytest.fixture
def disk(library: Path, tmp_path: Path) -> Disk:
    """A disk for files named after the store's."""
    return Disk(tmp_path, library, "trunkcall.db")
