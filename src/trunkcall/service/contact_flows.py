"""Use cases about contact flows: create, describe, list, change content and name, delete.

Decides which content may be published, and when a flow may go. It must not know who runs a flow, nor what its actions
do (``flows.checking``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.directory import CentreUse, Directory, Fact, FactRemoved
from trunkcall.domain.errors import InUseError, InvalidInputError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.identifiers import ResourceKind
from trunkcall.flows.checking import problems_of
from trunkcall.flows.content import DEFAULT_CONTENT
from trunkcall.flows.language import MAX_CONTENT
from trunkcall.flows.queues import flows_for_hooks, flows_named
from trunkcall.service.campaign_queue import last_of, queues_set_by
from trunkcall.service.centre import Centre, PageOf, Position, page_of
from trunkcall.service.parsed_flows import ParsedFlows


class FlowContentError(InvalidInputError):
    """The content of the contact flow cannot be published."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(("The content of the contact flow cannot be published.", *problems)))
        self.problems = tuple(problems)


class ContactFlows:
    """Contact flows of instances. A published flow has had its content checked, a saved one has not."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    async def create_contact_flow(
        self,
        instance: str,
        *,
        name: str,
        flow_type: str,
        content: str,
        description: str,
        published: bool,
        tags: Mapping[str, str],
    ) -> ContactFlow:
        """Create a flow. Raises NotFoundError without the instance, ConflictError if the name is taken,
        FlowContentError where it is to be published and its content cannot be."""
        _check(content, published=published)
        flow = ContactFlow(
            self._centre.new_id(),
            name,
            flow_type=flow_type,
            description=description,
            published=published,
            content=content,
            tags=dict(tags),
        )
        await self._centre.change(instance, lambda *_: [flow])
        return flow

    async def describe_contact_flow(self, instance: str, flow: str, *, saved: bool = False) -> ContactFlow:
        """The flow, always with a content; ``saved`` asks for what was saved last, be it published or not. Raises
        NotFoundError."""
        directory = await self._centre.directory(instance)
        found = self._find(directory, flow)
        if saved and found.draft is not None:
            return replace(found, content=found.draft, published=False)
        return found if found.content is not None else replace(found, content=DEFAULT_CONTENT)

    async def list_contact_flows(
        self, instance: str, *, types: Collection[str] = (), after: Position | None = None, limit: int
    ) -> PageOf[ContactFlow]:
        """The flows of these types, or all, in the order of creation. Raises NotFoundError."""
        flows = (await self._centre.directory(instance)).contact_flows.values()
        listed = [flow for flow in flows if not types or flow.flow_type in types]
        return page_of(listed, lambda flow: flow.contact_flow_id, after, limit)

    async def update_contact_flow_content(self, instance: str, flow: str, content: str, *, published: bool) -> None:
        """Give the flow another content, and publish it or only save it: what contacts of a published flow go through
        stays then as it is. Raises NotFoundError, FlowContentError, InUseError where a campaign would be left without a
        queue."""
        _check(content, published=published)

        def decide(directory: Directory, use: CentreUse) -> Sequence[Fact]:
            found = self._find(directory, flow)
            if found.published and not published:
                return [replace(found, draft=content)]
            changed = replace(found, content=content, published=published, draft=None)
            flows = {**directory.contact_flows, found.contact_flow_id: changed}
            stranded = _left_without_a_queue(directory, flows, use)
            if stranded is not None:
                raise InUseError(
                    f"A campaign that names no queue has the one that {_sets_it(stranded, found)}, and with the new "
                    "content there would not be exactly one of the instance. Keep it, or give the campaign another "
                    "flow first."
                )
            return [changed]

        await self._centre.change(instance, decide)

    async def update_contact_flow_name(
        self, instance: str, flow: str, *, name: str | None = None, description: str | None = None
    ) -> None:
        """Change what is given and leave the rest. Raises NotFoundError, ConflictError if the name is taken."""

        def decide(directory: Directory, use: CentreUse) -> Sequence[Fact]:
            found = self._find(directory, flow)
            return [
                replace(
                    found,
                    name=name if name is not None else found.name,
                    description=description if description is not None else found.description,
                )
            ]

        await self._centre.change(instance, decide)

    async def delete_contact_flow(self, instance: str, flow: str) -> None:
        """Delete the flow. Raises NotFoundError, InUseError while a campaign, a flow that its contacts may come to, or
        a queue refers to it."""

        def decide(directory: Directory, use: CentreUse) -> Sequence[FactRemoved]:
            flow_id = self._find(directory, flow).contact_flow_id
            if flow_id in use.contact_flow_ids:
                raise InUseError(
                    "A campaign has this contact flow. Give it another, or delete the campaign, and then the flow."
                )
            queues = [queue for queue in directory.queues.values() if queue.outbound_flow_id == flow_id]
            if queues:
                raise InUseError(
                    f"The queue {queues[0].queue_id} has this contact flow as its outbound flow. Give it another first."
                )
            other = _names_it(flow_id, directory, use)
            if other is not None:
                raise InUseError(
                    f"The contact flow {other}, which contacts of a campaign may come to, goes on to this one or has "
                    "it for a hook. Have it do without, or give the campaign another flow first."
                )
            return [self._centre.removal(directory, FactKind.CONTACT_FLOW, flow_id)]

        await self._centre.change(instance, decide)

    def _find(self, directory: Directory, flow: str) -> ContactFlow:
        return self._centre.one(directory, ResourceKind.CONTACT_FLOW, directory.contact_flows, flow)


def _names_it(flow_id: str, directory: Directory, use: CentreUse) -> str | None:
    """A flow that contacts of campaigns may come to and that names this one, to go on to or for a hook."""
    parsed, left, seen = ParsedFlows(), sorted(use.contact_flow_ids), set[str]()
    while left:
        each = left.pop()
        flow = parsed.flow(each, directory.contact_flows)
        if flow is None or each in seen:
            continue
        seen.add(each)
        named = [last_of(other) for other in (*flows_named(flow), *flows_for_hooks(flow))]
        if flow_id in named:
            return each
        left += named
    return None


def _left_without_a_queue(directory: Directory, flows: Mapping[str, ContactFlow], use: CentreUse) -> ContactFlow | None:
    """A flow from which a campaign has its queue, and would have none any more if there were these flows."""
    after = replace(directory, contact_flows=flows)
    for flow_id in sorted(use.queue_flow_ids & directory.contact_flows.keys() & flows.keys()):
        before = directory.contact_flows[flow_id]
        if len(queues_set_by(before, directory)) == 1 and len(queues_set_by(flows[flow_id], after)) != 1:
            return before
    return None


def _sets_it(flow: ContactFlow, this: ContactFlow) -> str:
    if flow.contact_flow_id == this.contact_flow_id:
        return "this contact flow sets"
    return f"its contact flow {flow.contact_flow_id} sets, which goes on to this one"


def _check(content: str, *, published: bool) -> None:
    if published:
        problems = problems_of(content)
        if problems:
            raise FlowContentError(problems)
    elif len(content) > MAX_CONTENT:
        raise InvalidInputError(f"The content must have {MAX_CONTENT:,} characters at most, not {len(content):,}.")
