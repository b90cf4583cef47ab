"""What somebody reads who mistyped. A user would lose the way out: one sentence that says what, where and what would be
right, before anything is dialed or written."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from serving import serving
from trunkcall.cli.app import main

Said = Callable[..., str]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Said:
    """What a command that goes wrong writes to standard error, with lines and boxes undone."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_CONNECTCAMPAIGNS"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["trunkcall", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code in (1, 2)
        return " ".join(capsys.readouterr().err.replace("│", " ").split())

    return run


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a server that has ended."""
    with serving(tmp_path_factory.mktemp("mistakes") / "data", agents=0) as server:
        server.stop()
    return server.data_dir


def test_a_retention_beyond_a_century_is_refused(said: Said, data_dir: Path) -> None:
    assert "36500" in said("retention", "--days", "999999999999", "--data-dir", data_dir)
