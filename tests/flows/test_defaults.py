"""The flows that an instance begins with. If these fail, whoever has written no flow of their own has people hear
nothing, or machines take up the agents."""

from __future__ import annotations

import pytest

from flows.playing import Played
from trunkcall.domain.contact import LIVE_DETECTIONS, DetectionStatus
from trunkcall.domain.flow import Enqueue
from trunkcall.flows.checking import check
from trunkcall.flows.content import AGENTLESS, DEFAULT_FLOWS, OUTBOUND, VOICEMAIL
from trunkcall.flows.progress import (
    Answered,
    Ask,
    Ending,
    GiveAttributes,
    NotAnswered,
    NotQueued,
    Order,
    Pressed,
    Queued,
    QueueFull,
    Said,
    Say,
)
from trunkcall.flows.queues import queues_named

MACHINES = [DetectionStatus.VOICEMAIL_BEEP, DetectionStatus.VOICEMAIL_NO_BEEP]


def said(orders: list[Order]) -> str:
    return " ".join(order.prompt.value for order in orders if isinstance(order, Say))


@pytest.mark.parametrize("name", DEFAULT_FLOWS)
def test_nothing_is_wrong_with_one_nor_worth_a_remark(name: str) -> None:
    checked = check(DEFAULT_FLOWS[name], "CONTACT_FLOW")
    assert (checked.problems, checked.remarks) == ((), ())
    assert checked.flow is not None
    assert queues_named(name, {name: checked.flow}.get) == (), "whose agents it is for, its campaign says"


@pytest.mark.parametrize("name", [OUTBOUND, VOICEMAIL])
@pytest.mark.parametrize("detection", sorted(LIVE_DETECTIONS, key=str))
def test_a_live_answer_goes_to_its_campaigns_queue_at_once(name: str, detection: DetectionStatus | None) -> None:
    played = Played(DEFAULT_FLOWS[name], detection=detection)
    assert played.begin() == [Enqueue(None)]
    played.hear(Queued())
    assert played.at.ending is Ending.QUEUED


@pytest.mark.parametrize("name", [OUTBOUND, VOICEMAIL])
def test_a_live_answer_hears_a_message_where_there_is_no_queue_and_is_let_go_where_it_is_full(name: str) -> None:
    played = Played(DEFAULT_FLOWS[name])
    played.begin()
    assert "automated message" in said(played.hear(NotQueued()))
    played.hear(Said())
    assert played.at.ending is Ending.DISCONNECTED
    full = Played(DEFAULT_FLOWS[name])
    full.begin()
    assert said(full.hear(QueueFull())) == "", "what is said to whoever is abandoned is the safe-harbour message"
    assert full.at.ending is Ending.DISCONNECTED


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", [OUTBOUND, AGENTLESS])
def test_a_machine_is_hung_up_on(name: str, machine: DetectionStatus) -> None:
    played = Played(DEFAULT_FLOWS[name], detection=machine)
    assert said(played.begin()) == ""
    assert played.at.ending is Ending.DISCONNECTED


@pytest.mark.parametrize("machine", MACHINES)
def test_a_machine_is_left_a_message_by_the_flow_for_that(machine: DetectionStatus) -> None:
    played = Played(DEFAULT_FLOWS[VOICEMAIL], detection=machine)
    assert said(played.begin()) != ""
    played.hear(Said())
    assert played.at.ending is Ending.DISCONNECTED


@pytest.mark.parametrize("detection", sorted(LIVE_DETECTIONS, key=str))
def test_without_agents_a_live_answer_is_offered_keys(detection: DetectionStatus | None) -> None:
    offered = said(Played(DEFAULT_FLOWS[AGENTLESS], detection=detection).begin())
    assert "press 1" in offered
    assert "press 9" in offered


def test_whoever_asks_not_to_be_called_again_is_told_so_only_where_it_was_done() -> None:
    done, failed = Played(DEFAULT_FLOWS[AGENTLESS]), Played(DEFAULT_FLOWS[AGENTLESS])
    for played in (done, failed):
        played.begin()
        (ask,) = [order for order in played.hear(Pressed("9")) if isinstance(order, Ask)]
        assert ask.arn == "trunkcall-do-not-call"
    assert "will not be called again" in said(done.hear(Answered({"list": "opt-outs"})))
    assert "will not be called again" not in said(failed.hear(NotAnswered()))


def test_whoever_asks_to_be_called_back_has_it_in_the_record_and_is_promised_only_what_will_be() -> None:
    done, failed = Played(DEFAULT_FLOWS[AGENTLESS]), Played(DEFAULT_FLOWS[AGENTLESS])
    for played in (done, failed):
        played.begin()
        orders = played.hear(Pressed("1"))
        assert GiveAttributes({"call_back": "wanted"}) in orders
        assert [order.arn for order in orders if isinstance(order, Ask)] == ["trunkcall-call-back"]
    assert "will call you back" in said(done.hear(Answered({})))
    assert "will call you back" not in said(failed.hear(NotAnswered()))


def test_whoever_presses_nothing_is_let_go() -> None:
    played = Played(DEFAULT_FLOWS[AGENTLESS])
    played.begin()
    played.hear(Said())
    played.wait()
    played.hear(Said())
    assert played.at.ending is Ending.DISCONNECTED
