"""A softphone that is none of ours: baresip, told nothing but what an operator types into it.

Decides how it is run without anybody's microphone: it says a tone, and keeps what it hears in a file.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from telephony.asterisk.namespace import must_be_closed
from telephony.asterisk.place import SIP_PORT
from telephony.asterisk.tones import RATE, a_tone, tones_of

MODULES = Path("/usr/lib/baresip/modules")
WAV_HEAD = 44
_LONGEST_S = 120.0
KEYS_PORT = 5555
PRESSED_S, GAP_S = 0.12, 0.15
RELEASED = b"\x04"


class Baresip:
    """One of them, at an address of its own. ``account`` is what `trunkcall agents add --phone --json` has said."""

    def __init__(self, folder: Path, address: str, account: Mapping[str, Any], *, hertz: int) -> None:
        must_be_closed()
        folder.mkdir()
        self._folder, self._address = folder, address
        said = a_tone(folder / "said.wav", hertz, _LONGEST_S)
        (folder / "config").write_text(
            f"poll_method epoll\nsip_listen {address}:{SIP_PORT}\nnet_interface {address}\nrtp_ports 36000-36500\n"
            f"audio_source aufile,{said}\nsnd_path {folder}\n"
            f"ausrc_srate {RATE}\nauplay_srate {RATE}\nausrc_channels 1\nauplay_channels 1\n"
            f"module_path {MODULES}\nmodule g711.so\nmodule aufile.so\nmodule sndfile.so\n"
            f"module cons.so\ncons_listen {address}:{KEYS_PORT}\nmodule_app account.so\nmodule_app menu.so\n"
        )
        server = f"{account['server']}:{account['port']};transport={account['transport'].lower()}"
        (folder / "accounts").write_text(
            f"<sip:{account['user_name']}@{server}>;auth_user={account['user_name']};auth_pass={account['password']}"
            ";answermode=auto;audio_codecs=PCMU;regint=60\n"
        )
        (folder / "accounts").chmod(0o600)
        self._log = folder / "log"
        with self._log.open("wb") as log:
            # It ends with the thread that starts it: so with a test that is killed.
            command = ["setpriv", "--pdeathsig", "KILL", "baresip", "-f", str(folder)]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def __enter__(self) -> Baresip:
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.kill()
        self._process.wait()

    def press(self, keys: str) -> None:
        """One after the other, on the call that is up, as at its keyboard."""
        with socket.create_connection((self._address, KEYS_PORT), timeout=5) as keyboard:
            for key in keys:
                keyboard.sendall(key.encode())
                time.sleep(PRESSED_S)
                keyboard.sendall(RELEASED)
                time.sleep(GAP_S)

    def said(self) -> str:
        """What it has told of itself."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def heard(self) -> set[int]:
        """The tones of all calls that are over: they are written then."""
        files = self._folder.glob("dump-*-dec.wav")
        return {hertz for file in files for hertz in tones_of(file.read_bytes()[WAV_HEAD:])}
