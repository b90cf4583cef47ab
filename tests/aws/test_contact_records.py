"""What a contact record says of how long things took. If these fail, sums over an export come out too small."""

from __future__ import annotations

from dataclasses import replace

from trunkcall.aws.contact_records import to_record
from trunkcall.domain.contact import ContactRecord, ContactState
from trunkcall.domain.identifiers import Scope
from trunkcall.domain.instants import MINUTE, SECOND, Instant

NOW: Instant = 1_790_000_000_000_000


def a_talk(*, queued_at: Instant, ended_at: Instant, work_ended_at: Instant) -> ContactRecord:
    return ContactRecord(
        contact_id="contact",
        campaign_id="spring",
        instance_id="instance",
        client_token="token",
        phone_number="+12125550100",
        attributes={},
        state=ContactState.ENDED,
        accepted_at=NOW,
        expires_at=NOW + MINUTE,
        updated_at=NOW,
        queue_id="queue",
        queued_at=queued_at,
        agent_id="agent",
        connected_to_agent_at=NOW,
        ended_at=ended_at,
        after_contact_work_ended_at=work_ended_at,
    )


def test_whoever_hears_the_safe_harbour_message_has_left_the_queue() -> None:
    talk = a_talk(queued_at=NOW, ended_at=NOW + 20 * SECOND, work_ended_at=NOW)
    told = replace(talk, agent_id=None, connected_to_agent_at=None, safe_harbour_at=NOW + 2 * SECOND)
    record = to_record(told, None, Scope("aws", "us-east-1", "000000000000"))
    assert record["SafeHarbourTimestamp"] == record["Queue"]["DequeueTimestamp"] != record["DisconnectTimestamp"]
    assert record["Queue"]["Duration"] == 2


def durations(contact: ContactRecord) -> tuple[int, int, int]:
    record = to_record(contact, None, Scope("aws", "us-east-1", "000000000000"))
    queue, agent = record["Queue"], record["Agent"]
    return queue["Duration"], agent["AgentInteractionDuration"], agent["AfterContactWorkDuration"]


def test_durations_are_whole_seconds() -> None:
    contact = a_talk(queued_at=NOW - SECOND, ended_at=NOW + 90 * SECOND, work_ended_at=NOW + 120 * SECOND)
    assert durations(contact) == (1, 90, 30)


def test_nothing_takes_less_than_no_time_although_the_clock_was_set_back() -> None:
    """A talk is ended by the server that was started after a crash, at the present; the one before was ahead of it."""
    contact = a_talk(queued_at=NOW + SECOND, ended_at=NOW - 14 * SECOND, work_ended_at=NOW - 60 * SECOND)
    assert durations(contact) == (0, 0, 0)
