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
        self._warned: dict[str, tuple[str | None, set[str]]] = {}
        """By flow its content, so that what was mended is told anew, and the actions that were told of."""

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
        if why is not None and self._is_news(taken, flow.content if flow is not None else None):
            log.warning(why, extra=words)
        elif is_wanted:
            log.info("an action of a flow was left", extra=words)

    def _is_news(self, taken: Taken, content: str | None) -> bool:
        """Whether nobody was told of the action yet, in the content that its flow has now. Of a flow no other is kept:
        one that is published every day would never let go of any."""
        known = self._warned.get(taken.flow_id)
        if known is None or known[0] != content:
            known = self._warned[taken.flow_id] = content, set()
        if taken.action_id in known[1]:
            return False
        known[1].add(taken.action_id)
        return True


def _why_warned(taken: Taken) -> str | None:
    """None of all that goes as it is meant to."""
    if not ACTIONS[taken.action].offered:
        return "a flow has an action that is not offered"
    # With detection off nobody knows who has answered: that is no failure.
    if taken.branch == ERROR and taken.action != "CheckOutboundCallStatus":
        return "an action of a flow was left by its error branch"
    return None
