"""What every store promises about the states of contacts: they change as the tables of ``domain.transitions`` say, and
not otherwise. If these fail, a contact who talks with an agent can be recorded as one whom nobody reached.

All cases are made from the tables, so that a new row is tried as soon as it is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

import pytest

from storage.support import NOW, accept, begin, record_of, stand_up
from trunkcall.domain.changes import (
    AfterContactWorkEnded,
    AgentDispositionChosen,
    AttemptBegun,
    AttemptVoided,
    Change,
    ContactAbandoned,
    ContactAnswered,
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
    ContactSetAside,
    CustomerPutOnHold,
    CustomerTakenOffHold,
    FlowProgressed,
    LedgerCounted,
    Refusal,
    SafeHarbourBegun,
    SessionBegun,
    SessionEnded,
)
from trunkcall.domain.clearance import Hold, HoldReason, Prohibition
from trunkcall.domain.contact import ContactState, DetectionStatus, DisconnectReason, Disposition
from trunkcall.domain.errors import IllegalTransitionError
from trunkcall.domain.flow import Taken
from trunkcall.domain.instants import SECOND
from trunkcall.domain.recording import Recording
from trunkcall.domain.transitions import CONTACT, MARKS, STEPS, ContactEvent
from trunkcall.storage.ports.ownership import Lease
from trunkcall.storage.store import Store

CAMPAIGN = "campaign-1"
AT = NOW + SECOND
STATELESS = {ContactSetAside, LedgerCounted, SessionBegun, SessionEnded}
"""Changes that are possible in any state, or of no contact."""


def a_change(kind: type, contact_id: str) -> Change:
    """Some change of this kind."""
    busy = Disposition.BUSY, DisconnectReason.TELECOM_BUSY
    changes: Mapping[type, Change] = {
        type(change): change
        for change in (
            begin(contact_id, at=AT),
            AttemptVoided(contact_id, CAMPAIGN, AT),
            ContactAnswered(contact_id, AT, None),
            ContactDetected(contact_id, AT, DetectionStatus.HUMAN_ANSWERED),
            ContactQueued(contact_id, "q1", AT),
            ContactConnecting(contact_id, "a1", f"agent-leg-of-{contact_id}", AT),
            ContactRequeued(contact_id, AT),
            ContactConnected(contact_id, "a1", AT),
            ContactAbandoned(contact_id, AT),
            SafeHarbourBegun(contact_id, AT),
            ContactEnded(contact_id, CAMPAIGN, AT, *busy),
            ContactExpired(contact_id, CAMPAIGN, AT),
            ContactHeld(contact_id, CAMPAIGN, Hold(HoldReason.NUMBER_GAP, AT), AT),
            ContactForbidden(contact_id, CAMPAIGN, Prohibition.REGION, AT),
            AfterContactWorkEnded(contact_id, AT),
            ContactRecorded(contact_id, (Recording(f"{contact_id}.1", AT),), AT),
            AgentDispositionChosen(contact_id, "Sale", AT),
            CustomerPutOnHold(contact_id, AT),
            CustomerTakenOffHold(contact_id, AT),
            FlowProgressed(contact_id, AT, taken=(Taken("flow", "a", "Loop", None),)),
        )
    }
    return changes[kind]


def next_state(state: ContactState, kind: type) -> ContactState | None:
    """The state that the tables have after the change; None where they have none."""
    if kind in MARKS:
        return state if state in MARKS[kind] else None
    return CONTACT[state].get(STEPS[kind])


def ways() -> Mapping[ContactState, list[type]]:
    """For each state the changes that a contact gets there by, from its acceptance."""
    found: dict[ContactState, list[type]] = {ContactState.WAITING: []}
    for state in (heads := [*found]):
        for kind in STEPS:
            after = next_state(state, kind)
            if after is not None and after not in found:
                found[after] = [*found[state], kind]
                heads.append(after)
    return found


WAYS = ways()
DONE: tuple[Mapping[str, Refusal], list[str]] = ({}, [])


async def told(store: Store, lease: Lease, change: Change) -> tuple[Mapping[str, Refusal], list[str]]:
    """Whom the store names when it has committed the change: attempts that were refused, and who did not wait."""
    result = await store.commit(lease, [change])
    return result.refused, list(result.not_waiting)


def test_every_state_and_every_change_is_tried() -> None:
    assert set(WAYS) == set(ContactState)
    assert {*STEPS, *MARKS} | STATELESS == set(get_args(Change))
    assert sorted(STEPS.values()) == sorted(ContactEvent)


@pytest.mark.parametrize("kind", [*STEPS, *MARKS], ids=lambda kind: str(kind.__name__))
@pytest.mark.parametrize("state", WAYS, ids=str)
async def test_a_contact_changes_as_its_table_says_or_not_at_all(store: Store, state: ContactState, kind: type) -> None:
    lease = await stand_up(store)
    contact_id = await accept(store)
    for step in WAYS[state]:
        assert await told(store, lease, a_change(step, contact_id)) == DONE
    before = await record_of(store, contact_id)
    assert before.state is state
    counts = await store.contact_counts([CAMPAIGN])
    change = a_change(kind, contact_id)
    if isinstance(change, ContactQueued):
        # It may be in a queue already, and go to another.
        change = replace(change, queue_id="q2")
    expected = next_state(state, kind)
    if expected is not None:
        assert await told(store, lease, change) == DONE
        record = await record_of(store, contact_id)
        assert record.state is expected
        # Without a hold there is nothing to be noted of its end.
        assert record != before or kind is CustomerTakenOffHold
        counted = (await store.contact_counts([CAMPAIGN]))[CAMPAIGN]
        waits, has_ended = expected is ContactState.WAITING, expected is ContactState.ENDED
        assert (counted.accepted, counted.waiting, sum(counted.dispositions.values())) == (1, waits, has_ended)
        live = [contact.state for contact in await store.live_contacts("instance-1")]
        assert live == ([] if waits or has_ended else [expected])
        return
    if kind is AttemptBegun:
        assert await told(store, lease, change) == ({contact_id: Refusal.NOT_WAITING}, [])
    elif kind in (ContactExpired, ContactHeld, ContactForbidden):
        assert await told(store, lease, change) == ({}, [contact_id])
    else:
        with pytest.raises(IllegalTransitionError):
            await store.commit(lease, [LedgerCounted(CAMPAIGN, AT, 1, 0), change])
        assert await store.ledger(CAMPAIGN, since=0) == []
    assert await record_of(store, contact_id) == before
    assert await store.contact_counts([CAMPAIGN]) == counts
