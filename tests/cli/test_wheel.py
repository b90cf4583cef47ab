"""The package as it is installed elsewhere: a wheel in an environment of its own, on every Python that is claimed and
is found here. A user would get a command that works in the source tree alone.

An environment with what the wheel needs is made once for each Python, in `.venv-wheel`, and anew when that changes. The
wheel is built and installed each time.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from serving import ROOT

ENVIRONMENTS = ROOT / ".venv-wheel"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CLAIMED = [found[1] for line in PROJECT["classifiers"] if (found := re.search(r":: (3\.\d+)$", line))]
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")
pytestmark = [pytest.mark.timeout(900), pytest.mark.long]


def python_of(version: str) -> str | None:
    """A Python of this version on this machine."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    homes = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for path in (shutil.which(f"python{version}"), f"/usr/bin/python{version}", *map(str, homes)):
        if path is not None and Path(path).exists():
            # What stands for a Python, as pyenv's does, may have none behind it.
            ended = subprocess.run([path, "-c", "import venv, ensurepip"], capture_output=True, check=False)
            if ended.returncode == 0:
                return path
    return None


def run(*command: str | Path) -> None:
    constraints = {"PIP_CONSTRAINT": str(ROOT / "constraints.txt")}
    ended = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, env={**os.environ, **constraints}, check=False
    )
    assert ended.returncode == 0, ended.stderr[-4000:]


def environment(version: str, python: str) -> Path:
    """The Python of an environment that has what the wheel needs."""
    needs = hashlib.sha256(repr(PROJECT["dependencies"]).encode() + (ROOT / "constraints.txt").read_bytes())
    folder = ENVIRONMENTS / version
    inside, ready = folder / "bin/python", folder / ".ready"
    if not ready.exists() or ready.read_text() != needs.hexdigest():
        shutil.rmtree(folder, ignore_errors=True)
        run(python, "-m", "venv", folder)
        # What is run but once need not be compiled before.
        run(inside, *PIP, "install", "--no-compile", *PROJECT["dependencies"])
        ready.write_text(needs.hexdigest())
    return inside


@dataclass(frozen=True)
class Seen:
    """What the installed command printed."""

    version: str
    shift: str
    demo: str
    demo_code: int
    demo_errors: str


def use(inside: Path, folder: Path) -> Seen:
    """Install the wheel in an environment, and use the command far away from the source tree."""
    run(inside, *PIP, "install", "--no-deps", "--no-compile", "--force-reinstall", *folder.glob("*.whl"))
    run(inside, *PIP, "check")
    command = str(inside.with_name("trunkcall"))
    version, shift = (
        subprocess.run([command, *arguments], capture_output=True, text=True, check=True, cwd=folder).stdout
        for arguments in (("--version",), ("simulate", "--agents", "2", "--hours", ".1"))
    )
    demo = subprocess.Popen(
        [command, "demo", "--speed", "1000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert demo.stdout is not None
    before = []
    while (line := demo.stdout.readline()) and not line.startswith("leads"):
        before.append(line)
    demo.send_signal(signal.SIGINT)
    out, err = demo.communicate(timeout=60)
    return Seen(version, shift, "".join(before) + out, demo.returncode, err)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Seen]]]:
    """What each Python's command printed. They work side by side, since much of it is waiting."""
    with ThreadPoolExecutor() as pool:
        pythons = {version: python_of(version) for version in CLAIMED}
        made = {version: pool.submit(environment, version, python) for version, python in pythons.items() if python}
        folder = tmp_path_factory.mktemp("wheel")
        run(sys.executable, *PIP, "wheel", "--no-deps", "--wheel-dir", folder, ROOT)
        yield {version: pool.submit(use, future.result(), folder) for version, future in made.items()}


@pytest.mark.parametrize("version", CLAIMED)
def test_the_installed_command_works(version: str, seen: dict[str, Future[Seen]]) -> None:
    if version not in seen:
        # The project installs none: it is told on those that the machine has, of which the suite's own is one.
        pytest.skip(f"there is no Python {version} here")
    printed = seen[version].result()
    assert re.fullmatch(r"trunkcall \d+\.\d+\.\d+\n", printed.version)
    assert "occupancy" in printed.shift
    assert "loading the leads" in printed.demo
    assert "What became of every lead" in printed.demo
    assert (printed.demo_code, printed.demo_errors) == (130, "")


def test_the_python_of_this_suite_is_claimed() -> None:
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in CLAIMED
