"""Texts and SSML as sounds that are played to legs: by a command of the user's, and kept in a directory.

Decides how the command is run, under which names sounds are kept and for how long, and what is told where none can be
made: nobody waits for it for ever. It must not know what is played to whom. A text may say somebody's name, so none is
in a log, the name of a file or the command's arguments; the sound is in the directory until others take its place.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import logging
import os
import shlex
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from trunkcall.domain.errors import SettingsError, TrunkcallError
from trunkcall.domain.instants import SECOND
from trunkcall.domain.saying import Part, SpeechKind, spoken
from trunkcall.domain.ssml import BrokenSsmlError, Pause, Piece
from trunkcall.telephony.ari.sound import Samples, SoundError, as_wav, joined, samples_of, silence, without_edges
from trunkcall.telephony.ari.voices import voice_of

log = logging.getLogger(__name__)

Then: TypeAlias = Callable[[Path | None], None]
Works: TypeAlias = tuple[tuple[tuple[str, ...], str] | Pause, ...]
"""Commands with the text that each reads, and pauses."""
NO_VOICES: Final[Mapping[str, str]] = MappingProxyType({})

FILE: Final = "{file}"
"""In the command: the file that it is to write."""
VOICE: Final = "{voice}"
RATE: Final = "{rate}"
AT_ONCE: Final = 2
"""Commands that run side by side."""
TIME_LIMIT_S: Final = 10.0
"""After so many seconds whoever has asked for a text goes on without it, and its command is ended."""
MAX_WAITING: Final = 100
"""Texts that are being made or wait for it, beyond which none is taken."""
KEEPS_BYTES: Final = 512 * 1024 * 1024
"""What sounds in the directory may take: about nine hours of them."""
KEEPS_FOR_S: Final = 7 * 24 * 3600.0
"""After so long unheard a sound goes, once another is made: it may say the name of somebody who is forgotten since."""
MAX_MADE_BYTES: Final = 64 * 1024 * 1024
LEFT_OVER_S: Final = 3600.0
"""A directory of a command that is older was left by a process that was killed."""
MIN_ROOM_BYTES: Final = 1024 * 1024
"""What has to be free on the disk once a sound was made: with less it may not be whole."""
_MAKING: Final = ".making-"
_FORM: Final = "wav 8000 1"
"""Of the files: others would have other names."""


class SpeechLeftError(TrunkcallError):
    """Sounds of what was said cannot be deleted, and may say somebody's name."""


class SpeechError(TrunkcallError):
    """No sound was made of a text."""


class Speech:
    """Makes texts sounds with ``command``, which reads a text from its standard input, and writes a WAV file where it
    has {file}; empty if there is none. {voice} and {rate} in it stand for ``voice`` and ``rate``, or others where
    something is said in one of ``voices`` (``telephony.ari.voices``) or, by SSML, at another rate. ``folder`` is made
    when it is needed. Sounds there take ``keeps_bytes`` at most: those not asked for for longest go first. Raises
    SettingsError."""

    def __init__(
        self,
        command: str,
        folder: Path,
        *,
        voice: str = "",
        rate: int = 0,
        voices: Mapping[str, str] = NO_VOICES,
        keeps_bytes: int = KEEPS_BYTES,
        min_room_bytes: int = MIN_ROOM_BYTES,
        time_limit_s: float = TIME_LIMIT_S,
        at_once: int = AT_ONCE,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._arguments = arguments_of(command)
        self._voice, self._rate, self._voices = voice, rate, voices
        self._folder = folder.absolute()
        self._keeps_bytes = keeps_bytes
        self._min_room_bytes = min_room_bytes
        self._time_limit_s = time_limit_s
        self._turns = asyncio.Semaphore(at_once)
        self._max_waiting = max_waiting
        self._makings: dict[str, asyncio.Task[Path | None]] = {}
        """By name, what is being made."""
        self.trouble: str | None = None
        """Why the last text could not be made a sound, in words; None where it was, or nobody has asked for one."""

    def speak(self, part: Part, voice: str | None, then: Then) -> None:
        """Have ``then`` told the sound's file: at once, or once it is made; None if it cannot be. ``voice`` is the name
        of one, None for that of the settings."""
        try:
            pieces = spoken(part)
        except BrokenSsmlError as error:
            self._tell(f"A message was not heard. {error}")
            pieces = ()
        if not pieces:
            then(None)
            return
        works = self._works(pieces, voice)
        name = _name_of(works)
        if self._is_kept(name):
            then(self._file(name))
            return
        making = self._makings.get(name)
        if making is None:
            problem = self._problem()
            if problem is not None:
                self._tell(problem)
                then(None)
                return
            making = self._makings[name] = asyncio.create_task(self._make(name, works), name="speech")
        making.add_done_callback(partial(_pass_on, then))

    async def prepare(self, texts: Iterable[str]) -> None:
        """Make sounds of these texts, one after the other, so that whoever asks for one gets it at once."""
        for text in texts:
            made = asyncio.Event()
            self.speak(Part(SpeechKind.TEXT, text), None, partial(_made, made))
            await made.wait()

    async def close(self) -> None:
        """Make nothing more: whoever waits for a sound gets none."""
        tasks = list(self._makings.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- what is kept -------------------------------------------------------------------------------------------------

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.wav"

    def _is_kept(self, name: str) -> bool:
        try:
            # It is the last that goes now.
            os.utime(self._file(name))
        except OSError:
            return False
        return True

    def _evict(self) -> None:
        """Let those go that nobody has heard for long, and then the oldest, until there is room for some more."""
        sounds = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                status = path.stat()
                if path.suffix == ".wav":
                    sounds.append((status.st_mtime_ns, status.st_size, path))
                elif path.name.startswith(_MAKING) and time.time() - status.st_mtime > LEFT_OVER_S:
                    shutil.rmtree(path, ignore_errors=True)
        size = sum(each for _, each, _ in sounds)
        most = self._keeps_bytes if size <= self._keeps_bytes else 0.9 * self._keeps_bytes
        long_ago_ns = time.time_ns() - int(KEEPS_FOR_S * 1e9)
        for heard_ns, each, path in sorted(sounds):
            if heard_ns >= long_ago_ns and size <= most:
                return
            path.unlink(missing_ok=True)
            size -= each

    # --- how it is made -----------------------------------------------------------------------------------------------

    def _problem(self) -> str | None:
        """Why nothing can be made now."""
        if not self._arguments:
            return (
                "speech_command is not set, so messages are not heard. `espeak-ng --stdin -w {file}` would make them."
            )
        if len(self._makings) >= self._max_waiting:
            return f"speech_command is too slow: {self._max_waiting} texts wait for it, and others are not heard."
        return None

    def _works(self, pieces: tuple[Piece, ...], name: str | None) -> Works:
        """What is to be run for each."""
        program = self._arguments[0] if self._arguments else ""
        voice = voice_of(name, given=self._voices, usual=self._voice, program=program)

        def command(rate: float) -> tuple[str, ...]:
            words = str(round(self._rate * rate))
            return tuple(each.replace(VOICE, voice).replace(RATE, words) for each in self._arguments)

        return tuple(piece if isinstance(piece, Pause) else (command(piece.rate), piece.text) for piece in pieces)

    async def _make(self, name: str, works: Works) -> Path | None:
        try:
            async with asyncio.timeout(self._time_limit_s), self._turns:
                await self._made(name, works)
        except SpeechError as error:
            self._tell(str(error))
        except TimeoutError:
            self._tell(f"speech_command has not made a text a sound within {self._time_limit_s:g} s.")
        except SoundError:
            self._tell(f"speech_command has written something else to {FILE} than a WAV file of PCM samples.")
        except OSError as error:
            self._tell(f"prompts_dir {self._folder} cannot be used: {error.strerror}.")
        else:
            self.trouble = None
            return self._file(name)
        finally:
            del self._makings[name]
        return None

    async def _made(self, name: str, works: Works) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(0o700, parents=True)
        making = Path(tempfile.mkdtemp(prefix=_MAKING, dir=self._folder))
        try:
            made: list[Path | Pause] = []
            for number, work in enumerate(works):
                if isinstance(work, Pause):
                    made.append(work)
                    continue
                written = making / f"made{number}.wav"
                await self._run(written, *work)
                self._check_room()
                made.append(written)
            await asyncio.to_thread(self._keep, made, making / "ready.wav", name)
        finally:
            shutil.rmtree(making, ignore_errors=True)

    def _check_room(self) -> None:
        """Raise OSError where the disk is full: a command that does not look at what becomes of its writes leaves half
        a sound then, and ends as if all were well."""
        room = os.statvfs(self._folder)
        if room.f_bavail * room.f_frsize < self._min_room_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async def _run(self, file: Path, command: tuple[str, ...], text: str) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *(argument.replace(FILE, str(file)) for argument in command),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env=_environment(),
                # So that what it has started itself is ended with it.
                start_new_session=True,
            )
        except OSError as error:
            raise SpeechError(f"speech_command cannot be started: {error.strerror}.") from None
        try:
            try:
                await process.communicate(text.encode("utf-8", "replace"))
            except RuntimeError:
                # What uvloop says where the command has ended without reading: how it has ended tells what came of it.
                await process.wait()
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            raise
        if process.returncode:
            raise SpeechError(f"speech_command has failed: it ended with {process.returncode}.")

    def _keep(self, made: Sequence[Path | Pause], ready: Path, name: str) -> None:
        """Put it there, whole or not at all, for nobody else to hear: it may say somebody's name."""
        sounds = [silence(each.length / SECOND) if isinstance(each, Pause) else _read(each) for each in made]
        if len(sounds) > 1:
            # Pauses are as long as they are to be.
            sounds = [
                each if isinstance(what, Pause) else without_edges(each)
                for what, each in zip(made, sounds, strict=True)
            ]
        ready.write_bytes(as_wav(joined(sounds)))
        ready.chmod(0o600)
        ready.replace(self._file(name))
        self._evict()

    def _tell(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            log.warning("a text was not made a sound", extra={"why": trouble})


def forget_all(folder: Path) -> None:
    """Delete all sounds there, also beside whoever makes more: which of them says a name nobody knows, and what is said
    again is made again. Raises SpeechLeftError."""
    try:
        for path in folder.glob("*.wav"):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise SpeechLeftError(f"{SpeechLeftError().message} {folder}: {error.strerror}.") from None


def arguments_of(command: str) -> tuple[str, ...]:
    """The command and its arguments, as a shell would read them; none of an empty one. Raises SettingsError."""
    try:
        return tuple(shlex.split(command))
    except ValueError:
        raise SettingsError("speech_command has a quotation mark that is not closed.") from None


def _name_of(works: Works) -> str:
    parts = [_FORM]
    for work in works:
        parts.extend((f"pause {work.length}",) if isinstance(work, Pause) else (*work[0], work[1]))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:40]


def _read(written: Path) -> Samples:
    """Raises SoundError, and SpeechError where there is none."""
    try:
        if written.stat().st_size > MAX_MADE_BYTES:
            raise SoundError
        return samples_of(written.read_bytes())
    except FileNotFoundError:
        raise SpeechError(f"speech_command has not written {FILE}.") from None


def _made(made: asyncio.Event, file: Path | None) -> None:
    made.set()


def _pass_on(then: Then, making: asyncio.Task[Path | None]) -> None:
    then(None if making.cancelled() or making.exception() is not None else making.result())


def _environment() -> dict[str, str]:
    """What the command may know: not the secrets of this process."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TRUNKCALL_")}
