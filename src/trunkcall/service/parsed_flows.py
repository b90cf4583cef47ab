"""The flows of an instance, read once and kept for as long as they are the same.

Decides which flow an id stands for, what one without content is, and through which nobody can be put. It must not know
who goes through one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from trunkcall.domain.campaign import Campaign
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.directory import Directory
from trunkcall.flows.checking import check, problems_of
from trunkcall.flows.content import DEFAULT_CONTENT
from trunkcall.flows.document import Flow
from trunkcall.service.campaign_queue import KNOWN_FLOWS, last_of


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


def flow_trouble(campaign: Campaign, directory: Directory) -> str | None:
    """Why nobody can be put through the campaign's flow, and would be hung up on, in words; None if people can be.
    Contents are checked when they are published, but a store may hold one that an older version took."""
    flow = directory.contact_flows.get(last_of(campaign.outbound_call.contact_flow_id))
    if flow is None:
        return None
    if not flow.published:
        return f"The contact flow {flow.contact_flow_id} is not published. Publish it."
    problem = _problem(flow.content) if flow.content is not None else None
    if problem is None:
        return None
    return f"The contact flow {flow.contact_flow_id} cannot be run: {problem} Mend its content, and publish that."


@lru_cache(KNOWN_FLOWS)
def _problem(content: str) -> str | None:
    return next(iter(problems_of(content)), None)
