"""A contact centre as its commands see it: one instance, and what is in it by the names that people give.

Decides which instance and which thing somebody means. It is an ordinary client of the API.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from botocore.exceptions import BotoCoreError, ClientError

from trunkcall.cli.api_errors import NOT_FOUND, ApiRefusedError, in_words
from trunkcall.cli.asking import confirm
from trunkcall.cli.client import Connection, connect_client, connection, own_health
from trunkcall.cli.installation import installation
from trunkcall.cli.lists.phones import read_number
from trunkcall.cli.tables import printable
from trunkcall.domain.contact_flow import CONTACT_FLOW
from trunkcall.domain.errors import TrunkcallError, did_you_mean
from trunkcall.service.numbers import NotDialableError

InstanceOption: TypeAlias = Annotated[
    str | None, typer.Option(metavar="ID|ALIAS", help="Instance. [default: TRUNKCALL_INSTANCE_ID, else the server's]")
]


class NoSuchThingError(TrunkcallError):
    """Nothing in the instance has this name or id."""


IN_USE = "ResourceInUseException"
_ID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


@dataclass(frozen=True, slots=True)
class Named:
    """Something that can be named."""

    id: str
    name: str


class Centre:
    """One instance, reached by a boto3 client."""

    def __init__(self, where: Connection, client: Any, instance_id: str) -> None:
        self.where = where
        self.client = client
        self.instance_id = instance_id

    def in_words(self) -> AbstractContextManager[None]:
        """Around whatever asks the API (see ``api_errors.in_words``)."""
        return in_words(self.where.endpoint_url, self._instead)

    def _instead(self, error: ClientError) -> str | None:
        if error.response["Error"]["Code"] == IN_USE:
            return self._called(error.response["Error"].get("Message", ""))
        return _no_campaign_is_meant(error)

    def _called(self, message: str) -> str | None:
        """What something is called that a message names by its id: people know it by nothing else."""
        if (named := _ID.search(message)) is None:
            return None
        with suppress(ClientError, BotoCoreError):
            for listed in (self.queues, self.routing_profiles, self.users):
                for each in listed():
                    if each.id == named[0]:
                        return f"It is called {each.name!r}."
        return None

    def pages(self, operation: str, result: str, **named: Any) -> Iterator[dict[str, Any]]:
        """Whatever an operation lists under ``result``."""
        for page in self.client.get_paginator(operation).paginate(InstanceId=self.instance_id, **named):
            yield from page[result]

    def instances(self) -> list[Named]:
        """This one and all others of the server."""
        return instances(self.client)

    # --- what is in it, oldest first ----------------------------------------------------------------------------------

    def hours(self) -> list[Named]:
        """Hours of operation."""
        return _named(self.pages("list_hours_of_operations", "HoursOfOperationSummaryList"))

    def overrides(self, hours_id: str) -> list[dict[str, Any]]:
        """Dates on which other hours count than those, as the API lists them."""
        listed = "HoursOfOperationOverrideList"
        return list(self.pages("list_hours_of_operation_overrides", listed, HoursOfOperationId=hours_id))

    def flows(self) -> list[Named]:
        """Contact flows."""
        return _named(self.pages("list_contact_flows", "ContactFlowSummaryList"))

    def campaign_flows(self, wanted: str | None = None) -> list[Named]:
        """Contact flows that campaigns may have, and the one of this name: what is wrong with it the server says."""
        listed = self.pages("list_contact_flows", "ContactFlowSummaryList")
        return _named(each for each in listed if each["ContactFlowType"] == CONTACT_FLOW or each["Name"] == wanted)

    def statuses(self) -> list[Named]:
        """Statuses that agents choose among."""
        return _named(self.pages("list_agent_statuses", "AgentStatusSummaryList"))

    def security_profiles(self) -> list[Named]:
        """Security profiles."""
        return _named(self.pages("list_security_profiles", "SecurityProfileSummaryList"))

    def routing_profiles(self) -> list[Named]:
        """Routing profiles."""
        return _named(self.pages("list_routing_profiles", "RoutingProfileSummaryList"))

    def queues(self) -> list[Named]:
        """Queues."""
        return _named(self.pages("list_queues", "QueueSummaryList"))

    def users(self) -> list[Named]:
        """Users, who are its agents."""
        return [Named(each["Id"], each["Username"]) for each in self.pages("list_users", "UserSummaryList")]

    def numbers(self) -> list[Named]:
        """Phone numbers, named as they are dialed."""
        listed = self.pages("list_phone_numbers_v2", "ListPhoneNumbersSummaryList")
        return [Named(each["PhoneNumberId"], each["PhoneNumber"]) for each in listed]

    def queues_of_profile(self, profile_id: str) -> list[dict[str, Any]]:
        """The queues that a routing profile has agents serve, as the API lists them."""
        listed = "RoutingProfileQueueConfigSummaryList"
        return list(self.pages("list_routing_profile_queues", listed, RoutingProfileId=profile_id))


def centre_of(data_dir: Path, instance: str | None) -> Centre:
    """The instance that a person means by its id, its ARN or its alias; nobody named, the one of the environment or of
    the server. Raises NoSuchThingError, and what ``connection`` and ``in_words`` do."""
    where = connection(data_dir)
    client = connect_client(where)
    if instance is None:
        known = installation(data_dir).find("instance")
        return Centre(where, client, known or own_health(where.endpoint_url)["instance_id"])
    with in_words(where.endpoint_url, _no_campaign_is_meant):
        return Centre(where, client, find("instance", instance, instances(client)).id)


def instances(client: Any) -> list[Named]:
    """The instances that there are, each by its alias."""
    pages = client.get_paginator("list_instances").paginate()
    listed = (each for page in pages for each in page["InstanceSummaryList"])
    return [Named(each["Id"], each.get("InstanceAlias", "")) for each in listed]


def names_in(where: Connection, instance_id: str) -> dict[str, str]:
    """Names by the ids of instances, and of this one's queues and contact flows, for people who read them; without
    those that the key may not list. Raises ServerUnreachableError."""
    centre = Centre(where, connect_client(where), instance_id)
    found: dict[str, str] = {}
    there: tuple[Callable[[], list[Named]], ...] = (centre.instances, centre.queues, centre.flows)
    for listed in there:
        with suppress(ApiRefusedError), centre.in_words():
            found |= {each.id: each.name for each in listed()}
    return found


def find(noun: str, text: str, there: Sequence[Named]) -> Named:
    """What is meant by an id, an ARN or a name. Names are compared exactly, then without regard to case. Raises
    NoSuchThingError, which offers names that come close."""
    by_id: Mapping[str, Named] = {each.id: each for each in there}
    if (found := by_id.get(text.rpartition("/")[2])) is not None:
        return found
    for same in (str, str.casefold):
        matching = [each for each in there if same(each.name) == same(text)]
        if len(matching) == 1:
            return matching[0]
    if matching:
        ids = ", ".join(each.id for each in matching)
        raise NoSuchThingError(f"{len(matching)} {noun}s are called {text!r}. Name one by its id: {ids}.")
    names = [each.name for each in there if each.name]
    raise NoSuchThingError(f"There is no {noun} {text!r}.{did_you_mean(text, names) or some_of(names)}")


def find_each(noun: str, texts: Sequence[str], there: Sequence[Named]) -> list[Named]:
    """What is meant by each of the texts, once. Raises NoSuchThingError."""
    return list(dict.fromkeys(find(noun, text, there) for text in texts))


def remove_each(centre: Centre, chosen: Sequence[Named], remove: Callable[[str], object], yes: bool) -> None:
    """Remove one after the other, by id, what the person agrees to. Raises BadParameter, Exit."""
    confirm(f"This removes {', '.join(each.name for each in chosen)}.", yes)
    for each in chosen:
        with centre.in_words():
            remove(each.id)
        typer.echo(printable(f"{each.name} was removed."))


def with_delay(name: str, delays: Mapping[str, int]) -> str:
    """A queue or a routing profile, with the seconds after which the one is served by the other, if there are any: for
    those agents nobody is dialed."""
    return f"{name} (after {delays[name]:,} s)" if name in delays else name


def find_number(written: str, there: Sequence[Named]) -> Named:
    """One of these phone numbers, as people write it, or by id or ARN. Raises NoSuchThingError."""
    try:
        return find("phone number", read_number(written), there)
    except NotDialableError:
        return find("phone number", written, there)


def some_of(names: Sequence[str]) -> str:
    """A sentence that says what there is, with a space before it; empty if nothing is there."""
    if not names:
        return ""
    shown = ", ".join(map(printable, names[:8]))
    return f" There {'is' if len(names) == 1 else 'are'} {shown}{' and others' if len(names) > 8 else ''}."


def _named(listed: Iterator[dict[str, Any]]) -> list[Named]:
    return [Named(each["Id"], each["Name"]) for each in listed]


def _no_campaign_is_meant(error: ClientError) -> str | None:
    return "" if error.response["Error"]["Code"] == NOT_FOUND else None
