"""What becomes of a contact in a flow. If these fail, somebody on the line hears what was meant for another, or
nothing, or is left there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flows.playing import Played
from flows.support import ERROR, action, flow, menu
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.flow import Disconnect, Enqueue, GoOn, Hush, Rank, Record
from trunkcall.domain.instants import SECOND
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
    Prompt,
    Purpose,
    Queued,
    QueueFull,
    Said,
    Say,
    SayAgainAndAgain,
    Speech,
    Timer,
)
from trunkcall.flows.running import Limits

ENDLESS = pytest.param("9" * 5_000, id="endless")
"""More digits than Python makes a number of."""

CHOOSE = action("choose", "UpdateContactTargetQueue", {"QueueId": "q-1"}, then="ask", errors={ERROR: "end"})


def text(value: str) -> Prompt:
    return Prompt(Speech.TEXT, value)


def message(identifier: str, value: str, then: str = "end", error: str | None = None) -> dict[str, Any]:
    errors = {ERROR: error} if error is not None else None
    return action(identifier, "MessageParticipant", {"Text": value}, then=then, errors=errors)


def status(**when: str) -> dict[str, Any]:
    error = when.pop("error", None)
    return action(
        "status",
        "CheckOutboundCallStatus",
        then="end",
        errors={ERROR: error} if error is not None else None,
        when=when,
    )


def logging(identifier: str, behaviour: str, then: str) -> dict[str, Any]:
    return action(identifier, "UpdateFlowLoggingBehavior", {"FlowLoggingBehavior": behaviour}, then=then)


class TestWhoHasAnswered:
    CONTENT = flow(
        status(
            CallAnswered="person", VoicemailBeep="beep", VoicemailNoBeep="machine", NotDetected="unknown", error="off"
        ),
        *(message(name, name) for name in ("person", "beep", "machine", "unknown", "off")),
    )

    @pytest.mark.parametrize(
        ("detection", "heard"),
        [
            (DetectionStatus.HUMAN_ANSWERED, "person"),
            (DetectionStatus.VOICEMAIL_BEEP, "beep"),
            (DetectionStatus.VOICEMAIL_NO_BEEP, "machine"),
            (DetectionStatus.AMD_UNRESOLVED, "unknown"),
            (DetectionStatus.AMD_UNRESOLVED_SILENCE, "unknown"),
            (DetectionStatus.AMD_ERROR, "off"),
            (None, "off"),
        ],
    )
    def test_each_hears_what_is_meant_for_it(self, detection: DetectionStatus | None, heard: str) -> None:
        assert Played(self.CONTENT, detection=detection).begin() == [Say(text(heard))]

    def test_a_result_without_a_condition_goes_on_by_the_next_action(self) -> None:
        played = Played(flow(status(CallAnswered="end")), detection=DetectionStatus.VOICEMAIL_BEEP)
        assert played.begin() == [Disconnect()]
        assert played.way == [("status", ""), ("end", None)]


class TestMessages:
    def test_a_message_is_said_to_its_end_and_the_contact_hung_up_on_then(self) -> None:
        played = Played(flow(message("say", "Hello $.Attributes.name.")), attributes={"name": "Ann"})
        assert played.begin() == [Say(text("Hello Ann."))]
        assert played.hear(Said()) == [Disconnect()]
        assert played.at.ending is Ending.DISCONNECTED

    def test_a_message_that_cannot_be_said_takes_the_error_branch(self) -> None:
        played = Played(flow(message("say", "Hello", error="sorry"), message("sorry", "Sorry")))
        played.begin()
        assert played.hear(NotSaid()) == [Say(text("Sorry"))]

    def test_an_error_without_a_branch_goes_on_by_the_next_action(self) -> None:
        played = Played(flow(message("say", "Hello")))
        played.begin()
        assert played.hear(NotSaid()) == [Disconnect()]
        assert played.way == [("say", ERROR), ("end", None)]

    def test_what_has_no_value_at_all_is_not_said(self) -> None:
        played = Played(flow(message("say", "$.Attributes.name", error="sorry"), message("sorry", "Sorry")))
        assert played.begin() == [Say(text("Sorry"))]

    @pytest.mark.parametrize(
        ("ssml", "said"),
        [
            ("<speak>Dear $.Attributes.name</speak>", "<speak>Dear Ann &amp; &lt;Bob&gt;</speak>"),
            (
                '<speak><sub alias="$.Attributes.name">A</sub></speak>',
                '<speak><sub alias="Ann &amp; &lt;Bob&gt;">A</sub></speak>',
            ),
            ("$.Attributes.ssml", "<speak>Hello</speak>"),
        ],
    )
    def test_a_value_among_marks_is_said_and_is_no_mark_itself(self, ssml: str, said: str) -> None:
        played = Played(
            flow(action("say", "MessageParticipant", {"SSML": ssml}, then="end")),
            attributes={"name": "Ann & <Bob>", "ssml": "<speak>Hello</speak>"},
        )
        assert played.begin() == [Say(Prompt(Speech.SSML, said))]

    @pytest.mark.parametrize("speech", ["Text", "SSML"])
    def test_what_becomes_longer_than_anybody_says_takes_the_error_branch(self, speech: str) -> None:
        said = action(
            "say", "MessageParticipant", {speech: "$.Attributes.name " * 300}, then="end", errors={ERROR: "sorry"}
        )
        played = Played(flow(said, message("sorry", "Sorry")), attributes={"name": "Ann" * 7})
        assert played.begin() == [Say(text("Sorry"))]

    def test_the_voice_is_that_which_was_chosen_last(self) -> None:
        voice = action("voice", "UpdateContactTextToSpeechVoice", {"TextToSpeechVoice": "Amy"}, then="say")
        played = Played(flow(voice, message("say", "Hello")))
        assert played.begin() == [Say(text("Hello"), {"TextToSpeechVoice": "Amy"})]

    def test_the_voice_is_told_by_its_name(self) -> None:
        given = {"TextToSpeechVoice": "$.Attributes.voice", "LanguageCode": "en-GB", "TextToSpeechEngine": "Neural"}
        voice = action("voice", "UpdateContactTextToSpeechVoice", given, then="say", errors={ERROR: "sorry"})
        say = message("say", "$.TextToSpeechVoiceId, $.LanguageCode, $.TextToSpeechEngine")
        content = flow(voice, say, message("sorry", "Sorry"))
        (said,) = Played(content, attributes={"voice": "Amy"}).begin()
        assert isinstance(said, Say)
        assert said.prompt == text("Amy, en-GB, Neural")
        assert Played(content).begin() == [Say(text("Sorry"))], "a voice without a name is none"

    @pytest.mark.parametrize(
        ("given", "prompt"),
        [
            ({"SSML": "<speak>$.Queue.Name</speak>"}, Prompt(Speech.SSML, "<speak>Sales</speak>")),
            ({"PromptId": "p-1"}, Prompt(Speech.PROMPT, "p-1")),
            (
                {"Media": {"Uri": "s3://sounds/hello.wav", "SourceType": "S3", "MediaType": "Audio"}},
                Prompt(Speech.MEDIA, "s3://sounds/hello.wav"),
            ),
        ],
    )
    def test_a_prompt_is_given_in_the_way_that_the_flow_has_it(self, given: dict[str, Any], prompt: Prompt) -> None:
        played = Played(flow(action("say", "MessageParticipant", given, then="end")))
        assert played.begin() == [Say(prompt)]


class TestWhoWaits:
    LOOP = action(
        "loop",
        "MessageParticipantIteratively",
        {"Messages": [{"Text": "Please wait."}, {"PromptId": "music"}], "InterruptFrequencySeconds": "30"},
        errors={ERROR: "over"},
        when={"MessagesInterrupted": "offer"},
    )
    CONTENT = flow(LOOP, menu("offer", then="loop"), action("over", "EndFlowExecution"))

    def test_messages_are_said_again_and_again_until_they_are_interrupted(self) -> None:
        played = Played(self.CONTENT, purpose=Purpose.BESIDE)
        assert played.begin() == [SayAgainAndAgain((text("Please wait."), Prompt(Speech.PROMPT, "music")))]
        assert played.hear(Said(), after_s=5) == []
        assert played.hear(Timer(), after_s=20) == [], "too early"
        assert played.wait() == [Hush(), Say(text("Press 1."))]

    def test_whoever_waits_goes_on_waiting_where_the_flow_beside_is_over(self) -> None:
        played = Played(self.CONTENT, purpose=Purpose.BESIDE)
        played.begin()
        assert played.hear(NotSaid()) == [GoOn()]
        assert played.at.ending is Ending.RETURNED

    def moved(self, **given: str) -> Played:
        other = action(
            "move",
            "DequeueContactAndTransferToQueue",
            given,
            then="end",
            errors={"QueueAtCapacity": "end", ERROR: "end"},
        )
        played = Played(flow(other), purpose=Purpose.BESIDE)
        played.begin()
        return played

    @pytest.mark.parametrize("given", [{"QueueId": "q-9"}, {"QueueId": "$.Attributes.no"}, {"AgentId": "a-1"}, {}])
    def test_a_queue_that_there_is_not_takes_nobody(self, given: dict[str, str]) -> None:
        played = self.moved(**given)
        assert played.way[0] == ("move", ERROR)
        assert played.orders == [Disconnect()]

    def test_another_queue_may_take_them(self) -> None:
        played = self.moved(QueueId="queue/q-2")
        assert played.orders == [Enqueue("q-2", moved=True)]
        assert played.at.queue_id == "q-2"
        assert played.hear(Queued()) == []
        assert played.at.ending is Ending.QUEUED


class TestKeys:
    def test_the_first_key_decides_and_ends_what_is_said(self) -> None:
        ask = menu()
        ask["Transitions"]["Conditions"][0]["NextAction"] = "queue"
        queue = action("queue", "TransferContactToQueue", then="end", errors={"QueueAtCapacity": "end", ERROR: "end"})
        played = Played(flow(ask, queue))
        assert played.begin() == [Say(text("Press 1."))]
        assert played.hear(Pressed("1")) == [Hush(), Enqueue(None)]
        assert played.way == [("ask", "1")]

    def test_a_key_that_nothing_is_said_of_is_no_match(self) -> None:
        played = Played(flow(menu()))
        played.begin()
        assert played.hear(Pressed("7")) == [Hush(), Disconnect()]
        assert played.way[0] == ("ask", "NoMatchingCondition")

    def test_the_time_begins_when_all_is_said(self) -> None:
        played = Played(flow(menu()))
        played.begin()
        assert played.hear(Timer(), after_s=60) == []
        assert played.hear(Said(), after_s=1) == []
        assert played.hear(Timer(), after_s=4) == []
        assert played.hear(Timer(), after_s=1) == [Disconnect()]
        assert played.way[0] == ("ask", "InputTimeLimitExceeded")

    def test_keys_are_stored_until_one_ends_them(self) -> None:
        played = self.storing({"CustomValidation": {"MaximumLength": "8"}})
        for key in "1234":
            played.hear(Pressed(key))
        assert played.hear(Pressed("#")) == [Say(text("You have pressed 1234."))]

    def test_keys_are_stored_when_there_are_as_many_as_may_be(self) -> None:
        played = self.storing({"CustomValidation": {"MaximumLength": 2}})
        played.hear(Pressed("4"))
        assert played.hear(Pressed("2")) == [Say(text("You have pressed 42."))]

    def test_keys_are_stored_when_no_other_comes(self) -> None:
        played = self.storing({"CustomValidation": {"MaximumLength": "8"}})
        played.hear(Pressed("4"))
        assert played.hear(Timer(), after_s=4) == []
        assert played.hear(Timer(), after_s=1) == [Say(text("You have pressed 4."))]

    def test_how_many_there_may_be_is_looked_up(self) -> None:
        played = self.storing({"CustomValidation": {"MaximumLength": "$.Attributes.digits"}})
        for key in "424":
            played.hear(Pressed(key))
        assert played.hear(Pressed("2")) == [Say(text("You have pressed 4242."))]

    @pytest.mark.parametrize("digits", ["", "0", "many", ENDLESS])
    def test_what_is_no_number_of_keys_limits_none(self, digits: str) -> None:
        played = self.storing({"CustomValidation": {"MaximumLength": "$.Attributes.digits"}}, digits)
        for key in "12345":
            assert played.hear(Pressed(key)) in ([], [Hush()])
        assert played.hear(Pressed("#")) == [Say(text("You have pressed 12345."))]

    def test_without_a_prompt_the_time_begins_at_once(self) -> None:
        played = Played(flow(menu(Text=None, InputTimeLimitSeconds="700000")))
        assert played.begin() == []
        assert played.hear(Timer(), after_s=60) == []
        assert played.hear(Pressed("1")) == [Hush(), Disconnect()]

    def test_a_star_takes_back_what_was_pressed(self) -> None:
        played = self.storing({"CustomValidation": {"MaximumLength": "8"}})
        for key in "99*42":
            played.hear(Pressed(key))
        assert played.hear(Pressed("#")) == [Say(text("You have pressed 42."))]

    def test_nothing_pressed_is_told_as_amazon_tells_it(self) -> None:
        played = self.storing({"CustomValidation": {"MaximumLength": "8"}})
        played.hear(Said())
        assert played.wait() == [Say(text("You have pressed Timeout."))]

    def test_a_number_is_stored_as_one_or_has_a_branch_of_its_own(self) -> None:
        validation = {"PhoneNumberValidation": {"NumberFormat": "Local", "CountryCode": "US"}}
        for keys, said in (("2025550123", "You have pressed +12025550123."), ("12", "No number.")):
            played = self.storing(validation)
            for key in keys:
                played.hear(Pressed(key))
            assert played.hear(Pressed("#"))[-1] == Say(text(said))

    def storing(self, validation: dict[str, Any], digits: str = "4") -> Played:
        ask = action(
            "ask",
            "GetParticipantInput",
            {
                "Text": "Your number?",
                "InputTimeLimitSeconds": "10",
                "StoreInput": "True",
                "InputValidation": validation,
            },
            then="tell",
            errors={ERROR: "end", "InvalidPhoneNumber": "wrong"},
        )
        told = message("tell", "You have pressed $.StoredCustomerInput.")
        played = Played(flow(ask, told, message("wrong", "No number.")), attributes={"digits": digits})
        assert played.begin() == [Say(text("Your number?"))]
        return played


class TestByWhich:
    def compare(self, operator: str, operand: str, value: str | None) -> str | None:
        asked = action(
            "compare",
            "Compare",
            {"ComparisonValue": "$.Attributes.value"},
            errors={"NoMatchingCondition": "end"},
            when={operand: "end"},
            operator=operator,
        )
        played = Played(flow(asked), attributes={"other": "gold"} | ({"value": value} if value is not None else {}))
        played.begin()
        return played.taken[0].branch

    @pytest.mark.parametrize(
        ("operator", "operand", "value", "holds"),
        [
            ("Equals", "gold", "gold", True),
            ("Equals", "gold", "Gold", False),
            ("Equals", "$.Attributes.other", "gold", True),
            ("TextStartsWith", "go", "gold", True),
            ("TextEndsWith", "ld", "gold", True),
            ("TextContains", "ol", "gold", True),
            ("TextContains", "OL", "gold", False),
            ("NumberGreaterThan", "5", "5.5", True),
            ("NumberGreaterThan", "5", "5", False),
            ("NumberGreaterOrEqualTo", "5", "5", True),
            ("NumberLessThan", "10", "9", True),
            ("NumberLessOrEqualTo", "10", "10", True),
            ("NumberLessThan", "10", "many", False),
            ("NumberLessThan", "10", "nan", False),
            ("Equals", "gold", None, False),
        ],
    )
    def test_a_value_is_compared(self, operator: str, operand: str, value: str | None, holds: bool) -> None:
        assert self.compare(operator, operand, value) == ("Conditions[0]" if holds else "NoMatchingCondition")

    def test_what_is_told_of_the_way_has_nothing_of_people(self) -> None:
        who = action(
            "who",
            "Compare",
            {"ComparisonValue": "$.CustomerEndpoint.Address"},
            errors={"NoMatchingCondition": "end"},
            when={"+12025550199": "end", "+12025550123": "end"},
        )
        played = Played(flow(who))
        played.begin()
        assert played.way[0] == ("who", "Conditions[1]")

    def test_a_loop_goes_round_so_often_and_begins_anew_after_that(self) -> None:
        loop = action("loop", "Loop", {"LoopCount": "2"}, when={"ContinueLooping": "say", "DoneLooping": "say"})
        played = Played(flow(loop, message("say", "a", then="loop")))
        played.begin()
        for _ in range(6):
            played.hear(Said())
        results = [branch for name, branch in played.way if name == "loop"]
        assert results == [*["ContinueLooping"] * 2, "DoneLooping"] * 2 + ["ContinueLooping"]

    def test_a_loop_of_none_is_done_at_once(self) -> None:
        loop = action("loop", "Loop", {"LoopCount": 0}, when={"ContinueLooping": "loop", "DoneLooping": "end"})
        assert Played(flow(loop)).begin() == [Disconnect()]

    @pytest.mark.parametrize("number", ["", "many", "-1", "101", ENDLESS])
    def test_what_is_no_number_of_rounds_is_an_error(self, number: str) -> None:
        loop = action(
            "loop",
            "Loop",
            {"LoopCount": "$.Attributes.number"},
            errors={ERROR: "end"},
            when={"ContinueLooping": "loop", "DoneLooping": "end"},
        )
        played = Played(flow(loop), attributes={"number": number})
        assert played.begin() == [Disconnect()]
        assert played.way[0] == ("loop", ERROR)

    @pytest.mark.parametrize("number", ["", "soon", "0", "604801", ENDLESS])
    @pytest.mark.parametrize("limit", ["TimeLimitSeconds", "TimeoutSeconds"])
    def test_what_is_no_time_is_not_waited_for(self, limit: str, number: str) -> None:
        wait = action(
            "wait", "Wait", {limit: "$.Attributes.number"}, errors={ERROR: "end"}, when={"WaitCompleted": "end"}
        )
        played = Played(flow(wait), attributes={"number": number})
        assert played.begin() == [Disconnect()]
        assert played.way[0] == ("wait", ERROR)

    def test_time_passes(self) -> None:
        wait = action("wait", "Wait", {"TimeLimitSeconds": "3"}, errors={ERROR: "end"}, when={"WaitCompleted": "end"})
        played = Played(flow(wait))
        assert played.begin() == []
        assert played.hear(Timer(), after_s=2) == []
        assert played.hear(Timer(), after_s=1) == [Disconnect()]
        assert played.way[0] == ("wait", "WaitCompleted")

    @pytest.mark.parametrize(("is_open", "branch"), [(True, "True"), (False, "False"), (None, ERROR)])
    def test_hours_are_open_or_not(self, is_open: bool | None, branch: str) -> None:
        asked = action("hours", "CheckHoursOfOperation", errors={ERROR: "end"}, when={"True": "end", "False": "end"})
        played = Played(flow(asked))
        played.around.hours = {None: is_open} if is_open is not None else {}
        played.begin()
        assert played.way[0] == ("hours", branch)

    @pytest.mark.parametrize(
        ("given", "branch"),
        [
            ({"HoursOfOperationId": "h-1"}, "False"),
            ({"HoursOfOperationId": "$.Attributes.hours"}, "False"),
            ({"HoursOfOperationId": "h-9"}, ERROR),
            ({"HoursOfOperationId": "$.Attributes.nothing"}, ERROR),
            ({}, "True"),
        ],
    )
    def test_hours_are_those_that_are_named_or_those_of_the_queue(self, given: dict[str, str], branch: str) -> None:
        asked = action(
            "ask", "CheckHoursOfOperation", given, errors={ERROR: "end"}, when={"True": "end", "False": "end"}
        )
        played = Played(flow(CHOOSE, asked), attributes={"hours": "h-1"})
        played.around.hours = {"h-1": False, "q-1": True}
        played.begin()
        assert played.way[1] == ("ask", branch)

    @pytest.mark.parametrize(
        ("given", "branch"),
        [
            ({"QueueId": "q-2"}, "2"),
            ({"QueueId": "$.Attributes.queue"}, "2"),
            ({"QueueId": "q-9"}, ERROR),
            ({"QueueId": "$.Attributes.nothing"}, ERROR),
            ({"AgentId": "a-1"}, ERROR),
            ({}, "1"),
        ],
    )
    def test_how_many_wait_is_asked_of_the_queue_that_is_named_or_chosen(
        self, given: dict[str, str], branch: str
    ) -> None:
        asked = action(
            "ask",
            "CheckMetricData",
            {"MetricType": "NumberOfContactsInQueue", **given},
            errors={ERROR: "end", "NoMatchingCondition": "end"},
            when={"1": "end", "2": "end"},
        )
        played = Played(flow(CHOOSE, asked), attributes={"queue": "q-2"})
        played.around.metrics = {("NumberOfContactsInQueue", f"q-{n}"): n for n in (1, 2)}
        played.begin()
        assert played.way[1] == ("ask", branch)

    @pytest.mark.parametrize(("metric", "branch"), [(3, "0"), (0, "NoMatchingCondition"), (None, ERROR)])
    def test_agents_are_there_or_not(self, metric: int | None, branch: str) -> None:
        asked = action(
            "staff",
            "CheckMetricData",
            {"MetricType": "NumberOfAgentsAvailable"},
            errors={ERROR: "end", "NoMatchingCondition": "end"},
            when={"0": "end"},
            operator="NumberGreaterThan",
        )
        played = Played(flow(asked))
        if metric is not None:
            played.around.metrics["NumberOfAgentsAvailable", None] = metric
        played.begin()
        assert played.way[0] == ("staff", branch)

    def test_a_contact_is_split_anew_each_time(self) -> None:
        def split(name: str, then: str) -> dict[str, Any]:
            other = {"NoMatchingCondition": "end"}
            return action(name, "DistributeByPercentage", errors=other, when={"51": then}, operator="NumberLessThan")

        played = Played(flow(split("one", "other"), split("other", "end")))
        played.around.percents = [50, 51]
        played.begin()
        assert played.way[:2] == [("one", "51"), ("other", "NoMatchingCondition")]

    @pytest.mark.parametrize(
        ("percent", "branch"), [(1, "21"), (20, "21"), (21, "61"), (60, "61"), (61, "NoMatchingCondition")]
    )
    def test_contacts_are_split_by_chance(self, percent: int, branch: str) -> None:
        split = action(
            "split",
            "DistributeByPercentage",
            errors={"NoMatchingCondition": "end"},
            when={"21": "end", "61": "end"},
            operator="NumberLessThan",
        )
        played = Played(flow(split))
        played.around.percents = [percent]
        played.begin()
        assert played.way[0] == ("split", branch)


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


class TestOthers:
    LOOK_UP = action(
        "look-up",
        "InvokeLambdaFunction",
        {
            "LambdaFunctionARN": "arn:aws:lambda:eu-west-2:111122223333:function:who",
            "InvocationTimeLimitSeconds": "3",
            "LambdaInvocationAttributes": {"number": "$.CustomerEndpoint.Address"},
        },
        then="greet",
        errors={ERROR: "unknown"},
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

    def test_nobody_waits_longer_for_a_service_than_amazon_has_it(self) -> None:
        asked = json.loads(json.dumps(self.LOOK_UP))
        asked["Parameters"]["InvocationTimeLimitSeconds"] = "60"
        played = Played(flow(asked, message("greet", "Hello"), message("unknown", "Who?")))
        (asks,) = played.begin()
        assert isinstance(asks, Ask)
        assert asks.within == 8 * SECOND

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
