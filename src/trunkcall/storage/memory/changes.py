"""What a dialer's change does to a contact in memory.

Decides which fields of a record each change writes; whether it is possible is told by the tables of
``domain.transitions``. It must not know leases, campaigns, nor what is refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from trunkcall.domain.changes import (
    AfterContactWorkEnded,
    AgentDispositionChosen,
    AttemptBegun,
    AttemptVoided,
    ContactAbandoned,
    ContactAnswered,
    ContactChange,
    ContactConnected,
    ContactConnecting,
    ContactDetected,
    ContactEnded,
    ContactExpired,
    ContactForbidden,
    ContactHeld,
    ContactQueued,
    ContactRecorded,
    ContactRequeued,
    CustomerPutOnHold,
    CustomerTakenOffHold,
    FlowProgressed,
    SafeHarbourBegun,
)
from trunkcall.domain.clearance import Cleared
from trunkcall.domain.contact import FORBIDDEN_REASON, ContactState, DisconnectReason, Disposition, forbidden_as
from trunkcall.domain.customer_holds import with_begun, with_ended
from trunkcall.domain.errors import IllegalTransitionError
from trunkcall.domain.transitions import CONTACT, MARKS, STEPS, after
from trunkcall.storage.memory.state import Held


def changed(held: Held, change: ContactChange) -> Held:
    """The contact after the change. Raises IllegalTransitionError if it is impossible in the contact's state."""
    record, at = held.record, change.at
    if type(change) in STEPS:
        held = held.noted(state=after(CONTACT, record.state, STEPS[type(change)]), updated_at=at)
    elif record.state in MARKS[type(change)]:
        held = held.noted(updated_at=at)
    else:
        raise IllegalTransitionError(f"This is not possible in state {record.state}; nothing was changed.")
    match change:
        case AttemptBegun():
            begun = held.noted(
                attempted_at=at,
                attempts=record.attempts + 1,
                trunk_id=change.trunk_id,
                source_phone_number=change.caller_id,
            )
            return replace(begun, leg_id=change.leg_id)
        case AttemptVoided():
            never = held.noted(
                attempted_at=None,
                ring_started_at=None,
                trunk_id=None,
                source_phone_number=None,
                attempts=record.attempts - 1,
                clearance=None,
            )
            return replace(never, leg_id=None, clearance=None)
        case ContactAnswered():
            return held.noted(answered_at=at, ring_started_at=change.ring_started_at or record.ring_started_at)
        case ContactDetected():
            return held.noted(
                detection=change.detection,
                greeting_started_at=change.greeting_started_at,
                greeting_ended_at=change.greeting_ended_at,
            )
        case ContactQueued():
            return held.noted(queue_id=change.queue_id, queued_at=at)
        case ContactConnecting():
            return replace(held.noted(agent_id=change.agent_id), agent_leg_id=change.leg_id)
        case ContactRequeued():
            return replace(held.noted(agent_id=None), agent_leg_id=None)
        case ContactConnected():
            return held.noted(agent_id=change.agent_id, connected_to_agent_at=at)
        case ContactAbandoned():
            return held.noted(abandoned=True)
        case SafeHarbourBegun():
            return held.noted(safe_harbour_at=at)
        case ContactEnded():
            ended = held.noted(
                ended_at=at,
                disposition=change.disposition,
                disconnect_reason=change.disconnect_reason,
                detection=change.detection or record.detection,
                ring_started_at=change.ring_started_at or record.ring_started_at,
                safe_harbour_at=None if change.unheard else record.safe_harbour_at,
            )
            return replace(ended, flow_progress=None)
        case ContactExpired():
            return held.noted(ended_at=at, disposition=Disposition.EXPIRED, disconnect_reason=DisconnectReason.EXPIRED)
        case ContactHeld():
            return held.held_back(change.hold)
        case ContactForbidden():
            return held.noted(
                ended_at=at,
                disposition=forbidden_as(change.prohibition),
                disconnect_reason=FORBIDDEN_REASON,
                clearance=Cleared(forbidden=change.prohibition),
            )
        case AfterContactWorkEnded():
            return held.noted(after_contact_work_ended_at=at)
        case ContactRecorded():
            return held.noted(recordings=change.recordings)
        case AgentDispositionChosen():
            return held.noted(agent_disposition=change.disposition)
        case CustomerPutOnHold():
            return held.noted(customer_holds=with_begun(record.customer_holds, at))
        case CustomerTakenOffHold():
            return held.noted(customer_holds=with_ended(record.customer_holds, at))
        case FlowProgressed():
            return _flow_progressed(held, change)
        case _:
            assert_never(change)


def _flow_progressed(held: Held, change: FlowProgressed) -> Held:
    record = held.record
    held = held.noted(flow_trail=record.flow_trail + change.taken)
    if not record.phone_number:
        return replace(held, flow_progress=None)
    if change.attributes is not None:
        held = held.noted(flow_attributes={**(record.flow_attributes or {}), **change.attributes})
    return replace(held, flow_progress=None if record.state is ContactState.ENDED else change.progress)
