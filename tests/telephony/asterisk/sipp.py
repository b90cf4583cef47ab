"""SIPp, whose SIP is not ours, as whoever is called.

Decides how it is run and how its counts are read. It must not know what is counted.
"""

from __future__ import annotations

import csv
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from telephony.asterisk.place import SIP_PORT

IS_THERE = """<?xml version="1.0" encoding="UTF-8"?><scenario name="is there"><recv request="OPTIONS"/><send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]there[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send></scenario>
"""
"""What a telephone says meanwhile to who asks for it."""


class Sipp:
    """One SIPp, which plays a scenario at an address, and counts. That it is there it says by itself (OPTIONS)."""

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
        command = ["sipp", "-nostdin", "-aa", "-trace_stat", *_flat(arguments)]
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


def plays(scenario: Path, users: Path, address: str, port: int, whom: str, many: int) -> None:
    """Have SIPp play a scenario, once for each of so many users, and be done; it has to go well with all."""
    beside = scenario.with_name("is-there.xml")
    beside.write_text(IS_THERE, encoding="ascii")
    arguments = {"-sf": scenario, "-oocsf": beside, "-inf": users, "-i": address, "-p": port, "-mi": address}
    said = subprocess.run(
        ["sipp", f"{whom}:{SIP_PORT}", "-nostdin", *_flat({**arguments, "-m": many, "-r": 20, "-timeout": 60})],
        cwd=scenario.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    assert said.returncode == 0, f"{scenario.stem} did not go well with all"


def _flat(arguments: Mapping[str, object]) -> list[str]:
    return [str(part) for pair in arguments.items() for part in pair]


def _is_count(name: Any, value: Any) -> bool:
    return bool(name) and name.endswith("(C)") and str(value).isdigit()
