"""The command line, run many times over. Each command is a process of its own, with its own arguments, environment,
streams and exit code, as for a user; only what it imports is imported once, by the process that it is forked from.

All commands of a test run have the same hash seed. What must not depend on that, or acts on what a program does when it
begins, is to be run as a program.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

TIMEOUT_S = 110.0
NOWHERE = Path(os.devnull)
TRUNKCALL = ("-m", "trunkcall")


@dataclass
class Command:
    """A command at work, with as much of the interface of a `subprocess.Popen` as tests use."""

    args: list[str]
    pid: int = 0
    returncode: int | None = None
    _ended: threading.Event = field(default_factory=threading.Event)

    def end(self, code: int) -> None:
        """Take down how it has ended."""
        self.returncode = code
        self._ended.set()

    def poll(self) -> int | None:
        """Its exit code, if it has ended."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended. Raises TimeoutExpired."""
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """kill -9."""
        self.send_signal(signal.SIGKILL)


@dataclass
class Commands:
    """The process that commands are forked from; started with the first, and gone with this one, as are they."""

    _process: subprocess.Popen[str] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _started: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _starting: Command | None = None
    _running: dict[int, Command] = field(default_factory=dict)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ``trunkcall`` with these arguments. Raises TimeoutExpired."""
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder) / "out", Path(folder) / "err"
            command = self.start(arguments, {**os.environ, **environment}, out=out, err=err)
            try:
                code = command.wait(TIMEOUT_S)
            except subprocess.TimeoutExpired as error:
                command.kill()
                command.wait()
                error.output, error.stderr = out.read_bytes(), err.read_bytes()
                raise
            return subprocess.CompletedProcess(command.args, code, out.read_text(), err.read_text())

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        folder: Path | None = None,
        out: Path = NOWHERE,
        err: Path = NOWHERE,
        program: Sequence[str] = TRUNKCALL,
    ) -> Command:
        """Start ``trunkcall``, or another program that is given as Python takes it: ``-m module``, ``-c text`` or a
        file. What it prints is appended to ``out`` and ``err``."""
        command = Command(["trunkcall", *arguments])
        with self._lock:
            if self._process is None:
                self._process = subprocess.Popen(
                    [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
                threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()
            self._starting = command
            assert self._process.stdin is not None
            request = (program, arguments, dict(environment), str(folder or Path.cwd()), str(out), str(err))
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            self._started.acquire()
        assert command.pid, "the process that commands are forked from has ended"
        return command

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            what, pid, *code = line.split()
            if what == "started":
                assert self._starting is not None
                self._starting.pid = int(pid)
                self._running[int(pid)] = self._starting
                self._started.release()
            else:
                self._running.pop(int(pid)).end(int(code[0]))
        self._started.release()


COMMANDS = Commands()


@dataclass
class Parent:
    """The process that commands are forked from, seen from within."""

    answers: Any
    alive: set[int] = field(default_factory=set)

    def fork_on_request(self) -> Sequence[str]:
        """Fork for each request, and tell of each end, until there are no more requests. Returns in the processes that
        are commands, with their program."""
        ends, end = os.pipe()
        os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # A terminal sends Ctrl-C to all of its processes. This one ends when the tests have ended.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(end)
        requests = b""
        with selectors.DefaultSelector() as either:
            either.register(0, selectors.EVENT_READ)
            either.register(ends, selectors.EVENT_READ)
            while True:
                for key, _ in either.select():
                    data = os.read(key.fd, 1 << 20)
                    if key.fd == ends:
                        self.tell_ends()
                        continue
                    if not data:
                        self.leave()
                    *lines, requests = (requests + data).split(b"\n")
                    for line in lines:
                        pid = os.fork()
                        if pid == 0:
                            signal.set_wakeup_fd(-1)
                            for number in (ends, end, self.answers.fileno()):
                                os.close(number)
                            return become(*json.loads(line))
                        self.alive.add(pid)
                        self.answers.write(f"started {pid}\n")

    def tell_ends(self) -> None:
        for pid in list(self.alive):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self.alive.remove(pid)
                self.answers.write(f"ended {pid} {os.waitstatus_to_exitcode(status)}\n")

    def leave(self) -> NoReturn:
        for pid in self.alive:
            os.kill(pid, signal.SIGKILL)
        os._exit(0)


def become(
    program: Sequence[str], arguments: Sequence[str], environment: Mapping[str, str], folder: str, out: str, err: str
) -> Sequence[str]:
    """Give this process what a command begins with; returns its program."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    appended = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    for number, path, flags in ((0, os.devnull, os.O_RDONLY), (1, out, appended), (2, err, appended)):
        opened = os.open(path, flags, 0o666)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments
    return program


def prepare() -> None:
    """Import what commands need. Part of it comes along only with a command that gets as far as its options."""
    from trunkcall.cli.app import main, root
    from trunkcall.cli.command import contexts

    list(contexts(root))
    sys.argv[1:] = ["env", "--data-dir", os.devnull]
    with suppress(SystemExit), redirect_stderr(StringIO()):
        main()
    gc.collect()
    # A command that ends need not look at what all of them have in common.
    gc.freeze()


def main() -> None:
    """Be the process that commands are forked from, and in those that are, the command."""
    prepare()
    match Parent(os.fdopen(os.dup(1), "w", buffering=1)).fork_on_request():
        case "-m", module:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case "-c", text:
            exec(text, {"__name__": "__main__"})
        case file:
            runpy.run_path(file[0], run_name="__main__")


if __name__ == "__main__":
    main()
