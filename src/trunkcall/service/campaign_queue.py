"""The queue whose agents take a campaign's live answers: the one that it names, else the one that its flow sets.

Decides whose word counts, and that a flow which sets several queues sets none for a campaign: it dials for the agents
of one. It must not know who dials.
"""

from __future__ import annotations

from functools import lru_cache

from trunkcall.domain.campaign import Campaign
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.directory import Directory
from trunkcall.domain.errors import InvalidInputError
from trunkcall.domain.fields import Field
from trunkcall.flows.checking import check
from trunkcall.flows.content import DEFAULT_CONTENT
from trunkcall.flows.queues import flows_named, queues_named

KNOWN_FLOWS = 512
"""Flows of which is known what stands in them: it is asked of each campaign whenever a fact may have changed."""


def queue_of(campaign: Campaign, directory: Directory) -> str | None:
    """The campaign's queue. None if it has none, or its flow sets none that is there."""
    call = campaign.outbound_call
    if not campaign.takes_queue_from_flow:
        return call.queue_id
    flow = directory.contact_flows.get(call.contact_flow_id)
    there = queues_set_by(flow, directory) if flow is not None else ()
    return there[0] if len(there) == 1 else None


def queues_set_by(flow: ContactFlow, directory: Directory) -> tuple[str, ...]:
    """The ids of the queues that the flow, and those to which it goes on, put contacts into by themselves, as far as
    they are there."""
    ids = (last_of(named) for named in _named_by(flow, directory))
    return tuple(dict.fromkeys(queue_id for queue_id in ids if queue_id in directory.queues))


def check_queue_of(flow: ContactFlow, directory: Directory) -> None:
    """Raises InvalidInputError, in words for whoever has named no queue, unless the flow sets one."""
    there = queues_set_by(flow, directory)
    if len(there) == 1:
        return
    if there:
        why = f"this one sets {len(there)}, and a campaign dials for the agents of one."
    elif _named_by(flow, directory):
        why = "what this one sets is not in this instance."
    else:
        why = "this one sets none."
    raise InvalidInputError(
        "{} is required for progressive and predictive campaigns, unless the contact flow, or one to which it goes on "
        "by TransferToFlow, sets a queue, by UpdateContactTargetQueue with its id or ARN before "
        f"TransferContactToQueue: {why}",
        Field.QUEUE_ID,
    )


def last_of(id_or_arn: str) -> str:
    """The id in an id or ARN. Flows that come from another account name what was there: only ids are compared."""
    return id_or_arn.rpartition("/")[2]


def _named_by(flow: ContactFlow, directory: Directory) -> tuple[str, ...]:
    """The queues, as they are written."""
    contents: dict[str, str] = {}
    left = [flow]
    while left:
        each = left.pop()
        if each.contact_flow_id not in contents:
            content = contents[each.contact_flow_id] = each.content if each.content is not None else DEFAULT_CONTENT
            others = (directory.contact_flows.get(last_of(named)) for named in _goes_on_to(content))
            left += [other for other in others if other is not None and other.published]
    return _named_in(tuple(contents.items()))


@lru_cache(KNOWN_FLOWS)
def _goes_on_to(content: str) -> tuple[str, ...]:
    flow = check(content).flow
    return flows_named(flow) if flow is not None else ()


@lru_cache(KNOWN_FLOWS)
def _named_in(contents: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Of the first of these flows: ids and contents of it, and of those to which it goes on."""
    flows = {flow_id: check(content).flow for flow_id, content in contents}
    return queues_named(contents[0][0], lambda named: flows.get(last_of(named)))
