"""What the tests of the documents share: pages, their blocks, the generators, and a server to run examples against."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from commands import COMMANDS, Command

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")])

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 30.0
EXAMPLE_TIMEOUT_S = 280.0

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page. ``line`` is where its text begins."""

    language: str
    text: str
    line: int


def read(page: str) -> str:
    """A page by its path from the root of the tree."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[Block]:
    """The fenced blocks that begin at the margin."""
    text = read(page)
    return [Block(m[1], m[2], text.count("\n", 0, m.start(2)) + 1) for m in _BLOCK.finditer(text)]


def without_blocks(text: str) -> str:
    """A page's prose."""
    return _BLOCK.sub("", text)


def generator(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A script of docs/ as a module."""
    monkeypatch.syspath_prepend(str(DOCS))
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Reader:
    """Somebody who follows a page: a folder as the page expects it, and an environment with the command in it."""

    folder: Path
    environment: dict[str, str]

    def follow(self, page: str) -> list[tuple[Block, str]]:
        """Run every bash and python block of the page in order; each with what it printed."""
        steps = [block for block in blocks(page) if block.language in ("bash", "python")]
        result = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("follow.py"))],
            input=json.dumps([[step.language, step.text] for step in steps]),
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=self.environment,
            timeout=EXAMPLE_TIMEOUT_S,
        )
        assert result.returncode == 0, f"{page}: {result.stderr}"
        return list(zip(steps, json.loads(result.stdout), strict=True))


@contextmanager
def reader(folder: Path, *, speed: float = 120) -> Iterator[Reader]:
    """A reader in a folder that looks like the source tree, with `trunkcall serve` at work on ``trunkcall-data``."""
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "examples").symlink_to(ROOT / "examples")
    data_dir = folder / "trunkcall-data"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TRUNKCALL_"))}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    # Nothing of the machine's own AWS configuration may reach the examples.
    environment["HOME"] = str(folder)
    arguments = ["serve", "--data-dir", str(data_dir), "--port", "0"]
    arguments += ["--speed", f"{speed:g}", "--drain-s", "0", "--log-level", "warning"]
    process = COMMANDS.start(arguments, environment, folder=folder)
    try:
        _wait_for(process, data_dir)
        yield Reader(folder, environment)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(process: Command, data_dir: Path) -> None:
    give_up_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < give_up_s:
        assert process.poll() is None, "the server ended at once"
        try:
            url = (data_dir / "endpoint").read_text(encoding="ascii").strip()
            with urllib.request.urlopen(f"{url}/health", timeout=5):
                return
        except (OSError, urllib.error.URLError, ValueError):
            time.sleep(0.05)
    raise AssertionError("the server did not come up")
