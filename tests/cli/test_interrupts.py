"""Ctrl-C, SIGTERM and a closed terminal, at whatever instant they come: one line, the exit code that shells expect, no
frames, and nothing left behind. A user would take a page of frames for a fault, and a server that nobody stopped holds
its port for ever.

By default a few instants are tried; all of them with TRUNKCALL_SOAK.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from serving import ROOT, serving

pytestmark = pytest.mark.long

BEGIN = "import os, sys; from trunkcall.__main__ import main; os.write(int(sys.argv.pop(1)), b'.'); main()"
"""The command, which says when its own first lines have run: what the interpreter does before is not ours."""
SOAK = "TRUNKCALL_SOAK" in os.environ
INSTANTS_S = [n / 50 for n in range(200)] if SOAK else [0.0, 0.3, 0.8, 1.5]
TIMEOUT_S = 60.0
AT_ONCE = 3
LEADS = ROOT / "examples/leads.csv"

COMMANDS = {
    "serve": ("serve", "--data-dir", "{}/data", "--port", "0", "--log-level", "error"),
    "carrier": ("carrier", "--data-dir", "{}/data", "--carrier-port", "0", "--log-level", "error"),
    "demo": ("demo", "--leads", "{leads}"),
    "simulate": ("simulate", "--runs", "1000", "--agents", "5"),
    "backup": ("db", "backup", "{}/backup", "--data-dir", "{store}"),
    "export": ("export", "contacts", "--output", "{}/contacts.jsonl", "--data-dir", "{store}"),
    "load": ("load", "{leads}", "--campaign", "Spring", "--rejected", "{}/rejected.csv", "--data-dir", "{store}"),
    "watch": ("campaign", "watch", "--data-dir", "{store}"),
}
GOOD_ENDS = ("serve", "carrier", "watch")
"""Commands that go on until somebody asks for their end."""
SHORT = ("backup", "export", "load")
"""Commands that may have done all before the signal comes."""


@dataclass(frozen=True)
class Ended:
    """What is seen of a command that was interrupted."""

    code: int
    out: str
    err: str
    left: list[str]
    """Directories of its own that are still there."""


def interrupted(folder: Path, arguments: tuple[str, ...], after_s: float, number: signal.Signals) -> Ended:
    """Start a command, send it the signal so long after its first line, and wait for its end. It heeds Ctrl-C and the
    signal even if whoever runs the tests ignores them, as in the background or under ``nohup``."""
    folder.mkdir()

    def heed() -> None:
        for each in (signal.SIGINT, number):
            signal.signal(each, signal.SIG_DFL)

    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", BEGIN, str(writing), *arguments],
        pass_fds=[writing],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
        preexec_fn=heed,
    )
    os.close(writing)
    assert os.read(reading, 1) == b"."
    os.close(reading)
    time.sleep(after_s)
    process.send_signal(number)
    try:
        out, err = process.communicate(timeout=TIMEOUT_S)
    finally:
        process.kill()
    return Ended(process.returncode, out, err, [path.name for path in folder.glob("trunkcall*")])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data directory of a server, with a campaign that takes dial requests."""
    with serving(tmp_path_factory.mktemp("store") / "data", agents=0) as server:
        client = server.client()
        client.start_campaign(id=client.create_campaign(**server.campaign_arguments("Spring"))["id"])
        yield server.data_dir


@pytest.fixture(scope="module")
def ended(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, float], Future[Ended]]]:
    """Every command, interrupted at every instant; several at once, since most of the time they wait."""
    base = tmp_path_factory.mktemp("interrupted")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            (name, at_s): pool.submit(
                interrupted,
                base / f"{name}-{at_s}",
                tuple(
                    part.replace("{}", str(base / f"{name}-{at_s}")).format(store=store, leads=LEADS)
                    for part in arguments
                ),
                at_s,
                signal.SIGINT,
            )
            for name, arguments in COMMANDS.items()
            for at_s in INSTANTS_S
        }


@pytest.mark.parametrize("at_s", INSTANTS_S)
@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c_ends_a_command_with_one_line(
    name: str, at_s: float, ended: dict[tuple[str, float], Future[Ended]]
) -> None:
    end = ended[name, at_s].result()
    assert not end.left
    if end.code in (0, -signal.SIGINT) and name in (*GOOD_ENDS, *SHORT):
        # All was done; the interpreter itself may have been ending.
        assert "Interrupted" not in end.err
        assert "Traceback" not in end.err
        return
    assert end.code == 130
    if name == "demo" and "is Running" in end.out:
        assert "What became of every lead" in end.out or "Interrupted" in end.err
        assert end.err in ("", "trunkcall: Interrupted.\n")
        return
    assert end.err.removeprefix("trunkcall: ").startswith("Interrupted")
    assert end.err.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_demonstration_that_is_ended_takes_its_server_with_it(number: signal.Signals, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    end = interrupted(folder, tuple(part.format(leads=LEADS) for part in COMMANDS["demo"]), 2.5, number)
    assert end.code in (-number, 128 + number)
    assert "Traceback" not in end.err
    assert not end.left
    assert not [process for process in running() if str(folder) in process]


def test_a_server_that_the_service_manager_stops_while_it_starts_says_nothing(tmp_path: Path) -> None:
    arguments = tuple(part.format(tmp_path / "serve") for part in COMMANDS["serve"])
    for number, at_s in enumerate([0.2, 1.0]):
        end = interrupted(tmp_path / f"serve{number}", arguments, at_s, signal.SIGTERM)
        assert end.code in (0, -signal.SIGTERM, 143)
        assert end.err == ""


def test_what_a_shell_runs_in_the_background_does_not_heed_ctrl_c(tmp_path: Path) -> None:
    with serving_in_background(tmp_path / "data") as process:
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_S) in (0, -signal.SIGTERM, 143)


def serving_in_background(data_dir: Path) -> subprocess.Popen[bytes]:
    """A server started as `trunkcall serve &` in a script starts it."""
    return subprocess.Popen(
        [sys.executable, "-m", "trunkcall", "serve", "--data-dir", data_dir, "--port", "0", "--log-level", "error"],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )


def running() -> list[str]:
    """The command lines of all processes."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return lines


def test_an_interrupt_that_comes_where_it_cannot_be_raised_is_not_lost() -> None:
    """As while something is thrown away: the interpreter would only write that it ignored it."""
    program = """
import time
from trunkcall.cli.interrupts import arm, may_interrupt

class Thrown:
    def __del__(self):
        raise KeyboardInterrupt

arm()
may_interrupt()
try:
    del Thrown().nothing
except AttributeError:
    pass
try:
    time.sleep(30)
except KeyboardInterrupt:
    print("came")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert (done.stdout, done.stderr) == ("came\n", "")
