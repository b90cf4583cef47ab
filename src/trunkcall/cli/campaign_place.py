"""Where a new campaign belongs: its instance, and the queue, contact flow and number of that instance.

Decides what names mean, and what a campaign gets when nobody names it: in the instance of `trunkcall env` what that
says, in another the only queue or number that there is, and the oldest flow; agentless in either the flow for that. It
is an ordinary client of the API.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from trunkcall.cli.api_errors import ApiRefusedError, in_words
from trunkcall.cli.centre import Centre, Named, find, instances, some_of
from trunkcall.cli.client import Connection, connect_client
from trunkcall.cli.installation import Installation, NotNamedError
from trunkcall.cli.naming import is_id
from trunkcall.flows.content import AGENTLESS


class Place:
    """An instance as the place of a new campaign. The API is asked only where a name has to be found, so that whoever
    gives ids, or nothing, needs no key that may list what there is."""

    def __init__(self, where: Connection, known: Installation, instance: str | None) -> None:
        """Raises NotNamedError, NoSuchThingError, and what ``in_words`` does."""
        client = connect_client(where)
        if instance is not None and not is_id(instance):
            with in_words(where.endpoint_url):
                instance = find("instance", instance, instances(client)).id
        self.instance_id = known.need("instance", instance)
        own = known.find("instance")
        elsewhere = own is not None and _bare(self.instance_id) != _bare(own)
        self._known = Installation({}) if elsewhere else known
        self._is_named = instance is not None
        self._centre = Centre(where, client, self.instance_id)

    def queue(self, given: str | None) -> str:
        """The queue's id, or what was given as one. Raises as above."""
        return self._one("queue", given, self._centre.queues)

    def flow(self, given: str | None, *, agentless: bool) -> str:
        """The contact flow's id, or what was given as one. An agentless campaign gets the instance's default flow for
        such, if it is there and may be looked for. Raises as above."""
        if given is None and agentless:
            with suppress(ApiRefusedError), self._centre.in_words():
                for each in self._centre.flows():
                    if each.name == AGENTLESS:
                        return each.id
        return self._one("flow", given, partial(self._centre.campaign_flows, given), any_will_do=True)

    def number(self, given: str | None) -> str:
        """The number that an agentless campaign shows, as it is dialed. Raises as above."""
        return given or self._one("source-number", None, self._dialed)

    def _dialed(self) -> list[Named]:
        return [Named(each.name, each.name) for each in self._centre.numbers()]

    def _one(
        self, option: str, given: str | None, there: Callable[[], Sequence[Named]], *, any_will_do: bool = False
    ) -> str:
        if given is not None and is_id(given):
            return given
        if given is None and (not self._is_named or self._known.find(option) is not None):
            return self._known.need(option, None)
        with self._centre.in_words():
            found = there()
        if given is not None:
            return find(option, given, found).id
        if len(found) == 1 or (found and any_will_do):
            return found[0].id
        raise NotNamedError(f"The campaign needs --{option}.{some_of([each.name for each in found])}")


def _bare(instance_id: str) -> str:
    """An instance's id without what an ARN has before it."""
    return instance_id.rpartition("/")[2].casefold()
