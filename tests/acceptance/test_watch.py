"""`trunkcall campaign watch` on a terminal and in a pipe. If these fail, a shift is watched blindly, or the terminal is
left in ruins."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from serving import Serving, dial_request, put_all, serving

CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
ENTER_SCREEN, LEAVE_SCREEN, SHOW_CURSOR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"
TIMEOUT_S = 30.0


@dataclass
class Terminal:
    """A command on a terminal of its own."""

    process: subprocess.Popen[bytes]
    master: int
    output: str = ""

    def wait_for(self, words: str, *, after: int = 0) -> None:
        """Until this was written, control codes left out."""
        give_up_s = time.monotonic() + TIMEOUT_S
        while words not in CONTROL.sub("", self.output[after:]):
            assert time.monotonic() < give_up_s, f"{words!r} was never written:\n{self.output[-3000:]}"
            self._read(0.2)

    def ends(self) -> int:
        """Its exit code, once it has ended."""
        give_up_s = time.monotonic() + TIMEOUT_S
        while self.process.poll() is None:
            assert time.monotonic() < give_up_s, self.output[-3000:]
            self._read(0.1)
        self._read(0.1)
        return self.process.returncode

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    @property
    def afterwards(self) -> list[str]:
        """What is on the terminal when the full screen is gone."""
        assert self.output.count(ENTER_SCREEN) == self.output.count(LEAVE_SCREEN) == 1
        assert SHOW_CURSOR in self.output
        return CONTROL.sub("", self.output.rpartition(LEAVE_SCREEN)[2]).strip().splitlines()

    def _read(self, seconds: float) -> None:
        while select.select([self.master], [], [], seconds)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # Its other end is closed.
                return
            self.output += data.decode(errors="replace")
            seconds = 0


def resize(master: int, columns: int, lines: int) -> None:
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


@contextmanager
def on_terminal(server: Serving, *arguments: str, columns: int = 60, lines: int = 20) -> Iterator[Terminal]:
    """A command on a terminal, started from a shell that ignores Ctrl-C."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "trunkcall", *arguments, "--data-dir", str(server.data_dir)]
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")} | {"TERM": "xterm-256color"}
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        resize(master, columns, lines)
        process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
    finally:
        signal.signal(signal.SIGINT, before)
        os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def begin(server: Serving, client: Any, name: str, requests: int) -> str:
    campaign_id: str = client.create_campaign(**server.campaign_arguments(name))["id"]
    client.start_campaign(id=campaign_id)
    expires_at = server.in_instance_time(days=30)
    put_all(client, campaign_id, [dial_request(f"lead-{i}", i, expires_at) for i in range(requests)])
    return campaign_id


def test_a_shift_is_watched_from_attaching_to_ctrl_c(server: Serving, client: Any) -> None:
    begin(server, client, "Watched", 2_000)
    with on_terminal(server, "campaign", "watch", "watched", "--interval", "0.2") as terminal:
        for words in ("Watched", "Running, progressive", "pending", "limit 3%", "20 at work", "a minute"):
            terminal.wait_for(words)
        resized = len(terminal.output)
        resize(terminal.master, 40, 15)
        terminal.wait_for("abandoned", after=resized)
        terminal.press(b"\x03")
        assert terminal.ends() == 0
        assert terminal.afterwards[0].split() == ["name", "Watched"]
        assert terminal.afterwards[1].split() == ["state", "Running"]
        assert all(len(line) <= 40 for line in terminal.afterwards)


def test_a_campaign_that_is_stopped_meanwhile_ends_the_watch(server: Serving, client: Any) -> None:
    campaign_id = begin(server, client, "Stopped soon", 0)
    with on_terminal(server, "campaign", "watch", "Stopped soon", "--interval", "0.2") as terminal:
        terminal.wait_for("Running")
        client.stop_campaign(id=campaign_id)
        assert terminal.ends() == 0
        assert "Stopped soon is Stopped" in " ".join(terminal.afterwards)


def test_a_campaign_that_is_deleted_meanwhile_ends_the_watch(server: Serving, client: Any) -> None:
    campaign_id = begin(server, client, "Deleted soon", 0)
    with on_terminal(server, "campaign", "watch", "Deleted soon", "--interval", "0.2") as terminal:
        terminal.wait_for("Running")
        client.delete_campaign(id=campaign_id)
        assert terminal.ends() == 0
        assert terminal.afterwards[-1] == "Deleted soon was deleted."


def test_a_server_that_goes_away_is_said_and_found_again(tmp_path: Path) -> None:
    with serving(tmp_path / "data", speed=600, agents=5) as server:
        server.pinned()
        begin(server, server.client(), "Spring", 400)
        with on_terminal(server, "campaign", "watch", "--interval", "0.2") as terminal:
            terminal.wait_for("Spring  Running")
            gone = len(terminal.output)
            server.kill()
            terminal.wait_for("No server answers", after=gone)
            server.start()
            back = len(terminal.output)
            terminal.wait_for("in progress", after=back)
            server.kill()
            terminal.wait_for("No server answers", after=len(terminal.output))
            terminal.press(b"\x03")
            assert terminal.ends() == 0
            assert terminal.afterwards[0].split() == ["name", "Spring"]


def test_the_end_of_a_process_leaves_the_terminal_as_it_was(server: Serving, client: Any) -> None:
    begin(server, client, "Terminated", 0)
    with on_terminal(server, "campaign", "watch") as terminal:
        terminal.wait_for("Terminated")
        terminal.process.terminate()
        assert terminal.ends() == 0
        assert terminal.afterwards


def watch(server: Serving, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return server.trunkcall("campaign", "watch", *arguments, "--data-dir", str(server.data_dir), check=check)


def test_in_a_pipe_there_is_a_plain_line_a_look_until_the_work_is_done(server: Serving, client: Any) -> None:
    begin(server, client, "Logged", 100)
    done = watch(server, "Logged", "--interval", "0.2", "--until-done")
    *lines, last = done.stdout.splitlines()
    assert "\x1b" not in done.stdout
    assert all(re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z Logged is Running: ", line) for line in lines)
    assert ": 0 waiting, 0 in progress, 100 attempts" in lines[-1]
    assert last == "Logged has worked through all 100 requests."


def test_programs_get_an_object_a_line(server: Serving, client: Any) -> None:
    begin(server, client, "For programs", 50)
    lines = watch(server, "For programs", "--interval", "0.2", "--until-done", "--json").stdout.splitlines()
    last = json.loads(lines[-1])
    assert (last["name"], last["accepted"], last["waiting"], last["in_progress"]) == ("For programs", 50, 0, 0)
    assert sum(last["dispositions"].values()) == 50
    begin(server, client, "For programs too", 0)
    everything = json.loads(watch(server, "--once", "--json").stdout)
    assert "For programs" in [figures["name"] for figures in everything["campaigns"]]


@pytest.mark.parametrize("arguments", [["nothing like it"], ["--interval", "0"]])
def test_mistakes_are_said_at_once(server: Serving, arguments: list[str]) -> None:
    done = watch(server, *arguments, check=False)
    assert done.returncode in (1, 2)
    assert len(done.stderr.splitlines()) <= 2
    assert "Traceback" not in done.stderr
