"""An Asterisk that a test starts, kills, freezes and reads the log of.

Decides how it is run: as a user who may do nothing, in a folder of its own, and inside the closed namespace alone. It
must not know what is dialed.
"""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from telephony.asterisk.configuration import PASSWORD, USER, folders
from telephony.asterisk.namespace import must_be_closed, unpacked
from telephony.asterisk.place import Place
from trunkcall.cli.asterisk.command import keep_music

NOBODY = 65534
READY_S = 30.0
AUTHORIZATION = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class Asterisk:
    """One Asterisk, with this configuration. Files given here come before those that every test has.

    Its folder is short and outside of pytest's, which only their owner may enter, and the name of a socket has an end.
    """

    def __init__(self, place: Place, files: Mapping[str, str]) -> None:
        must_be_closed()
        tree = unpacked()
        assert tree is not None, "scripts/get-switch unpacks Asterisk"
        self.place = place
        self._program = tree / "run"
        self.folder = Path(tempfile.mkdtemp(prefix="trunkcall-asterisk-"))
        for name in ("etc", "run", "log", "lib", "cache", "spool/recording", "spool/monitor", "spool/tmp"):
            (self.folder / name).mkdir(parents=True)
        for name, text in {**folders(tree, self.folder), **files}.items():
            text = text.replace("/etc/asterisk", str(self.folder / "etc"))
            (self.folder / "etc" / name).write_text(text, encoding="utf-8")
        keep_music(self.folder / "etc")
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Asterisk:
        self.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    @property
    def process_id(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, or start it anew, and wait until ARI answers. It ends with the thread that does so."""
        must_be_closed()
        # It ends with the thread that starts it: so with a test that is killed.
        nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--bounding-set=-all"]
        nobody += ["--pdeathsig", "KILL"]
        stderr = os.open(self.folder / "log" / "stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._process = subprocess.Popen(
            [*nobody, str(self._program), "-f", "-C", str(self.folder / "etc" / "asterisk.conf")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env={"HOME": str(self.folder), "PATH": os.environ["PATH"]},
        )
        os.close(stderr)
        until = time.monotonic() + READY_S
        while not self.is_ready():
            if self._process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"Asterisk does not start:\n{self.said()[-3000:]}")
            time.sleep(0.05)

    def is_ready(self) -> bool:
        """Whether ARI answers. Asterisk says 503, and then 404, until it has started."""
        request = urllib.request.Request(
            f"{self.place.ari_url}/asterisk/ping", headers={"Authorization": AUTHORIZATION}
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def kill(self) -> None:
        """As by ``kill -9``: nothing is said to anybody."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """It hangs: its sockets stay open, and nothing comes back."""
        os.kill(self.process_id, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.process_id, signal.SIGCONT)

    def said(self) -> str:
        """Its log, and what it wrote while there was none."""
        texts = [self.folder / "log" / name for name in ("stderr", "messages.log")]
        return "".join(text.read_text(encoding="utf-8", errors="replace") for text in texts if text.exists())

    def errors(self) -> list[str]:
        """Lines of its log that tell of an error, but for those of connections that tests have cut."""
        told = [line for line in self.said().splitlines() if " ERROR[" in line]
        return [line for line in told if "Error reading from web socket" not in line]

    def close(self) -> None:
        """End it, and remove its folder. May be called twice."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.thaw()
            self.kill()
            self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)
