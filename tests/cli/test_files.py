"""Files that a command writes over. A user would lose the former one to a command that comes to nothing."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from trunkcall.cli.files import OutputError, open_binary_output, open_output


class Interrupted(Exception):
    """Whatever goes wrong while a file is written."""


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def write(path: Path, text: str = "new", then: Callable[[], object] = bool, **options: bool) -> None:
    """Write a file; then something happens, before it is finished."""
    with open_output("--output", path, **options) as file:
        file.write(text)
        then()


def raising(error: type[BaseException]) -> Callable[[], object]:
    def happens() -> None:
        raise error

    return happens


class TestAFormerFile:
    @pytest.mark.parametrize("error", [Interrupted, KeyboardInterrupt, SystemExit])
    def test_stays_when_the_command_fails(self, tmp_path: Path, error: type[BaseException]) -> None:
        path = tmp_path / "day.csv"
        path.write_text("old")
        with pytest.raises(error):
            write(path, "half" * 100_000, raising(error))
        assert path.read_text() == "old"
        assert names(tmp_path) == {"day.csv"}

    def test_is_there_whole_until_the_new_one_is(self, tmp_path: Path) -> None:
        path = tmp_path / "day.csv"
        path.write_text("old")
        with open_output("--output", path) as file:
            file.write("new" * 100_000)
            file.flush()
            assert path.read_text() == "old"
        assert path.read_text() == "new" * 100_000
        assert names(tmp_path) == {"day.csv"}

    def test_keeps_its_mode_unless_the_new_one_is_private(self, tmp_path: Path) -> None:
        path = tmp_path / "day.csv"
        path.write_text("old")
        path.chmod(0o640)
        write(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        write(path, private=True)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_that_may_not_be_written_is_not_replaced(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "day.csv"
        path.write_text("old")
        path.chmod(0o444)
        # Root may write anything; the tests may be run by root.
        monkeypatch.setattr(os, "access", lambda name, how: os.stat(name).st_mode & stat.S_IWUSR != 0)
        with pytest.raises(OutputError, match=r"^--output .*day\.csv cannot be written: Permission denied\."):
            write(path)
        assert path.read_text() == "old"

    def test_is_left_alone_where_that_is_asked(self, tmp_path: Path) -> None:
        path = tmp_path / "day.csv"
        write(path, "old", clobber=False)
        with pytest.raises(OutputError, match=r"there is a file of that name\..*leave out --no-clobber"):
            write(path, clobber=False)
        assert path.read_text() == "old"
        assert names(tmp_path) == {"day.csv"}

    def test_that_comes_meanwhile_is_left_alone_and_the_work_is_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "day.csv"
        with pytest.raises(OutputError, match=r"It has come meanwhile; the new one is (.*)\.$") as told:
            write(path, "new", lambda: path.write_text("somebody else's"), clobber=False)
        assert path.read_text() == "somebody else's"
        (kept,) = names(tmp_path) - {"day.csv"}
        assert kept in str(told.value)
        assert (tmp_path / kept).read_text() == "new"


class TestPlaces:
    def test_a_link_stays_one(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        link = tmp_path / "latest.csv"
        link.symlink_to("real/day.csv")
        for text in ("first", "second"):
            write(link, text)
            assert link.is_symlink()
            assert (tmp_path / "real" / "day.csv").read_text() == text
        assert names(tmp_path / "real") == {"day.csv"}

    def test_links_in_a_circle_are_told(self, tmp_path: Path) -> None:
        (tmp_path / "a").symlink_to("b")
        (tmp_path / "b").symlink_to("a")
        with pytest.raises(OutputError, match="Too many levels of symbolic links"):
            write(tmp_path / "a")

    @pytest.mark.parametrize(("name", "reason"), [("", "Is a directory"), ("none/f", "No such file or directory")])
    def test_a_place_that_is_none_is_told(self, tmp_path: Path, name: str, reason: str) -> None:
        with pytest.raises(OutputError, match=rf"^--output {tmp_path}.* cannot be written: {reason}\."):
            write(tmp_path / name)

    def test_a_long_name_is_no_hindrance(self, tmp_path: Path) -> None:
        path = tmp_path / ("é" * 125 + ".csv")
        write(path)
        assert path.read_text() == "new"

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_a_directory_that_may_not_be_written_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "day.csv").write_text("old")
        tmp_path.chmod(0o500)
        with pytest.raises(OutputError, match="Name a file in a directory that you may write to"):
            write(tmp_path / "day.csv")
        assert (tmp_path / "day.csv").read_text() == "old"

    def test_a_pipe_is_written_as_it_goes(self, tmp_path: Path) -> None:
        path = tmp_path / "pipe"
        os.mkfifo(path)
        read: list[bytes] = []
        reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
        reader.start()
        write(path, clobber=False)
        reader.join()
        assert read == [b"new"]
        assert stat.S_ISFIFO(path.stat().st_mode)

    def test_standard_output_by_its_name_goes_on_where_it_is(self, tmp_path: Path) -> None:
        """The shell has opened the file: a new one in its place would not be what it writes to."""
        log = tmp_path / "log"
        log.write_text("before\n")
        program = "from trunkcall.cli.files import *; f = open_output('--output', Path('/dev/stdout'));"
        program += "print('one', flush=True); g = f.__enter__(); g.write('two\\n'); f.__exit__(None, None, None)"
        for name in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", str(tmp_path / "link")):
            (tmp_path / "link").unlink(missing_ok=True)
            (tmp_path / "link").symlink_to("/dev/stdout")
            with log.open("a") as shells:
                subprocess.run([sys.executable, "-c", program.replace("/dev/stdout", name)], stdout=shells, check=True)
        assert log.read_text() == "before\n" + "one\ntwo\n" * 4

    def test_what_cannot_be_sought_is_not(self) -> None:
        """Whoever went back would overwrite what is there."""
        with open_binary_output("--output", Path("/dev/null")) as file:
            assert not file.seekable()
            with pytest.raises(OSError, match="tell"):
                file.tell()


class TestFullDisks:
    def test_a_stream_that_takes_no_more_is_told(self) -> None:
        with pytest.raises(OutputError, match=r"^--output /dev/full cannot be written: No space left on device\.$"):
            write(Path("/dev/full"))

    @pytest.mark.parametrize("when", ["write", "fsync"])
    def test_the_former_file_is_as_it_was(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
        path = tmp_path / "day.csv"
        path.write_text("old")
        if when == "fsync":

            def full(descriptor: int) -> None:
                raise OSError(28, "No space left on device")

            monkeypatch.setattr(os, "fsync", full)
            with pytest.raises(OutputError, match="cannot be written: No space left on device"):
                write(path, "new")
        else:
            # A limit on the size of files is the full disk that anybody can have.
            program = (
                "import resource, signal, sys; from trunkcall.cli.files import *\n"
                "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
                "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
                "with open_output('--output', Path(sys.argv[1])) as file: file.write('new' * 100_000)\n"
            )
            done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=False)
            assert "cannot be written: File too large. Nothing was changed" in done.stderr.splitlines()[-1]
        assert path.read_text() == "old"
        assert names(tmp_path) == {"day.csv"}


class TestEndings:
    def test_a_whole_file_that_cannot_get_its_name_is_kept(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A file that a container mounts by itself is such a one. An hour's work must not go with it."""
        path = tmp_path / "day.csv"
        path.write_text("old")

        def busy(part: Path, place: Path) -> Path:
            raise OSError(16, "Device or resource busy")

        monkeypatch.setattr(Path, "replace", busy)
        with pytest.raises(OutputError, match="cannot be put in its place: Device or resource busy") as told:
            write(path)
        (kept,) = names(tmp_path) - {"day.csv"}
        assert kept in str(told.value)
        assert (tmp_path / kept).read_text() == "new"
        assert path.read_text() == "old"

    def test_a_file_system_without_hard_links_will_do(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def unable(part: Path, place: Path) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", unable)
        write(tmp_path / "day.csv", clobber=False)
        assert names(tmp_path) == {"day.csv"}

    def test_a_trace_is_kept_up_to_the_error(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """It tells what led to it."""
        path = tmp_path / "shift.jsonl"
        path.write_text("old")
        with pytest.raises(Interrupted):
            write(path, "so far", raising(Interrupted), keep_cut=True)
        assert path.read_text() == "old"
        assert (tmp_path / "shift.jsonl.cut").read_text() == "so far"
        assert names(tmp_path) == {"shift.jsonl", "shift.jsonl.cut"}
        assert "shift.jsonl.cut" in capsys.readouterr().err
