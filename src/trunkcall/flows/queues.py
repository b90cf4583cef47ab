"""Which queues a flow puts contacts into by itself, as far as that stands in its document.

Decides what counts as naming a queue: UpdateContactTargetQueue with an id or an ARN that stands in the flow, from which
TransferContactToQueue can be come to before another queue is chosen. What a reference will be nobody knows beforehand.
It must not know which queues there are.
"""

from __future__ import annotations

from collections.abc import Iterator

from trunkcall.flows.document import Action, Flow

_CHOOSES, _ENTERS = "UpdateContactTargetQueue", "TransferContactToQueue"


def queues_named(flow: Flow) -> tuple[str, ...]:
    """The queues, each once and as it is written, in the order of the document."""
    reachable = flow.reachable()
    named = (
        (queue, action)
        for action in flow.actions.values()
        if action.identifier in reachable and (queue := _static_queue(action)) is not None
    )
    return tuple(dict.fromkeys(queue for queue, action in named if _enters(flow, action)))


def _static_queue(action: Action) -> str | None:
    queue = action.parameters.get("QueueId") if action.type == _CHOOSES else None
    return queue if isinstance(queue, str) and not queue.startswith("$") else None


def _enters(flow: Flow, chosen: Action) -> bool:
    """Whether there is a way from the choice to the queue."""
    met: set[str] = set()
    left = [chosen.next_action] if chosen.next_action is not None else []
    while left:
        identifier = left.pop()
        if identifier in met:
            continue
        met.add(identifier)
        action = flow.actions[identifier]
        if action.type == _ENTERS:
            return True
        left += _onward(action)
    return False


def _onward(action: Action) -> Iterator[str]:
    """Where an action leads with the choice of before: from another choice, only where that has failed."""
    return (to for to, _, is_error in action.ways() if is_error or action.type != _CHOOSES)
