"""What must have come of an instance in the end, when everything that was accepted has ended."""

from __future__ import annotations

from collections.abc import Set

from trunkcall.domain.agent import STAFFED_STATES
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.contact import ContactRecord, ContactState, Disposition
from world.asking import at_once
from world.servers import Seat, Seats
from world.site import Site
from world.story import Story


class Judge:
    """Of one instance."""

    def __init__(self, site: Site, seats: Seats, story: Story) -> None:
        self._site = site
        self._seats = seats
        self._story = story
        self._kept = site.kept

    def is_over(self) -> bool:
        """Whether nothing goes on any more."""
        if {leg.leg_id for leg in self._site.exchange.legs()} != self._idle or self._site.exchange.busy_agents:
            return False
        engines = [seat.current.engine for seat in self._seats() if seat.dials]
        if len(engines) != 1 or engines[0] is None:
            return False
        details = engines[0].details()
        agents = details.agents.values()
        if details.legs.keys() - self._idle or any(agent.contact_id or not agent.heard for agent in agents):
            return False
        if any(agent.persistent and not agent.session_up for agent in agents):
            return False
        return all(record.state is ContactState.ENDED for record in self._site.witness.records())

    @property
    def _idle(self) -> Set[str]:
        """Sessions of agents, as the store has them."""
        return {session.leg_id for session in at_once(self._kept.live_sessions(self._site.instance_id))}

    def judge(self) -> None:
        accuse, records = self._story.accuse, self._site.witness.records()
        by_id = {record.contact_id: record for record in records}
        for client in self._site.clients:
            for (campaign_id, token), contact_id in client.accepted.items():
                record = by_id.get(contact_id)
                if record is None or (record.campaign_id, record.client_token) != (campaign_id, token):
                    accuse("an accepted request is on no record", contact_id)
        for record in records:
            self._judge_record(record)
        self._judge_sums(records)
        dialing = [seat for seat in self._seats() if seat.dials]
        if len(dialing) != 1:
            accuse(f"{len(dialing)} servers dial")
        for seat in dialing:
            self._judge_engine(seat)

    def _judge_record(self, record: ContactRecord) -> None:
        accuse, contact_id, witness = self._story.accuse, record.contact_id, self._site.witness
        dialed = witness.originates[contact_id]
        if dialed and not record.attempts:
            accuse("somebody was dialed, and the record does not tell", contact_id)
        if not dialed and record.attempts and record.disposition is not Disposition.ATTEMPT_FAILED:
            accuse(f"a record tells of {record.disposition}, and nobody was dialed", contact_id)
        if (record.connected_to_agent_at is not None) != (record.disposition is Disposition.CONNECTED_TO_AGENT):
            accuse("a talk ended as if there had been none", contact_id)
        if contact_id in witness.forgotten and record.phone_number:
            accuse("somebody is remembered who was forgotten", contact_id)
        if record.disposition is Disposition.EXPIRED:
            assert record.ended_at is not None
            # A stop that nobody had an answer to may have been carried out all the same.
            over = record.campaign_id in witness.closed or self._is_over(record.campaign_id)
            if not over and record.phone_number and record.ended_at < record.expires_at:
                accuse("somebody expired before the time", contact_id)

    def _is_over(self, campaign_id: str) -> bool:
        campaign = at_once(self._kept.campaign(campaign_id))
        return campaign is None or campaign.state is not CampaignState.RUNNING

    def _judge_sums(self, records: list[ContactRecord]) -> None:
        ids = [campaign.campaign_id for campaign in self._site.campaigns]
        for campaign_id, counts in at_once(self._kept.contact_counts(ids)).items():
            of_campaign = [record for record in records if record.campaign_id == campaign_id]
            if counts.accepted != len(of_campaign) or counts.in_progress or counts.waiting or counts.set_aside:
                self._story.accuse(f"counts of {campaign_id} do not add up: {counts}")
            live, abandoned = at_once(self._kept.ledger_sum(campaign_id, since=0))
            if abandoned != sum(record.abandoned for record in of_campaign):
                self._story.accuse(
                    f"the ledger of {campaign_id} has {abandoned} abandonments, which no records tell of"
                )
            if live < abandoned:
                self._story.accuse(f"the ledger of {campaign_id} has more abandonments than live answers")
        if at_once(self._kept.quarantined_count(self._site.instance_id)):
            self._story.accuse("a contact was set aside")

    def _judge_engine(self, seat: Seat) -> None:
        engine = seat.current.engine
        assert engine is not None
        details = engine.details()
        left = details.legs.keys() - self._idle
        if details.contacts or left:
            self._story.accuse(
                f"{seat.name} has {len(details.contacts)} contacts and {len(left)} legs in the end",
                *details.contacts,
                *sorted(left),
            )
        on_the_line = {leg.leg_id for leg in self._site.exchange.legs()}
        in_session = {agent.session_leg_id for agent in details.agents.values() if agent.persistent}
        if not self._idle == on_the_line == in_session:
            self._story.accuse(f"store, carrier and {seat.name} have other sessions", *sorted(self._idle ^ on_the_line))
        for agent in details.agents.values():
            if agent.state not in STAFFED_STATES or agent.contact_id or agent.kept_for or not agent.heard:
                self._story.accuse(f"{agent.agent_id} is {agent.state} in the end, and not free", agent.agent_id)
