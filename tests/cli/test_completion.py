"""The Tab key, pressed in a real bash. A user would have to remember names, or would see an error where he only wanted
to know how a command goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving import Serving, serving

BASH = """
PATH="$BIN:$PATH"
eval "$(trunkcall completion bash)"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_trunkcall_completion trunkcall
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("completion") / "data", agents=0) as server:
        for name in ("Spring", "Spring sale", "Autumn"):
            server.client().create_campaign(**server.campaign_arguments(name))
        yield server


def tab(*words: str, data_dir: Path | None = None) -> list[str]:
    """What bash offers for the last of these words."""
    given = {"BIN": str(Path(sys.executable).parent), "TRUNKCALL_DATA_DIR": str(data_dir or "nowhere")}
    ended = subprocess.run(
        ["bash", "-c", BASH, "bash", *words],
        capture_output=True,
        text=True,
        env={**os.environ, **given},
        timeout=60,
        check=True,
    )
    assert ended.stderr == ""
    return ended.stdout.split("\n")[:-1]


def test_commands_and_options_are_completed() -> None:
    assert tab("trunkcall", "ex") == ["explain", "exec", "export"]
    assert tab("trunkcall", "db", "ba") == ["backup"]
    assert tab("trunkcall", "export", "contacts", "--form") == ["--format"]


def test_campaigns_are_completed_from_the_server_as_one_word(server: Serving) -> None:
    assert tab("trunkcall", "explain", "--campaign", "Sp", data_dir=server.data_dir) == ["Spring", "Spring\\ sale"]
    assert tab("trunkcall", "campaign", "pause", "A", data_dir=server.data_dir) == ["Autumn"]
    for quote in ("'", '"'):
        assert tab("trunkcall", "campaign", "pause", f"{quote}Spring s", data_dir=server.data_dir) == ["Spring sale"]


def test_without_a_server_nothing_is_offered_and_nothing_said(tmp_path: Path) -> None:
    assert tab("trunkcall", "explain", "--campaign", "Sp", data_dir=tmp_path / "none") == [""]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_told_too(shell: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "trunkcall", "completion", shell], capture_output=True, text=True, check=True
    ).stdout
    assert f"_TRUNKCALL_COMPLETE=complete_{shell}" in told
