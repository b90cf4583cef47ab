"""How long what is said takes at least, for whoever has to guess how much of it was heard.

Decides how fast anything may be spoken. It must not know what anything really takes: carriers tell when it is over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, assert_never

from trunkcall.domain.instants import SECOND, Duration
from trunkcall.domain.prompt import Prompt, prompt_named
from trunkcall.domain.saying import Part, Saying, SpeechKind

CHARACTERS_PER_S: Final = 25.0
"""Faster than any voice that people follow: they speak about 15."""
_MARK: Final = re.compile(r"<[^>]*>")


def least_length(saying: Saying, prompts: Mapping[str, Prompt]) -> Duration:
    """What the saying takes once at the least, microseconds; 0 of what nobody knows."""
    return sum(_least(part, prompts) for part in saying.parts)


def _least(part: Part, prompts: Mapping[str, Prompt]) -> Duration:
    match part.kind:
        case SpeechKind.TEXT:
            return round(len(part.value) / CHARACTERS_PER_S * SECOND)
        case SpeechKind.SSML:
            return round(len(_MARK.sub("", part.value)) / CHARACTERS_PER_S * SECOND)
        case SpeechKind.PROMPT:
            found = prompt_named(prompts, part.value.rpartition("/")[2])
            return round(found.length_s * SECOND) if found is not None else 0
        case _:
            assert_never(part.kind)
