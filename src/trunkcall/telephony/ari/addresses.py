"""Whom Asterisk is asked to dial, and on which of its endpoints.

Decides dial strings: nothing but digits of E.164 numbers goes into them, and names of endpoints. It must not know legs.
An agent's soft phone is the endpoint that has the agent's user name; a desk phone is reached over a trunk.

No party of a call may know what a trunk's endpoint is called. Asterisk follows a 302 that names a dial string of its
own (dial.c, handle_call_forward), which no setting forbids: with the name, whoever is called could have any number
dialed over the trunk, past all rules.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from trunkcall.domain.directory import Directory
from trunkcall.domain.trunk import Trunk

_ENDPOINT: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
ANONYMOUS: Final = "anonymous"
"""The endpoint of whoever is not known, where there is one (res_pjsip_endpoint_identifier_anonymous)."""
_DIGITS: Final = re.compile(r"\+?[0-9]{3,20}")
_SECRET_DIGITS: Final = 16
"""Hexadecimal: nobody tries so many names by calls."""


@dataclass(frozen=True, slots=True)
class Address:
    """One phone: the endpoint that it is reached on, and what Asterisk is to dial."""

    endpoint: str
    dial_string: str
    is_soft: bool = False
    """Whether it is an agent's own endpoint, not a number over a trunk."""


def endpoint_of(username: str) -> str | None:
    """The endpoint of an agent's soft phone; None for a user name that none can have."""
    endpoint = username.lower()
    return endpoint if _ENDPOINT.fullmatch(endpoint) and endpoint != ANONYMOUS else None


def trunk_endpoint(trunk_id: str, password: str) -> str:
    """The endpoint of a trunk: its name, and what nobody knows who does not know the password of ARI's user."""
    secret = hmac.digest(password.encode(), f"endpoint of {trunk_id}".encode(), "sha256").hex()
    return f"{trunk_id}-{secret[:_SECRET_DIGITS]}"


class Addresses:
    """Of one instance, as of the facts that it was told last. ``leaves_as`` says in which form a number, E.164, leaves
    on a trunk, ``endpoint_of`` by which endpoint a trunk is left; ``default_trunk`` is that of an instance without
    trunks of its own."""

    def __init__(
        self, leaves_as: Callable[[str, Trunk], str], default_trunk: Trunk, endpoint_of: Callable[[str], str]
    ) -> None:
        self._leaves_as = leaves_as
        self._endpoint_of = endpoint_of
        self._default = default_trunk
        self._trunks: dict[str, Trunk] = {default_trunk.trunk_id: default_trunk}
        self._agents: dict[str, Address] = {}

    def know(self, directory: Directory) -> None:
        """These are the facts from now on."""
        self._trunks = dict(directory.trunks) or {self._default.trunk_id: self._default}
        self._agents = {
            agent.agent_id: address
            for agent in directory.agents.values()
            if (address := self._of_agent(agent.username, agent.phone.number)) is not None
        }

    def customer(self, trunk_id: str, phone_number: str) -> Address | None:
        """How a customer is reached on a trunk; None if there is no such trunk."""
        trunk = self._trunks.get(trunk_id)
        return self._over(trunk, phone_number) if trunk is not None else None

    def agent(self, agent_id: str) -> Address | None:
        """How an agent is reached; None for one without a phone."""
        return self._agents.get(agent_id)

    def soft_phones(self) -> dict[str, str]:
        """The endpoint of every agent's soft phone, by the agent."""
        return {agent_id: address.endpoint for agent_id, address in self._agents.items() if address.is_soft}

    def _of_agent(self, username: str, desk_phone: str | None) -> Address | None:
        if desk_phone is not None:
            return self._over(next(iter(self._trunks.values())), desk_phone)
        endpoint = endpoint_of(username)
        if endpoint is None or endpoint in self._trunks:
            # What has a trunk's name may be the trunk: its carrier would be rung.
            return None
        return Address(endpoint, f"PJSIP/{endpoint}", is_soft=True)

    def _over(self, trunk: Trunk, phone_number: str) -> Address | None:
        digits = self._leaves_as(phone_number, trunk)
        if _DIGITS.fullmatch(digits) is None:
            return None
        endpoint = self._endpoint_of(trunk.trunk_id)
        return Address(endpoint, f"PJSIP/{digits}@{endpoint}")
