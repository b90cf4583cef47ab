"""SIPp, whose SIP is not ours, as whoever is called.

Decides how it is run and how its counts are read. It must not know what is counted.
"""

from __future__ import annotations

import csv
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

from telephony.asterisk.place import SIP_PORT


class Sipp:
    """One SIPp, which plays a scenario at an address, and counts."""

    def __init__(self, scenario: Path, address: str, folder: Path) -> None:
        self._counts = folder / f"{scenario.stem}.csv"
        arguments = {
            "-sf": scenario,
            "-i": address,
            "-p": SIP_PORT,
            "-mi": address,
            "-mp": 30_000,
            "-stf": self._counts,
            "-fd": 1,
            # On a machine that is busy it would give up.
            "-watchdog_major_maxtriggers": 1_000_000,
            "-watchdog_minor_maxtriggers": 1_000_000,
        }
        command = ["sipp", "-nostdin", "-trace_stat", *(str(part) for pair in arguments.items() for part in pair)]
        self._process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    @property
    def is_up(self) -> bool:
        """Whether it has begun to count."""
        return bool(self.counted())

    def counted(self) -> Counter[str]:
        """What it has counted by now, or a second ago, by the names of its counters."""
        head, *rows = self._counts.read_text(encoding="ascii").splitlines() if self._counts.exists() else [""]
        if not rows:
            return Counter()
        (last,) = csv.DictReader([head, rows[-1]], delimiter=";")
        return Counter({name.removesuffix("(C)"): int(last[name]) for name in last if _is_count(name, last[name])})

    def __enter__(self) -> Sipp:
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.terminate()
        self._process.wait()


def _is_count(name: Any, value: Any) -> bool:
    return bool(name) and name.endswith("(C)") and str(value).isdigit()
