"""Commands whose output goes somewhere odd: into a pipe that nobody reads, onto a full disk, into a stream that is
closed, or onto a terminal of few letters. A user would get a traceback, words of the interpreter, or an exit code that
says all is well."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from serving import ROOT, serving

pytestmark = pytest.mark.long

TRUNKCALL = (sys.executable, "-m", "trunkcall")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data directory of a server with a campaign."""
    with serving(tmp_path_factory.mktemp("streams") / "data", agents=0) as server:
        server.client().create_campaign(**server.campaign_arguments("Spring"))
        yield server.data_dir


def sh(script: str, data_dir: Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """A script of bash, in which `trunkcall` is the command and `$DATA` the data directory."""
    given = {**os.environ, "DATA": str(data_dir), "PYTHONWARNINGS": "default", **environment}
    given = {name: value for name, value in given.items() if value != "-"}
    script = f'set -o pipefail; trunkcall() {{ "{sys.executable}" -m trunkcall "$@"; }}; {script}'
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env=given, cwd=cwd, timeout=60, check=False
    )


WRITERS = [
    "trunkcall --version",
    "trunkcall serve --help",
    "trunkcall db check",
    "trunkcall export contacts --format csv",
    "trunkcall campaign list",
    "trunkcall campaign watch Spring --once",
    "trunkcall status --json",
    "trunkcall simulate --agents 1 --hours .05",
]


@pytest.mark.parametrize("command", WRITERS)
def test_output_that_cannot_be_written_is_told_in_one_sentence(command: str, data_dir: Path) -> None:
    def into(way: str) -> tuple[int, str]:
        ended = sh(f"{command} {way}", data_dir, TRUNKCALL_DATA_DIR=str(data_dir))
        return ended.returncode, ended.stderr

    with ThreadPoolExecutor() as pool:
        unread, full, closed = pool.map(into, ("| true", ">/dev/full", ">&-"))
    assert unread in ((0, ""), (1, ""))
    assert full == (1, "trunkcall: Standard output is full: no space left on it.\n")
    assert closed == (1, "trunkcall: Standard output is closed.\n")


@pytest.mark.parametrize("way", ["2>&-", "2>/dev/full"])
def test_an_error_that_cannot_be_told_is_in_the_exit_code(way: str, data_dir: Path) -> None:
    ended = sh(f'trunkcall env --data-dir "$DATA/none" {way}', data_dir)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "")


def test_a_closed_input_is_no_hindrance(data_dir: Path) -> None:
    assert sh('trunkcall db check --data-dir "$DATA" <&-', data_dir).returncode == 0


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("flow check -", "The content must have 1 to 256,000 characters, not 0."),
        ("flow try examples/flows/press-one-to-speak.json --answer human", "the customer hangs up."),
        ("flow remove 'Default outbound flow'", "There is no terminal to ask on: say --yes."),
        ("load - --check", "is empty"),
    ],
)
def test_whoever_reads_a_closed_input_finds_nothing_in_it(command: str, told: str, data_dir: Path) -> None:
    ended = sh(f"trunkcall {command} <&-", data_dir, cwd=ROOT, TRUNKCALL_DATA_DIR=str(data_dir))
    assert told in ended.stdout + ended.stderr


def test_input_of_another_encoding_is_asked_for_again(data_dir: Path) -> None:
    command = "trunkcall flow try examples/flows/press-one-to-speak.json"
    ended = sh(f"printf '\\374\\nhuman\\n' | {command}", data_dir, cwd=ROOT, PYTHONIOENCODING="utf-8:strict")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.count("Who answers?") == 2


def test_a_letter_that_the_terminal_does_not_have_is_written_otherwise(data_dir: Path) -> None:
    command = "trunkcall simulate --agents 1 --hours .05 --runs 2"
    ended = sh(command, data_dir, PYTHONIOENCODING="ascii")
    assert ended.returncode == 0
    assert "~ s.e." in ended.stdout
    assert ended.stderr == ""


@pytest.mark.parametrize(
    "odd",
    [
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"HOME": "-"},
        {"TERM": "dumb"},
        {"TERM": "-", "COLUMNS": "20"},
    ],
)
def test_odd_surroundings_are_no_hindrance(odd: dict[str, str], data_dir: Path) -> None:
    ended = sh("trunkcall --help && trunkcall simulate --agents 1 --hours .05", data_dir, None, **odd)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_directory_that_is_gone_is_no_hindrance(data_dir: Path, tmp_path: Path) -> None:
    here = tmp_path / "gone"
    here.mkdir()
    script = f'rmdir "{here}"; trunkcall --version; trunkcall simulate --agents 1 --hours .05 --json; trunkcall env'
    ended = sh(script, data_dir, cwd=here, PYTHONPATH=str(ROOT / "src"))
    assert ended.returncode == 1
    assert ended.stdout.count("\n") == 2
    assert ended.stderr.count("\n") == 1


def read_all(terminal: int) -> str:
    """What is written to a terminal until its process has ended."""
    seen = b""
    while select.select([terminal], [], [], 60)[0]:
        try:
            seen += os.read(terminal, 4096)
        except OSError:
            break
    os.close(terminal)
    return seen.decode()


class TestDemo:
    def demo(self, tmp_path: Path) -> tuple[str, ...]:
        leads = tmp_path / "leads.csv"
        leads.write_text("phone\n" + "".join(f"+121255501{n:02d}\n" for n in range(40)))
        return (*TRUNKCALL, "demo", "--leads", str(leads), "--speed", "1000")

    def test_progress_is_plain_lines_in_a_log(self, tmp_path: Path) -> None:
        ended = subprocess.run(self.demo(tmp_path), capture_output=True, text=True, timeout=60, check=True)
        assert ended.stderr == ""
        assert "leads 40/40: dialing 0, attempts 40" in ended.stdout
        for sign in ("\x1b", "\r", "━"):
            assert sign not in ended.stdout.split("What became")[0]

    def test_progress_moves_on_a_terminal(self, tmp_path: Path) -> None:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            self.demo(tmp_path), stdout=theirs, env={**os.environ, "COLUMNS": "60", "TERM": "xterm"}
        )
        os.close(theirs)
        seen = read_all(ours)
        assert process.wait(60) == 0
        assert "\x1b[?25l" in seen
        assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")


@pytest.mark.parametrize("columns", [40, 60, 120])
def test_no_figure_of_a_shift_is_cut_on_a_terminal(columns: int) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    command = (*TRUNKCALL, "simulate", "--agents", "1", "--hours", ".05", "--runs", "2")
    process = subprocess.Popen(command, stdout=theirs, env={**environment, "TERM": "xterm"})
    os.close(theirs)
    seen = read_all(ours)
    assert process.wait(60) == 0
    assert "…" not in seen
    assert "abandonment (abandoned / live answers)" in seen
    assert ("┃" in seen) == (columns >= 80)
    assert all(len(re.sub("\x1b[^m]*m", "", line)) <= columns for line in seen.splitlines()), (
        "a terminal would break a figure in two"
    )
