"""Who sees what is written in the store and what arrives at the phones, and says what must not be.

It believes nobody but the store: what a deed is done for must be there by then. What it is told of campaigns it is told
by their clients, once they have their answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from trunkcall.domain.changes import (
    AttemptBegun,
    AttemptVoided,
    Change,
    ContactEnded,
    ContactRequeued,
    ContactSetAside,
    SessionBegun,
)
from trunkcall.domain.clearance import Clearance
from trunkcall.domain.contact import ContactRecord, ContactState, DisconnectReason, LiveContact, WaitingContact
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.domain.transitions import CONTACT, WITH_AN_AGENT
from trunkcall.engine.commands import BridgeLegs, Originate, OriginateAgentLeg, OriginateSessionLeg
from trunkcall.service.lease import LEASE
from trunkcall.storage.memory import MemoryStore
from trunkcall.storage.ports.ownership import NO_CLEARANCES, CommitResult, Lease
from trunkcall.telephony.carrier import Destination
from world.asking import at_once
from world.limits import Limits
from world.regulator import Regulator
from world.story import Story

ORDER = {state: place for place, state in enumerate(CONTACT)}
"""Contacts go through their states in the order of the table; back only where a change says so."""

LOST = (DisconnectReason.OUTBOUND_ATTEMPT_FAILED, DisconnectReason.TELECOM_PROBLEM)
"""Why contacts end whose legs the carrier does not have any more."""


class Witness:
    """Looks at every commit, every originate and every bridge of an instance. ``clocks_differ`` is by how much at most
    any two processes disagree on what time it is."""

    def __init__(
        self, story: Story, store: MemoryStore, instance_id: str, limits: Limits, *, clocks_differ: Duration
    ) -> None:
        self._story = story
        self._store = store
        self._instance_id = instance_id
        self._sessions: set[tuple[str, str, str]] = set()
        """Every one that the store has had: agent, leg and host."""
        self._limits = limits
        self._clocks_differ = clocks_differ
        self.leg_is_heard: Callable[[str], bool] = lambda leg_id: False
        """Whether the carrier has the leg and every word of it has arrived."""
        self.regulator: Regulator | None = None
        """Who judges by which rules people are dialed; nobody before there are people."""
        self._greatest_token = 0
        self._talking: dict[str, tuple[str, str]] = {}
        """By agent's leg that is joined: the agent, and the customer's leg."""
        self._agent_of: dict[str, str] = {}
        self.originates: Counter[str] = Counter()
        """By contact, as they arrived at the phones."""
        self._dialed_tokens: Counter[tuple[str, str]] = Counter()
        self.closed: dict[str, str] = {}
        """Campaigns whose clients were told that no attempt begins any more, and by which answer."""
        self.begun: Counter[str] = Counter()
        """Attempts by campaign."""
        self.forgotten: set[str] = set()
        """Contacts of whom a client was told that they are."""

    def record(self, contact_id: str) -> ContactRecord | None:
        return at_once(self._store.contact(contact_id))

    def contacts_of(self, phone_number: str) -> list[str]:
        """The ids of all contacts with this number that were accepted by now."""
        return [record.contact_id for record in self.records() if record.phone_number == phone_number]

    def records(self) -> list[ContactRecord]:
        return at_once(_all_of(self._store, self._instance_id))

    def live(self) -> Sequence[LiveContact]:
        return at_once(self._store.live_contacts(self._instance_id))

    # --- the store ----------------------------------------------------------------------------------------------------

    def owner_came(self, lease: Lease) -> None:
        if lease.token <= self._greatest_token:
            self._story.accuse(f"token {lease.token} is no greater than {self._greatest_token}")
        self._greatest_token = max(self._greatest_token, lease.token)

    async def commit(
        self, lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance] = NO_CLEARANCES
    ) -> CommitResult:
        """Have the store commit, and look at what has become of whom."""
        ids = [change.contact_id for change in changes if hasattr(change, "contact_id")]
        before = {contact_id: self.record(contact_id) for contact_id in ids}
        leg_of = {contact.contact_id: contact.leg_id for contact in self.live()}
        result = await self._store.commit(lease, changes, clearances)
        self._is_the_owner(lease)
        voided: set[str] = set()
        for change in changes:
            match change:
                case AttemptVoided():
                    voided.add(change.contact_id)
                    if self.regulator is not None:
                        self.regulator.voided(change.contact_id)
                case AttemptBegun() if change.contact_id not in result.refused:
                    self._begun(change, before[change.contact_id], waits_again=change.contact_id in voided)
                    self._limits.begins(lease.token, change)
                case ContactEnded(disconnect_reason=reason) if reason in LOST:
                    if self.leg_is_heard(leg_of.get(change.contact_id, "")):
                        self._story.accuse(f"a contact ends by {reason} while its leg goes on", change.contact_id)
                case SessionBegun():
                    self._sessions.add((change.agent_id, change.leg_id, change.host))
                case ContactSetAside():
                    self._story.accuse("a contact could not be taken over", change.contact_id)
                case _:
                    pass
        back = {c.contact_id for c in changes if isinstance(c, AttemptVoided | ContactRequeued)}
        for contact_id in dict.fromkeys(ids):
            self._compare(before[contact_id], self.record(contact_id), may_go_back=contact_id in back)
        self._agents_have_one_contact()
        return result

    async def expire_waiting(self, lease: Lease, *, now: Instant, limit: int) -> Sequence[WaitingContact]:
        """Have the store end whoever has expired."""
        expired = await self._store.expire_waiting(lease, now=now, limit=limit)
        self._is_the_owner(lease)
        return expired

    def _is_the_owner(self, lease: Lease) -> None:
        if lease.token < self._greatest_token:
            self._story.accuse(f"a former owner has written (token {lease.token})")

    def _begun(self, change: AttemptBegun, before: ContactRecord | None, *, waits_again: bool) -> None:
        if before is None or not (waits_again or before.state is ContactState.WAITING):
            self._story.accuse("an attempt on somebody who does not wait", change.contact_id)
            return
        if change.at >= before.expires_at:
            self._story.accuse("an attempt after the expiry", change.contact_id)
        if change.at < before.due_at:
            self._story.accuse("an attempt before it was due", change.contact_id)
        if change.campaign_id in self.closed:
            self._story.accuse(f"an attempt after {self.closed[change.campaign_id]} has answered", change.contact_id)
        if change.contact_id in self.forgotten:
            self._story.accuse("an attempt on somebody who is forgotten", change.contact_id)
        self.begun[change.campaign_id] += 1
        if self.regulator is not None:
            self.regulator.begins(change, before.phone_number, before.time_zone)

    def _compare(self, before: ContactRecord | None, after: ContactRecord | None, *, may_go_back: bool) -> None:
        if before is None or after is None:
            return
        contact_id = before.contact_id
        if ORDER[after.state] < ORDER[before.state] and not may_go_back:
            self._story.accuse(f"a record went back from {before.state} to {after.state}", contact_id)
        if before.state is ContactState.ENDED and (before.disposition, before.ended_at) != (
            after.disposition,
            after.ended_at,
        ):
            self._story.accuse("a contact ended twice", contact_id)

    def _agents_have_one_contact(self) -> None:
        with_agent = [(c.agent_id, c.contact_id) for c in self.live() if c.state in WITH_AN_AGENT]
        seen: dict[str | None, str] = {}
        for agent_id, contact_id in with_agent:
            if agent_id in seen:
                self._story.accuse("an agent is in two contacts", agent_id, contact_id, seen[agent_id])
            seen[agent_id] = contact_id

    # --- what a dialer hands over -------------------------------------------------------------------------------------

    def hands_over(self, command: Originate) -> None:
        """At the moment at which a dialer asks for an originate its attempt must be there."""
        record = self.record(command.contact_id)
        mine = [c for c in self.live() if c.contact_id == command.contact_id and c.leg_id == command.leg_id]
        if record is None or not mine or record.state is not ContactState.DIALING:
            state = record.state if record is not None else None
            self._story.accuse(f"an originate without its attempt: the contact is {state}", command.contact_id)

    # --- the phones ---------------------------------------------------------------------------------------------------

    def dials(self, command: Originate, destination: Destination, now: Instant, lines: int) -> None:
        """An originate arrives. With it there are so many customers' legs on its trunk."""
        contact_id = command.contact_id
        self.originates[contact_id] += 1
        self._dialed_tokens[command.campaign_id, destination.client_token] += 1
        record = self.record(contact_id)
        if record is None or record.state is ContactState.WAITING:
            self._story.accuse("somebody is dialed who is on no record", contact_id)
            return
        if (record.trunk_id, record.source_phone_number) != (command.trunk_id, command.caller_id):
            self._story.accuse("the record tells of another trunk or number", contact_id)
        if self.originates[contact_id] > 1 or self._dialed_tokens[command.campaign_id, destination.client_token] > 1:
            self._story.accuse("somebody is dialed twice", contact_id)
        if record.phone_number not in (destination.phone_number, "") or not destination.phone_number:
            self._story.accuse("somebody else is dialed", contact_id)
        if now + self._clocks_differ < record.due_at:
            self._story.accuse("somebody's phone rings before it was due", contact_id)
        if now >= record.expires_at + LEASE + SECOND + self._clocks_differ:
            self._story.accuse("somebody's phone rings after the expiry", contact_id)
        self._limits.rings(command, lines)

    def rings_agent(self, command: OriginateAgentLeg) -> None:
        self._agent_of[command.leg_id] = command.agent_id

    def rings_for_a_session(self, command: OriginateSessionLeg) -> None:
        self._agent_of[command.leg_id] = command.agent_id
        if (command.agent_id, command.leg_id, command.host) not in self._sessions:
            self._story.accuse("an agent is rung for a session that the store never had", command.leg_id)

    def joins(self, command: BridgeLegs) -> None:
        agent_id = self._agent_of[command.agent_leg_id]
        if any(c.leg_id == command.customer_leg_id and c.state is ContactState.SAFE_HARBOUR for c in self.live()):
            self._story.accuse("somebody is put through in the middle of the message", command.customer_leg_id)
        for leg_id, (other, customer_leg_id) in self._talking.items():
            if other == agent_id:
                self._story.accuse("an agent is joined to two customers", agent_id, leg_id, command.agent_leg_id)
            if customer_leg_id == command.customer_leg_id:
                self._story.accuse("a customer is joined to two agents", customer_leg_id, leg_id)
        self._talking[command.agent_leg_id] = agent_id, command.customer_leg_id

    def parts(self, agent_leg_id: str) -> None:
        self._talking.pop(agent_leg_id, None)

    def ends(self, leg_id: str) -> None:
        self._talking.pop(leg_id, None)
        for agent_leg_id, (_, customer_leg_id) in list(self._talking.items()):
            if customer_leg_id == leg_id:
                del self._talking[agent_leg_id]


async def _all_of(store: MemoryStore, instance_id: str) -> list[ContactRecord]:
    return [record async for chunk in store.contacts(instance_id=instance_id) for record in chunk]
