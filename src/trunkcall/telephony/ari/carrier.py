"""The carrier that makes its legs by one Asterisk.

Decides when the switch counts as lost, whose word it follows (the dialer with the greatest token), and what of it is
adopted when it is found. What deeds and events mean is ``switchboard``'s. It must not know the store.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Container
from contextlib import suppress
from functools import partial
from typing import Final, Protocol

from trunkcall.domain.directory import Directory
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.instants import Duration, Instant, to_seconds
from trunkcall.domain.leg import HangupCause, LiveLeg
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
from trunkcall.engine.events import (
    AgentPhoneFound,
    AgentPhoneLost,
    CarrierEvent,
    CarrierFound,
    CarrierLost,
    CodeDialed,
    LegEnded,
    LegsReported,
    OriginateVoided,
)
from trunkcall.telephony.ari import dialplan, model
from trunkcall.telephony.ari.addresses import Addresses
from trunkcall.telephony.ari.auto_answer import VARIABLES
from trunkcall.telephony.ari.client import Switch, SwitchError
from trunkcall.telephony.ari.detection import amd_arguments
from trunkcall.telephony.ari.legs import ON_HOLD, AriLeg, adopted, live, unheard
from trunkcall.telephony.ari.phones import Phones
from trunkcall.telephony.ari.prompts import Speak
from trunkcall.telephony.ari.recordings import NewFileOf
from trunkcall.telephony.ari.streams import Sounds
from trunkcall.telephony.ari.switchboard import Switchboard
from trunkcall.telephony.ari.wire import UNSENT, Answer, AriWireError, Request
from trunkcall.telephony.carrier import CarrierSink, Destination

log = logging.getLogger(__name__)

MAX_RETRY_S: Final = 10.0
LOOK_AT_PHONES_S: Final = 1.0
"""How often it is looked for phones that are new, or to be otherwise. What becomes of them Asterisk tells at once."""
_ONLINE: Final = "online"
_REJECTED: Final = "21"
"""Of Q.850."""
MAX_TOKEN_DIGITS: Final = 20
"""Of a fencing token that a dialer has written."""


class Connect(Protocol):
    """Makes a connection to the switch, which is not open yet."""

    def __call__(self, app: str, *, on_event: Callable[[model.Event], None]) -> Switch: ...


class SupersededError(TrunkcallError):
    """A dialer with a newer lease of this instance has the switch."""


def app_of(instance_id: str) -> str:
    """The name of an instance's application on the switch."""
    return f"trunkcall_{''.join(each for each in instance_id if each.isalnum())[:12]}"


class AriCarrier:
    """A Carrier. ``app`` is its application's name, ``host`` the name of the switch in the instance's trunks; ``speak``
    finds or makes the sounds of what is said, and ``sounds`` is the process that plays it. ``phones`` are agents' soft
    phones, which are asked to answer by themselves where ``auto_answer`` is true; ``codes`` are what may be dialed on
    them. A leg of which nothing at all is heard within ``sound_within`` of its answer is ended; 0 is none. ``new_file``
    gives the files of recordings, which leave so many octets of the disk free as ``keep_free``."""

    def __init__(
        self,
        app: str,
        connect: Connect,
        addresses: Addresses,
        *,
        now: Callable[[], Instant],
        host: str | None = None,
        speak: Speak,
        sounds: Sounds,
        phones: Phones,
        auto_answer: bool = True,
        sound_within: Duration = 0,
        codes: Collection[str] = (),
        new_file: NewFileOf,
        keep_free: int = 0,
    ) -> None:
        self._app = app
        self._connect = connect
        self._addresses = addresses
        self._host = host
        self._phones = phones
        self._codes = frozenset(codes)
        self._asked_to_answer = VARIABLES if auto_answer else {}
        self._board = Switchboard(
            app,
            send=self._send,
            tell=self._tell,
            later=self._later,
            now=now,
            speak=speak,
            sounds=sounds,
            sound_within=sound_within,
            new_file=new_file,
            keep_free=keep_free,
        )
        self._sink: CarrierSink | None = None
        self._token = 0
        self._switch: Switch | None = None
        """While it is found, and follows us."""
        self._subscribed: set[str] = set()
        self._soft_phones: dict[str, str] = {}
        """Agents and their endpoints, as far as the switch tells of them."""
        self._without_phone: set[str] = set()
        """Of which agents that was told."""
        self._task: asyncio.Task[None] | None = None
        self._lost = False
        self._early: list[model.Event] | None = []
        """What was told while the legs were asked for; None once it is known what there is."""
        self.trouble: str | None = None
        """Why the switch cannot be used at the moment, in words; None while it can."""

    @property
    def prompt_trouble(self) -> str | None:
        """Why prompts are not heard although there are sounds of them, in words; None while they are."""
        return self._board.prompts.trouble

    @property
    def recording_trouble(self) -> str | None:
        """Why talks are not recorded that are to be, in words; None while they are."""
        return self._board.recorders.trouble

    def know(self, directory: Directory) -> None:
        """What there is now. Who is new here has no phone until Asterisk has said otherwise: it may be made in a
        moment, and must not be rung before."""
        self._addresses.know(directory)
        if self._switch is None:
            return
        for agent_id, endpoint in self._addresses.soft_phones().items():
            if self._soft_phones.get(agent_id) != endpoint:
                self._tell_of_phone(agent_id, is_there=False)
        self._not_soft_any_more()

    # --- Carrier ------------------------------------------------------------------------------------------------------

    async def start(self, sink: CarrierSink, *, token: int) -> None:
        await self.close()
        self._sink, self._token, self._lost = sink, token, False
        self._without_phone.clear()
        said = asyncio.Event()
        self._task = asyncio.create_task(self._run(said), name="switch")
        await said.wait()

    async def close(self) -> None:
        self._sink = None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._board.forget()

    def originate(self, command: Originate, destination: Destination) -> None:
        if self._sink is None:
            return
        address = self._addresses.customer(command.trunk_id, destination.phone_number)
        if address is None or not self._can_dial(address.endpoint):
            self._void(command.leg_id)
            return
        self._board.originate(command, address.dial_string, amd_arguments(destination.detection))

    def originate_agent_leg(self, command: OriginateAgentLeg) -> None:
        self._ring(command)

    def originate_session_leg(self, command: OriginateSessionLeg) -> None:
        self._ring(command)

    def _ring(self, command: OriginateAgentLeg | OriginateSessionLeg) -> None:
        if self._sink is None:
            return
        address = self._addresses.agent(command.agent_id)
        if self._switch is None:
            self._void(command.leg_id)
        elif address is None or not self._can_dial(address.endpoint):
            self._board.unreachable(command.leg_id)
        else:
            extra = self._asked_to_answer if address.is_soft else {}
            self._board.originate_agent_leg(command, address.dial_string, extra)

    def bridge(self, command: BridgeLegs) -> None:
        self._board.bridge(command)

    def unbridge(self, command: UnbridgeLegs) -> None:
        self._board.unbridge(command)

    def play(self, leg_id: str, play_id: str, saying: Saying) -> None:
        self._board.play(leg_id, play_id, saying)

    def play_tone(self, command: PlayTone) -> None:
        self._board.play(command.leg_id, command.play_id, command.tone)

    def stop_playing(self, command: StopPlaying) -> None:
        self._board.stop_playing(command)

    def start_recording(self, command: StartRecording) -> None:
        self._board.start_recording(command)

    def suspend_recording(self, command: SuspendRecording) -> None:
        self._board.recorders.suspend(command)

    def resume_recording(self, command: ResumeRecording) -> None:
        self._board.recorders.resume(command)

    def stop_recording(self, command: StopRecording) -> None:
        self._board.recorders.stop(command)

    def hang_up(self, command: HangUp) -> None:
        self._board.hang_up(command)

    def report_legs(self, command: ReportLegs) -> None:
        def with_channels(answer: Answer) -> None:
            self._send(Request("GET", "bridges"), partial(with_bridges, answer))

        def with_bridges(channels: Answer, bridges: Answer) -> None:
            try:
                legs = self._legs_in(channels, bridges)
            except AriWireError:
                return
            self._tell(LegsReported(command.question, self._as_known(legs), self._host))

        self._send(Request("GET", "channels"), with_channels)

    # --- what the switchboard acts through ----------------------------------------------------------------------------

    def _send(self, request: Request, on_answer: Callable[[Answer], None] | None) -> bool:
        return self._switch is not None and self._switch.send(request, on_answer)

    def _tell(self, event: CarrierEvent) -> None:
        if self._sink is not None:
            self._sink(event)

    def _later(self, after: Duration, deed: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(to_seconds(after), deed)

    def _void(self, leg_id: str) -> None:
        if self._switch is None or not self._switch.is_open:
            self._lose()
        self._tell(OriginateVoided(leg_id))

    def _lose(self) -> None:
        """Tell a loss once."""
        self._switch = None
        if not self._lost:
            self._lost = True
            self._tell(CarrierLost(self._host))

    def _can_dial(self, endpoint: str) -> bool:
        """Have the switch tell what becomes of channels to an endpoint. Asterisk does what one connection asks in its
        order, so this is done before anybody is dialed there."""
        if endpoint in self._subscribed:
            return True
        request = Request(
            "POST", f"applications/{self._app}/subscription", {"eventSource": f"endpoint:PJSIP/{endpoint}"}
        )
        if not self._send(request, partial(self._subscription_answered, endpoint)):
            return False
        self._subscribed.add(endpoint)
        return True

    def _subscription_answered(self, endpoint: str, answer: Answer) -> None:
        if not answer.is_ok:
            # Where it has no such endpoint the originate that follows is refused as well.
            self._subscribed.discard(endpoint)
            if answer is not UNSENT:
                log.warning("the switch has no endpoint of this name", extra={"endpoint": endpoint})

    # --- the session --------------------------------------------------------------------------------------------------

    async def _run(self, said: asyncio.Event) -> None:
        """Keep a connection, until cancelled. ``said`` is set once the sink has been told whether there is one."""
        failures = 0
        while True:
            switch = self._connect(self._app, on_event=self._take)
            self._early = []
            try:
                # Before the connection is opened, which takes the application from whoever has it: a former dialer that
                # is thrown out sees the newer token then, and stays away.
                await self._claim(switch)
                await switch.open()
                await self._begin(switch)
                failures = 0
                said.set()
                self.trouble = await self._until_lost(switch)
            except (SwitchError, AriWireError, SupersededError) as error:
                self.trouble = str(error)
            finally:
                if not failures and self._sink is not None:
                    log.warning("the switch is lost", extra={"why": self.trouble})
                self._lose()
                await switch.close()
            said.set()
            await asyncio.sleep(min(MAX_RETRY_S, 0.1 * 2**failures))
            failures = min(failures + 1, 10)

    async def _until_lost(self, switch: Switch) -> str:
        """Keep it up to date meanwhile; why it is lost."""
        keeping = asyncio.create_task(self._keep_phones(switch), name="phones")
        try:
            return await switch.lost()
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _keep_phones(self, switch: Switch) -> None:
        changed = False
        while True:
            await asyncio.sleep(LOOK_AT_PHONES_S)
            # What it could not tell, or not do, it is asked for again.
            with suppress(SwitchError, AriWireError):
                changed |= await self._phones.renew(switch)
                changed |= self._addresses.soft_phones() != self._soft_phones
                if changed:
                    self._tell_of_phones(await self._phones_there(switch))
                    changed = False

    async def _phones_there(self, switch: Switch) -> set[str]:
        """The endpoints that can be rung; from here on Asterisk tells of those of agents."""
        self._soft_phones = self._addresses.soft_phones()
        known = (await self._known(switch, Request("GET", "endpoints/PJSIP"))).holds(list[model.Endpoint])
        wanted = {each.resource for each in known}.intersection(self._soft_phones.values())
        if wanted:
            # One that was made anew is told of no more until it is asked for again.
            source = ",".join(f"endpoint:PJSIP/{name}" for name in sorted(wanted))
            await switch.ask(Request("POST", f"applications/{self._app}/subscription", {"eventSource": source}))
            self._subscribed |= wanted
            known = (await self._known(switch, Request("GET", "endpoints/PJSIP"))).holds(list[model.Endpoint])
        return {each.resource for each in known if each.state == _ONLINE}

    def _tell_of_phones(self, there: Container[str]) -> None:
        # Also of those who have come while the switch was asked.
        for agent_id, endpoint in self._addresses.soft_phones().items():
            self._tell_of_phone(agent_id, is_there=endpoint in there)
        self._not_soft_any_more()

    def _not_soft_any_more(self) -> None:
        """Whoever has no soft phone has a desk phone now, of which nobody knows anything; or is no agent any more."""
        for agent_id in sorted(self._without_phone.difference(self._addresses.soft_phones())):
            self._tell_of_phone(agent_id, is_there=True)

    def _tell_of_phone(self, agent_id: str, *, is_there: bool) -> None:
        if is_there and agent_id in self._without_phone:
            self._without_phone.remove(agent_id)
            self._tell(AgentPhoneFound(agent_id))
        elif not is_there and agent_id not in self._without_phone:
            self._without_phone.add(agent_id)
            self._tell(AgentPhoneLost(agent_id))

    async def _claim(self, switch: Switch) -> None:
        """Say whose the legs are. Raises SupersededError where somebody has a newer lease."""
        name = f"{self._app}_token"
        value = await switch.variable(name)
        if value.isdecimal() and (len(value) > MAX_TOKEN_DIGITS or int(value) > self._token):
            raise SupersededError
        if value != str(self._token):
            await switch.set_variable(name, str(self._token))

    async def _begin(self, switch: Switch) -> None:
        """Take the switch over from whoever had it before, and adopt what there is."""
        # Once more: somebody may have come between.
        await self._claim(switch)
        self._subscribed.clear()
        # Before anybody is told that it is there: agents are rung at once.
        await self._phones.begin(switch)
        channels = await self._known(switch, Request("GET", "channels"))
        endpoints = {name for each in channels.holds(list[model.Channel]) if (name := self._endpoint_of(each))}
        for endpoint in endpoints:
            query = {"eventSource": f"endpoint:PJSIP/{endpoint}"}
            await switch.ask(Request("POST", f"applications/{self._app}/subscription", query))
            self._subscribed.add(endpoint)
        # Once more: what has happened before the subscription was not told. Who has dialed a code is in no list.
        self._early = [event for event in self._early or () if _is_dialing(event)]
        there = await self._phones_there(switch)
        channels = await self._known(switch, Request("GET", "channels"))
        bridges = await self._known(switch, Request("GET", "bridges"))
        value = await switch.variable(f"{self._app}_unheard")
        legs = self._legs_in(channels, bridges)
        await asyncio.gather(*[self._ask_for_hold(switch, leg) for leg in legs.values() if leg.is_ours])
        if not switch.is_open:
            raise SwitchError(await switch.lost())
        self._switch, self._lost, self.trouble = switch, False, None
        gone = [leg for leg in unheard(value).values() if leg.leg_id not in legs]
        told = [*(live(leg) for leg in legs.values()), *gone]
        self._board.adopt(legs, channels.holds(list[model.Channel]), bridges.holds(list[model.Bridge]))
        log.info("the switch is found", extra={"legs": len(legs)})
        self._tell(CarrierFound(tuple(told), self._host))
        self._tell_of_phones(there)
        for leg in gone:
            self._tell(LegEnded(leg.leg_id, HangupCause.NORMAL))
        early, self._early = self._early, None
        for event in early:
            self._heed(event)
        if value:
            await switch.set_variable(f"{self._app}_unheard", "")

    async def _ask_for_hold(self, switch: Switch, leg: AriLeg) -> None:
        """Learn whether the phone has put the other on hold: a former dialer alone, or nobody, was told."""
        query = {"variable": ON_HOLD}
        answer = await switch.ask(Request("GET", f"channels/{self._board.names.channel(leg.leg_id)}/variable", query))
        if answer.is_ok:
            leg.holds = answer.holds(model.Variable).value == "1"

    async def _known(self, switch: Switch, request: Request) -> Answer:
        answer = await switch.ask(request)
        if not answer.is_ok:
            raise SwitchError(f"Asterisk answered {answer.status} where it was asked for its {request.path}.")
        return answer

    def _legs_in(self, channels: Answer, bridges: Answer) -> dict[str, AriLeg]:
        return adopted(self._board.names, channels.holds(list[model.Channel]), bridges.holds(list[model.Bridge]))

    def _as_known(self, legs: dict[str, AriLeg]) -> tuple[LiveLeg, ...]:
        """With what is known of them here and not by the switch."""
        known = self._board.legs
        return tuple(
            _with_media(live(leg), known[leg_id]) if leg_id in known else live(leg) for leg_id, leg in legs.items()
        )

    def _endpoint_of(self, channel: model.Channel) -> str | None:
        """The endpoint of a channel of ours."""
        return _endpoint(channel) if self._board.names.leg(channel.id) is not None else None

    def _take(self, event: model.Event) -> None:
        if self._early is not None:
            self._early.append(event)
        elif self._switch is not None:
            self._heed(event)

    def _dialed(self, channel: model.Channel, keys: str) -> None:
        """Somebody has dialed a code on a phone, which does nothing but choose a status: no leg comes of it."""
        endpoint = _endpoint(channel)
        agents = [agent_id for agent_id, name in self._addresses.soft_phones().items() if name == endpoint]
        if agents and keys in self._codes:
            self._send(Request("POST", f"channels/{channel.id}/answer"), None)
            for agent_id in agents:
                self._tell(CodeDialed(agent_id, keys))
            self._send(Request("DELETE", f"channels/{channel.id}"), None)
        else:
            self._send(Request("DELETE", f"channels/{channel.id}", {"reason_code": _REJECTED}), None)

    def _heed(self, event: model.Event) -> None:
        match event:
            case model.PeerStatusChange(endpoint=endpoint):
                for agent_id, name in self._soft_phones.items():
                    if name == endpoint.resource:
                        self._tell_of_phone(agent_id, is_there=endpoint.state == _ONLINE)
            case model.StasisStart(channel=channel, args=[dialplan.DIALED, keys, *_]):
                self._dialed(channel, keys)
            case _:
                self._board.take(event)


def _is_dialing(event: model.Event) -> bool:
    return isinstance(event, model.StasisStart) and event.args[:1] == (dialplan.DIALED,)


def _endpoint(channel: model.Channel) -> str | None:
    """PJSIP/west-0000002a is a channel of west."""
    return channel.name.removeprefix("PJSIP/").rpartition("-")[0] if channel.name.startswith("PJSIP/") else None


def _with_media(leg: LiveLeg, known: AriLeg) -> LiveLeg:
    has = live(known)
    return LiveLeg(leg.leg_id, leg.state, leg.bridged_to, leg.detection, has.playing, has.holds, has.recordings)
