"""Values that the tests of stores are about."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from trunkcall.domain.campaign import (
    AnswerMachineDetectionConfig,
    Campaign,
    CampaignState,
    DialerConfig,
    DialerType,
    OutboundCallConfig,
)
from trunkcall.domain.changes import AttemptBegun, ContactEnded
from trunkcall.domain.contact import ContactRecord, DialRequest, DisconnectReason, Disposition, WaitingContact
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.instants import HOUR, MINUTE, SECOND, Instant
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.domain.queue import Queue
from trunkcall.domain.routing_profile import RoutingProfile, alike
from trunkcall.domain.user import Agent
from trunkcall.storage.ports.contacts import Accepted, CampaignSums, ContactCounts, PutResult
from trunkcall.storage.ports.ownership import Lease
from trunkcall.storage.store import Store

NOW: Instant = 1_790_000_000_000_000
LATER: Instant = NOW + 8 * HOUR
CAMPAIGN = "campaign-1"
ALL_STATES = frozenset(CampaignState)

_numbers = count(1)


@dataclass(slots=True)
class ManualClock:
    """The store's own time, where a store lets a test set it."""

    now: Instant = NOW

    def __call__(self) -> Instant:
        return self.now


def directory(instance_id: str = "instance-1") -> Directory:
    return Directory(
        instance=Instance(instance_id, f"alias of {instance_id}", NOW, onboarded=True),
        queues={"q2": Queue("q2", "Sales", "+12065550100"), "q1": Queue("q1", "Support")},
        contact_flows={"f1": ContactFlow("f1", "Greeting")},
        phone_numbers={"p1": PhoneNumber("p1", "+12065550100")},
        routing_profiles={"r1": RoutingProfile("r1", "Everyone", alike(("q1", "q2")))},
        agents={"a1": Agent("a1", "ann", "r1")},
    )


def campaign(
    campaign_id: str = CAMPAIGN,
    *,
    name: str | None = None,
    instance_id: str = "instance-1",
    state: CampaignState = CampaignState.RUNNING,
    created_at: Instant = NOW,
) -> Campaign:
    return Campaign(
        campaign_id,
        f"arn:aws:connect-campaigns:us-east-1:123456789012:campaign/{campaign_id}",
        instance_id,
        name or f"name of {campaign_id}",
        DialerConfig(DialerType.PREDICTIVE, bandwidth_allocation=0.5),
        OutboundCallConfig("f1", "q1", "+12065550100", AnswerMachineDetectionConfig(enabled=True)),
        state,
        created_at,
        {"team": "north"},
    )


def dial_request(
    token: str | None = None,
    *,
    contact_id: str | None = None,
    expires_at: Instant = LATER,
    attributes: Mapping[str, str] | None = None,
    due_at: Instant = 0,
) -> DialRequest:
    number = next(_numbers)
    return DialRequest(
        contact_id or f"contact-{number:08}",
        token or f"token-{number}",
        f"+1206{number:07}",
        expires_at,
        attributes or {},
        due_at,
    )


async def stand_up(store: Store, campaign_id: str = CAMPAIGN) -> Lease:
    """An instance with one running campaign, and the lease to dial for it."""
    await store.create_instance(directory())
    await store.create_campaign(campaign(campaign_id))
    lease = await store.acquire_lease("instance-1", "dialer-1", MINUTE)
    assert lease is not None
    return lease


async def put(
    store: Store, *requests: DialRequest, campaign_id: str = CAMPAIGN, max_waiting: int = 1_000_000
) -> PutResult:
    return await store.put_dial_requests(campaign_id, requests, at=NOW, max_waiting=max_waiting)


async def accept(store: Store, request: DialRequest | None = None, *, campaign_id: str = CAMPAIGN) -> str:
    """One accepted dial request; its contact id."""
    (accepted,) = (await put(store, request or dial_request(), campaign_id=campaign_id)).accepted
    assert accepted is not None
    return accepted.contact_id


async def due(
    store: Store, campaign_id: str = CAMPAIGN, *, now: Instant = NOW, held: Collection[int] = (), limit: int = 100
) -> Sequence[WaitingContact]:
    """The contacts that may be dialed, the first one first."""
    return (await store.due_contacts(campaign_id, now=now, held=held, limit=limit)).contacts


def begin(
    contact_id: str,
    *,
    campaign_id: str = CAMPAIGN,
    at: Instant = NOW,
    trunk_id: str = "north",
    caller_id: str | None = "+12065550100",
) -> AttemptBegun:
    return AttemptBegun(contact_id, campaign_id, f"leg-of-{contact_id}", at, trunk_id, caller_id)


def ended(contact_id: str, disposition: Disposition = Disposition.NO_ANSWER) -> ContactEnded:
    return ContactEnded(contact_id, CAMPAIGN, NOW + SECOND, disposition, DisconnectReason.TELECOM_UNANSWERED)


async def set_state(store: Store, state: CampaignState, campaign_id: str = CAMPAIGN) -> None:
    """Whatever state the campaign is in."""
    await store.change_campaign_state(campaign_id, allowed_from=ALL_STATES, to=state)


def contact_ids(result: PutResult) -> Sequence[str | None]:
    return [None if accepted is None else accepted.contact_id for accepted in result.accepted]


def token_of(request: DialRequest) -> str:
    """The client token of a request that has one."""
    assert request.client_token is not None
    return request.client_token


def fresh(request: DialRequest) -> Accepted:
    return Accepted(request.client_token, request.contact_id, repeated=False)


def repeated(token: str, first: DialRequest) -> Accepted:
    return Accepted(token, first.contact_id, repeated=True)


async def dispositions(store: CampaignSums, campaign_id: str = CAMPAIGN) -> Mapping[Disposition | None, int]:
    """How many contacts of the campaign ended how; under None those that have not ended. What did not occur is left
    out."""
    counts = (await store.contact_counts([campaign_id])).get(campaign_id, ContactCounts())
    not_ended = counts.accepted - sum(counts.dispositions.values())
    found: list[tuple[Disposition | None, int]] = [(None, not_ended), *counts.dispositions.items()]
    return {how: number for how, number in found if number}


async def records(store: Store, campaign_id: str | None = None) -> Mapping[str, ContactRecord]:
    return {record.contact_id: record async for chunk in store.contacts(campaign_id=campaign_id) for record in chunk}


async def record_of(store: Store, contact_id: str) -> ContactRecord:
    return (await records(store))[contact_id]
