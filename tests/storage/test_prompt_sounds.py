"""Sounds of prompts on disk. If these fail, a full disk fills up with halves of sounds that nobody ever deletes."""

from __future__ import annotations

import errno
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.storage.prompt_sounds import PromptFiles


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


async def test_a_sound_is_kept_for_nobody_else_to_read_until_it_is_dropped(tmp_path: Path) -> None:
    files = PromptFiles(tmp_path / "added")
    await files.keep("closing", b"1" * 800)
    assert files.path("closing").read_bytes() == b"1" * 800
    assert files.path("closing").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "added").stat().st_mode & 0o777 == 0o700
    await files.drop("closing")
    await files.drop("closing")
    assert list((tmp_path / "added").iterdir()) == []


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
    assert [record.message for record in caplog.records] == ["the sound of a former prompt is left"]
