"""Which queues a flow puts contacts into by itself, as far as that stands in its document, and in those of the flows to
which it goes on.

Decides what counts as naming a queue: UpdateContactTargetQueue with an id or an ARN that stands in the flow, from which
TransferContactToQueue can be come to before another queue is chosen; and as going on: TransferToFlow with an id or an
ARN of a flow that is there. Which flows are chosen for hooks is told beside that. What a reference will be nobody knows
beforehand. It must not know which queues there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias, TypeGuard

from trunkcall.flows.document import Action, Flow

FlowOf: TypeAlias = Callable[[str], Flow | None]
"""The flow that an id or an ARN stands for; None if there is none."""
_Place: TypeAlias = tuple[str, str]
"""A flow as it is named, and an action of it."""

_CHOOSES, _ENTERS, _GOES_ON = "UpdateContactTargetQueue", "TransferContactToQueue", "TransferToFlow"
_HOOKS = "UpdateContactEventHooks"


def queues_named(flow_id: str, flow_of: FlowOf) -> tuple[str, ...]:
    """The queues, each once and as it is written, in the order of the documents, as one leads to another."""
    return _Ways(flow_of).queues_from(flow_id)


def flows_named(flow: Flow) -> tuple[str, ...]:
    """The flows to which it goes on by itself, each once and as it is written."""
    named = (_static(action, _GOES_ON, "ContactFlowId") for action in flow.actions.values())
    return tuple(dict.fromkeys(each for each in named if each is not None))


def flows_for_hooks(flow: Flow) -> tuple[str, ...]:
    """The flows that it chooses for hooks, each once and as it is written."""
    chosen = (each.parameters.get("EventHooks") for each in flow.actions.values() if each.type == _HOOKS)
    named = (value for hooks in chosen if isinstance(hooks, Mapping) for value in hooks.values())
    return tuple(dict.fromkeys(each for each in named if _is_static(each) and each))


class _Ways:
    """The ways through flows that lead to one another."""

    def __init__(self, flow_of: FlowOf) -> None:
        self._flow_of = flow_of

    def queues_from(self, flow_id: str) -> tuple[str, ...]:
        flow = self._flow_of(flow_id)
        if flow is None:
            return ()
        reached = self._reached([(flow_id, flow.start)], self._onward)
        in_order = (
            (each, action) for each in dict.fromkeys(flow_id for flow_id, _ in reached) for action in self._of(each)
        )
        named = {
            queue: None
            for each, action in in_order
            if (each, action.identifier) in reached
            and (queue := _static(action, _CHOOSES, "QueueId")) is not None
            and self._enters(each, action)
        }
        return tuple(named)

    def _enters(self, flow_id: str, chosen: Action) -> bool:
        """Whether there is a way from the choice to the queue."""
        if chosen.next_action is None:
            return False
        reached = self._reached([(flow_id, chosen.next_action)], self._onward_with_the_choice)
        return any(self._action(place).type == _ENTERS for place in reached)

    def _reached(self, left: list[_Place], onward: Callable[[_Place], Iterator[_Place]]) -> dict[_Place, None]:
        found = dict.fromkeys(left)
        while left:
            for place in onward(left.pop()):
                if place not in found:
                    found[place] = None
                    left.append(place)
        return found

    def _onward(self, place: _Place) -> Iterator[_Place]:
        return (to for to, _ in self._ways(place))

    def _onward_with_the_choice(self, place: _Place) -> Iterator[_Place]:
        """Where an action leads with the choice of before: from another choice, only where that has failed."""
        chooses = self._action(place).type == _CHOOSES
        return (to for to, is_error in self._ways(place) if is_error or not chooses)

    def _ways(self, place: _Place) -> Iterator[tuple[_Place, bool]]:
        """Where an action leads to, and whether by an error."""
        action = self._action(place)
        named = _static(action, _GOES_ON, "ContactFlowId")
        flow = self._flow_of(named) if named is not None else None
        if named is not None and flow is not None:
            yield (named, flow.start), False
            return
        for to, _, is_error in action.ways():
            yield (place[0], to), is_error

    def _action(self, place: _Place) -> Action:
        flow = self._flow_of(place[0])
        assert flow is not None
        return flow.actions[place[1]]

    def _of(self, flow_id: str) -> Iterator[Action]:
        flow = self._flow_of(flow_id)
        return iter(flow.actions.values() if flow is not None else ())


def _static(action: Action, type_: str, parameter: str) -> str | None:
    value = action.parameters.get(parameter) if action.type == type_ else None
    return value if _is_static(value) else None


def _is_static(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and not value.startswith("$")
