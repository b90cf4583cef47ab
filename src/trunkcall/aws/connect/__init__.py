"""The operations of ``connect`` (2017-08-08) that are offered: a module for each kind of resource, and all in one
table.

Decides which modules there are. It must not know what an operation does; one that no module has is not offered.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from trunkcall.aws.connect.agent_statuses import AgentStatusOperations
from trunkcall.aws.connect.contact_flows import ContactFlowOperations
from trunkcall.aws.connect.contacts import ContactOperations
from trunkcall.aws.connect.hours import HoursOperations
from trunkcall.aws.connect.instances import InstanceOperations
from trunkcall.aws.connect.phone_numbers import PhoneNumberOperations
from trunkcall.aws.connect.prompts import PromptOperations
from trunkcall.aws.connect.queues import QueueOperations
from trunkcall.aws.connect.recordings import ContactRecordingOperations
from trunkcall.aws.connect.routing_profiles import RoutingProfileOperations
from trunkcall.aws.connect.security_profiles import SecurityProfileOperations
from trunkcall.aws.connect.tags import TagOperations
from trunkcall.aws.connect.users import UserOperations
from trunkcall.aws.protocol import Handler


class Resource(Protocol):
    """The operations on one kind of resource."""

    def handlers(self) -> dict[str, Handler]:
        """Each by its name in the model. They are named alike by every object of the class."""
        ...


RESOURCES: Final[tuple[type[Resource], ...]] = (
    InstanceOperations,
    HoursOperations,
    ContactFlowOperations,
    QueueOperations,
    PhoneNumberOperations,
    RoutingProfileOperations,
    UserOperations,
    ContactOperations,
    ContactRecordingOperations,
    AgentStatusOperations,
    SecurityProfileOperations,
    PromptOperations,
    TagOperations,
)
"""Who has operations. Each is made in ``compose/connect.py``."""


def offered() -> frozenset[str]:
    """The names of all operations that are offered."""
    return frozenset(name for kind in RESOURCES for name in kind.handlers(object.__new__(kind)))


def handlers_of(resources: Iterable[Resource]) -> dict[str, Handler]:
    """The handlers of all resources, by the names of their operations. Raises ValueError if two have the same one, or
    if one of ``RESOURCES`` is missing."""
    merged: dict[str, Handler] = {}
    for resource in resources:
        handlers = resource.handlers()
        if twice := merged.keys() & handlers.keys():
            raise ValueError(f"two resources have {', '.join(sorted(twice))}")
        merged |= handlers
    if missing := offered() - merged.keys():
        raise ValueError(f"nobody has {', '.join(sorted(missing))}")
    return merged
