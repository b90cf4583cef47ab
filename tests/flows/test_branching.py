"""Which way a flow goes: by who has answered, by what it looks up, by numbers and by chance. If these fail, somebody
goes the way of another."""

from __future__ import annotations

from typing import Any

import pytest

from flows.playing import Played, text
from flows.support import ENDLESS, ERROR, action, flow, message
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.flow import Disconnect
from trunkcall.flows.progress import Said, Say, Timer

CHOOSE = action("choose", "UpdateContactTargetQueue", {"QueueId": "q-1"}, then="ask", errors={ERROR: "end"})


def status(**when: str) -> dict[str, Any]:
    error = when.pop("error", None)
    return action(
        "status",
        "CheckOutboundCallStatus",
        then="end",
        errors={ERROR: error} if error is not None else None,
        when=when,
    )


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
