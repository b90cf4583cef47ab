"""Why a campaign dials as it does right now, and why a dial request has not been dialed: in words, with the numbers.

Decides which reason comes first: what stops everything, then what limits, then what is as it should be. It must not
know how an engine decides, nor who asks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from trunkcall.domain.campaign import Campaign, CampaignState, DialerType
from trunkcall.domain.clearance import Hold
from trunkcall.domain.clock import NowOf
from trunkcall.domain.contact import ContactRecord, ContactState, Disposition, forbidden_as
from trunkcall.domain.directory import Instance
from trunkcall.domain.errors import ContactDamagedError, NotFoundError
from trunkcall.domain.fields import Field
from trunkcall.domain.instants import DAY, HOUR, SECOND, Duration, Instant
from trunkcall.engine.explanation import DialingExplanation
from trunkcall.engine.snapshot import TrunkSnapshot
from trunkcall.service.calling.gates import Gates
from trunkcall.service.calling.words import PROHIBITED, held, held_then, in_utc
from trunkcall.service.campaign_queue import queue_of
from trunkcall.service.campaigns import Campaigns
from trunkcall.storage.ports.contacts import Backlog
from trunkcall.storage.ports.directory import Directories
from trunkcall.storage.ports.quarantine import SetAside

LOW_SCALE = 0.5
"""Of the risk that a campaign would take: while the ledger leaves it less, that is worth saying."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. ``code`` stays the same from version to version, ``text`` may be put better; each ``{}`` of it stands
    for one of the ``fields``, if there are any."""

    code: str
    text: str
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class CampaignExplanation:
    """Why a campaign dials as it does; the reason that decides first. ``facts`` and how many requests wait are the
    numbers that the reasons go by."""

    campaign: Campaign
    reasons: tuple[Reason, ...]
    backlog: int
    facts: DialingExplanation | None
    """None while nobody dials, and of a campaign that is not dialed."""


@dataclass(frozen=True, slots=True)
class DialRequestExplanation:
    """Why a dial request was or was not dialed."""

    contact_id: str
    state: ContactState | None
    """None where its record is damaged and cannot tell."""
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """How many requests of a campaign wait, and, where none of them is due, why the first is held; None if it is
    not."""

    backlog: int
    hold: Hold | None


class DialingFacts(Protocol):
    """What is known of how campaigns are dialed."""

    def explanation(self, instance_id: str, campaign_id: str) -> DialingExplanation | None:
        """None while nobody dials here, and of a campaign that is not dialed."""

    def carrier_trouble(self, instance_id: str) -> str | None:
        """Why the instance's carrier cannot be used, in words; None while it can."""


class Explanations:
    """The two questions. ``agent_state_max_age_s`` is after how long agents are unheard."""

    def __init__(
        self,
        backlog: Backlog,
        set_aside: SetAside,
        campaigns: Campaigns,
        dialing: DialingFacts,
        directories: Directories,
        gates: Gates,
        now_of: NowOf,
        agent_state_max_age_s: float,
    ) -> None:
        self._backlog = backlog
        self._set_aside = set_aside
        self._campaigns = campaigns
        self._dialing = dialing
        self._directories = directories
        self._gates = gates
        self._now_of = now_of
        self._max_age_s = agent_state_max_age_s

    async def get_campaign_explanation(self, id_or_arn: str) -> CampaignExplanation:
        """Why the campaign dials as it does. Raises NotFoundError."""
        campaign = await self._campaigns.describe_campaign(id_or_arn)
        backlog = await self._backlog.waiting_count(campaign.campaign_id)
        facts = self._dialing.explanation(campaign.instance_id, campaign.campaign_id)
        reasons = await self._reasons(campaign, backlog, facts)
        set_aside = await self._set_aside.quarantined(campaign.campaign_id)
        if number := sum(contact.state is not ContactState.ENDED for contact in set_aside):
            reasons.append(
                Reason(
                    "QUARANTINED",
                    f"{_many(number, 'dial request')} of it {'is' if number == 1 else 'are'} damaged on disk and set "
                    "aside, for good: `trunkcall db quarantine` on the server shows and ends what is.",
                )
            )
        return CampaignExplanation(campaign, tuple(reasons), backlog, facts)

    async def first_reason(self, campaign: Campaign, backlog: int) -> Reason:
        """What decides first how the campaign dials, of which so many requests wait."""
        facts = self._dialing.explanation(campaign.instance_id, campaign.campaign_id)
        return (await self._reasons(campaign, backlog, facts))[0]

    async def _reasons(self, campaign: Campaign, backlog: int, facts: DialingExplanation | None) -> list[Reason]:
        directory = await self._directories.directory(campaign.instance_id)
        now = self._now_of(campaign.instance_id)
        if campaign.state is CampaignState.RUNNING and directory is not None:
            closed = _what_closes(directory.instance)
            gate = await self._gates.gate(campaign.instance_id)
            trouble = gate.trouble(campaign, now) if gate is not None else None
            if trouble is not None:
                closed.append(Reason("POLICY", f"{trouble} Nobody is dialed for the campaign meanwhile."))
            if campaign.dialer.needs_agents and queue_of(campaign, directory) is None:
                closed.append(_NO_QUEUE)
            if closed:
                return closed
        queue = directory.queues.get(queue_of(campaign, directory) or "") if directory is not None else None
        enabled = queue is None or queue.enabled
        hold = await self._backlog.first_hold(campaign.campaign_id) if facts is not None and _none_due(facts) else None
        backlog_of = _Waiting(backlog, hold if hold is not None and hold.until > now else None)
        carrier = self._dialing.carrier_trouble(campaign.instance_id)
        return list(
            _campaign_reasons(campaign.state, backlog_of, facts, carrier, self._max_age_s, now, queue_enabled=enabled)
        )

    async def get_dial_request_explanation(self, id_or_arn: str, dial_request_id: str) -> DialRequestExplanation:
        """What holds the dial request back, or what became of it. Raises NotFoundError."""
        campaign = await self._campaigns.describe_campaign(id_or_arn)
        for set_aside in await self._set_aside.quarantined(campaign.campaign_id):
            if set_aside.contact_id == dial_request_id:
                return _quarantined(dial_request_id, set_aside.state)
        try:
            contact = await self._backlog.contact(dial_request_id)
        except ContactDamagedError:
            return _quarantined(dial_request_id, None)
        if contact is None or contact.campaign_id != campaign.campaign_id:
            raise NotFoundError("The campaign has no dial request with this id.")
        reasons = [self._own_reason(contact, self._now_of(campaign.instance_id))]
        if contact.state is ContactState.WAITING:
            ahead = await self._backlog.waiting_before(dial_request_id)
            if ahead:
                come = "comes" if ahead == 1 else "come"
                others = f"{_many(ahead, 'request')} of the campaign {come} before it"
                reasons.append(Reason("OTHERS_FIRST", f"{others}: due earlier, or accepted earlier."))
            reasons += (await self.get_campaign_explanation(id_or_arn)).reasons
        return DialRequestExplanation(contact.contact_id, contact.state, tuple(reasons))

    def _own_reason(self, contact: ContactRecord, now: Instant) -> Reason:
        left, due_in = contact.expires_at - now, contact.due_at - now
        hold = contact.hold
        match contact.state:
            case ContactState.WAITING if left <= 0:
                return Reason("EXPIRED", "Its {} has passed: it will not be dialed any more.", (Field.EXPIRES_AT,))
            case ContactState.WAITING if hold is not None and hold.until > now:
                before = f" It expires before that, in {_long(left)}." if hold.until >= contact.expires_at else ""
                return Reason(hold.reason.upper(), f"{held(hold, now)}, in {_long(hold.until - now)}.{before}")
            case ContactState.WAITING if due_in >= left:
                return Reason("DUE_LATER", f"It is due in {_long(due_in)} and expires before that, in {_long(left)}.")
            case ContactState.WAITING if due_in > 0:
                return Reason(
                    "DUE_LATER",
                    f"It is due in {_long(due_in)} and not dialed before that. It expires in {_long(left)}.",
                )
            case ContactState.WAITING:
                return Reason("WAITING", f"It waits to be dialed, for at most {_long(left)} more: then it expires.")
            case ContactState.ENDED if contact.clearance is not None and contact.clearance.forbidden is not None:
                forbidden = contact.clearance.forbidden
                why = f"It has ended and was not dialed: its {PROHIBITED[forbidden]}."
                return Reason(forbidden_as(forbidden).upper(), why, (Field.PHONE_NUMBER,))
            case ContactState.ENDED:
                how = contact.disposition or "unknown"
                why = contact.disconnect_reason or "unknown"
                full = contact.disposition is Disposition.ABANDONED and contact.queued_at is None
                found = " No agent was free, and its queue was full." if full else ""
                heard = " It heard the safe-harbour message." if contact.safe_harbour_at is not None else ""
                unheld = ""
                if contact.disposition is Disposition.EXPIRED and hold is not None and hold.until > contact.expires_at:
                    unheld = f" It was held back until {in_utc(hold.until)} when it expired: {held_then(hold)}."
                told = f"It has ended: {how} ({why}).{_way_of(contact)}{found}{heard}{unheld}"
                return Reason("ENDED", f"{told} A dial request is dialed at most once.")
            case state:
                return Reason(
                    "IN_PROGRESS", f"It is being dialed or talked to: {state}.{_way_of(contact)}{_since(contact, now)}"
                )


def _way_of(contact: ContactRecord) -> str:
    """How far it has come in contact flows; nothing where no action was left yet."""
    if not contact.flow_trail:
        return ""
    last = contact.flow_trail[-1]
    return f" The last action on record is {last.action_id} ({last.action}), of the contact flow {last.flow_id}."


def _since(contact: ContactRecord, now: Instant) -> str:
    """For how long somebody has been on the line, and has stood where the record has them."""
    if contact.answered_at is None:
        return ""
    no_action = contact.state is ContactState.ANSWERED and not contact.flow_trail
    left = " It has left no action of its contact flow yet." if no_action else ""
    answered, written = (_long(max(now - at, 0)) for at in (contact.answered_at, contact.updated_at))
    return f"{left} It was answered {answered} ago; nothing more has been put on record for {written}."


def _quarantined(contact_id: str, state: ContactState | None) -> DialRequestExplanation:
    text = (
        "What the disk holds of it is not what was written, so it is set aside: it is neither dialed nor in exports. "
        "`trunkcall db quarantine` on the server shows and ends it."
    )
    return DialRequestExplanation(contact_id, state, (Reason("QUARANTINED", text),))


def _what_closes(instance: Instance) -> list[Reason]:
    """Why nothing is originated for an instance, whatever its campaigns are."""
    closed = []
    if instance.halted_at is not None:
        why = f": {instance.halt_reason}" if instance.halt_reason else ""
        closed.append(
            Reason(
                "HALTED",
                f"All calls of its instance are halted since {in_utc(instance.halted_at)}{why}. Nobody is dialed until "
                "`trunkcall resume`.",
            )
        )
    if not instance.outbound_calls:
        closed.append(_NO_OUTBOUND_CALLS)
    return closed


def _campaign_reasons(
    state: CampaignState,
    waiting: _Waiting,
    facts: DialingExplanation | None,
    carrier_trouble: str | None,
    max_age_s: float,
    now: Instant,
    *,
    queue_enabled: bool,
) -> Iterator[Reason]:
    if state is not CampaignState.RUNNING:
        yield Reason("CAMPAIGN_NOT_RUNNING", f"The campaign is {state}. {_WHAT_TO_DO[state]}")
        return
    if facts is None:
        yield Reason(
            "NO_DIALER", "This server does not dial for the instance yet: it is starting, or another one does."
        )
        return
    starved = list(_what_starves(facts, now))
    yield from starved
    stopped = list(_what_stops(waiting, facts, carrier_trouble, max_age_s, now, queue_enabled=queue_enabled))
    yield from stopped
    limits = list(_what_limits(facts, max_age_s))
    yield from limits
    if not starved and not stopped and not limits:
        yield Reason("DIALING", "Nothing holds it back.")
    if facts.needs_agents:
        yield _how_it_paces(facts)
    if facts.needs_agents and facts.queue_full:
        yield Reason(
            "QUEUE_FULL",
            "As many wait in its queue as may: whoever answers and finds no agent free is abandoned at once.",
        )
    yield from _what_one_to_one_abandoned(facts)
    if facts.share < 1.0:
        yield Reason(
            "SHARED_QUEUE",
            "Other campaigns dial for the same agents: by {} "
            f"{facts.share:.0%} of those of its queue are this one's.",
            (Field.BANDWIDTH_ALLOCATION,),
        )


def _what_starves(facts: DialingExplanation, now: Instant) -> Iterator[Reason]:
    passed_over = facts.passed_over
    if passed_over.too_often:
        since = "" if facts.passed_over_since is None else f" for {_long(now - facts.passed_over_since)}"
        kept = " What it needs is kept for it as it comes." if facts.kept_for else ""
        yield Reason(
            "STARVED",
            f"It has wanted an attempt{since}, and {_many(passed_over.times, 'attempt')} of others went before it: at "
            f"most {passed_over.at_most:,} may, by the weights of all that compete for {passed_over.scarce}.{kept}",
        )


_NO_QUEUE = Reason(
    "NO_QUEUE",
    "It names no queue, and its contact flow does not set one that there is: nobody is dialed until the flow does, by "
    "UpdateContactTargetQueue before TransferContactToQueue.",
)
_NO_OUTBOUND_CALLS = Reason(
    "OUTBOUND_CALLS_OFF",
    "Outbound calls are switched off for its instance: nobody is dialed until its attribute OUTBOUND_CALLS is true "
    "again.",
)
_WHAT_TO_DO: Mapping[CampaignState, str] = {
    CampaignState.INITIALIZED: "Nothing is dialed until it is started.",
    CampaignState.PAUSED: "Nothing is dialed until it is resumed.",
    CampaignState.STOPPED: "It will not dial any more.",
    CampaignState.FAILED: "It will not dial any more.",
}


def _none_due(facts: DialingExplanation) -> bool:
    return not facts.window and facts.window_complete and facts.next_due_in is not None


def _what_stops(
    waiting: _Waiting,
    facts: DialingExplanation,
    carrier_trouble: str | None,
    max_age_s: float,
    now: Instant,
    *,
    queue_enabled: bool,
) -> Iterator[Reason]:
    backlog = waiting.backlog
    if facts.suspended:
        yield Reason("STORE_TROUBLE", "The store does not keep what happens, so nothing new is begun.")
    yield from _what_stops_its_trunks(facts.trunks, carrier_trouble)
    if facts.refused:
        yield Reason("STATE_CHANGES", "The campaign's state has just been changed.")
    if not backlog:
        yield Reason("NO_REQUESTS", f"No dial request waits; {_many(facts.in_flight, 'attempt')} in flight.")
    elif waiting.hold is not None:
        wait = f"{_many(backlog, 'dial request')} {'waits' if backlog == 1 else 'wait'}"
        yield Reason(
            waiting.hold.reason.upper(),
            f"{wait}, and none may be dialed yet. Of the one that may be first: "
            f"{_begun_small(held(waiting.hold, now))}, in {_long(waiting.hold.until - now)}.",
        )
    elif facts.next_due_in is not None and _none_due(facts):
        wait = f"{_many(backlog, 'dial request')} {'waits' if backlog == 1 else 'wait'}"
        yield Reason("NONE_DUE_YET", f"{wait}, and none is due yet: the next is in {_long(facts.next_due_in)}.")
    elif not facts.window:
        yield Reason("LOADING", "Waiting requests are being read from the store.")
    if facts.needs_agents and not queue_enabled:
        yield Reason("QUEUE_DISABLED", "Its queue is disabled: nobody is dialed for it until it is enabled again.")
    elif facts.needs_agents and not facts.staffed_agents and not facts.others_agents and facts.unheard_agents:
        yield _who_is_left_out(facts, max_age_s)
    elif facts.needs_agents and not facts.agents and facts.helpers:
        yield Reason(
            "NO_AGENTS",
            f"All of its queue's agents, {facts.helpers:,}, serve it with a delay: they help out, and nobody is dialed "
            "for them.",
        )
    elif facts.needs_agents and not facts.agents:
        yield Reason("NO_AGENTS", "Its queue has no agents: no agent's routing profile has it.")
    elif facts.needs_agents and not facts.staffed_agents and not facts.others_agents and facts.failed_phones:
        yield _whose_phones_failed(facts)
    elif facts.needs_agents and not facts.staffed_agents and not facts.others_agents:
        why = "all are offline or on a break, have missed a contact or have a phone that failed, or were removed"
        yield Reason("NO_AGENTS", f"No agent of its queue is at work: {why}.")
    up = [trunk for trunk in facts.trunks if trunk.up]
    if up and all(trunk.lines >= trunk.channels for trunk in up):
        lines = _many(sum(trunk.channels for trunk in up), "line")
        yield Reason(
            "NO_LINES", f"All {lines} of {_those_up(facts.trunks)} are in use, {facts.lines} by this campaign."
        )


def _who_is_left_out(facts: DialingExplanation, max_age_s: float) -> Reason:
    number = facts.staffed_agents + facts.others_agents + facts.unheard_agents
    agents = f"{facts.unheard_agents} of {_many(number, 'agent')} at work"
    return Reason(
        "AGENTS_UNHEARD", f"Nothing has been heard of {agents} for {max_age_s:g} s: nobody is dialed for them."
    )


def _whose_phones_failed(facts: DialingExplanation) -> Reason:
    number = facts.failed_phones
    return Reason(
        "PHONES_FAILING",
        f"{_many(number, 'agent')} of its queue {_are(number)} not reached by phone, and nobody is dialed for "
        f"{'that one' if number == 1 else 'them'}: `trunkcall agents list` says who, and why.",
    )


def _what_stops_its_trunks(trunks: Sequence[TrunkSnapshot], carrier_trouble: str | None) -> Iterator[Reason]:
    up = [trunk for trunk in trunks if trunk.up]
    if not trunks:
        yield Reason("NO_TRUNK", "No trunk of the instance may show the number that it is to show.")
    elif not up:
        which = f" for any of its {len(trunks)} trunks" if len(trunks) > 1 else ""
        why = f" {carrier_trouble}" if carrier_trouble else ""
        yield Reason("CARRIER_AWAY", f"The carrier does not answer{which}; dialing goes on as soon as it does.{why}")
    elif all(trunk.failing for trunk in up):
        which = f"{_those_up(trunks)} {'leads' if len(up) == 1 else 'lead'} nowhere"
        tried = min(up, key=lambda trunk: trunk.tried_in)
        failures = f"{_many(tried.failures, 'attempt')} on the trunk {tried.trunk_id}"
        yield Reason(
            "TRUNK_FAILING",
            f"{which[0].upper()}{which[1:]}: {failures} came to nothing, one after the other. {_when_tried(tried)}",
        )
    elif all(trunk.held or trunk.failing for trunk in [each for each in up if each.lines < each.channels] or up):
        which = f" on {_those_up(trunks)}" if len(trunks) > 1 else ""
        yield Reason(
            "CARRIER_REFUSED", f"The carrier did not take an attempt{which} a moment ago; the next follows shortly."
        )


def _what_limits(facts: DialingExplanation, max_age_s: float) -> Iterator[Reason]:
    if facts.next_attempt_in > 0:
        take = "The trunk takes" if len(facts.trunks) == 1 else f"Its {len(facts.trunks)} trunks take"
        per_s, limit = facts.attempts_per_s, facts.instance_attempts_per_s
        if limit is not None and limit < per_s:
            take, per_s = "The calling policy allows all campaigns together", limit
        yield Reason(
            "ATTEMPTS_PER_SECOND",
            f"{take} {per_s:g} attempts a second; the next may begin in {facts.next_attempt_in / SECOND:.2f} s.",
        )
    if facts.needs_agents and (facts.staffed_agents or facts.others_agents) and facts.unheard_agents:
        yield _who_is_left_out(facts, max_age_s)
    if facts.needs_agents and (facts.staffed_agents or facts.others_agents) and facts.failed_phones:
        yield _whose_phones_failed(facts)
    if facts.needs_agents and facts.staffed_agents:
        most = math.floor(facts.lines_per_agent * facts.staffed_agents)
        if facts.lines >= most:
            yield Reason(
                "LINES_PER_AGENT",
                f"It holds {_many(facts.lines, 'line')}: no more than {facts.lines_per_agent:g} are allowed for each "
                f"of {facts.staffed_agents} at work.",
            )
    if facts.gets_what_is_left:
        yield Reason(
            "NO_WEIGHT",
            "Its bandwidth allocation is 0: it is dialed only for agents whom no other campaign of their queues wants.",
        )
    elif facts.needs_agents and facts.others_agents and not facts.staffed_agents:
        yield Reason(
            "OTHERS_TURN",
            f"{_many(facts.others_agents, 'agent')} of its queue {_are(facts.others_agents)} at work, at the moment "
            "for other campaigns: where there are too few for all, they have them by turns.",
        )
    elif facts.needs_agents and facts.waits_for_others:
        yield Reason(
            "OTHERS_TURN",
            "It has dialed more than its share of late and waits for another campaign of its queue, which has had "
            "less.",
        )
    if facts.dialer_type is DialerType.PREDICTIVE:
        left = list(_what_the_ledger_leaves(facts))
        yield from left
        # With nothing left it dials one to one whatever it has learned.
        if facts.forecast is None and not left:
            yield Reason(
                "LEARNING",
                "It has not seen enough live answers yet to look ahead: it dials for the agents who are free alone.",
            )
    elif facts.one_to_one and not facts.free_agents and facts.staffed_agents:
        yield Reason(
            "NO_FREE_AGENT",
            f"No agent is free to be dialed for: each of {facts.staffed_agents} at work has a contact or an attempt.",
        )
    down = [trunk.trunk_id for trunk in facts.trunks if not trunk.up]
    if down and len(down) < len(facts.trunks):
        yield Reason(
            "TRUNK_DOWN",
            f"Of its {len(facts.trunks)} trunks {_listed(down)} {_are(len(down))} down: it dials over the others.",
        )
    failing = [trunk for trunk in facts.trunks if trunk.up and trunk.failing]
    if failing and len(failing) < sum(trunk.up for trunk in facts.trunks):
        names = _listed([trunk.trunk_id for trunk in failing])
        yield Reason(
            "TRUNK_FAILING",
            f"Of its {len(facts.trunks)} trunks {names} {'leads' if len(failing) == 1 else 'lead'} nowhere: attempts "
            f"came to nothing, one after the other, and it dials over the others. {_when_tried(failing[0])}",
        )


def _what_one_to_one_abandoned(facts: DialingExplanation) -> Iterator[Reason]:
    for total in facts.ledger[:1]:
        if facts.one_to_one and total.abandoned:
            yield Reason(
                "AGENTS_LEFT",
                f"{total.abandoned:,} of {total.live_answers:,} live answers of {total.window.words} were "
                f"not with an agent in time ({total.abandonment_ratio:.2%}): their agents had left while the phones "
                "rang, or did not come in time, or the flow took longer than that with messages, questions or "
                "whispers, unless it was predictive then.",
            )


def _what_the_ledger_leaves(facts: DialingExplanation) -> Iterator[Reason]:
    if not facts.ledger_binding or not facts.ledger:
        return
    tightest = min(facts.ledger, key=lambda total: facts.target_ratio * total.live_answers - total.abandoned)
    so_far = (
        f"{tightest.abandoned:,} of {tightest.live_answers:,} live answers of {tightest.window.words} were "
        f"not with an agent in time ({tightest.abandonment_ratio:.2%}; at most {facts.target_ratio:.2%} may be)"
    )
    scale = facts.forecast.risk_scale if facts.forecast is not None else 1.0
    if tightest.live_answers and facts.headroom <= 0.0:
        yield Reason("LEDGER_USED_UP", f"{so_far}: until more people are put through it dials one to one.")
    elif tightest.live_answers and scale < LOW_SCALE:
        yield Reason(
            "LEDGER_LOW", f"{so_far}, so {facts.headroom:.1f} more may: it takes {scale:.0%} of the risk that it would."
        )
    forecast = facts.forecast
    if forecast is not None and forecast.rivals_scale < min(LOW_SCALE, forecast.risk_scale):
        yield Reason(
            "RIVAL_LEDGER_LOW",
            "Another campaign of its queue has little left of its own ledger. Their live answers meet the same agents, "
            f"so all of them take {forecast.rivals_scale:.0%} of the risk that they would take.",
        )


def _how_it_paces(facts: DialingExplanation) -> Reason:
    its = " for it" if facts.others_agents else ""
    agents = f"{facts.free_agents} of {_many(facts.staffed_agents, 'agent')} at work{its} are free"
    forecast = facts.forecast
    if forecast is None:
        return Reason("PACE", f"{agents}; {_many(facts.in_flight, 'attempt')} in flight.")
    return Reason(
        "PACE",
        f"{agents} and {forecast.agents_expected:.1f} more are expected within {forecast.horizon / SECOND:.0f} s; "
        f"{_many(facts.waiting, 'live answer')} waiting; {_many(facts.in_flight, 'attempt')} in flight, of which "
        f"{forecast.live_answers_expected:.1f} are expected to be live answers ({forecast.live_ratio:.0%} of attempts "
        f"are). More are begun while the chance that one finds nobody is at most {forecast.risk_allowed:.1%}.",
    )


def _those_up(trunks: Sequence[TrunkSnapshot]) -> str:
    up, of_all = sum(trunk.up for trunk in trunks), f"{len(trunks)} trunks"
    if len(trunks) == 1:
        return "the trunk"
    if up == len(trunks):
        return f"its {of_all}"
    return f"the one of its {of_all} that is up" if up == 1 else f"the {up} of its {of_all} that are up"


def _begun_small(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _when_tried(trunk: TrunkSnapshot) -> str:
    if not trunk.tried_in:
        return "One is out to see whether that is over."
    return f"One is tried in {_long(trunk.tried_in)}, and then after longer pauses."


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _many(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def _long(duration: Duration) -> str:
    for unit, name in ((DAY, "days"), (HOUR, "h"), (60 * SECOND, "min")):
        if duration >= 2 * unit or (duration >= unit and name == "h"):
            return f"{duration / unit:.0f} {name}"
    return f"{duration / SECOND:.0f} s"
