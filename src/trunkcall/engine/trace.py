"""Everything that an engine was told and wanted, as lines, and whether another engine wants the same.

Decides the form of a trace and what counts as a difference. It takes and gives lines, and must not know files. A trace
holds ids, instants and settings, nothing personal.

The first line is a header: format, version, what the trace is of, and the engine's settings. Then comes a line for each
call of the engine: ``at``, the ``event`` (null is a timer), ``more`` where more was to be told at once, and the
``commands``. The last line counts them, so that a trace that was cut is known for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trunkcall.domain.abandonment import CalendarMonth
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.instants import Instant
from trunkcall.engine.campaigns import PacerFor
from trunkcall.engine.commands import Command, Originate, OriginateAgentLeg
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.encoding import TYPE, EncodingError, decode, encode, parse
from trunkcall.engine.engine import Engine
from trunkcall.engine.events import Event

FORMAT: Final = "trunkcall-trace"
VERSION: Final = 1
"""Of the form of a trace. It grows when older traces can no longer be read."""


class TraceError(TrunkcallError):
    """This is not a whole trace. The message names the line."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the engine. ``line`` is where a trace has it, the first being 1."""

    line: int
    at: Instant
    event: Event | None
    commands: tuple[Command, ...]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """A call that led to other commands than the trace has. ``replayed`` is None where the engine refused the event,
    for this ``reason``."""

    call: Call
    replayed: tuple[Command, ...] | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Replay:
    """How many calls and commands agreed, and the first that did not."""

    calls: int
    commands: int
    difference: Difference | None


class TraceWriter:
    """Writes a trace by a function that takes lines. Call ``begin``, then ``enter`` for each call, then ``end``."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._calls = self._commands = 0

    def begin(self, config: EngineConfig, about: Mapping[str, object]) -> None:
        """Write the header. ``about`` says what the trace is of, in values that JSON has. Raises EncodingError if the
        settings cannot be written."""
        if any(isinstance(window, CalendarMonth) for window in config.ledger.windows):
            raise EncodingError(
                "A ledger by calendar months can neither be written into a trace nor be replayed from one: a function "
                "cannot be written, and one says when months begin."
            )
        self._line({"format": FORMAT, "version": VERSION, **about, "config": config})

    def enter(self, at: Instant, event: Event | None, commands: Sequence[Command], *, more: bool = False) -> None:
        """Write one call of the engine."""
        self._calls += 1
        self._commands += len(commands)
        self._line({"at": at, "event": event, **({"more": True} if more else {}), "commands": commands})

    def end(self) -> None:
        """Write the last line."""
        self._line({"end": {"calls": self._calls, "commands": self._commands}})

    def _line(self, value: object) -> None:
        self._write(encode(value) + "\n")


class TraceReader:
    """Reads a trace from lines that end in a line feed each. Raises TraceError, here and below."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        header = self._header(next(self._lines, b""))
        self.about: Mapping[str, Any] = {k: v for k, v in header.items() if k not in ("format", "version", "config")}
        """What the writer said that the trace is of."""
        if _by_months(header.get("config")):
            raise TraceError(
                "line 1: config: a ledger by calendar months can neither be written into a trace nor be replayed from "
                "one, since months begin by a time zone, which the engine does not know."
            )
        try:
            self.config: EngineConfig = decode(EngineConfig, header.get("config"))
        except EncodingError as error:
            raise TraceError(f"line 1: config: {error.message}.") from None

    def calls(self) -> Iterator[Call]:
        """The calls, once."""
        line, commands = 1, 0
        for line, text in enumerate(self._lines, 2):
            calls = line - 2
            members = _object(line, text)
            if members.keys() == {"end"}:
                if members["end"] != {"calls": calls, "commands": commands}:
                    raise TraceError(
                        f"line {line}: the trace is to end after {encode(members['end'])}, but above there are {calls} "
                        f"calls and {commands} commands: lines are missing or were added."
                    )
                if next(self._lines, None) is not None:
                    raise TraceError(f"line {line + 1}: the trace goes on after its end.")
                return
            call = _call(line, members)
            commands += len(call.commands)
            yield call
        raise TraceError(f"line {line + 1}: the trace is cut: its last line, which counts the calls, is missing.")

    @staticmethod
    def _header(text: bytes) -> dict[str, Any]:
        try:
            header = parse(text)
        except EncodingError as error:
            raise TraceError(f"line 1: this is not a trace of Trunkcall: {error.message}.") from None
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise TraceError("line 1: this is not a trace of Trunkcall.")
        if header.get("version") != VERSION:
            raise TraceError(
                f"line 1: the trace has version {encode(header.get('version'))}; this Trunkcall reads {VERSION}."
            )
        return header


def replay(calls: Iterable[Call], config: EngineConfig, pacer_for: PacerFor) -> Replay:
    """Tell a new engine all that the trace has, and compare what it wants, up to the first difference."""
    ids: Iterator[str] = iter(())
    # The ids of legs are an input of the engine like any other; a leg that the trace does not have is a difference.
    try:
        engine = Engine(config, new_id=lambda: next(ids, "a leg that the trace does not have"), pacer_for=pacer_for)
    except (ValueError, ArithmeticError):
        raise TraceError("line 1: config: no engine can have these settings.") from None
    agreed = commands = 0
    for call in calls:
        ids = iter([c.leg_id for c in call.commands if isinstance(c, Originate | OriginateAgentLeg)])
        try:
            if call.event is None:
                wanted = engine.handle_timer(call.at)
            else:
                wanted = engine.handle(call.event, call.at, more=call.more)
        except Exception as error:  # whatever a damaged trace makes of the engine is a difference
            reason = error.message if isinstance(error, TrunkcallError) else repr(error)
            return Replay(agreed, commands, Difference(call, None, reason))
        if tuple(wanted) != call.commands:
            return Replay(agreed, commands, Difference(call, tuple(wanted)))
        agreed += 1
        commands += len(wanted)
    return Replay(agreed, commands, None)


def _by_months(config: object) -> bool:
    """Whether parsed settings have a ledger that counts by calendar months."""
    match config:
        case {"ledger": {"windows": [*windows]}}:
            return any(isinstance(w, dict) and w.get(TYPE) == CalendarMonth.__name__ for w in windows)
        case _:
            return False


def _object(line: int, text: bytes) -> dict[str, Any]:
    if not text.endswith(b"\n"):
        raise TraceError(f"line {line}: the trace is cut within this line.")
    try:
        members = parse(text)
    except EncodingError as error:
        raise TraceError(f"line {line}: the trace is damaged: {error.message}.") from None
    if not isinstance(members, dict):
        raise TraceError(f"line {line}: the trace is damaged: not an object.")
    return members


_CALL: Final[Mapping[str, Any]] = {
    "at": Instant,
    "event": Event | None,
    "more": bool,
    "commands": tuple[Command, ...],
}


def _call(line: int, members: dict[str, Any]) -> Call:
    members.setdefault("more", False)
    if members.keys() != _CALL.keys():
        raise TraceError(f"line {line}: the trace is damaged: a call has at, event and commands.")
    values = {}
    for name, kind in _CALL.items():
        try:
            values[name] = decode(kind, members[name])
        except EncodingError as error:
            raise TraceError(f"line {line}: the trace is damaged: {name}: {error.message}.") from None
    return Call(line=line, **values)
