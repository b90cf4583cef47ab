"""What phones do in simulated shifts, seen from the engine. If these fail, ``simulate`` promises a planner other people
and machines than those whom the same campaign meets on the server."""

from __future__ import annotations

from collections import Counter

import pytest

from simulation.contract import breaches
from simulation.support import Record, recorded, scenario
from trunkcall.domain.changes import ContactConnected, ContactDetected, ContactEnded
from trunkcall.domain.contact import DetectionStatus, Disposition
from trunkcall.domain.errors import SettingsError
from trunkcall.domain.instants import SECOND
from trunkcall.engine.commands import Originate
from trunkcall.engine.events import DetectionEnded, LegAnswered, LegEnded, LegRang, PlaybackEnded

MACHINES = {"human_ratio": 0.0, "machine_ratio": 1.0, "failure_ratio": 0.0}
HUMANS = {"human_ratio": 1.0, "machine_ratio": 0.0, "failure_ratio": 0.0}
AGENTLESS = {"pacer": "agentless", "agents": 0, "channels": 20}


def dispositions(record: Record) -> Counter[Disposition]:
    return Counter(end.disposition for end in record.of_kind(ContactEnded))


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({}, id="as it comes"),
        pytest.param({"pacer": "progressive", "break_every_h": 0.05, "break_length_s": 20}, id="agents on breaks"),
        pytest.param(AGENTLESS, id="messages"),
        pytest.param({"detects_machines": False}, id="without detection"),
        pytest.param({"awaits_prompt": True, "false_human_ratio": 0.3}, id="prompts awaited"),
        pytest.param({"carrier_delay_s": 5.0, "human_ring_range_s": [0, 40]}, id="a late carrier"),
        pytest.param({"burst_every_h": 0.05, "burst_length_s": 60, "burst_share": 0.5}, id="a carrier that fails"),
        pytest.param({"no_answer_s": 40, "human_ring_scale_s": 8}, id="phones that ring for longer than is waited"),
    ],
)
def test_a_shift_keeps_the_contract_of_every_carrier(values: dict[str, object]) -> None:
    _, record = recorded(3, **{"agents": 5, "hours": 0.5, "stop_at_h": 0.3, "talk_mean_s": 60, **values})
    originates = record.of_kind(Originate)
    detected = frozenset(o.leg_id for o in originates if o.detect_machines)
    events = [event for event, _ in record.told]
    assert breaches(events, detected=detected) == []
    ended = {event.leg_id for event in events if isinstance(event, LegEnded)}
    assert {o.leg_id for o in originates} <= ended, "each leg has ended"
    assert len(originates) > 50


def test_phones_are_heard_ringing_unless_the_network_says_that_nobody_is_there() -> None:
    _, ringing = recorded(agents=5, hours=0.1, failure_ratio=0.0)
    attempted = {end.contact_id: end.ring_started_at for end in ringing.of_kind(ContactEnded)}
    assert None not in attempted.values()
    assert len(attempted) > 20
    _, dead = recorded(agents=5, hours=0.1, failure_ratio=1.0, human_ratio=0.0, machine_ratio=0.0)
    assert not [event for event, _ in dead.told if isinstance(event, LegRang)]


def test_a_phone_that_rings_too_long_is_not_the_networks_word_that_nobody_answers() -> None:
    _, record = recorded(agents=5, hours=0.1, human_ratio=0.0, machine_ratio=0.0, failure_ratio=0.0, no_answer_s=40)
    causes = {event.cause for event, _ in record.told if isinstance(event, LegEnded)}
    assert causes == {"RingTimeout"}


def test_without_detection_agents_get_machines_and_every_answer_is_live() -> None:
    shift, record = recorded(agents=5, hours=0.5, detects_machines=False, **MACHINES)
    assert not [event for event, _ in record.told if isinstance(event, DetectionEnded)]
    assert {change.detection for change in record.of_kind(ContactDetected)} == {None}
    assert shift.live_answers == len(record.of_kind(ContactDetected))
    assert shift.connected == len(record.of_kind(ContactConnected)) > 50
    agentless, _ = recorded(hours=0.2, detects_machines=False, **AGENTLESS, **MACHINES)
    assert agentless.live_answers > 50, "a message to a machine is a message"


def test_a_prompt_that_is_awaited_holds_the_line_to_its_end() -> None:
    """22 s of ringing, 2.5 s until the machine is recognised, and 12 s more of its prompt."""
    values = {"hours": 0.5, "machine_ring_deviation_s": 0, "machine_prompt_deviation_s": 0, **AGENTLESS, **MACHINES}
    for awaited, length_s in ((False, 24.5), (True, 36.5)):
        shift, record = recorded(awaits_prompt=awaited, **values)
        assert dispositions(record).keys() == {Disposition.VOICEMAIL}
        assert {change.detection for change in record.of_kind(ContactDetected)} <= {
            DetectionStatus.VOICEMAIL_BEEP,
            DetectionStatus.VOICEMAIL_NO_BEEP,
        }
        assert shift.attempts == pytest.approx(20 * 0.5 * 3600 / length_s, rel=0.02)


def test_people_hear_a_message_to_its_end_which_is_a_matter_of_its_length() -> None:
    _, record = recorded(hours=0.2, patience_s=2, **AGENTLESS, **HUMANS)
    answered = {event.leg_id: at for event, at in record.told if isinstance(event, LegAnswered)}
    played = {event.leg_id: at for event, at in record.told if isinstance(event, PlaybackEnded)}
    (length,) = {at - answered[leg_id] for leg_id, at in played.items()}
    assert 8 * SECOND < length < 15 * SECOND
    assert dispositions(record).keys() == {Disposition.MESSAGE_PLAYED}


def test_who_recognises_no_machines_cannot_wait_for_their_prompts() -> None:
    with pytest.raises(SettingsError, match="awaits_prompt in a test needs detects_machines"):
        scenario(awaits_prompt=True, detects_machines=False)
    mixed = scenario(awaits_prompt=True, campaign=[{"name": "zinc"}, {"name": "argon", "awaits_prompt": False}])
    assert [campaign.awaits_prompt for campaign in mixed.campaigns] == [True, False]
