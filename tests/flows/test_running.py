"""What a flow does for its contact, whom it asks, and how it ends. If these fail, somebody is left on the line, or what
it has found and chosen for them is lost."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from flows.playing import Played, text
from flows.support import ENDLESS, ERROR, action, asks, flow, menu, message
from trunkcall.domain.flow import Disconnect, Enqueue, GoOn, Hush, Rank, Record
from trunkcall.domain.instants import SECOND
from trunkcall.flows import language
from trunkcall.flows.progress import (
    Answered,
    Ask,
    Await,
    Begun,
    CallOut,
    Ending,
    GiveAttributes,
    HungUp,
    NotAnswered,
    NotQueued,
    NotSaid,
    Pressed,
    Purpose,
    Queued,
    QueueFull,
    Said,
    Say,
    Timer,
)
from trunkcall.flows.running import Limits


def logging(identifier: str, behaviour: str, then: str) -> dict[str, Any]:
    return action(identifier, "UpdateFlowLoggingBehavior", {"FlowLoggingBehavior": behaviour}, then=then)


class TestWhatTheContactGets:
    def attributes(self, given: dict[str, str], **more: Any) -> Played:
        set_them = action(
            "set", "UpdateContactAttributes", {"Attributes": given, **more}, then="end", errors={ERROR: "end"}
        )
        played = Played(flow(set_them), attributes={"name": "Ann"})
        played.begin()
        return played

    def test_attributes_are_given_with_their_references_replaced(self) -> None:
        played = self.attributes({"greeting": "Dear $.Attributes.name", "of": "$.CustomerEndpoint.Address"})
        given = {"greeting": "Dear Ann", "of": "+12025550123"}
        assert played.orders == [GiveAttributes(given), Disconnect()]
        assert played.at.attributes == {"name": "Ann", **given}

    def test_all_attributes_are_given_or_none(self) -> None:
        played = self.attributes({"a": "b", "long": "x" * 32_768})
        assert played.orders == [Disconnect()]
        assert played.at.attributes == {"name": "Ann"}
        assert played.way[0] == ("set", ERROR)

    def test_attributes_that_are_built_of_one_another_are_not_without_end(self) -> None:
        assert self.attributes({"a": "$.Attributes.name" * 12_000}).way[0] == ("set", ERROR)
        assert self.attributes({f"a{n}": "$.Attributes.name" * 100 for n in range(120)}).way[0] == ("set", ERROR)

    def test_there_is_no_related_contact(self) -> None:
        assert self.attributes({"a": "b"}, TargetContact="Related").way[0] == ("set", ERROR)

    def test_it_goes_into_the_queue_that_was_chosen(self) -> None:
        played = self.queued(QueueId="arn:aws:connect:eu-west-2:111122223333:instance/i/queue/q-1")
        assert played.orders == [Enqueue("q-1")]
        assert played.hear(Queued()) == []
        assert played.at.ending is Ending.QUEUED
        assert played.at.until is None

    @pytest.mark.parametrize("given", [{"QueueId": "q-9"}, {"QueueId": "$.Attributes.no"}, {"AgentId": "a-1"}, {}])
    def test_a_queue_that_there_is_not_takes_the_error_branch(self, given: dict[str, str]) -> None:
        played = self.queued(**given)
        assert played.orders == [Disconnect()]
        assert played.way[0] == ("choose", ERROR)

    @pytest.mark.parametrize(
        ("event", "branch"), [(QueueFull(), "QueueAtCapacity"), (NotQueued(), ERROR)], ids=["full", "cannot"]
    )
    def test_a_queue_that_does_not_take_it_has_a_branch(self, event: QueueFull | NotQueued, branch: str) -> None:
        played = self.queued(QueueId="q-1")
        assert played.hear(event) == [Disconnect()]
        assert ("queue", branch) in played.way

    def queued(self, **given: str) -> Played:
        choose = action("choose", "UpdateContactTargetQueue", given, then="queue", errors={ERROR: "end"})
        queue = action("queue", "TransferContactToQueue", then="end", errors={"QueueAtCapacity": "end", ERROR: "end"})
        played = Played(flow(choose, queue))
        played.begin()
        return played

    def test_the_queue_that_was_chosen_is_told_by_its_name(self) -> None:
        choose = action("choose", "UpdateContactTargetQueue", {"QueueId": "q-1"}, then="then", errors={ERROR: "end"})
        played = Played(flow(message("say", "$.Queue.Name", "choose"), choose, message("then", "$.Queue.Name")))
        assert played.begin() == [Say(text("Sales"))]
        assert played.hear(Said()) == [Say(text("Support"))]

    @pytest.mark.parametrize(
        ("given", "recorded"),
        [
            ({"RecordingBehavior": {"RecordedParticipants": ["Agent"]}}, [Record(("Agent",))]),
            ({"RecordingBehavior": {"RecordedParticipants": []}}, [Record(())]),
            ({"AnalyticsBehavior": {"Enabled": "True"}}, []),
        ],
    )
    def test_who_is_recorded_changes_where_something_is_said_of_it(
        self, given: dict[str, Any], recorded: list[Record]
    ) -> None:
        played = Played(flow(action("record", "UpdateContactRecordingBehavior", given, then="end")))
        assert played.begin() == [*recorded, Disconnect()]

    @pytest.mark.parametrize(
        ("given", "recorded", "branch"),
        [
            (
                {
                    "VoiceBehavior": {
                        "VoiceRecordingBehavior": {"RecordedParticipants": ["Agent", "Customer"]},
                        "VoiceAnalyticsBehavior": {"Enabled": "True"},
                    }
                },
                [Record(("Agent", "Customer"))],
                "",
            ),
            ({"VoiceBehavior": {"VoiceRecordingBehavior": {"RecordedParticipants": []}}}, [Record(())], ""),
            ({"VoiceBehavior": {}}, [], ""),
            ({"ScreenRecordingBehavior": {"ScreenRecordedParticipants": ["Agent"]}, "New": {}}, [], ""),
            ({"ChatBehavior": {"ChatAnalyticsBehavior": {}}}, [], "ChannelMismatch"),
        ],
    )
    def test_the_block_of_today_records_calls_and_is_of_no_other_channel(
        self, given: dict[str, Any], recorded: list[Record], branch: str
    ) -> None:
        kind = "UpdateContactRecordingAndAnalyticsBehavior"
        errors = {ERROR: "end", "ChannelMismatch": "end"}
        played = Played(flow(action("record", kind, given, then="end", errors=errors)))
        assert played.begin() == [*recorded, Disconnect()]
        assert played.way[0] == ("record", branch)

    def test_what_the_flow_does_is_logged_where_it_says_so(self) -> None:
        played = Played(
            flow(
                message("say", "Hello", "on"),
                logging("on", "Enabled", "then"),
                message("then", "Hello", "off"),
                logging("off", "Disabled", "end"),
            )
        )
        played.begin()
        assert not played.at.is_logged
        played.hear(Said())
        assert played.at.is_logged
        played.hear(Said())
        assert not played.at.is_logged

    @pytest.mark.parametrize(
        "given",
        [
            {"CallerId": {"Number": "$.Attributes.no"}},
            {"ConnectionTimeLimitSeconds": "$.Attributes.no"},
            {"VoiceConnector": {}},
        ],
    )
    def test_a_call_does_not_go_out_in_another_way_than_the_flow_has_it(self, given: dict[str, Any]) -> None:
        played = Played(flow(action("call", "CompleteOutboundCall", given, then="end", errors={ERROR: "end"})))
        assert played.begin() == [Disconnect()]
        assert played.way[0] == ("call", ERROR)

    def test_skills_that_an_agent_is_to_have_are_an_error(self) -> None:
        given: dict[str, Any] = {"RoutingProficiencies": {}}
        played = Played(flow(action("rank", "UpdateContactRoutingBehavior", given, then="end")))
        assert played.begin() == [Disconnect()]
        assert played.way[0] == ("rank", ERROR)

    def test_what_runs_later_is_taken_back_and_is_never_a_flow_that_there_is_not(self) -> None:
        def hook(name: str, flow_id: str, then: str) -> dict[str, Any]:
            hooks = {"EventHooks": {"CustomerQueue": flow_id}}
            return action(name, "UpdateContactEventHooks", hooks, then=then, errors={ERROR: "end"})

        played = Played(flow(hook("a", "flow", "b"), hook("b", "", "end")))
        played.begin()
        assert played.at.hooks == {"CustomerQueue": ""}
        for lost in ("lost", "$.Attributes.no"):
            played = Played(flow(hook("a", lost, "end")))
            played.begin()
            assert played.way[0] == ("a", ERROR)

    def test_its_place_its_recording_and_what_runs_later_are_chosen(self) -> None:
        content = flow(
            action("rank", "UpdateContactRoutingBehavior", {"QueuePriority": "1"}, then="later"),
            action("later", "UpdateContactRoutingBehavior", {"QueueTimeAdjustmentSeconds": "-60"}, then="record"),
            action(
                "record",
                "UpdateContactRecordingBehavior",
                {"RecordingBehavior": {"RecordedParticipants": ["Agent", "Customer"]}},
                then="hook",
            ),
            action(
                "hook",
                "UpdateContactEventHooks",
                {"EventHooks": {"AgentWhisper": "whisper"}},
                then="call",
                errors={ERROR: "end"},
            ),
            action(
                "call",
                "CompleteOutboundCall",
                {"CallerId": {"Number": "+12025550100"}, "ConnectionTimeLimitSeconds": "20"},
                then="end",
            ),
        )
        played = Played(content, others={"whisper": flow(action("over", "EndFlowExecution"))})
        assert played.begin() == [
            Rank(priority=1),
            Rank(adjustment=-60 * SECOND),
            Record(("Agent", "Customer")),
            CallOut("+12025550100", 20 * SECOND),
            Disconnect(),
        ]
        assert played.at.hooks == {"AgentWhisper": "whisper"}
        assert (played.at.priority, played.at.adjustment, played.at.recorded) == (
            1,
            -60 * SECOND,
            ("Agent", "Customer"),
        )


class TestOthers:
    LOOK_UP = asks(
        "arn:aws:lambda:eu-west-2:111122223333:function:who",
        within_s=3,
        then="greet",
        otherwise="unknown",
        LambdaInvocationAttributes={"number": "$.CustomerEndpoint.Address"},
    )
    CONTENT = flow(LOOK_UP, message("greet", "Hello $.External.who.name"), message("unknown", "Hello"))

    def test_a_service_is_asked_and_its_answer_is_at_hand(self) -> None:
        played = Played(self.CONTENT)
        (asked,) = played.begin()
        assert isinstance(asked, Ask)
        assert (asked.values, asked.within) == ({"number": "+12025550123"}, 3 * SECOND)
        assert played.hear(Answered({"who": {"name": "Ann"}})) == [Say(text("Hello Ann"))]

    @pytest.mark.parametrize(
        ("number", "said"),
        [("1", "Hello Bob"), ("2", "Hello "), pytest.param(ENDLESS.values[0], "Hello ", id="endless")],
    )
    def test_one_of_several_is_found_by_its_number(self, number: str, said: str) -> None:
        played = Played(
            flow(self.LOOK_UP, message("greet", f"Hello $.External.who[{number}]"), message("unknown", "Hello"))
        )
        played.begin()
        assert played.hear(Answered({"who": ["Ann", "Bob"]})) == [Say(text(said))]

    def test_no_answer_within_its_time_takes_the_error_branch_and_one_that_comes_late_changes_nothing(self) -> None:
        played = Played(self.CONTENT)
        played.begin()
        assert played.wait() == [Say(text("Hello"))]
        assert played.hear(Answered({"who": {"name": "Ann"}})) == []
        assert played.at.external == {}

    def test_a_service_is_not_told_more_than_anybody_may_be(self) -> None:
        asked = json.loads(json.dumps(self.LOOK_UP))
        asked["Parameters"]["LambdaInvocationAttributes"] = {f"a{n}": "$.Attributes.name" * 100 for n in range(120)}
        told = Played(flow(asked, message("greet", "Hello"), message("unknown", "Who?")), attributes={"name": "Ann"})
        assert told.begin() == [Say(text("Who?"))]

    def test_a_wrong_answer_takes_the_error_branch(self) -> None:
        played = Played(self.CONTENT)
        played.begin()
        assert played.hear(NotAnswered()) == [Say(text("Hello"))]

    @pytest.mark.parametrize(
        ("wanted", "answer", "said"),
        [
            ("STRING_MAP", {"who": "Ann"}, "Hello Ann"),
            ("STRING_MAP", {"who": {"name": "Ann"}}, "Who?"),
            ("STRING_MAP", {"who": 5}, "Who?"),
            ("JSON", {"who": 5}, "Hello 5"),
        ],
    )
    def test_an_answer_is_such_as_the_flow_wants_it(self, wanted: str, answer: dict[str, object], said: str) -> None:
        asked = json.loads(json.dumps(self.LOOK_UP))
        asked["Parameters"]["ResponseValidation"] = {"ResponseType": wanted}
        played = Played(flow(asked, message("greet", "Hello $.External.who"), message("unknown", "Who?")))
        played.begin()
        assert played.hear(Answered(answer)) == [Say(text(said))]
        assert (played.at.external == {}) is (said == "Who?")

    def test_a_service_without_a_name_is_not_asked(self) -> None:
        asked = json.loads(json.dumps(self.LOOK_UP))
        asked["Parameters"]["LambdaFunctionARN"] = "$.Attributes.no"
        assert Played(flow(asked, message("greet", "Hello"), message("unknown", "Who?"))).begin() == [Say(text("Who?"))]

    @pytest.mark.parametrize(("given", "within_s"), [({"InvocationTimeLimitSeconds": "60"}, 8), ({}, 3)])
    def test_a_service_is_waited_for_no_longer_than_amazon_has_it(self, given: dict[str, str], within_s: int) -> None:
        asked = json.loads(json.dumps(self.LOOK_UP))
        del asked["Parameters"]["InvocationTimeLimitSeconds"]
        asked["Parameters"].update(given)
        played = Played(flow(asked, message("greet", "Hello"), message("unknown", "Who?")))
        (asks,) = played.begin()
        assert isinstance(asks, Ask)
        assert asks.within == within_s * SECOND

    def test_nobody_waits_for_a_service_that_is_only_told(self) -> None:
        told = json.loads(json.dumps(self.LOOK_UP))
        told["Parameters"]["InvocationType"] = "ASYNCHRONOUS"
        played = Played(flow(told, message("greet", "Hello"), message("unknown", "Who?")))
        asked, said = played.begin()
        assert isinstance(asked, Ask)
        assert not asked.waits
        assert said == Say(text("Hello"))

    def test_another_flow_goes_on_and_knows_what_the_first_has_found(self) -> None:
        go = action("go", "TransferToFlow", {"ContactFlowId": "$.Attributes.flow"}, then="end", errors={ERROR: "end"})
        played = Played(
            flow(go),
            attributes={"flow": "other", "name": "Ann"},
            others={"other": flow(message("say", "Hello $.Attributes.name"))},
        )
        assert played.begin() == [Say(text("Hello Ann"))]
        assert (played.at.flow_id, played.way) == ("other", [("go", "")])

    def test_a_flow_that_there_is_not_takes_the_error_branch(self) -> None:
        go = action("go", "TransferToFlow", {"ContactFlowId": "lost"}, then="end", errors={ERROR: "end"})
        played = Played(flow(go))
        played.begin()
        assert played.way[0] == ("go", ERROR)

    def test_what_is_not_offered_takes_an_error_branch_and_not_that_of_its_success(self) -> None:
        number = action(
            "number",
            "UpdateContactCallbackNumber",
            {"CallbackNumber": "$.StoredCustomerInput"},
            then="called-back",
            errors={"InvalidCallbackNumber": "end", "CallbackNumberNotDialable": "end"},
        )
        played = Played(flow(number, message("called-back", "We call you back.")))
        assert played.begin() == [Disconnect()]
        assert played.way[0] == ("number", "InvalidCallbackNumber")


class TestEnds:
    def test_nothing_happens_after_the_end(self) -> None:
        played = Played(flow(message("say", "Hello")))
        played.begin()
        played.hear(HungUp())
        assert played.at.ending is Ending.HUNG_UP
        for event in (Begun(), Said(), NotSaid(), Pressed("1"), Timer(), Queued(), Answered(), HungUp()):
            assert played.hear(event) == []

    def test_a_circle_without_an_end_ends_by_the_number_of_its_actions(self) -> None:
        played = Played(flow(action("a", "UpdateFlowLoggingBehavior", {"FlowLoggingBehavior": "Enabled"}, then="a")))
        assert played.begin() == [Disconnect()]
        assert (played.at.ending, played.at.actions) == (Ending.TOO_LONG, Limits().at_once)

    def test_a_long_action_that_goes_round_ends_sooner_so_that_nobody_else_waits(self) -> None:
        many = {f"k{number}": "$.Attributes.name" for number in range(1_000)}
        given = {"TargetContact": "Current", "Attributes": many}
        played = Played(flow(action("a", "UpdateContactAttributes", given, then="a", errors={ERROR: "a"})))
        played.begin()
        assert played.at.ending is Ending.TOO_LONG
        assert played.at.actions * len(many) < 100 * Limits().at_once

    def test_the_longest_flow_that_goes_round_nowhere_comes_to_its_end(self) -> None:
        names = [f"a{number}" for number in range(language.MAX_ACTIONS - 1)]
        many = {f"k{number}": "x" * 50 for number in range(10)}
        given = {"TargetContact": "Current", "Attributes": many}
        actions = [
            action(name, "UpdateContactAttributes", given, then=then, errors={ERROR: then})
            for name, then in itertools.pairwise([*names, "end"])
        ]
        played = Played(flow(*actions))
        played.begin()
        assert (played.at.ending, played.at.actions) == (Ending.DISCONNECTED, language.MAX_ACTIONS)

    def test_a_message_that_is_repeated_without_an_end_ends_as_well(self) -> None:
        played = Played(flow(message("say", "Hello", then="say")))
        said = len(played.begin())
        while played.at.ending is None:
            said += len(played.hear(Said()))
        assert (played.at.ending, said) == (Ending.TOO_LONG, Limits().actions + 1)

    def test_a_wait_of_a_week_ends_by_its_time(self) -> None:
        wait = action(
            "wait", "Wait", {"TimeLimitSeconds": "604800"}, errors={ERROR: "end"}, when={"WaitCompleted": "wait"}
        )
        played = Played(flow(wait))
        played.begin()
        assert played.wait() == [Disconnect()]
        assert played.at.ending is Ending.TOO_LONG

    def test_whoever_comes_to_an_end_that_says_nothing_is_hung_up_on_unless_they_wait(self) -> None:
        over = action("over", "EndFlowExecution")
        assert Played(flow(over)).begin() == [Disconnect()]
        assert Played(flow(over), purpose=Purpose.BESIDE).begin() == [GoOn()]

    def test_a_flow_that_is_gone_ends(self) -> None:
        played = Played(flow(message("say", "Hello")))
        played.around.flows.clear()
        assert played.begin() == [Disconnect()]
        assert played.at.ending is Ending.BROKEN

    def test_a_flow_whose_content_has_changed_meanwhile_ends_where_its_action_is_gone(self) -> None:
        played = Played(flow(message("say", "Hello")))
        played.begin()
        played.around.flows |= Played(flow(message("other", "Hello"))).around.flows
        assert played.hear(Said()) == [Hush(), Disconnect()]
        assert played.at.ending is Ending.BROKEN

    def test_a_flow_whose_content_has_changed_meanwhile_ends_where_another_action_has_the_name(self) -> None:
        bot = action("ask", "ConnectParticipantWithLexBot", {"InputValidation": "by the bot"}, then="end")
        for other in (bot, message("ask", "Hello"), action("ask", "EndFlowExecution")):
            played = Played(flow(menu()))
            played.begin()
            played.around.flows |= Played(flow(other)).around.flows
            assert played.hear(Pressed("1")) == [Hush(), Disconnect()]
            assert played.at.ending is Ending.BROKEN

    def test_what_is_kept_says_what_is_waited_for_and_until_when(self) -> None:
        played = Played(flow(menu()), limits=Limits(duration=60 * SECOND))
        played.begin()
        assert (played.at.action_id, played.at.awaits) == ("ask", Await.KEYS)
        assert played.at.until == played.now + 60 * SECOND
        played.hear(Said(), after_s=1)
        assert played.at.until == played.now + 5 * SECOND
