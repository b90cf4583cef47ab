"""The command line, run many times over. Each command is a process of its own, with its own arguments, environment,
streams and exit code, as for a user; only what it imports is imported once, by the process that it is forked from.

All commands of a test run have the same hash seed. What must not depend on that is to be run as a program.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import redirect_stderr, suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

TIMEOUT_S = 110.0


@dataclass
class Commands:
    """The process that commands are forked from; started with the first, and gone with this one."""

    _process: subprocess.Popen[str] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ``trunkcall`` with these arguments. Raises TimeoutExpired."""
        with self._lock, tempfile.TemporaryDirectory() as folder:
            if self._process is None:
                self._process = subprocess.Popen(
                    [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
            out, err = Path(folder) / "out", Path(folder) / "err"
            pid = self._ask(self._process, arguments, {**os.environ, **environment}, str(out), str(err))
            late = threading.Event()

            def end() -> None:
                late.set()
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

            timer = threading.Timer(TIMEOUT_S, end)
            timer.start()
            code = self._answer(self._process)
            timer.cancel()
            if late.is_set():
                raise subprocess.TimeoutExpired(
                    ["trunkcall", *arguments], TIMEOUT_S, out.read_bytes(), err.read_bytes()
                )
            return subprocess.CompletedProcess(["trunkcall", *arguments], code, out.read_text(), err.read_text())

    def _ask(self, process: subprocess.Popen[str], *request: Any) -> int:
        assert process.stdin is not None
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        return self._answer(process)

    def _answer(self, process: subprocess.Popen[str]) -> int:
        assert process.stdout is not None
        return int(process.stdout.readline())


COMMANDS = Commands()


def _next_command() -> None:
    """Fork for each request, until there are no more of them. Returns in the processes that are commands."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    while request := sys.stdin.readline():
        arguments, environment, out, err = json.loads(request)
        pid = os.fork()
        if pid == 0:
            answers.close()
            for number, path, flags in ((0, os.devnull, os.O_RDONLY), (1, out, os.O_WRONLY), (2, err, os.O_WRONLY)):
                opened = os.open(path, flags | os.O_CREAT)
                os.dup2(opened, number)
                os.close(opened)
            os.environ.clear()
            os.environ.update(environment)
            sys.argv[1:] = arguments
            return
        answers.write(f"{pid}\n")
        _, status = os.waitpid(pid, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
    sys.exit()


def _prepare() -> None:
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


if __name__ == "__main__":
    _prepare()
    _next_command()
    runpy.run_module("trunkcall", run_name="__main__", alter_sys=True)
