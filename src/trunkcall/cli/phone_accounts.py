"""Agents' soft phones: what has to be typed into one, and the passwords by which they register.

Decides that each phone has a password of its own, which stays the same until another is asked for, where it is kept,
and at which address a phone finds Asterisk. It must not know how Asterisk is told of it: the server does that.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from trunkcall.cli.centre import Centre
from trunkcall.cli.tables import facts, plain_table, terminal_width
from trunkcall.compose.asterisk import endpoint_of
from trunkcall.domain.errors import TrunkcallError
from trunkcall.settings import Settings
from trunkcall.settings.switch import is_loopback
from trunkcall.storage.data_dir import PHONE_PASSWORDS, DataDir

ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Nothing that is hard to type on a phone, or to tell apart."""
LENGTH: Final = 20
"""Characters of a password: 99 bits."""
TRANSPORT: Final = "UDP"
_ANYWHERE: Final = "0.0.0.0"  # noqa: S104 - where Asterisk listens, not we
_FOR_DOCUMENTATION: Final = "192.0.2.1"


class NoPhoneError(TrunkcallError):
    """An agent of this name can have no soft phone."""


@dataclass(frozen=True, slots=True)
class PhoneAccount:
    """What is typed into a phone."""

    user_name: str
    password: str = field(repr=False)
    server: str
    port: int

    def told(self) -> dict[str, object]:
        """For whoever reads JSON."""
        return {
            "server": self.server,
            "port": self.port,
            "transport": TRANSPORT,
            "user_name": self.user_name,
            "password": self.password,
        }


def phone_names(agents: Iterable[str], settings: Settings) -> dict[str, str]:
    """The name of each agent's phone, by the agent's. Raises NoPhoneError for a name that no phone can have, or that
    something else has at Asterisk."""
    names: dict[str, str] = {}
    trunks = {table.trunk.trunk_id for table in settings.trunks}
    for agent in agents:
        name = endpoint_of(agent)
        if name is None:
            raise NoPhoneError(
                f"An agent who is called {agent!r} can have no soft phone: the name may have up to 64 letters, digits, "
                "_ . and - alone, the first of them a letter or a digit, and must not be anonymous."
            )
        if name in trunks:
            raise NoPhoneError(f"A trunk is called {name}, and Asterisk needs another name for the phone of {agent}.")
        if name in names.values():
            other = next(each for each in names if names[each] == name)
            if other != agent:
                raise NoPhoneError(
                    f"The agents {other} and {agent} would have one soft phone, {name}: one needs another name. "
                    "Names stay: remove an agent, and add it by another."
                )
        names[agent] = name
    return names


def taken(centre: Centre) -> dict[str, str]:
    """The agents of all instances of the server, by what their phones are called: Asterisk knows no instances."""
    found: dict[str, str] = {}
    for instance in centre.instances():
        for user in Centre(centre.where, centre.client, instance.id).users():
            name = endpoint_of(user.name)
            if name is not None:
                found.setdefault(name, user.name)
    return found


def accounts(names: Collection[str], settings: Settings, *, new_passwords: bool = False) -> dict[str, PhoneAccount]:
    """The accounts of these phones, by name: their passwords are made where there are none, or where new ones are
    wanted. Raises DataDirMissingError, DataDirUnusableError."""
    directory = DataDir(settings.data_dir)
    known: Mapping[str, str] = {} if new_passwords else directory.phone_passwords()
    made = {name: "".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for name in names if name not in known}
    if made:
        directory.change_phone_passwords(made)
    passwords, server = {**known, **made}, server_of(settings)
    return {name: PhoneAccount(name, passwords[name], server, settings.sip_port) for name in names}


def server_of(settings: Settings) -> str:
    """Where phones find Asterisk: where it listens; if that is everywhere, by which address its machine is known."""
    if settings.sip_address != _ANYWHERE:
        return settings.sip_address
    host = urlsplit(settings.ari_url).hostname or ""
    return _own_address() if is_loopback(host) else host


def _own_address() -> str:
    """By which others see this machine, as far as it knows itself. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            any_socket.connect((_FOR_DOCUMENTATION, 9))
        except OSError:
            return socket.gethostname()
        address: str = any_socket.getsockname()[0]
        return address


def accounts_text(found: Sequence[PhoneAccount], settings: Settings) -> str:
    """What is to be typed into these phones, and where the passwords are."""
    one = found[0]
    same = facts([("server", one.server), ("port", str(one.port)), ("transport", TRANSPORT)], terminal_width())
    rows = [(each.user_name, each.password) for each in found]
    return (
        f"Type into {'the phone' if len(found) == 1 else 'each phone'}:\n{same}\n"
        f"{plain_table(('USER NAME', 'PASSWORD'), rows, None, right=())}\n"
        f"Passwords are in {settings.data_dir / PHONE_PASSWORDS}, for nobody else to read."
    )
