"""What the log is told of flows as contacts go through them.

Decides which actions are told of though their flow does not want it, and how often. It must hold nothing of people.
"""

from __future__ import annotations

import logging

from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.flow import Taken
from trunkcall.flows.language import ACTIONS, ERROR

log = logging.getLogger(__name__)


class FlowLog:
    """Of one dialer's flows."""

    def __init__(self) -> None:
        self._warned: set[tuple[str, str, str | None]] = set()
        """Actions that were told of: flow, action, and the flow's content, so that one that was mended is told anew."""

    def left(self, contact_id: str, taken: Taken, flow: ContactFlow | None, *, is_wanted: bool) -> None:
        """A contact has left an action; ``is_wanted``: its flow has each told."""
        words = {
            "contact_id": contact_id,
            "flow_id": taken.flow_id,
            "action_id": taken.action_id,
            "action_type": taken.action,
            "branch": taken.branch or "",
        }
        why = _why_warned(taken)
        place = taken.flow_id, taken.action_id, flow.content if flow is not None else None
        if why is not None and place not in self._warned:
            self._warned.add(place)
            log.warning(why, extra=words)
        elif is_wanted:
            log.info("an action of a flow was left", extra=words)


def _why_warned(taken: Taken) -> str | None:
    """None of all that goes as it is meant to."""
    if not ACTIONS[taken.action].offered:
        return "a flow has an action that is not offered"
    # With detection off nobody knows who has answered: that is no failure.
    if taken.branch == ERROR and taken.action != "CheckOutboundCallStatus":
        return "an action of a flow was left by its error branch"
    return None
