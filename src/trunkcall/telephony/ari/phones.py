"""Agents' soft phones as Asterisk has them: an endpoint for each, by the agent's user name, that has a password.

Decides what a phone may do there, and that Asterisk is told of it while it runs, by ARI: into its memory, which is lost
when it is started anew, so all are told again whenever the switch is found (``sorcery.conf`` of ``trunkcall
asterisk-config`` has room for them). It is told no password but its hash. It must not know where passwords are kept,
nor what an agent does.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeAlias

from trunkcall.domain.errors import TrunkcallError
from trunkcall.telephony.ari import model
from trunkcall.telephony.ari.dialplan import PHONES
from trunkcall.telephony.ari.wire import Answer, Request

log = logging.getLogger(__name__)

REALM: Final = "asterisk"
"""In which passwords are asked for: Asterisk's own default."""
NETWORKS: Final = "trunkcall-phones"
"""The list of networks that phones may be in, in Asterisk's acl.conf."""
QUALIFY_S, ANSWER_S = 20, 5
"""How often a phone is sent an OPTIONS, and how long it may take to answer: one that is gone is missed in 25 s."""
REGISTERED_S: Final = 300
"""For how long a phone may register at once; for so long one that is not to ring any more may go on to be known to an
Asterisk that was started anew."""
RTP_TIMEOUT_S: Final = 60
HOLD_TIMEOUT_S: Final = 3600
"""For how long nothing may come of a phone that has the other on hold: most send nothing meanwhile."""
_VERSION: Final = "callerid_tag"
"""The option that says by what an endpoint was made; it leads to nothing at all with phones."""
_OWNER: Final = "accountcode"
"""Of which application it is: the dialplan goes by it too."""

Options: TypeAlias = Mapping[str, str]


class Asks(Protocol):
    """A connection to the switch."""

    async def ask(self, request: Request) -> Answer:
        """The answer. Raises SwitchError where there is none."""


def options(name: str, app: str, password: str) -> dict[str, Options]:
    """What Asterisk is told of a phone, by the kind of object."""
    aor = {
        "max_contacts": "1",
        "remove_existing": "yes",
        "default_expiration": str(REGISTERED_S),
        "maximum_expiration": str(REGISTERED_S),
        "qualify_frequency": str(QUALIFY_S),
        "qualify_timeout": str(ANSWER_S),
    }
    endpoint = {
        "transport": "transport-udp",
        "context": PHONES,
        "identify_by": "auth_username,username",
        "aors": name,
        "auth": name,
        "acl": NETWORKS,
        "disallow": "all",
        "allow": "ulaw,alaw",
        "timers": "yes",
        # Phones are often behind a NAT, and what is behind one is found where it sends from.
        "rtp_symmetric": "yes",
        "force_rport": "yes",
        "rewrite_contact": "yes",
        # As with trunks: sound goes past Asterisk, and nobody sends a call anywhere.
        "direct_media": "no",
        "rtp_timeout": str(RTP_TIMEOUT_S),
        "rtp_timeout_hold": str(HOLD_TIMEOUT_S),
        "send_connected_line": "no",
        "allow_transfer": "no",
        "allow_subscribe": "no",
        "redirect_method": "user",
        "t38_udptl": "no",
        _OWNER: app,
    }
    version = hashlib.sha256(repr((aor, endpoint)).encode()).hexdigest()[:16]
    auth = {"auth_type": "md5", "realm": REALM, "username": name, "md5_cred": _hash(name, password)}
    return {"auth": auth, "aor": aor, "endpoint": {**endpoint, _VERSION: version}}


def _hash(name: str, password: str) -> str:
    # It is what SIP's digest is made of (RFC 3261), so who has it can register; the password itself nobody gets of it.
    return hashlib.md5(f"{name}:{REALM}:{password}".encode(), usedforsecurity=False).hexdigest()


class Phones:
    """Those of one application. ``passwords`` are what its agents' phones prove themselves by, by endpoint; it raises
    TrunkcallError where they cannot be read."""

    def __init__(self, app: str, passwords: Callable[[], Mapping[str, str]]) -> None:
        self._app = app
        self._passwords = passwords
        self._told: dict[str, str] = {}
        """What the switch at hand has been told of: each phone's password."""
        self._refused: dict[str, str] = {}
        """Those of them that it did not take, and why."""
        self._unknown: str | None = None
        """Why nobody knows the passwords."""

    @property
    def trouble(self) -> str | None:
        """Why phones are not what they should be, in words; None while they are."""
        return self._unknown or next(iter(self._refused.values()), None)

    async def begin(self, switch: Asks) -> None:
        """The switch was found: have it know every phone, and none of former agents. Raises SwitchError,
        AriWireError."""
        self._told.clear()
        self._refused.clear()
        wanted = self._wanted()
        if wanted is None:
            return
        known = (await switch.ask(Request("GET", "endpoints/PJSIP"))).holds(list[model.Endpoint])
        for name in {each.resource for each in known} - wanted.keys():
            if (await _options_of(switch, "endpoint", name)).get(_OWNER) == self._app:
                await self._remove(switch, name)
        await self._put_all(switch, wanted)

    async def renew(self, switch: Asks) -> bool:
        """Tell it what has changed; returns whether anything has. Raises SwitchError, AriWireError."""
        wanted = self._wanted()
        if wanted is None or wanted == self._told:
            return False
        for name in sorted(self._told.keys() - wanted.keys()):
            await self._remove(switch, name)
        await self._put_all(switch, wanted)
        return True

    def _wanted(self) -> Mapping[str, str] | None:
        try:
            self._unknown, wanted = None, self._passwords()
        except TrunkcallError as error:
            self._unknown, wanted = error.message, None
        return wanted

    async def _put_all(self, switch: Asks, wanted: Mapping[str, str]) -> None:
        for name, password in wanted.items():
            if self._told.get(name) != password:
                self._refused.pop(name, None)
                await self._put(switch, name, password)
                self._told[name] = password

    async def _put(self, switch: Asks, name: str, password: str) -> None:
        wanted = options(name, self._app, password)
        has = {kind: await _options_of(switch, kind, name) for kind in ("auth", "endpoint")}
        is_new_password = bool(has["auth"]) and has["auth"].get("md5_cred") != wanted["auth"]["md5_cred"]
        if has["endpoint"] and has["endpoint"].get(_OWNER) != self._app:
            self._note(name, "it has one of this name that is not of this instance's making.")
            return
        is_same = has["endpoint"].get(_VERSION) == wanted["endpoint"][_VERSION]
        if is_same and not is_new_password:
            return
        if has["endpoint"] and not is_same:
            # One that has an acl cannot be changed (22.10), and one that is made anew while a phone is registered is
            # told of no phone's end: so that has to register again.
            await self._remove(switch, name)
        for kind, values in wanted.items():
            if is_same and kind != "auth":
                continue
            fields = [{"attribute": attribute, "value": value} for attribute, value in values.items()]
            answer = await switch.ask(Request("PUT", _path(kind, name), body={"fields": fields}))
            if not answer.is_ok:
                self._note(name, "write its configuration anew by `trunkcall asterisk-config`, and start it anew.")
                log.warning("the switch did not take a phone", extra={"phone": name, "status": answer.status})
                return
        if is_new_password:
            # Whoever knows the former one rings no more.
            await _sign_off(switch, name)

    def _note(self, name: str, why: str) -> None:
        self._refused[name] = f"Asterisk does not take the phone of {name}: {why}"

    async def _remove(self, switch: Asks, name: str) -> None:
        await _sign_off(switch, name)
        for kind in ("endpoint", "aor", "auth"):
            await switch.ask(Request("DELETE", _path(kind, name)))
        self._told.pop(name, None)
        self._refused.pop(name, None)


def _path(kind: str, name: str) -> str:
    return f"asterisk/config/dynamic/res_pjsip/{kind}/{name}"


async def _options_of(switch: Asks, kind: str, name: str) -> Options:
    """What Asterisk has of an object; nothing where there is none."""
    answer = await switch.ask(Request("GET", _path(kind, name)))
    if not answer.is_ok:
        return {}
    return {each["attribute"]: each["value"] for each in answer.holds(list[dict[str, Any]])}


async def _sign_off(switch: Asks, name: str) -> None:
    """Whatever phone has registered by this name rings no more until it registers again. Asterisk keeps registrations
    as contacts, by the hash of where they are (res_pjsip_registrar.c)."""
    told = (await _options_of(switch, "aor", name)).get("contact", "")
    # Several are parted by commas, which may be in one as well.
    for uri in sorted({told, *told.split(",")}):
        if uri:
            contact = hashlib.md5(uri.encode(), usedforsecurity=False).hexdigest()
            await switch.ask(Request("DELETE", _path("contact", f"{name};@{contact}")))
