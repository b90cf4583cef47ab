"""The contacts in progress and the legs that there are: the one place where they are entered and removed.

Decides what is known under which id, how many lines are held, and which contacts are in flight. What is over has no
timers any more. It must not know why anything begins or ends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from trunkcall.domain.contact import ContactState
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.instants import Instant
from trunkcall.domain.leg import LegParty
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.contact import Contact, Leg
from trunkcall.engine.timers import Timers
from trunkcall.engine.trunks import Trunks

# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_CUSTOMER: Final = LegParty.CUSTOMER
_AGENT: Final = LegParty.AGENT

UNDECIDED: Final = frozenset({ContactState.DIALING, ContactState.ANSWERED})
"""States of a contact of which it is not yet known whether it is a live answer."""


class CampaignContacts:
    """The contacts in progress of one campaign. ``Registry`` changes them, everybody may read them."""

    __slots__ = ("begun_without_agent", "dialing_since", "in_flight", "in_progress", "without_agent")

    def __init__(self) -> None:
        self.in_progress: dict[str, Contact] = {}
        """Attempted and not ended."""
        self.in_flight: dict[str, Contact] = {}
        """Those of them that no agent has taken yet, but those that a machine has answered."""
        self.dialing_since: dict[str, Instant] = {}
        """Since when each of those in flight has been of which it is not yet known whether it is a live answer."""
        self.without_agent: dict[str, Contact] = {}
        """Those in flight that were dialed one to one and whose agent has left: the next agents who are freed are kept
        for them."""
        self.begun_without_agent: set[str] = set()
        """Those in flight that were begun without an agent, before the campaign was to be dialed one to one."""

    @property
    def lines(self) -> int:
        """Lines that the campaign holds: those of its contacts in progress."""
        return len(self.in_progress)


class Registry:
    """The contacts and legs of one engine."""

    __slots__ = ("_contacts", "_legs", "_of", "_timers", "_trunks", "contacts", "eased", "legs", "short_of_agents")

    def __init__(self, timers: Timers, trunks: Trunks) -> None:
        self._timers = timers
        self._trunks = trunks
        self._contacts: dict[str, Contact] = {}
        self._legs: dict[str, Leg] = {}
        self._of: defaultdict[str, CampaignContacts] = defaultdict(CampaignContacts)
        self.contacts: Mapping[str, Contact] = self._contacts
        """In progress, by id."""
        self.legs: Mapping[str, Leg] = self._legs
        """That the carrier has or was asked for, by id."""
        self.eased: dict[str, CampaignDialing] = {}
        """Campaigns that have fewer contacts in flight, or the first, since whoever is concerned has looked and cleared
        it."""
        self.short_of_agents: dict[int, CampaignDialing] = {}
        """Campaigns, by number, that have contacts whose agent has left and for whom no other is kept."""

    def of(self, campaign: CampaignDialing) -> CampaignContacts:
        """The campaign's contacts in progress."""
        return self._of[campaign.campaign_id]

    def contact(self, contact_id: str) -> Contact:
        """The contact in progress. Raises NotFoundError if there is none."""
        try:
            return self.contacts[contact_id]
        except KeyError:
            raise NotFoundError("this contact is not in progress; nothing was changed") from None

    def enter(self, contact: Contact) -> Leg:
        """The contact is in progress from here, and its customer's leg holds a line."""
        self._contacts[contact.contact_id] = self._of[contact.campaign.campaign_id].in_progress[contact.contact_id] = (
            contact
        )
        leg = Leg(contact.leg_id, _CUSTOMER, contact, contact.host, contact.trunk_id)
        return self._enter_leg(leg, contact.trunk_id)

    def enter_agent_leg(self, leg_id: str, contact: Contact, *, by_number: bool) -> Leg:
        """An agent is rung for the contact."""
        leg = Leg(leg_id, _AGENT, contact, contact.host, contact.trunk_id)
        return self._enter_leg(leg, self._trunks.to_agents if by_number else None)

    def enter_session_leg(self, leg_id: str, host: str, *, by_number: bool) -> Leg:
        """An agent is rung for no contact."""
        return self._enter_leg(Leg(leg_id, _AGENT, None, host), self._trunks.to_agents if by_number else None)

    def _enter_leg(self, leg: Leg, line_of: str | None) -> Leg:
        self._legs[leg.leg_id] = leg
        leg.line_of = line_of
        if line_of is not None:
            self._trunks.take_line(line_of)
        return leg

    def remove_leg(self, leg_id: str) -> Leg | None:
        """The carrier has the leg no more: its line is free. None of one that is not known."""
        leg = self._legs.pop(leg_id, None)
        if leg is not None:
            self._timers.stop_all(leg_id)
            if leg.line_of is not None:
                self._trunks.free_line(leg.line_of, leg_id)
        return leg

    def keep_leg(self, leg: Leg) -> None:
        """The leg is no contact's any more, and stays up for the next one."""
        leg.contact = None
        leg.doubted = False
        self._timers.stop_all(leg.leg_id)

    def release_leg(self, leg: Leg) -> Contact | None:
        """The leg is no contact's any more, and nothing but its end is awaited. Returns the contact whose it was."""
        contact, leg.contact = leg.contact, None
        self._timers.stop_all(leg.leg_id)
        return contact

    def remove(self, contact: Contact) -> None:
        """The contact is over. Its leg may hold a line yet."""
        self.take_from_flight(contact)
        del self._of[contact.campaign.campaign_id].in_progress[contact.contact_id]
        del self._contacts[contact.contact_id]
        self._timers.stop_all(contact.contact_id)

    def put_in_flight(self, contact: Contact) -> None:
        """The contact is to find an agent, or its message."""
        campaign = contact.campaign
        contacts = self._of[campaign.campaign_id]
        if not contacts.in_flight and campaign.looks_ahead:
            self.eased[campaign.campaign_id] = campaign
        contacts.in_flight[contact.contact_id] = contact
        if contact.state in UNDECIDED:
            contacts.dialing_since[contact.contact_id] = contact.attempted_at

    def decide(self, contact: Contact) -> None:
        """It is known whether the contact is a live answer."""
        self._of[contact.campaign.campaign_id].dialing_since.pop(contact.contact_id, None)

    def take_from_flight(self, contact: Contact) -> None:
        """An agent has the contact, or it needs none any more."""
        campaign, contact_id = contact.campaign, contact.contact_id
        contacts = self._of[campaign.campaign_id]
        contacts.in_flight.pop(contact_id, None)
        self.eased[campaign.campaign_id] = campaign
        contacts.dialing_since.pop(contact_id, None)
        if contacts.without_agent:
            self.wants_no_agent(contact)
        contacts.begun_without_agent.discard(contact_id)

    def wants_agent(self, contact: Contact) -> None:
        """The agent who was kept for the contact has left, and no other is kept."""
        campaign = contact.campaign
        self._of[campaign.campaign_id].without_agent[contact.contact_id] = contact
        self.short_of_agents[campaign.number] = campaign

    def wants_no_agent(self, contact: Contact) -> None:
        """An agent is kept for the contact, or none is to be."""
        campaign = contact.campaign
        without_agent = self._of[campaign.campaign_id].without_agent
        if without_agent.pop(contact.contact_id, None) is not None and not without_agent:
            del self.short_of_agents[campaign.number]

    def dialed_otherwise(self, campaign: CampaignDialing) -> None:
        """The campaign is dialed in another way from here: no agent may be kept for what it has in flight."""
        self.eased[campaign.campaign_id] = campaign
        contacts = self.of(campaign)
        contacts.begun_without_agent = {k for k, c in contacts.in_flight.items() if c.reserved_agent_id is None}

    def forget(self, campaign: CampaignDialing) -> None:
        """The campaign is forgotten; nothing of it is in progress."""
        self._of.pop(campaign.campaign_id, None)
        self._timers.stop_all(campaign.campaign_id)
