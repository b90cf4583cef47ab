"""A server's line to the exchange: a Carrier for its dialer, made anew whenever it breaks, as ``RemoteCarrier`` is.

Decides what becomes of words and deeds on their way. Those of one leg arrive in their order, those of several in any;
what is on its way when a session ends never arrives. An originate is void only where it was never sent.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from random import Random
from typing import Any

from trunkcall.domain.saying import Saying
from trunkcall.engine.commands import (
    BridgeLegs,
    HangUp,
    Originate,
    OriginateAgentLeg,
    OriginateSessionLeg,
    PlayTone,
    ReportLegs,
    ResumeRecording,
    StartRecording,
    StopPlaying,
    StopRecording,
    SuspendRecording,
    UnbridgeLegs,
)
from trunkcall.engine.events import CarrierEvent, CarrierFound, CarrierLost, OriginateVoided
from trunkcall.telephony.carrier import CarrierSink, Destination
from world.exchange import Asked, Dial, Exchange, Play
from world.faults import Faults
from world.loop import Process
from world.story import Story

RETRY_AFTER_S = 1.0
ON_THE_WAY_S = 0.02
LATE_S = 5.0


class Pipe:
    """Carries things to a process. Those of one lane arrive in the order in which they were sent; what is about all
    lanes arrives after everything that was sent before it, and before everything that was sent after it."""

    def __init__(self, to: Process, arrive: Callable[[Any], None], random: Random) -> None:
        self._loop = asyncio.get_running_loop()
        self._to = to
        self._arrive = arrive
        self._random = random
        self._lanes: defaultdict[str, deque[tuple[int, Any]]] = defaultdict(deque)
        self._last_s: defaultdict[str, float] = defaultdict(float)
        self._age = 0
        self.open = True

    def send(self, lane: str, what: Any, *, late_s: float = 0.0) -> None:
        arrives_s = self._loop.time() + self._random.uniform(0.0, ON_THE_WAY_S) + late_s
        self._last_s[lane] = arrives_s = max(arrives_s, self._last_s[lane])
        self._lanes[lane].append((self._age, what))
        self._loop.call_at(arrives_s, self._next, lane, context=self._to.context)

    def send_to_all(self, what: Any) -> None:
        self._age += 1
        self.send("", what)
        self._age += 1

    def _next(self, lane: str) -> None:
        heads = {each: waiting[0][0] for each, waiting in self._lanes.items() if waiting}
        oldest = min(heads.values())
        if heads.get(lane) != oldest:
            lane = next(each for each, age in heads.items() if age == oldest)
        _, what = self._lanes[lane].popleft()
        if self.open:
            self._arrive(what)


class Session:
    """One connection of a line, as long as it holds."""

    def __init__(self, line: Line, exchange: Exchange, random: Random) -> None:
        self._line = line
        self._exchange = exchange
        self._random = random
        self.over = asyncio.Event()
        self._words = Pipe(line.process, line.hear, random)
        self._deeds = Pipe(exchange.process, lambda deed: exchange.do(deed, self), random)

    def ask(self, deed: Asked) -> None:
        # Deeds of a connection arrive in the order in which they were sent.
        self._deeds.send("", deed)

    def say(self, event: CarrierEvent) -> None:
        faults, random = self._line.faults, self._random
        if isinstance(event, CarrierFound | CarrierLost):
            self._words.send_to_all(event)
            return
        lane = _lane(event)
        if random.random() < faults.words_lost:
            self._line.story.tell("carrier", f"a word is lost: {told(event)}")
            return
        late_s = random.uniform(0.0, LATE_S) if random.random() < faults.words_late else 0.0
        self._words.send(lane, event, late_s=late_s)
        if random.random() < faults.words_repeated:
            self._words.send(lane, event)

    def break_off(self, *, noticed_after_s: float) -> None:
        """Nothing arrives any more, here or there."""
        if self._words.open:
            self._words.open = self._deeds.open = False
            self._exchange.leave(self)
            loop = asyncio.get_running_loop()
            loop.call_later(noticed_after_s, self.over.set, context=self._line.process.context)

    @property
    def is_up(self) -> bool:
        return not self.over.is_set()


class Line:
    """A Carrier."""

    def __init__(self, exchange: Exchange, process: Process, story: Story, random: Random) -> None:
        self._exchange = exchange
        self.process = process
        self.story = story
        self._random = random
        self.faults = Faults()
        self.on_originate: Callable[[Originate], None] = lambda command: None
        self._sink: CarrierSink | None = None
        self._token = 0
        self._session: Session | None = None
        self._task: asyncio.Task[None] | None = None
        self._lost = False

    async def start(self, sink: CarrierSink, *, token: int) -> None:
        await self.close()
        self._sink, self._token, self._lost = sink, token, False
        said = asyncio.Event()
        self._task = asyncio.create_task(self._run(said))
        await said.wait()

    async def close(self) -> None:
        self._sink = None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def cut(self) -> None:
        """Its process is no more."""
        if self._session is not None:
            self._session.break_off(noticed_after_s=0.0)

    async def _run(self, said: asyncio.Event) -> None:
        while True:
            session = Session(self, self._exchange, self._random)
            if self._exchange.serve(session, self._token):
                try:
                    self._session, self._lost = session, False
                    self.story.tell("carrier", f"serves {self.process.name}")
                    for event in self._exchange.hosts_as_they_are():
                        self.hear(event)
                    said.set()
                    await session.over.wait()
                finally:
                    self._session = None
                    session.break_off(noticed_after_s=0.0)
            self._lose()
            said.set()
            await asyncio.sleep(RETRY_AFTER_S)

    def _lose(self) -> None:
        if not self._lost:
            self._lost = True
            self.story.tell(self.process.name, "has lost the carrier")
            self._tell(CarrierLost())

    def _tell(self, event: CarrierEvent) -> None:
        if self._sink is not None:
            self._sink(event)

    def hear(self, event: CarrierEvent) -> None:
        self.story.tell(self.process.name, f"hears {told(event)}")
        self._tell(event)

    # --- deeds --------------------------------------------------------------------------------------------------------

    def _send(self, deed: Asked) -> bool:
        """False if it has provably not left."""
        if self._session is None or not self._session.is_up:
            return False
        self._session.ask(deed)
        return True

    def originate(self, command: Originate, destination: Destination) -> None:
        self.on_originate(command)
        if not self._send(Dial(command, destination)):
            self._void(command.leg_id)

    def originate_agent_leg(self, command: OriginateAgentLeg) -> None:
        if not self._send(command):
            self._void(command.leg_id)

    def originate_session_leg(self, command: OriginateSessionLeg) -> None:
        if not self._send(command):
            self._void(command.leg_id)

    def _void(self, leg_id: str) -> None:
        self._lose()
        self._tell(OriginateVoided(leg_id))

    def bridge(self, command: BridgeLegs) -> None:
        self._send(command)

    def play(self, leg_id: str, play_id: str, saying: Saying) -> None:
        self._send(Play(leg_id, play_id, saying))

    def unbridge(self, command: UnbridgeLegs) -> None:
        self._send(command)

    def play_tone(self, command: PlayTone) -> None:
        self._send(command)

    def stop_playing(self, command: StopPlaying) -> None:
        self._send(command)

    def start_recording(self, command: StartRecording) -> None:
        self._send(command)

    def suspend_recording(self, command: SuspendRecording) -> None:
        self._send(command)

    def resume_recording(self, command: ResumeRecording) -> None:
        self._send(command)

    def stop_recording(self, command: StopRecording) -> None:
        self._send(command)

    def hang_up(self, command: HangUp) -> None:
        self._send(command)

    def report_legs(self, command: ReportLegs) -> None:
        self._send(command)


def _lane(event: CarrierEvent) -> str:
    """Of the legs of a bridge the customer's; of a recording its own; of what is about all legs one of its own."""
    names = ("leg_id", "customer_leg_id", "recording_id")
    return next((str(getattr(event, name)) for name in names if hasattr(event, name)), "")


def told(event: CarrierEvent) -> str:
    """A word in the story's words."""
    legs = getattr(event, "legs", None)
    ids = [getattr(event, name, None) for name in ("leg_id", "customer_leg_id", "agent_leg_id")]
    extra = [getattr(event, name, None) for name in ("cause", "detection", "host")]
    number = [f"of {len(legs)}"] if legs is not None else []
    return " ".join([type(event).__name__, *(str(each) for each in (*ids, *extra) if each), *number])
