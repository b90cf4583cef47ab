"""What somebody on the line hears of a flow, and what becomes of the keys they press. If these fail, they hear what was
meant for another, or nothing, or press keys for nobody."""

from __future__ import annotations

from typing import Any

import pytest

from flows.playing import Played, text
from flows.support import ENDLESS, ERROR, action, flow, menu, message
from trunkcall.domain.flow import Disconnect, Enqueue, GoOn, Hush
from trunkcall.flows.progress import (
    Ending,
    NotSaid,
    Pressed,
    Prompt,
    Purpose,
    Queued,
    Said,
    Say,
    SayAgainAndAgain,
    Speech,
    Timer,
)


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

    @pytest.mark.parametrize("keeps", ["true", "false"])
    def test_where_keys_are_to_be_kept_that_come_too_early_each_question_is_asked_as_ever(self, keeps: str) -> None:
        buffer = action(
            "buffer",
            "GetParticipantInput",
            {"EnableDTMFBuffer": keeps, "StoreInput": "true"},
            then="welcome",
            errors={ERROR: "end"},
        )
        welcome = message("welcome", "Welcome, $.StoredCustomerInput.", then="ask")
        welcome["Parameters"]["SkipWhenDTMFBufferEnabled"] = "true"
        played = Played(flow(buffer, welcome, menu()))
        assert played.begin() == [Say(text("Welcome, ."))]
        assert played.hear(Pressed("1")) == []
        assert played.hear(Said()) == [Say(text("Press 1."))]

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
