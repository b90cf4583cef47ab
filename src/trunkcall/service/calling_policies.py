"""Use cases about calling policies: put one, get one, list all that were ever put.

Decides what may be put: a policy that can be read, and, where people are reached, one that says where calls may go. It
must not know what a policy makes of a number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from trunkcall.domain.calling_policy import DEFAULT_POLICY, CallingPolicy
from trunkcall.domain.clock import NowOf
from trunkcall.domain.directory import CentreUse, Directory, Fact
from trunkcall.domain.errors import InvalidInputError, NotFoundError
from trunkcall.service.calling.policy_file import read_policy
from trunkcall.service.centre import Centre, PageOf, Position, page_of

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


class AnywhereError(InvalidInputError):
    """This policy lets calls go anywhere, which only a simulated carrier may. Name the regions that calls may go to."""


class CallingPolicies:
    """The policies of instances. ``reaches_people`` is whether the carrier is not a simulated one."""

    def __init__(self, centre: Centre, now_of: NowOf, *, reaches_people: bool) -> None:
        self._centre = centre
        self._now_of = now_of
        self._reaches_people = reaches_people

    async def put_calling_policy(
        self, instance: str, text: str, *, name: str = DEFAULT_POLICY, rates: str | None = None
    ) -> CallingPolicy:
        """Have a policy count from now on, for all attempts that are not begun yet. One that says what the present one
        of its name says changes nothing. Raises NotFoundError without the instance, InvalidInputError for a name that
        is none, PolicyFileError with all that is wrong, AnywhereError."""
        if _NAME.fullmatch(name) is None:
            raise InvalidInputError("The name of a policy has 1 to 64 small letters, digits and hyphens between them.")
        if read_policy(text, rates).destinations is None and self._reaches_people:
            raise AnywhereError
        instance_id = (await self._centre.directory(instance)).instance.instance_id
        put: list[CallingPolicy] = []

        def decide(directory: Directory, use: CentreUse) -> Sequence[Fact]:
            put.clear()
            now = directory.calling_policy(name)
            if now is not None and (now.text, now.rates) == (text, rates):
                put.append(now)
                return ()
            number = max((each.number for each in directory.calling_policies.values()), default=0) + 1
            put.append(CallingPolicy(name, number, text, rates, self._now_of(instance_id)))
            return tuple(put)

        await self._centre.change(instance, decide)
        return put[0]

    async def get_calling_policy(
        self, instance: str, *, name: str = DEFAULT_POLICY, number: int | None = None
    ) -> CallingPolicy:
        """The policy of this name that counts, or the one of this number. Raises NotFoundError."""
        directory = await self._centre.directory(instance)
        if number is None:
            found = directory.calling_policy(name)
        else:
            every = directory.calling_policies.values()
            found = next((each for each in every if each.number == number and each.policy_name == name), None)
        if found is None:
            raise NotFoundError("The instance has no such calling policy.")
        return found

    async def list_calling_policies(
        self, instance: str, *, name: str | None = None, after: Position | None = None, limit: int
    ) -> PageOf[CallingPolicy]:
        """All that were ever put, or those of a name, the last one first. Raises NotFoundError."""
        directory = await self._centre.directory(instance)
        found = [each for each in directory.calling_policies.values() if name in (None, each.policy_name)]
        found.sort(key=lambda each: each.number, reverse=True)
        return page_of(found, lambda each: each.fact_id, after, limit)
