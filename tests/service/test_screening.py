"""Whoever submits dial requests is told at once who will never be called, and why; the others wait for their hours.

What a user would lose otherwise: a list of numbers that must not be called is taken without a word, and nobody sees it
before the first complaint; or people are refused who could be called in the morning.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from gating import no_policy, screening
from gating import test_key as key_of
from service.centres import Nobody
from service.support import ONE_TO_ONE, SCOPE, dialing_of
from trunkcall.domain.calling_policy import POLICY_TAG, CallingPolicy
from trunkcall.domain.campaign import Campaign, CampaignState, OutboundCallConfig
from trunkcall.domain.clearance import Evidence, Hold, HoldReason, LocalTime, Prohibition
from trunkcall.domain.contact import ContactRecord
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.do_not_call import DoNotCallList
from trunkcall.domain.instants import DAY, HOUR, Instant, from_datetime
from trunkcall.domain.trunk import NumberFormat, Trunk
from trunkcall.service.calling.gate import Gate, GateOf
from trunkcall.service.calling.listing import BindingLists
from trunkcall.service.calling.previews import AcceptedPreview, Preview, PreviewItem, Previews, RefusedPreview
from trunkcall.service.campaigns import Campaigns
from trunkcall.service.dial_requests import AcceptedItem, DialRequestItem, DialRequests, RefusedItem
from trunkcall.service.totals import SubmittedTotals
from trunkcall.storage.memory import MemoryStore
from trunkcall.storage.ports.do_not_call import Origin

POLICY = """
time_zone_attribute = "zone"
[destinations]
regions = ["US"]
[[hours]]
every_day = "08:00-21:00"
"""
NEW_YORK, HONOLULU, JAMAICA, PREMIUM = "+12125550100", "+18085550100", "+18765550100", "+19005550100"
SEVEN_IN_NEW_YORK = from_datetime(datetime(2026, 11, 30, 12, tzinfo=UTC))


class Desk:
    """Where requests for one campaign are handed in."""

    def __init__(self) -> None:
        self.now: Instant = SEVEN_IN_NEW_YORK
        self.store = MemoryStore(lambda: self.now)
        self.gate_of: GateOf = no_policy
        self.screening = screening(self.store, dialing_of, lambda directory: self.gate_of(directory))
        self.totals = SubmittedTotals()
        self._ids = (f"contact-{n}" for n in itertools.count(1))

    async def opened(self, *, policy: str | None = POLICY, tags: Mapping[str, str] | None = None) -> Desk:
        facts: list[Any] = [Trunk("west", number_format=NumberFormat.NATIONAL, country="US", regions=("US",))]
        if policy is not None:
            facts.append(CallingPolicy("default", 1, policy))
        instance = Instance("instance", "instance", self.now, onboarded=True)
        await self.store.create_instance(Directory.of(instance, facts))
        await self.store.create_campaign(
            Campaign(
                campaign_id="spring",
                arn=SCOPE.campaign_arn("spring"),
                instance_id="instance",
                name="Spring",
                dialer=ONE_TO_ONE,
                outbound_call=OutboundCallConfig("flow", "queue"),
                state=CampaignState.INITIALIZED,
                created_at=self.now,
                tags=tags or {},
            )
        )
        await self.store.change_campaign_state(
            "spring", allowed_from=[CampaignState.INITIALIZED], to=CampaignState.RUNNING
        )
        return self

    @property
    def counted(self) -> dict[str, int]:
        """What was counted of holds and refusals, by reason."""
        assert {instance_id for instance_id, _ in (*self.totals.held, *self.totals.forbidden)} <= {"instance"}
        return {reason: times for (_, reason), times in (*self.totals.held.items(), *self.totals.forbidden.items())}

    @property
    def campaigns(self) -> Campaigns:
        return cast("Campaigns", self)

    async def describe_campaign(self, id_or_arn: str) -> Any:
        return await self.store.campaign(id_or_arn)

    async def hand_in(self, *people: tuple[str, Mapping[str, str]]) -> list[str]:
        """What became of each: accepted, or why not."""
        requests = DialRequests(
            self.store,
            self.campaigns,
            lambda _: self.now,
            lambda: next(self._ids),
            Nobody(),
            self.screening,
            self.totals,
            max_waiting=100,
        )
        items = [
            DialRequestItem(f"token-{n}", number, self.now + DAY, attributes)
            for n, (number, attributes) in enumerate(people)
        ]
        return [self._told(each) for each in await requests.put_dial_request_batch("spring", items)]

    async def preview(self, *people: tuple[str, Mapping[str, str]]) -> Preview:
        return await Previews(self.campaigns, self.screening, lambda _: self.now).preview_dial_requests(
            "spring", [PreviewItem(number, attributes) for number, attributes in people]
        )

    def _told(self, result: AcceptedItem | RefusedItem) -> str:
        if isinstance(result, AcceptedItem):
            return "accepted"
        assert not any(digits in result.refusal.message for digits in "0123456789"), "no number is in a refusal"
        return result.refusal.message

    async def kept(self) -> list[ContactRecord]:
        return [contact async for chunk in self.store.contacts() for contact in chunk]


async def test_who_may_never_be_called_is_refused_item_by_item_and_told_why() -> None:
    desk = await Desk().opened()
    told = await desk.hand_in(
        (JAMAICA, {}), (NEW_YORK, {}), (PREMIUM, {}), ("+19115550100", {}), ("+12120000000", {}), ("+12", {})
    )
    assert "let no call go" in told[0], "+1 876 is Jamaica, whatever its calling code"
    assert told[1] == "accepted"
    assert "premium" in told[2]
    assert "emergency" in told[3] or "nobody can have" in told[3]
    assert "nobody can have" in told[4]
    assert "impossible in its country" in told[5], "what is no number at all is refused as ever"
    assert [contact.phone_number for contact in await desk.kept()] == [NEW_YORK]


async def test_whoever_sleeps_is_accepted_and_waits_for_the_morning_there() -> None:
    desk = await Desk().opened()
    assert await desk.hand_in((NEW_YORK, {}), (HONOLULU, {})) == ["accepted", "accepted"]
    east, west = await desk.kept()
    assert east.hold == Hold(HoldReason.OUTSIDE_HOURS, desk.now + HOUR, LocalTime(("America/New_York",), Evidence.AREA))
    assert east.due_at == desk.now + HOUR
    assert west.due_at == desk.now + 6 * HOUR, "eight in Honolulu is 18:00 UTC"


async def test_the_time_zone_that_a_request_names_counts_for_it_alone() -> None:
    desk = await Desk().opened()
    told = await desk.hand_in((NEW_YORK, {"zone": "Europe/London"}), (NEW_YORK, {"zone": ""}), (NEW_YORK, {}))
    assert told == ["accepted"] * 3
    at_noon, unsaid, other = await desk.kept()
    assert (at_noon.time_zone, at_noon.hold, at_noon.due_at) == ("Europe/London", None, 0)
    assert unsaid.time_zone is other.time_zone is None
    assert unsaid.hold is not None, "an empty cell of a list says nothing"


@pytest.mark.parametrize("zone", ["Kyiv City", "EUROPE/BERLIN ", "+01:00", "../../etc/passwd", "localtime", "Factory"])
async def test_a_time_zone_that_nobody_knows_is_refused_and_not_guessed(zone: str) -> None:
    desk = await Desk().opened()
    (told,) = await desk.hand_in((NEW_YORK, {"zone": zone}))
    assert told.startswith("an attribute names a time zone that there is not")
    assert zone not in told, "attributes are personal"


@pytest.mark.parametrize("trouble", [None, "A list of a registry is older than it may be."])
async def test_whoever_is_on_a_do_not_call_list_is_refused_even_while_another_list_cannot_be_gone_by(
    trouble: str | None,
) -> None:
    desk = await Desk().opened()
    desk.gate_of = lambda directory: Gate(
        directory,
        key_of,
        reaches_people=False,
        lists_of=lambda directory, campaign, now: BindingLists((1,), (1,), trouble),
    )
    await desk.store.put_facts("instance", [DoNotCallList(1, "ours")])
    await desk.store.add_entries("instance", 1, [key_of(HONOLULU)], Origin("a call", "asked", desk.now))
    told = await desk.hand_in((NEW_YORK, {}), (HONOLULU, {}))
    assert told == ["accepted", "phone_number is on a do-not-call list"]


async def test_what_the_gate_makes_of_requests_is_counted_once_by_its_reason() -> None:
    desk = await Desk().opened()
    await desk.hand_in((NEW_YORK, {}), (HONOLULU, {}), (HONOLULU, {}), (JAMAICA, {}), (PREMIUM, {}))
    once = {HoldReason.OUTSIDE_HOURS: 3, Prohibition.REGION: 1, Prohibition.KIND: 1}
    assert desk.counted == once
    await desk.preview((HONOLULU, {}), (JAMAICA, {}))
    assert desk.counted == once, "a preview holds nobody back"
    await desk.hand_in((NEW_YORK, {}), (HONOLULU, {}))
    assert desk.counted == once, "those were accepted before, by their tokens"


async def test_while_nobody_can_read_the_policy_requests_are_taken_and_wait() -> None:
    desk = await Desk().opened(tags={POLICY_TAG: "nobody-has-put-it"})
    assert await desk.hand_in((NEW_YORK, {}), (JAMAICA, {})) == ["accepted", "accepted"]


async def test_without_a_policy_a_simulated_carrier_takes_whom_it_took_ever() -> None:
    desk = await Desk().opened(policy=None)
    assert await desk.hand_in((JAMAICA, {"zone": "Berlin"}), (PREMIUM, {})) == ["accepted", "accepted"]
    assert all(contact.hold is None and contact.time_zone is None for contact in await desk.kept())


async def test_a_policy_that_is_put_between_two_batches_counts_for_the_second() -> None:
    desk = await Desk().opened(policy=None)
    assert await desk.hand_in((JAMAICA, {})) == ["accepted"]
    await desk.store.put_facts("instance", [CallingPolicy("default", 1, POLICY)])
    assert await desk.hand_in((JAMAICA, {})) != ["accepted"]


async def test_a_preview_says_of_each_what_would_become_of_it_and_keeps_nothing() -> None:
    desk = await Desk().opened()
    found = await desk.preview((NEW_YORK, {}), (NEW_YORK, {"zone": "Europe/London"}), (JAMAICA, {}), ("+12", {}))
    held, at_once, refused, none = found.items
    assert isinstance(held, AcceptedPreview)
    assert held.hold is not None
    assert held.hold.until == desk.now + HOUR
    assert "Mon 08:00 there" in held.words
    assert at_once == AcceptedPreview(LocalTime(("Europe/London",), Evidence.ATTRIBUTE))
    assert [each.code for each in (refused, none) if isinstance(each, RefusedPreview)] == ["region", "no_number"]
    assert found.trouble is None
    assert await desk.kept() == []


async def test_a_preview_says_that_nobody_is_dialed_whatever_the_number_and_why() -> None:
    desk = await Desk().opened(tags={POLICY_TAG: "nobody-has-put-it"})
    found = await desk.preview((NEW_YORK, {}))
    assert "'nobody-has-put-it'" in (found.trouble or "")
