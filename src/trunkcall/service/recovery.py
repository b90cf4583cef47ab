"""What becomes of contacts that were in progress when their dialer went away.

Decides how each ends whose leg is gone. At most once above all: a contact that was attempted is never dialed again
(docs/explanation/durability.md). It must not know why the dialer went away.
"""

from __future__ import annotations

from collections.abc import Iterable

from trunkcall.domain.changes import Change, ContactAbandoned, ContactEnded, LedgerCounted
from trunkcall.domain.contact import LIVE_DETECTIONS, ContactState, DisconnectReason, Disposition, LiveContact
from trunkcall.domain.instants import Instant
from trunkcall.engine.life import MACHINES


def close_lost_contacts(
    contacts: Iterable[LiveContact], *, agentless_campaigns: frozenset[str], now: Instant
) -> list[Change]:
    """The changes that end these contacts.

    Nobody had answered: the attempt's fate is unknown, OUTBOUND_ATTEMPT_FAILED. A live answer that no agent had reached
    is an abandonment and counts as one. Somebody who had spoken with an agent is connected_to_agent, OTHER, so that a
    retry of unanswered contacts leaves them alone.
    """
    changes: list[Change] = []
    for contact in contacts:
        disposition, reason = _end_of(contact)
        if disposition is Disposition.ABANDONED:
            if contact.campaign_id in agentless_campaigns:
                disposition = Disposition.CUSTOMER_HUNG_UP
            else:
                changes.append(ContactAbandoned(contact.contact_id, now))
                changes.append(LedgerCounted(contact.campaign_id, now, live_answers=0, abandoned=1))
        changes.append(ContactEnded(contact.contact_id, contact.campaign_id, now, disposition, reason))
    return changes


def _end_of(contact: LiveContact) -> tuple[Disposition, DisconnectReason]:
    match contact.state:
        case ContactState.CONNECTED:
            return Disposition.CONNECTED_TO_AGENT, DisconnectReason.OTHER
        case ContactState.ANSWERED:
            return Disposition.CUSTOMER_HUNG_UP, DisconnectReason.TELECOM_PROBLEM
        case ContactState.IN_FLOW | ContactState.QUEUED | ContactState.CONNECTING:
            if contact.detection is None or contact.detection in LIVE_DETECTIONS:
                return Disposition.ABANDONED, DisconnectReason.TELECOM_PROBLEM
            ending = MACHINES.get(contact.detection, Disposition.CUSTOMER_HUNG_UP)
            return ending, DisconnectReason.TELECOM_PROBLEM
        case ContactState.DIALING | ContactState.WAITING | ContactState.ENDED:
            return Disposition.ATTEMPT_FAILED, DisconnectReason.OUTBOUND_ATTEMPT_FAILED
