"""Everything that an engine was told and has decided, as lines, and whether another engine decides the same.

Decides the form of a trace and what counts as a difference. It takes and gives lines, and must not know files. A trace
holds ids, instants and settings, nothing personal.

The first line is a header: format, version, what the trace is of, and the engine's settings. Then comes a line for each
turn of the engine. What was put in: ``events``, each with its instant, ``now``, and ``steps``, what contact flows have
decided. What came out: ``changes``, ``deeds``, each with the contact on whose changes it depends, and ``refused``
events. The last line counts them, so that a trace that was cut is known for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from trunkcall.domain.changes import AttemptBegun, Change, ContactConnecting, SessionBegun
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.flow import FlowEvent, FlowHook, FlowStep
from trunkcall.domain.instants import Instant
from trunkcall.engine.campaigns import PacerFor
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.decision import Decision, PlannedDeed, RefusedEvent
from trunkcall.engine.encoding import EncodingError, decode, encode, parse
from trunkcall.engine.engine import Engine
from trunkcall.engine.events import Event, SessionsRestored
from trunkcall.engine.flow import FlowStepped

FORMAT: Final = "trunkcall-trace"
VERSION: Final = 17
"""Of the form of a trace. It grows when older traces can no longer be read."""


class TraceError(TrunkcallError):
    """This is not a whole trace. The message names the line."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the engine. ``line`` is where a trace has it, the first being 1."""

    line: int
    events: tuple[tuple[Event, Instant], ...]
    now: Instant
    decision: Decision


@dataclass(frozen=True, slots=True)
class Difference:
    """A turn in which another decision was made than the trace has. ``replayed`` is None where the engine could not go
    on, for this ``reason``."""

    turn: Turn
    replayed: Decision | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is in a trace."""

    turns: int = 0
    changes: int = 0
    deeds: int = 0

    def and_a_turn(self, decision: Decision) -> Counts:
        """With one turn more."""
        return Counts(self.turns + 1, self.changes + len(decision.changes), self.deeds + len(decision.deeds))


@dataclass(frozen=True, slots=True)
class Replay:
    """How much agreed, and the first turn that did not."""

    agreed: Counts
    difference: Difference | None


class TraceWriter:
    """Writes a trace by a function that takes lines. Call ``begin``, then ``enter`` for each turn, then ``end``."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._counts = Counts()

    def begin(self, config: EngineConfig, about: Mapping[str, object]) -> None:
        """Write the header. ``about`` says what the trace is of, in values that JSON has."""
        self._line({"format": FORMAT, "version": VERSION, **about, "config": config})

    def enter(self, events: Sequence[tuple[Event, Instant]], now: Instant, decision: Decision) -> None:
        """Write one turn of the engine."""
        self._counts = self._counts.and_a_turn(decision)
        self._line(
            {
                "now": now,
                "events": events,
                "steps": decision.steps,
                "changes": decision.changes,
                "deeds": decision.deeds,
                "refused": decision.refused,
            }
        )

    def end(self) -> None:
        """Write the last line."""
        self._line({"end": asdict(self._counts)})

    def _line(self, value: object) -> None:
        self._write(encode(value) + "\n")


class TraceReader:
    """Reads a trace from lines that end in a line feed each. Raises TraceError, here and below."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        header = self._header(next(self._lines, b""))
        self.about: Mapping[str, Any] = {k: v for k, v in header.items() if k not in ("format", "version", "config")}
        """What the writer said that the trace is of."""
        try:
            self.config: EngineConfig = decode(EngineConfig, header.get("config"))
        except EncodingError as error:
            raise TraceError(f"line 1: config: {error.message}.") from None

    def turns(self) -> Iterator[Turn]:
        """The turns, once."""
        line, counts = 1, Counts()
        for line, text in enumerate(self._lines, 2):
            members = _object(line, text)
            if members.keys() == {"end"}:
                if members["end"] != asdict(counts):
                    raise TraceError(
                        f"line {line}: the trace is to end after {encode(members['end'])}, but above there is "
                        f"{encode(asdict(counts))}: lines are missing or were added."
                    )
                if next(self._lines, None) is not None:
                    raise TraceError(f"line {line + 1}: the trace goes on after its end.")
                return
            turn = _turn(line, members)
            counts = counts.and_a_turn(turn.decision)
            yield turn
        raise TraceError(f"line {line + 1}: the trace is cut: its last line, which counts the turns, is missing.")

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


class _RecordedFlows:
    """Flows that decide what a trace says they have decided."""

    def __init__(self) -> None:
        self.steps: Iterator[FlowStepped] = iter(())

    def started(
        self, contact_id: str, campaign_id: str, leg_id: str, *, detection: DetectionStatus | None, now: Instant
    ) -> FlowStep:
        return self._next(contact_id)

    def heard(self, contact_id: str, event: FlowEvent, now: Instant) -> FlowStep:
        return self._next(contact_id)

    def taken_over(self, contact_id: str) -> FlowStep:
        return self._next(contact_id)

    def resumed(
        self,
        contact_id: str,
        campaign_id: str,
        leg_id: str,
        *,
        detection: DetectionStatus | None,
        playing: bool | None,
        now: Instant,
    ) -> FlowStep:
        return self._next(contact_id)

    def beside(self, contact_id: str, campaign_id: str, leg_id: str, hook: FlowHook, now: Instant) -> FlowStep:
        return self._next(contact_id)

    def broken_off(self, contact_id: str) -> None:
        pass

    def ended(self, contact_id: str) -> None:
        pass

    def _next(self, contact_id: str) -> FlowStep:
        stepped = next(self.steps, None)
        if stepped is None or stepped.contact_id != contact_id:
            raise TraceError("a flow was asked for a step that the trace does not have")
        return stepped.step


def replay(turns: Iterable[Turn], config: EngineConfig, pacer_for: PacerFor) -> Replay:
    """Tell a new engine all that the trace has, and compare what it decides, up to the first difference."""
    ids: Iterator[str] = iter(())
    flows = _RecordedFlows()
    # The ids of legs are an input of the engine like any other; a leg that the trace does not have is a difference.
    try:
        engine = Engine(
            config, new_id=lambda: next(ids, "a leg that the trace does not have"), flows=flows, pacer_for=pacer_for
        )
    except (ValueError, ArithmeticError):
        raise TraceError("line 1: config: no engine can have these settings.") from None
    agreed = Counts()
    sessions: set[str] = set()
    for turn in turns:
        sessions.update(
            [s.leg_id for event, _ in turn.events if isinstance(event, SessionsRestored) for s in event.sessions]
        )
        ids = iter(_new_legs(turn.decision.changes, sessions))
        flows.steps = iter(turn.decision.steps)
        try:
            decision = engine.turn(turn.events, turn.now)
        except Exception as error:  # whatever a damaged trace makes of the engine is a difference
            reason = error.message if isinstance(error, TrunkcallError) else repr(error)
            return Replay(agreed, Difference(turn, None, reason))
        if decision != turn.decision:
            return Replay(agreed, Difference(turn, decision))
        agreed = agreed.and_a_turn(decision)
    return Replay(agreed, None)


def _new_legs(changes: Iterable[Change], sessions: set[str]) -> list[str]:
    """The ids of legs that were made up for these changes; an agent's leg may be a session that was there. Not of the
    deeds: what was to be done with a leg may have come to nothing in the same turn."""
    made = []
    for change in changes:
        match change:
            case AttemptBegun():
                made.append(change.leg_id)
            case SessionBegun():
                made.append(change.leg_id)
                sessions.add(change.leg_id)
            case ContactConnecting() if change.leg_id not in sessions:
                made.append(change.leg_id)
            case _:
                pass
    return made


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


_TURN: Final[Mapping[str, Any]] = {
    "now": Instant,
    "events": tuple[tuple[Event, Instant], ...],
    "steps": tuple[FlowStepped, ...],
    "changes": tuple[Change, ...],
    "deeds": tuple[PlannedDeed, ...],
    "refused": tuple[RefusedEvent, ...],
}


def _turn(line: int, members: dict[str, Any]) -> Turn:
    if members.keys() != _TURN.keys():
        raise TraceError(f"line {line}: the trace is damaged: a turn has {', '.join(_TURN)}.")
    values = {}
    for name, kind in _TURN.items():
        try:
            values[name] = decode(kind, members[name])
        except EncodingError as error:
            raise TraceError(f"line {line}: the trace is damaged: {name}: {error.message}.") from None
    decision = Decision(values["changes"], values["deeds"], values["steps"], values["refused"])
    return Turn(line, values["events"], values["now"], decision)
