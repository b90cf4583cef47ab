"""What the audit log names of a request beside the labels of its path: ids, or ARNs as they were sent.

Decides which members of requests and results count. It must not know how a line of the log is written.

- Of what an operation makes, the id: with the labels before it, it reads as the path of a later request about it does.
- Where a path names nothing, the instance that the request names, and the contact in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

INSTANCES: Final = ("InstanceId", "TargetArn", "connectInstanceId")
CONTACTS: Final = ("ContactId", "InitialContactId")


def named(request: Mapping[str, Any]) -> tuple[str, ...]:
    """The instance that a decoded input names, and the contact, as far as it names them."""
    return _first(request, INSTANCES) + _first(request, CONTACTS)


def _first(request: Mapping[str, Any], members: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(request[member]) for member in members if request.get(member))[:1]


def made(result: Mapping[str, Any]) -> tuple[str, ...]:
    """The id of what was made, by an operation's result: no other id is in it."""
    return tuple(str(value) for member, value in result.items() if member.lower().endswith("id"))[:1]
