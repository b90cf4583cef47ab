"""Agents' soft phones: which there are, and the passwords that they register with.

Decides that every agent has one of his own, which stays the same. It is an ordinary client of the API.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from trunkcall.cli.asterisk.plan import Phone
from trunkcall.cli.centre import Centre
from trunkcall.cli.client import ServerUnreachableError, connect_client, connection
from trunkcall.cli.env import NotStartedError
from trunkcall.compose.asterisk import endpoint_of
from trunkcall.storage.data_dir import DataDir, DataDirMissingError


def phones_of(data_dir: Path, *, say: Callable[[str], None]) -> list[Phone]:
    """Those of a server's agents, whose passwords are made where there are none. Where no server answers, those that
    have passwords already, which is said."""
    directory = DataDir(data_dir)
    known = directory.phone_passwords()
    try:
        names = _names(data_dir, say)
    except (DataDirMissingError, NotStartedError, ServerUnreachableError):
        say(f"No server of {data_dir} answers, so phones are those of the agents whom this command has seen before.")
        return [Phone(name, password) for name, password in known.items()]
    new = {name: secrets.token_urlsafe(18) for name in names if name not in known}
    if new:
        # Who is gone may come back, and has a phone that knows the password.
        directory.write_phone_passwords(known | new)
    return [Phone(name, (known | new)[name]) for name in names]


def _names(data_dir: Path, say: Callable[[str], None]) -> list[str]:
    where = connection(data_dir)
    client = connect_client(where)
    names: dict[str, str] = {}
    any_centre = Centre(where, client, "")
    with any_centre.in_words():
        for instance in any_centre.instances():
            for user in Centre(where, client, instance.id).users():
                name = endpoint_of(user.name)
                if name is None:
                    say(f"The agent {user.name} has no soft phone: its name may have letters, digits, _ . and - alone.")
                elif name in names:
                    say(f"The agents {names[name]} and {user.name} have one soft phone, {name}: rename one of them.")
                else:
                    names[name] = user.name
    return sorted(names)
