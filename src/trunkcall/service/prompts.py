"""Use cases about prompts: put, describe, list, search, rename, delete.

Decides how long one may be, how many there may be, and in which order its sound and what is known of it are kept, so
that nothing that is known of has no sound. It must not know where sounds are kept, nor the wire's names.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

from trunkcall.domain.clock import Sleep
from trunkcall.domain.directory import CentreUse, Directory, Fact, FactRemoved
from trunkcall.domain.errors import InvalidInputError, QuotaExceededError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.identifiers import ResourceKind
from trunkcall.domain.prompt import NAMES, OCTETS_PER_S, Prompt, named
from trunkcall.service.centre import Centre, PageOf, Position, page_of
from trunkcall.service.searching import Criterion, everything

MAX_PROMPTS: Final = 500
"""Of an instance, as documented."""
MAX_S: Final = 90
"""Longest sound, in seconds: it fits into one request."""
SWEEP_EVERY_S: Final = 60.0


class PromptSounds(Protocol):
    """Where sounds are kept."""

    async def keep(self, sound: str, octets: bytes) -> None:
        """Keep one, over restarts too."""

    async def drop(self, sound: str) -> None:
        """Keep it no more, but for as long as somebody may be about to hear it; nothing if it is not kept."""


class DroppedSounds(Protocol):
    """Sounds that were dropped, and are left for now."""

    async def sweep(self) -> None:
        """Delete those that nobody can be about to hear any more."""


class Prompts:
    """Use cases about prompts."""

    def __init__(self, centre: Centre, sounds: PromptSounds) -> None:
        self._centre = centre
        self._sounds = sounds

    async def put_prompt(self, instance: str, *, name: str, octets: bytes, description: str | None = None) -> Prompt:
        """Make a prompt of a sound, G.711 mu-law of 8,000 octets a second, or give the one of this name another. Raises
        NotFoundError without the instance, InvalidInputError for a sound that is too long or none, QuotaExceededError
        if there are as many as there may be."""
        if not 0 < len(octets) <= MAX_S * OCTETS_PER_S:
            raise InvalidInputError(f"A prompt must have a sound, and one of {MAX_S} seconds at most.")
        _check_name(name)
        prompt_id = self._centre.new_id()
        sound = f"{prompt_id}-{hashlib.sha256(octets).hexdigest()[:12]}"
        replaced: list[Prompt] = []
        made: list[Prompt] = []

        def decide(directory: Directory, _: CentreUse) -> Sequence[Fact]:
            before = next((each for each in directory.prompts.values() if each.name == name), None)
            if before is None and len(directory.prompts) >= MAX_PROMPTS:
                raise QuotaExceededError(f"An instance can have {MAX_PROMPTS} prompts at most.")
            replaced[:] = [before] if before is not None else []
            put = replace(before or Prompt(prompt_id, name, sound), sound=sound, octets=len(octets))
            made[:] = [put if description is None else replace(put, description=description)]
            return made

        await self._sounds.keep(sound, octets)
        try:
            await self._centre.change(instance, decide)
        except BaseException:
            await self._sounds.drop(sound)
            raise
        for before in replaced:
            await self._sounds.drop(before.sound)
        return made[0]

    async def describe_prompt(self, instance: str, prompt: str) -> Prompt:
        """The prompt. Raises NotFoundError."""
        return self._find(await self._centre.directory(instance), prompt)

    async def list_prompts(self, instance: str, *, after: Position | None = None, limit: int) -> PageOf[Prompt]:
        """All prompts in the order of creation. Raises NotFoundError."""
        return await self.search_prompts(instance, after=after, limit=limit)

    async def search_prompts(
        self, instance: str, criterion: Criterion[Prompt] = everything, *, after: Position | None = None, limit: int
    ) -> PageOf[Prompt]:
        """Prompts that meet the criterion, in the order of creation. Raises NotFoundError."""
        directory = await self._centre.directory(instance)
        found = [each for each in directory.prompts.values() if criterion(each)]
        return page_of(found, lambda each: each.prompt_id, after, limit)

    async def update_prompt(
        self, instance: str, prompt: str, *, name: str | None = None, description: str | None = None
    ) -> Prompt:
        """Change what is given; its sound stays. Raises NotFoundError, ConflictError for a name that is taken,
        InvalidInputError if nothing is given, or for a name that no prompt can have."""
        if name is None and description is None:
            raise InvalidInputError("A name or a description must be given.")
        if name is not None:
            _check_name(name)

        def decide(directory: Directory, _: CentreUse) -> Sequence[Fact]:
            found = self._find(directory, prompt)
            return [
                replace(
                    found,
                    name=found.name if name is None else name,
                    description=found.description if description is None else description,
                )
            ]

        return self._find(await self._centre.change(instance, decide), prompt)

    async def delete_prompt(self, instance: str, prompt: str) -> None:
        """Delete it, and its sound. Whoever is to hear it from then on hears nothing, as soon as dialers know. Raises
        NotFoundError."""
        gone: list[Prompt] = []

        def decide(directory: Directory, _: CentreUse) -> Sequence[FactRemoved]:
            gone[:] = [self._find(directory, prompt)]
            return [self._centre.removal(directory, FactKind.PROMPT, gone[0].prompt_id)]

        await self._centre.change(instance, decide)
        for each in gone:
            await self._sounds.drop(each.sound)

    def _find(self, directory: Directory, prompt: str) -> Prompt:
        return self._centre.one(directory, ResourceKind.PROMPT, directory.prompts, prompt)


async def keep_swept(sounds: DroppedSounds, sleep: Sleep = asyncio.sleep) -> None:
    """Delete sounds of former prompts, until cancelled."""
    while True:
        await sounds.sweep()
        await sleep(SWEEP_EVERY_S)


def _check_name(name: str) -> None:
    if named(f"{NAMES}{name}") != name or name.startswith(NAMES):
        raise InvalidInputError(f"A prompt's name must not begin with {NAMES}, and begin and end with no space.")
