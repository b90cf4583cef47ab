"""Why a campaign dials as it does. If these fail, people see idle agents or a list at rest, and no reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from service.explaining import (
    CAMPAIGN,
    FORECAST,
    NORTH,
    NOW,
    ONE_TO_ONE,
    QUEUE,
    SOUTH,
    WELL,
    WEST,
    House,
    down,
    failing,
    full,
    held,
)
from trunkcall.aws.own_service import TrunkcallOperations
from trunkcall.domain.abandonment import RollingWindow
from trunkcall.domain.calling_policy import POLICY_TAG
from trunkcall.domain.campaign import CampaignState, DialerConfig, DialerType
from trunkcall.domain.clearance import Cleared, Evidence, Hold, HoldReason, LocalTime, Prohibition
from trunkcall.domain.contact import (
    ContactRecord,
    ContactState,
    Damage,
    DisconnectReason,
    Disposition,
    QuarantinedContact,
)
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.flow import Taken
from trunkcall.domain.instants import DAY, HOUR, SECOND
from trunkcall.engine.competition import PassedOver, Scarce
from trunkcall.engine.explanation import DialingExplanation
from trunkcall.engine.ledger import LedgerTotals


async def test_a_campaign_that_is_well_says_what_it_goes_by() -> None:
    (dialing, pace) = await House().reasons()
    assert dialing[0] == "DIALING"
    assert pace[0] == "PACE"
    for words in (
        "1 of 20 agents",
        "2.4 more",
        "within 12 s",
        "6 attempts in flight",
        "1.5",
        "25% of attempts",
        "3.0%",
    ):
        assert words in pace[1]


async def test_where_nobody_may_be_dialed_that_is_all_that_is_said() -> None:
    ((code, text),) = await House(outbound=False).reasons()
    assert code == "OUTBOUND_CALLS_OFF"
    assert "until its attribute OUTBOUND_CALLS is true again" in text
    paused = replace(CAMPAIGN, state=CampaignState.PAUSED)
    ((code, _),) = await House(campaign=paused, outbound=False).reasons()
    assert code == "CAMPAIGN_NOT_RUNNING", "whoever switches them on again would wait for nothing"


async def test_why_the_carrier_is_away_is_said_with_it() -> None:
    """Else an operator who sees that nobody is dialed would look for the reason at the trunk's provider."""
    house = House(facts=replace(WELL, trunks=(down(NORTH),)), trouble="Asterisk does not answer.")
    code, words = (await house.reasons())[0]
    assert code == "CARRIER_AWAY"
    assert words.endswith("Asterisk does not answer.")


@pytest.mark.parametrize(
    ("facts", "code", "words"),
    [
        (None, "NO_DIALER", "does not dial"),
        (replace(WELL, suspended=True), "STORE_TROUBLE", "store"),
        (replace(WELL, trunks=()), "NO_TRUNK", "No trunk of the instance may show the number that it is to show"),
        (replace(WELL, trunks=(down(NORTH),)), "CARRIER_AWAY", "The carrier does not answer; dialing goes on as soon"),
        (replace(WELL, trunks=(down(NORTH), down(SOUTH))), "CARRIER_AWAY", "does not answer for any of its 2 trunks"),
        (replace(WELL, trunks=(held(NORTH),)), "CARRIER_REFUSED", "did not take an attempt a moment ago"),
        (
            replace(WELL, trunks=(held(NORTH), held(SOUTH))),
            "CARRIER_REFUSED",
            "an attempt on its 2 trunks a",
        ),
        (replace(WELL, trunks=(held(NORTH), full(SOUTH))), "CARRIER_REFUSED", "did not take an attempt"),
        (
            replace(WELL, trunks=(held(NORTH), down(SOUTH))),
            "CARRIER_REFUSED",
            "an attempt on the one of its 2 trunks that is up a moment ago",
        ),
        (
            replace(WELL, trunks=(failing(NORTH),)),
            "TRUNK_FAILING",
            "The trunk leads nowhere: 6 attempts on the trunk north came to nothing, one after the other. One is tried "
            "in 10 s, and then after longer pauses.",
        ),
        (
            replace(WELL, trunks=(replace(failing(NORTH), tried_in=0), failing(SOUTH))),
            "TRUNK_FAILING",
            "Its 2 trunks lead nowhere: 6 attempts on the trunk north came to nothing, one after the other. "
            "One is out to see whether that is over.",
        ),
        (
            replace(WELL, trunks=(failing(NORTH), down(SOUTH))),
            "TRUNK_FAILING",
            "The one of its 2 trunks that is up leads",
        ),
        (replace(WELL, trunks=(failing(NORTH), held(SOUTH))), "CARRIER_REFUSED", "did not take an attempt"),
        (
            replace(WELL, trunks=(failing(NORTH), SOUTH)),
            "TRUNK_FAILING",
            "Of its 2 trunks north leads nowhere: attempts came to nothing, one after the other, and it dials over the "
            "others. One is tried in 10 s",
        ),
        (replace(WELL, refused=True), "STATE_CHANGES", "changed"),
        (replace(WELL, window=0), "LOADING", "read from the store"),
        (replace(WELL, window=0, window_complete=False, next_due_in=HOUR), "LOADING", "read from the store"),
        (
            replace(WELL, window=0, next_due_in=3 * HOUR),
            "NONE_DUE_YET",
            "500 dial requests wait, and none is due yet: the next is in 3 h",
        ),
        (replace(WELL, staffed_agents=0, free_agents=0), "NO_AGENTS", "offline or on a break"),
        (
            replace(WELL, staffed_agents=0, free_agents=0, failed_phones=2),
            "PHONES_FAILING",
            "2 agents of its queue are not reached by phone, and nobody is dialed for them",
        ),
        (replace(WELL, failed_phones=1), "PHONES_FAILING", "1 agent of its queue is not reached by phone"),
        (replace(WELL, agents=0, staffed_agents=0, free_agents=0), "NO_AGENTS", "Its queue has no agents"),
        (
            replace(WELL, agents=0, helpers=3, staffed_agents=0, free_agents=0),
            "NO_AGENTS",
            "agents, 3, serve it with a delay",
        ),
        (
            replace(WELL, staffed_agents=0, free_agents=0, others_agents=1),
            "OTHERS_TURN",
            "1 agent of its queue is at work, at the moment for other campaigns",
        ),
        (
            replace(WELL, staffed_agents=0, free_agents=0, unheard_agents=20),
            "AGENTS_UNHEARD",
            "Nothing has been heard of 20 of 20 agents at work for 15 s",
        ),
        (
            replace(WELL, staffed_agents=17, unheard_agents=3),
            "AGENTS_UNHEARD",
            "3 of 20 agents at work for 15 s: nobody is dialed for them",
        ),
        (
            replace(WELL, trunks=(full(NORTH),)),
            "NO_LINES",
            "All 30 lines of the trunk are in use, 20 by this campaign",
        ),
        (replace(WELL, trunks=(full(NORTH), full(SOUTH))), "NO_LINES", "All 50 lines of its 2 trunks are in use"),
        (
            replace(WELL, trunks=(full(NORTH), full(SOUTH), down(WEST))),
            "NO_LINES",
            "All 50 lines of the 2 of its 3 trunks that are up are in use",
        ),
        (
            replace(WELL, trunks=(NORTH, down(SOUTH), down(WEST))),
            "TRUNK_DOWN",
            "Of its 3 trunks south and west are down: it dials over the others",
        ),
        (
            replace(WELL, trunks=(NORTH, SOUTH), attempts_per_s=100.0, next_attempt_in=SECOND // 2),
            "ATTEMPTS_PER_SECOND",
            "Its 2 trunks take 100 attempts a second",
        ),
        (replace(WELL, next_attempt_in=SECOND // 2), "ATTEMPTS_PER_SECOND", "50 attempts a second"),
        (
            replace(
                WELL,
                ledger=(LedgerTotals(RollingWindow(DAY), 1000, 31), LedgerTotals(RollingWindow(30 * DAY), 9000, 31)),
                headroom=-1.0,
                forecast=replace(FORECAST, risk_scale=0.0),
            ),
            "LEDGER_USED_UP",
            "31 of 1,000 live answers of the last 24 h were not with an agent in time (3.10%; at most 3.00% may be)",
        ),
        (
            replace(WELL, headroom=1.5, forecast=replace(FORECAST, risk_scale=0.25)),
            "LEDGER_LOW",
            "so 1.5 more may: it takes 25% of the risk",
        ),
        (
            replace(WELL, forecast=replace(FORECAST, rivals_scale=0.1)),
            "RIVAL_LEDGER_LOW",
            "all of them take 10% of the risk",
        ),
        (replace(WELL, share=0.0, gets_what_is_left=True), "NO_WEIGHT", "whom no other campaign of their queues wants"),
        (
            replace(WELL, passed_over=PassedOver(101, 100, Scarce.AGENTS), passed_over_since=NOW - 9 * 60 * SECOND),
            "STARVED",
            "wanted an attempt for 9 min, and 101 attempts of others went before it: at most 100 may, by the weights "
            "of all that compete for agents.",
        ),
        (
            replace(ONE_TO_ONE, passed_over=PassedOver(201, 100, Scarce.AGENTS), kept_for=True),
            "STARVED",
            "compete for agents. What it needs is kept for it as it comes.",
        ),
        (replace(WELL, share=0.25, waits_for_others=True), "OTHERS_TURN", "waits for another campaign of its queue"),
        (replace(WELL, lines=200), "LINES_PER_AGENT", "It holds 200 lines: no more than 10"),
        (replace(WELL, forecast=None), "LEARNING", "for the agents who are free alone"),
        (replace(ONE_TO_ONE, free_agents=0), "NO_FREE_AGENT", "each of 20 at work"),
    ],
)
async def test_what_holds_a_campaign_back_comes_first(facts: DialingExplanation | None, code: str, words: str) -> None:
    first = (await House(facts=facts).reasons())[0]
    assert first[0] == code
    assert words in first[1]


async def test_a_campaign_that_has_used_its_ledger_up_is_not_told_to_be_learning() -> None:
    """It may have seen hundreds of live answers, and dials one to one for another reason."""
    spent = LedgerTotals(RollingWindow(DAY), live_answers=341, abandoned=59)
    facts = replace(WELL, ledger=(spent,), headroom=-48.8, forecast=None)
    codes = [code for code, _ in await House(facts=facts).reasons()]
    assert codes[0] == "LEDGER_USED_UP"
    assert "LEARNING" not in codes


@pytest.mark.parametrize("state", [state for state in CampaignState if state is not CampaignState.RUNNING])
async def test_a_campaign_that_is_not_running_says_so_alone(state: CampaignState) -> None:
    ((code, text),) = await House(campaign=replace(CAMPAIGN, state=state)).reasons()
    assert code == "CAMPAIGN_NOT_RUNNING"
    assert state in text


async def test_an_empty_list_is_told_apart_from_one_that_is_being_read() -> None:
    assert (await House(backlog=0, facts=replace(WELL, window=0)).reasons())[0][0] == "NO_REQUESTS"


async def test_a_ledger_that_breathes_is_no_reason() -> None:
    """What the ledger leaves goes up and down with every abandonment: only far below it is it why so few are dialed."""
    facts = replace(WELL, forecast=replace(FORECAST, risk_scale=0.8))
    assert "LEDGER_LOW" not in dict(await House(facts=facts).reasons())


async def test_what_stops_everything_comes_before_what_limits() -> None:
    facts = replace(WELL, trunks=(down(NORTH),), forecast=None, next_attempt_in=SECOND)
    assert [code for code, _ in await House(facts=facts).reasons()] == [
        "CARRIER_AWAY",
        "ATTEMPTS_PER_SECOND",
        "LEARNING",
        "PACE",
    ]


async def test_agents_of_whom_nothing_is_heard_are_no_reason_where_none_are_needed() -> None:
    facts = replace(WELL, needs_agents=False, staffed_agents=0, unheard_agents=20, forecast=None)
    codes = [code for code, _ in await House(facts=facts).reasons()]
    assert "AGENTS_UNHEARD" not in codes


async def test_one_to_one_dialing_says_what_it_has_abandoned_nevertheless() -> None:
    reasons = dict(await House(facts=ONE_TO_ONE).reasons())
    assert "12 of 1,034 live answers of the last 24 h were not with an agent in time" in reasons["AGENTS_LEFT"]
    assert "had left while the phones rang, or did not come in time" in reasons["AGENTS_LEFT"]
    assert "the flow took longer than that with messages, questions or whispers" in reasons["AGENTS_LEFT"]
    none = replace(ONE_TO_ONE, ledger=(LedgerTotals(RollingWindow(DAY), 1034, 0),))
    assert "AGENTS_LEFT" not in dict(await House(facts=none).reasons())


async def test_a_queue_that_is_disabled_is_why_nobody_is_dialed() -> None:
    nobody = replace(WELL, agents=0, staffed_agents=0, free_agents=0)
    disabled = House(facts=nobody, queue=replace(QUEUE, enabled=False))
    reasons = dict(await disabled.reasons())
    assert "disabled" in reasons["QUEUE_DISABLED"]
    assert "NO_AGENTS" not in reasons
    assert (await disabled.explanations().first_reason(CAMPAIGN, 500)).code == "QUEUE_DISABLED"
    agentless = House(facts=replace(nobody, needs_agents=False), queue=disabled.queue)
    assert "QUEUE_DISABLED" not in dict(await agentless.reasons())


async def test_a_campaign_that_has_lost_the_queue_of_its_flow_says_so() -> None:
    without = replace(CAMPAIGN, outbound_call=replace(CAMPAIGN.outbound_call, queue_id=None))
    ((code, text),) = await House(campaign=without).reasons()
    assert code == "NO_QUEUE"
    assert "UpdateContactTargetQueue" in text
    agentless = replace(without, dialer=DialerConfig(DialerType.AGENTLESS))
    assert "NO_QUEUE" not in dict(await House(campaign=agentless).reasons())


async def test_a_queue_that_is_full_is_told_and_is_no_reason_why_nobody_is_dialed() -> None:
    reasons = await House(facts=replace(WELL, queue_full=True)).reasons()
    assert [code for code, _ in reasons] == ["DIALING", "PACE", "QUEUE_FULL"]
    agentless = House(facts=replace(WELL, queue_full=True, needs_agents=False, forecast=None))
    assert "QUEUE_FULL" not in dict(await agentless.reasons())


async def test_campaigns_that_share_a_queue_say_how_much_of_it_is_theirs() -> None:
    codes = dict(await House(facts=replace(WELL, share=0.25)).reasons())
    assert "25%" in codes["SHARED_QUEUE"]


async def test_the_numbers_can_be_read_by_a_program() -> None:
    nothing = cast(Any, None)
    house = House(facts=replace(WELL, share=0.7499993))
    operations = TrunkcallOperations(house.explanations(), *[nothing] * 6)
    figures = (await operations.get_campaign_explanation(nothing, {"id": "spring"}))["figures"]
    assert figures["dialRequestsWaiting"] == 500
    assert figures["abandonedIn24h"] == 12
    assert figures["agentsUnheard"] == 0
    assert figures["shareOfAgents"] == 0.75, "a campaign without weight beside it takes nothing that can be seen"
    assert figures["abandonmentsLeft"] == 19.02
    assert figures["agentsExpected"] == 2.4
    assert figures["riskAllowed"] == 0.03


def record(state: ContactState, **changes: Any) -> ContactRecord:
    return ContactRecord(
        contact_id="c-1",
        campaign_id="spring",
        instance_id="instance",
        client_token="token",
        phone_number="+12125550100",
        attributes={"name": "Ada"},
        state=state,
        accepted_at=NOW,
        expires_at=NOW + 3 * HOUR,
        **{"updated_at": NOW, **changes},
    )


async def test_a_waiting_request_says_how_long_it_will_and_what_is_before_it() -> None:
    house = House(contacts={"c-1": record(ContactState.WAITING)}, before=41)
    found = await house.explanations().get_dial_request_explanation("spring", "c-1")
    assert [reason.code for reason in found.reasons] == ["WAITING", "OTHERS_FIRST", "DIALING", "PACE"]
    assert "3 h" in found.reasons[0].text
    assert "41 requests" in found.reasons[1].text


IN_NEW_YORK = LocalTime(("America/New_York",), Evidence.AREA)
ANYWHERE_THERE = LocalTime(("America/Chicago", "America/Denver", "America/New_York"), Evidence.COUNTRY)
HELD = Hold(HoldReason.OUTSIDE_HOURS, NOW + 2 * HOUR, IN_NEW_YORK)
AT_NIGHT = "it is Mon 10:13 in America/New_York, all zones of the number's area, as its exchange is in no table"


async def test_where_everything_is_halted_that_is_said_with_the_reason_and_nothing_else() -> None:
    ((code, text),) = await House(halted="a complaint about {nobody}").reasons()
    assert code == "HALTED"
    assert "are halted since 2026-09-21 14:13 UTC: a complaint about {nobody}." in text
    assert "trunkcall resume" in text
    assert [code for code, _ in await House(halted="", outbound=False).reasons()] == ["HALTED", "OUTBOUND_CALLS_OFF"]
    paused = replace(CAMPAIGN, state=CampaignState.PAUSED)
    assert [code for code, _ in await House(campaign=paused, halted="x").reasons()] == ["CAMPAIGN_NOT_RUNNING"]


async def test_a_campaign_whose_policy_cannot_be_gone_by_says_which_it_is() -> None:
    named = replace(CAMPAIGN, tags={POLICY_TAG: "night"})
    ((code, text),) = await House(campaign=named).reasons()
    assert code == "POLICY"
    assert "'night'" in text


async def test_a_campaign_of_which_nobody_may_be_called_yet_says_when_the_first_may_and_where() -> None:
    at_rest = replace(WELL, window=0, next_due_in=2 * HOUR)
    found = await House(facts=at_rest, hold=HELD).reasons()
    code, text = found[0]
    assert code == "OUTSIDE_HOURS"
    assert text.startswith("500 dial requests wait, and none may be dialed yet.")
    assert "from Mon 12:13 there on, 2026-09-21 16:13 UTC, in 2 h." in text
    assert "NONE_DUE_YET" not in [code for code, _ in found]
    limited = Hold(HoldReason.DAY_LIMIT, NOW + 2 * HOUR)
    code, text = (await House(facts=at_rest, hold=limited).reasons())[0]
    assert (code, "the instance has had its attempts of the day" in text) == ("DAY_LIMIT", True)
    over = replace(HELD, until=NOW)
    assert (await House(facts=at_rest, hold=over).reasons())[0][0] == "NONE_DUE_YET", "it holds nobody any more"


@pytest.mark.parametrize(
    ("contact", "code", "words"),
    [
        (record(ContactState.WAITING), "WAITING", "3 h"),
        (record(ContactState.WAITING, due_at=NOW), "WAITING", "3 h"),
        (record(ContactState.WAITING, due_at=NOW + 2 * HOUR), "DUE_LATER", "due in 2 h and not dialed before"),
        (record(ContactState.WAITING, due_at=NOW + 3 * HOUR), "DUE_LATER", "expires before that, in 3 h"),
        (replace(record(ContactState.WAITING), expires_at=NOW), "EXPIRED", "has passed"),
        (replace(record(ContactState.WAITING, due_at=HELD.until), hold=HELD), "OUTSIDE_HOURS", AT_NIGHT),
        (
            replace(record(ContactState.WAITING), hold=replace(HELD, local=ANYWHERE_THERE)),
            "OUTSIDE_HOURS",
            "it is Mon 08:13 to Mon 10:13 in America/Chicago, America/Denver and America/New_York, all zones of the "
            "number's country",
        ),
        (
            replace(record(ContactState.WAITING), hold=replace(HELD, until=NOW + 3 * HOUR)),
            "OUTSIDE_HOURS",
            "17:13 UTC, in 3 h. It expires before that, in 3 h.",
        ),
        (
            replace(record(ContactState.WAITING), hold=Hold(HoldReason.NUMBER_GAP, NOW + HOUR)),
            "NUMBER_GAP",
            "not dialed before 2026-09-21 15:13 UTC, in 1 h",
        ),
        (replace(record(ContactState.WAITING), hold=replace(HELD, until=NOW)), "WAITING", "3 h"),
        (
            replace(
                record(ContactState.ENDED, disposition=Disposition.EXPIRED, disconnect_reason=DisconnectReason.EXPIRED),
                expires_at=NOW,
                hold=HELD,
            ),
            "ENDED",
            "expired (EXPIRED). It was held back until 2026-09-21 16:13 UTC when it expired: it was outside its "
            "calling hours in America/New_York",
        ),
        (
            replace(
                record(ContactState.ENDED, disposition=Disposition.NOT_ALLOWED),
                clearance=Cleared(forbidden=Prohibition.KIND),
            ),
            "NOT_ALLOWED",
            "was not dialed: its {} is a premium",
        ),
        (
            replace(
                record(ContactState.ENDED, disposition=Disposition.DO_NOT_CALL),
                clearance=Cleared(forbidden=Prohibition.DO_NOT_CALL),
            ),
            "DO_NOT_CALL",
            "its {} is on a do-not-call list",
        ),
        (record(ContactState.QUEUED), "IN_PROGRESS", "Queued"),
        (
            record(
                ContactState.ANSWERED,
                flow_trail=(Taken("f-1", "hello", "MessageParticipant", ""), Taken("f-1", "ask", "Compare", "x")),
            ),
            "IN_PROGRESS",
            "Answered. The last action on record is ask (Compare), of the contact flow f-1.",
        ),
        (
            record(
                ContactState.ANSWERED,
                answered_at=NOW - 90 * SECOND,
                updated_at=NOW - 40 * SECOND,
                flow_trail=(Taken("f-1", "hello", "MessageParticipant", ""),),
            ),
            "IN_PROGRESS",
            "of the contact flow f-1. It was answered 90 s ago; nothing more has been put on record for 40 s.",
        ),
        (
            record(ContactState.ANSWERED, answered_at=NOW - 5 * SECOND, updated_at=NOW - 5 * SECOND),
            "IN_PROGRESS",
            "It has left no action of its contact flow yet. It was answered 5 s ago; nothing more has been put on rec",
        ),
        (
            record(
                ContactState.ENDED,
                disposition=Disposition.MESSAGE_PLAYED,
                disconnect_reason=DisconnectReason.CONTACT_FLOW_DISCONNECT,
                flow_trail=(Taken("f-1", "end", "DisconnectParticipant", None),),
            ),
            "ENDED",
            "is end (DisconnectParticipant), of the contact flow f-1. A dial request",
        ),
        (
            record(
                ContactState.ENDED,
                disposition=Disposition.BUSY,
                disconnect_reason=DisconnectReason.TELECOM_BUSY,
            ),
            "ENDED",
            "busy (TELECOM_BUSY)",
        ),
        (
            record(
                ContactState.ENDED,
                disposition=Disposition.ABANDONED,
                disconnect_reason=DisconnectReason.CONTACT_FLOW_DISCONNECT,
                safe_harbour_at=NOW,
            ),
            "ENDED",
            "It heard the safe-harbour message.",
        ),
        (
            record(
                ContactState.ENDED,
                disposition=Disposition.ABANDONED,
                disconnect_reason=DisconnectReason.CONTACT_FLOW_DISCONNECT,
            ),
            "ENDED",
            "abandoned (CONTACT_FLOW_DISCONNECT). No agent was free, and its queue was full.",
        ),
        (
            record(
                ContactState.ENDED,
                disposition=Disposition.ABANDONED,
                disconnect_reason=DisconnectReason.CONTACT_FLOW_DISCONNECT,
                queued_at=NOW,
            ),
            "ENDED",
            "abandoned (CONTACT_FLOW_DISCONNECT). A dial request",
        ),
    ],
)
async def test_a_request_says_what_became_of_it_and_nothing_of_whom_it_was_for(
    contact: ContactRecord, code: str, words: str
) -> None:
    house = House(contacts={"c-1": contact})
    found = await house.explanations().get_dial_request_explanation("spring", "c-1")
    assert found.reasons[0].code == code
    assert words in found.reasons[0].text
    for reason in found.reasons:
        assert "+1212" not in reason.text
        assert "Ada" not in reason.text


async def test_a_request_of_another_campaign_is_not_found() -> None:
    house = House(contacts={"c-1": replace(record(ContactState.WAITING), campaign_id="autumn")})
    for dial_request_id in ("c-1", "nobody"):
        with pytest.raises(NotFoundError, match="no dial request"):
            await house.explanations().get_dial_request_explanation("spring", dial_request_id)


ASIDE = QuarantinedContact(7, "seventh", "spring", Damage.NOT_AS_ACCEPTED, ContactState.WAITING, waiting=True)
ENDED_ASIDE = replace(ASIDE, sequence=8, contact_id="eighth", state=ContactState.ENDED, waiting=False)


async def test_damaged_requests_of_a_campaign_are_told_last_and_those_that_had_ended_not_at_all() -> None:
    *_, last = await House(set_aside=[ASIDE, ENDED_ASIDE]).reasons()
    assert last[0] == "QUARANTINED"
    assert last[1].startswith("1 dial request of it is damaged")
    assert "QUARANTINED" not in dict(await House(set_aside=[ENDED_ASIDE]).reasons())


async def test_a_damaged_request_says_that_it_is_set_aside() -> None:
    explanations = House(set_aside=[ASIDE], unreadable=frozenset({"unread"})).explanations()
    found = await explanations.get_dial_request_explanation("spring", "seventh")
    assert (found.state, [reason.code for reason in found.reasons]) == (ContactState.WAITING, ["QUARANTINED"])
    found = await explanations.get_dial_request_explanation("spring", "unread")
    assert (found.state, [reason.code for reason in found.reasons]) == (None, ["QUARANTINED"])
