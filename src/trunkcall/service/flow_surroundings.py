"""What flows look up at once, of one contact: in the facts of its instance, in its queues, in itself.

Decides what each value of the flow language is here (flow language, JSONPath references). It must not know how a flow
goes on by it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

from trunkcall.domain.campaign import Campaign
from trunkcall.domain.directory import Directory
from trunkcall.domain.identifiers import ResourceKind, Scope
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.domain.queue import Queue
from trunkcall.domain.values import quickly_made
from trunkcall.engine.progress import QueueFigures
from trunkcall.flows.document import Flow
from trunkcall.flows.references import Path
from trunkcall.service.campaign_queue import last_of, queue_of
from trunkcall.service.hours import is_open
from trunkcall.service.numbers import NotDialableError, to_e164

FiguresOf: TypeAlias = Callable[[str], QueueFigures]
"""What a queue has of agents and contacts at the moment, by its id."""
Chance: TypeAlias = Callable[[], float]
"""A number by chance, from 0 to less than 1."""

_TELEPHONE: Final = "TELEPHONE_NUMBER"


@quickly_made
@dataclass(frozen=True, slots=True)
class Person:
    """The contact that goes through a flow. Numbers are E.164; ``shown_number`` is what the customer saw."""

    contact_id: str
    campaign: Campaign
    phone_number: str = field(repr=False)
    shown_number: str | None = field(repr=False)


class FlowSurroundings:
    """What is around one contact at one instant: the port ``flows.surroundings``."""

    __slots__ = ("_chance", "_directory", "_figures_of", "_flow_of", "_now", "_person")

    def __init__(
        self,
        person: Person,
        now: Instant,
        directory: Directory,
        flow_of: Callable[[str], Flow | None],
        figures_of: FiguresOf,
        chance: Chance,
    ) -> None:
        self._person = person
        self._now = now
        self._directory = directory
        self._flow_of = flow_of
        self._figures_of = figures_of
        self._chance = chance

    def flow(self, flow_id: str) -> Flow | None:
        return self._flow_of(flow_id)

    def queue(self, queue_id: str) -> str | None:
        last = last_of(queue_id)
        return last if last in self._directory.queues else None

    def is_open(self, hours_id: str | None, queue_id: str | None) -> bool | None:
        if hours_id is None:
            queue = self._queue(queue_id)
            hours_id = queue.hours_of_operation_id if queue is not None else None
        hours = self._directory.hours_of_operation.get(last_of(hours_id or ""))
        return is_open(hours, self._now) if hours is not None else None

    def metric(self, name: str, queue_id: str | None) -> int | None:
        queue = self._queue(queue_id)
        if queue is None:
            return None
        figures = self._figures_of(queue.queue_id)
        match name:
            case "NumberOfAgentsAvailable":
                return figures.available
            case "NumberOfAgentsStaffed":
                return figures.staffed
            case "NumberOfAgentsOnline":
                return figures.online
            case "NumberOfContactsInQueue":
                return figures.waiting
            case "OldestContactInQueueAgeSeconds":
                since = figures.waiting_since()
                return max(0, self._now - since) // SECOND if since is not None else 0
            case _:
                return None

    def value(self, path: Path, queue_id: str | None) -> str | None:
        person = self._person
        match path:
            case ("ContactId" | "InitialContactId",):
                return person.contact_id
            case ("Channel",):
                return "VOICE"
            case ("InitiationMethod",):
                return "API"
            case ("AwsRegion",):
                return _scope(person.campaign).region
            case ("InstanceARN",):
                return _scope(person.campaign).instance_arn(self._directory.instance.instance_id)
            case ("CustomerEndpoint", "Address") | ("CustomerCallbackNumber",):
                return person.phone_number or None
            case ("SystemEndpoint", "Address"):
                return person.shown_number
            case ("CustomerEndpoint", "Type"):
                return _TELEPHONE
            case ("SystemEndpoint", "Type"):
                return _TELEPHONE if person.shown_number else None
            case ("Queue", name):
                queue = self._queue(queue_id)
                return self._of_queue(queue, name) if queue is not None else None
            case _:
                return None

    def _of_queue(self, queue: Queue, name: str) -> str | None:
        match name:
            case "Name":
                return queue.name
            case "ARN":
                instance_id = self._directory.instance.instance_id
                return _scope(self._person.campaign).arn(instance_id, ResourceKind.QUEUE, queue.queue_id)
            case "OutboundCallerId":
                return self._directory.outbound_caller_id_of(queue)
            case _:
                return None

    def number(self, keys: str, country: str | None) -> str | None:
        with suppress(NotDialableError, NumberParseException):
            if country is None:
                return to_e164(f"+{keys}")
            return to_e164(format_number(parse(keys, country), PhoneNumberFormat.E164))
        return None

    def percent(self) -> int:
        return int(self._chance() * 100) + 1

    def _queue(self, queue_id: str | None) -> Queue | None:
        return self._directory.queues.get(queue_id or queue_of(self._person.campaign, self._directory) or "")


def _scope(campaign: Campaign) -> Scope:
    _, partition, _, region, account_id, _ = campaign.arn.split(":", 5)
    return Scope(partition, region, account_id)
