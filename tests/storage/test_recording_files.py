"""The files of recordings. If these fail, a talk that was interrupted cannot be heard, somebody can change what was
said without being noticed, or hear it without the key."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from trunkcall.domain.instants import SECOND
from trunkcall.domain.recording import Recording
from trunkcall.domain.recording_file import ChunkSealer, Head, RecordingDamagedError, chunks, samples_in
from trunkcall.storage.recording_files import Opening, RecordingFiles

AT = 1_790_000_000 * SECOND
SEALS, OPENS = AESGCM(bytes(32)), Opening(bytes(32))
HEAD = Head("contact-1.1", AT, bytes(range(32)))
TALK = Recording("contact-1.1", AT, AT, AT + 9 * SECOND)
KEY = bytes(range(32))

seconds = st.lists(st.binary(min_size=1, max_size=40).map(lambda said: (said, said[::-1])), max_size=6)


def file_of(said: list[tuple[bytes, bytes]], *, whole: bool = True) -> tuple[bytes, list[int]]:
    """A file, and where each of its chunks ends."""
    octets = HEAD.written()
    sealer = ChunkSealer(SEALS, octets)
    ends = []
    for first, second in [(b"", b""), *said]:
        octets += sealer.sealed(first, second)
        ends.append(len(octets))
    if whole:
        octets += sealer.sealed(b"", b"", last=True)
        ends.append(len(octets))
    return octets, ends


def heard(octets: bytes) -> tuple[bytes, bytes, bool]:
    """Both tracks, and whether the end of the file is that of the recording."""
    first = second = b""
    last = False
    for chunk in chunks(io.BytesIO(octets), lambda head: OPENS):
        first, second, last = first + chunk.first, second + chunk.second, chunk.last
    return first, second, last


@given(said=seconds)
def test_what_was_recorded_is_heard_on_both_tracks_to_the_end(said: list[tuple[bytes, bytes]]) -> None:
    octets, _ = file_of(said)
    assert heard(octets) == (b"".join(each for each, _ in said), b"".join(each for _, each in said), True)
    assert samples_in(io.BytesIO(octets), 16) == (sum(len(each) for each, _ in said), False)


@given(said=seconds, share=st.floats(0, 1))
def test_whatever_was_written_is_heard_where_a_file_was_interrupted(
    said: list[tuple[bytes, bytes]], share: float
) -> None:
    octets, ends = file_of(said)
    head = len(HEAD.written())
    cut = head + int(share * (len(octets) - 1 - head))
    whole_chunks = [each for end, each in zip(ends, [(b"", b""), *said], strict=False) if end <= cut]
    expected = b"".join(each for each, _ in whole_chunks), b"".join(each for _, each in whole_chunks), False
    assert heard(octets[:cut]) == expected
    assert samples_in(io.BytesIO(octets[:cut]), 16) == (len(expected[0]), False)


@given(said=seconds, share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_bit_of_a_file_can_be_changed_unnoticed(said: list[tuple[bytes, bytes]], share: float, bit: int) -> None:
    octets, _ = file_of(said)
    changed = bytearray(octets)
    changed[int(share * len(octets))] ^= 1 << bit
    with pytest.raises(RecordingDamagedError):
        heard(bytes(changed))


@given(said=seconds.filter(lambda said: len(said) >= 2), data=st.data())
def test_no_chunk_can_be_left_out_repeated_or_moved(said: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    octets, ends = file_of(said)
    pieces = [octets[start:end] for start, end in itertools.pairwise(ends)]
    n = data.draw(st.integers(0, len(pieces) - 2))
    begun = octets[: ends[0]]
    for other in ([*pieces[:n], *pieces[n + 1 :]], [*pieces[: n + 1], *pieces[n:]]):
        with pytest.raises(RecordingDamagedError):
            heard(begun + b"".join(other))


def test_what_comes_before_the_damage_is_heard() -> None:
    octets, ends = file_of([(b"one", b"eno"), (b"two", b"owt")])
    changed = bytearray(octets)
    changed[ends[1] + 12] ^= 1
    found = chunks(io.BytesIO(bytes(changed)), lambda head: OPENS)
    assert [next(found).first, next(found).first] == [b"", b"one"]
    with pytest.raises(RecordingDamagedError):
        next(found)


def written(files: RecordingFiles, recording: Recording = TALK) -> Path:
    new = files.begin(recording)
    sealer = ChunkSealer(AESGCM(new.key), new.head)
    sound = new.head + sealer.sealed(b"", b"") + sealer.sealed(b"said it", b"said no") + sealer.sealed(b"more", b"less")
    Path(new.path).write_bytes(sound + sealer.sealed(b"", b"", last=True))
    return Path(new.path)


def test_a_file_is_named_by_its_contact_and_heard_with_the_installations_key_alone(tmp_path: Path) -> None:
    files = RecordingFiles(tmp_path, KEY)
    path = written(files)
    assert path.relative_to(tmp_path).as_posix() == "recordings/2026-09-21/contact-1.1.tcr"
    assert path.parent.stat().st_mode & 0o077 == 0
    assert b"said it" not in path.read_bytes()
    assert [chunk.first for chunk in files.chunks(TALK)] == [b"", b"said it", b"more", b""]
    with pytest.raises(RecordingDamagedError):
        list(RecordingFiles(tmp_path, bytes(32)).chunks(TALK))


def test_no_two_files_have_one_key(tmp_path: Path) -> None:
    """Chunks are numbered from 0 in each: under one key, what was said could be had from any two of them."""
    files = RecordingFiles(tmp_path, KEY)
    made = [files.begin(each) for each in (TALK, TALK, Recording("contact-2.1", AT))]
    assert len({each.key for each in made}) == 3


def test_a_recording_is_heard_from_where_it_was_left(tmp_path: Path) -> None:
    files = RecordingFiles(tmp_path, KEY)
    written(files)
    beginning, said, *_ = files.chunks(TALK)
    assert [chunk.first for chunk in files.chunks(TALK, said.after)] == [b"more", b""]
    assert [chunk.first for chunk in files.chunks(TALK, beginning.after)] == [b"said it", b"more", b""]
    assert files.samples(TALK) == (len(b"said itmore"), False)


def test_a_recording_of_another_contact_is_not_taken_for_this_ones(tmp_path: Path) -> None:
    files = RecordingFiles(tmp_path, KEY)
    other = Recording("contact-2.1", AT)
    mine, theirs = written(files), written(files, other)
    theirs.write_bytes(mine.read_bytes())
    with pytest.raises(RecordingDamagedError):
        list(files.chunks(other))


def test_a_file_is_deleted_and_with_the_last_one_its_day(tmp_path: Path) -> None:
    files = RecordingFiles(tmp_path, KEY)
    path = written(files)
    assert files.delete(TALK)
    assert not path.parent.exists()
    assert not files.delete(TALK)
    assert files.samples(TALK) is None
    with pytest.raises(FileNotFoundError):
        list(files.chunks(TALK))


def test_days_before_one_are_deleted_whole_and_that_one_is_not(tmp_path: Path) -> None:
    files = RecordingFiles(tmp_path, KEY)
    later = Recording("contact-3.1", AT + 86_400 * SECOND)
    written(files)
    kept = written(files, later)
    assert files.delete_before("2026-09-22") == 1
    assert kept.exists()
    assert files.delete_before("2026-09-22") == 0
    assert RecordingFiles(tmp_path / "none", KEY).delete_before("2026-09-22") == 0
