"""The flows of an instance, read once and kept for as long as they are the same.

Decides which flow an id stands for, and what one without content is. It must not know who goes through one.
"""

from __future__ import annotations

from collections.abc import Mapping

from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.flows.checking import check
from trunkcall.flows.content import DEFAULT_CONTENT
from trunkcall.flows.document import Flow


class ParsedFlows:
    """Flows that were asked for, by id. What nobody has published is none."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[str, Flow | None]] = {}
        """Of each id the content that was read, and what it is; None of what cannot be run."""
        self._of: Mapping[str, ContactFlow] = {}

    def flow(self, flow_id: str, flows: Mapping[str, ContactFlow]) -> Flow | None:
        """The flow of this id, among those that there are now."""
        if flows is not self._of:
            self._of = flows
            self._read = {each: read for each, read in self._read.items() if each in flows}
        found = flows.get(flow_id)
        if found is None or not found.published:
            return None
        content = found.content if found.content is not None else DEFAULT_CONTENT
        read = self._read.get(flow_id)
        if read is None or read[0] != content:
            read = self._read[flow_id] = content, check(content).flow
        return read[1]
