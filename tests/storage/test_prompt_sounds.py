"""Sounds of prompts on disk. If these fail, a full disk fills up with halves of sounds that nobody ever deletes."""

from __future__ import annotations

import errno
import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.storage.prompt_sounds import LINGERS_S, PromptFiles


@contextmanager
def no_file_larger_than(octets: int) -> Iterator[None]:
    """As if the disk were full: writing fails behind so many octets."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


async def test_a_sound_is_kept_for_nobody_else_to_read(tmp_path: Path) -> None:
    files = PromptFiles(tmp_path / "added")
    await files.keep("closing", b"1" * 800)
    assert files.path("closing").read_bytes() == b"1" * 800
    assert files.path("closing").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "added").stat().st_mode & 0o777 == 0o700


def passes(folder: Path, seconds: float) -> None:
    """So long ago everything in the folder was written that is there."""
    for each in folder.iterdir():
        os.utime(each, (time.time() - seconds,) * 2)


async def test_a_sound_that_is_dropped_can_be_heard_by_who_was_about_to_and_then_it_goes(tmp_path: Path) -> None:
    files = PromptFiles(tmp_path)
    await files.keep("closing", b"1" * 800)
    await files.keep("opening", b"2" * 800)
    passes(tmp_path, 7 * 24 * 3600)
    for _ in range(2):
        await files.drop("closing")
    await files.drop("stranger")
    await files.sweep()
    assert files.path("closing").read_bytes() == b"1" * 800, "it is not its own age that counts"
    passes(tmp_path, LINGERS_S + 1)
    await files.sweep()
    await files.sweep()
    assert list(tmp_path.iterdir()) == [files.path("opening")]


async def test_what_was_dropped_is_in_no_backup(tmp_path: Path) -> None:
    files, backup = PromptFiles(tmp_path / "added"), PromptFiles(tmp_path / "backup")
    for sound in ("closing", "opening"):
        await files.keep(sound, b"1" * 800)
    await files.drop("closing")
    assert files.copy_to(backup) == 1
    assert not backup.path("closing").exists()


async def test_what_a_backup_brings_back_is_kept_although_it_was_dropped(tmp_path: Path) -> None:
    files, backup = PromptFiles(tmp_path / "added"), PromptFiles(tmp_path / "backup")
    await files.keep("closing", b"1" * 800)
    files.copy_to(backup)
    await files.drop("closing")
    backup.copy_to(files)
    passes(tmp_path / "added", LINGERS_S + 1)
    await files.sweep()
    assert files.path("closing").exists()


async def test_before_there_is_any_sound_there_is_nothing_to_be_swept(tmp_path: Path) -> None:
    await PromptFiles(tmp_path / "added").sweep()
    assert list(tmp_path.iterdir()) == []


async def test_a_sound_for_which_there_is_no_room_is_refused_in_words_and_leaves_nothing(tmp_path: Path) -> None:
    files = PromptFiles(tmp_path / "added")
    with no_file_larger_than(4_096), pytest.raises(StoreUnavailableError, match=os.strerror(errno.EFBIG)):
        await files.keep("closing", b"1" * 80_000)
    assert list((tmp_path / "added").iterdir()) == []


async def test_where_there_is_no_place_for_sounds_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "added").write_text("a file")
    with pytest.raises(StoreUnavailableError, match="cannot be kept"):
        await PromptFiles(tmp_path / "added").keep("closing", b"1")


async def test_a_sound_that_cannot_be_deleted_is_left_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = PromptFiles(tmp_path)
    files.path("closing").mkdir()
    await files.drop("closing")
    passes(tmp_path, LINGERS_S + 1)
    await files.sweep()
    assert [record.message for record in caplog.records] == ["the sound of a former prompt is left"]
