"""What an Asterisk is like: all that is asked of it where it is examined and nobody is dialed.

Decides what is asked, and how. It must not know how it ought to be. It takes the way that the dialer takes, in an
application of its own, so that no dialer loses the switch by it. What ARI tells nothing of, a channel can be asked:
one is made that nobody dials, and that Asterisk ends by itself if we do not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

import aiohttp

from trunkcall.telephony.ari import model
from trunkcall.telephony.ari.addresses import ANONYMOUS
from trunkcall.telephony.ari.client import Switch, SwitchError
from trunkcall.telephony.ari.dialplan import CONTEXT, VERSION
from trunkcall.telephony.ari.legs import LegKind
from trunkcall.telephony.ari.wire import NOT_FOUND, Answer, AriWireError, Request

T = TypeVar("T")

FORBIDDEN: Final = 403
ASK_S: Final = 5.0
GONE_S: Final = 2.0
_PROBE_S: Final = 30
"""After so many seconds Asterisk ends the channel by itself."""


class Connect(Protocol):
    """Makes a connection to the switch, which is not open yet."""

    def __call__(self, app: str, *, on_event: Callable[[model.Event], None]) -> Switch: ...


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a trunk is reached, and what became of the last OPTIONS that Asterisk has sent there."""

    uri: str
    status: str
    """Reachable, Unreachable, NonQualified or Unknown, as Asterisk puts it."""
    round_trip_s: float | None


@dataclass(frozen=True, slots=True)
class InspectedEndpoint:
    """An endpoint of PJSIP's that a trunk is to leave by. ``options`` are those of the endpoint, ``aor`` those of the
    first address of record that it has, as Asterisk writes them; empty where there are none."""

    name: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    aor: Mapping[str, str] = field(default_factory=dict, repr=False)
    contacts: tuple[Contact, ...] | None = ()
    """None where nobody can tell, as Asterisk lacks functions of the dialplan (func_pjsip_aor, func_pjsip_contact)."""
    is_known: bool = True
    """Whether Asterisk has it."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found. ``ahead_s`` is how far Asterisk's clock is before this machine's, ``give_or_take_s`` by how much
    that may be wrong."""

    version: str
    modules: Mapping[str, bool]
    """By the name without .so, whether it is running."""
    tells_sip_cause: bool
    may_write: bool
    shown_variables: frozenset[str]
    """Those that are told with every channel."""
    dialplan: str
    """The version of the dialplan; empty where it says none."""
    extensions: frozenset[str] | None
    """Those of the dialplan's that there are; None where nobody can tell."""
    ahead_s: float
    give_or_take_s: float
    lets_anonymous_in: bool
    endpoints: tuple[InspectedEndpoint, ...]
    phones: Mapping[str, bool]
    """Every endpoint by its name, agents' phones among them: whether Asterisk takes it to be there."""


async def inspect(connect: Connect, app: str, endpoints: Collection[str]) -> Inspection:
    """Look at the switch. ``app`` is an application of nobody else's, ``endpoints`` are those of trunks. Raises
    SwitchError, which says what is in the way."""
    # Set once the channel is gone that we have made: an application that still has one stays known to Asterisk.
    gone = asyncio.Event()
    switch = connect(app, on_event=lambda event: gone.set() if isinstance(event, model.ChannelDestroyed) else None)
    try:
        await switch.open()
        return await _Inspector(switch, app, gone).inspect(endpoints)
    except AriWireError:
        raise SwitchError("What is at ari_url answers otherwise than Asterisk does.") from None
    finally:
        await switch.close()


async def too_old(url: str, user: str, password: str) -> str | None:
    """The version of an Asterisk that takes no requests on its websocket, as its own description tells; None of any
    other, and where nobody can tell."""
    headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
    timeout = aiohttp.ClientTimeout(total=ASK_S)
    try:
        async with aiohttp.ClientSession(f"{url}/ari/", headers=headers, timeout=timeout) as session:
            info = (await _got(session, "asterisk/info")).holds(model.AsteriskInfo)
            described = (await _got(session, "api-docs/events.json")).holds(dict[str, Any])
    except (aiohttp.ClientError, OSError, TimeoutError, AriWireError, UnicodeError):
        return None
    if info.system is None or "RESTRequest" in described.get("models", {}):
        return None
    return info.system.version


async def _got(session: aiohttp.ClientSession, path: str) -> Answer:
    async with session.get(path) as answer:
        return Answer(answer.status, await answer.text())


class _Inspector:
    """Of one connection."""

    def __init__(self, switch: Switch, app: str, gone: asyncio.Event) -> None:
        self._switch = switch
        self._gone = gone
        self._app = app
        self._probe = f"{app}.probe"

    async def inspect(self, endpoints: Collection[str]) -> Inspection:
        info = await self._told(model.AsteriskInfo, "asterisk/info")
        modules = await self._told(list[dict[str, Any]], "asterisk/modules")
        ahead_s, give_or_take_s = await self._clock()
        version = await self._ask("asterisk/variable", variable=VERSION)
        made = await self._make_probe()
        try:
            has_probe = made.is_ok
            shown = made.holds(dict[str, Any]).get("channelvars") or {} if has_probe else {}
            return Inspection(
                version=info.system.version if info.system is not None else "",
                modules={each["name"].removesuffix(".so"): each["status"] == "Running" for each in modules},
                tells_sip_cause=await self._tells_sip_cause(),
                may_write=made.status != FORBIDDEN,
                shown_variables=frozenset(shown),
                dialplan=version.holds(model.Variable).value if version.is_ok else "",
                extensions=await self._extensions() if has_probe else None,
                ahead_s=ahead_s,
                give_or_take_s=give_or_take_s,
                lets_anonymous_in=(await self._ask(f"endpoints/PJSIP/{ANONYMOUS}")).is_ok,
                endpoints=tuple([await self._endpoint(name) for name in endpoints]),
                phones={
                    each.resource: each.state == "online"
                    for each in await self._told(list[model.Endpoint], "endpoints/PJSIP")
                },
            )
        finally:
            if made.is_ok:
                await self._switch.ask(Request("DELETE", f"channels/{self._probe}"))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._gone.wait(), GONE_S)

    async def _make_probe(self) -> Answer:
        """A channel that reaches nobody, and that may be asked what only channels are told."""
        query = {"endpoint": f"Local/none@{CONTEXT}", "app": self._app, "channelId": self._probe}
        made = await self._switch.ask(Request("POST", "channels/create", query))
        if made.is_ok:
            ends = {"variable": "TIMEOUT(absolute)", "value": str(_PROBE_S)}
            await self._switch.ask(Request("POST", f"channels/{self._probe}/variable", ends))
        return made

    async def _extensions(self) -> frozenset[str] | None:
        found = set()
        for kind in LegKind:
            told = await self._function(f"DIALPLAN_EXISTS({CONTEXT},{kind},1)")
            if told is None:
                return None
            if told == "1":
                found.add(str(kind))
        return frozenset(found)

    async def _endpoint(self, name: str) -> InspectedEndpoint:
        there = await self._ask(f"endpoints/PJSIP/{name}")
        if there.status == NOT_FOUND:
            return InspectedEndpoint(name, is_known=False)
        options = await self._options("endpoint", name)
        record = options.get("aors", "").partition(",")[0].strip()
        aor = await self._options("aor", record) if record else {}
        return InspectedEndpoint(name, options, aor, await self._contacts(record) if aor else ())

    async def _contacts(self, record: str) -> tuple[Contact, ...] | None:
        ids = await self._function(f"PJSIP_AOR({record},contact)")
        if ids is None:
            return None
        found = [await self._contact(each) for each in ids.split(",") if each]
        return None if None in found else tuple(each for each in found if each is not None)

    async def _contact(self, contact_id: str) -> Contact | None:
        uri, status, round_trip = [
            await self._function(f"PJSIP_CONTACT({contact_id},{about})") for about in ("uri", "status", "rtt")
        ]
        if uri is None or status is None:
            return None
        # In microseconds.
        return Contact(uri, status, int(round_trip) / 1e6 if round_trip and round_trip.isdecimal() else None)

    async def _options(self, kind: str, name: str) -> dict[str, str]:
        answer = await self._ask(f"asterisk/config/dynamic/res_pjsip/{kind}/{name}")
        if not answer.is_ok:
            return {}
        return {each["attribute"]: each["value"] for each in answer.holds(list[dict[str, str]])}

    async def _function(self, name: str) -> str | None:
        """What a function of the dialplan says; None where there is none of this name, or nothing to say."""
        answer = await self._ask(f"channels/{self._probe}/variable", variable=name)
        return answer.holds(model.Variable).value if answer.is_ok else None

    async def _tells_sip_cause(self) -> bool:
        described = await self._told(dict[str, Any], "api-docs/events.json")
        models = described.get("models", {})
        return "tech_cause" in models.get("ChannelDestroyed", {}).get("properties", {})

    async def _clock(self) -> tuple[float, float]:
        """How far ahead Asterisk's clock is, and by how much that may be wrong."""
        before_s = time.time()
        told = await self._told(dict[str, str], "asterisk/ping")
        after_s = time.time()
        try:
            there_s = datetime.strptime(told["timestamp"], "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
        except (KeyError, ValueError):
            raise AriWireError from None
        return there_s - (before_s + after_s) / 2, (after_s - before_s) / 2

    async def _told(self, kind: type[T], path: str) -> T:
        answer = await self._ask(path)
        if not answer.is_ok:
            raise SwitchError(f"Asterisk answered {answer.status} where it was asked for {path}.")
        return answer.holds(kind)

    async def _ask(self, path: str, **query: str) -> Answer:
        return await self._switch.ask(Request("GET", path, query))
