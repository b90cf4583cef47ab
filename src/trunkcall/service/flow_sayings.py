"""What contacts' flows say, as carriers have it.

Decides how what an action orders becomes a saying, and when one that was broken off counts as said. It must not know
who says it, nor why it was broken off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trunkcall.domain.instants import Duration
from trunkcall.domain.prompt import Prompt
from trunkcall.domain.saying import Part, Saying, SpeechKind, at_least, part_of
from trunkcall.flows.progress import Say, SayAgainAndAgain, Speech

_KINDS: Final[Mapping[Speech, SpeechKind]] = {
    Speech.SSML: SpeechKind.SSML,
    Speech.PROMPT: SpeechKind.PROMPT,
    Speech.MEDIA: SpeechKind.PROMPT,
}


def saying_of(order: Say | SayAgainAndAgain) -> Saying:
    """What is to be said."""
    prompts = order.prompts if isinstance(order, SayAgainAndAgain) else (order.prompt,)
    parts = tuple(
        part_of(each.value) if each.speech is Speech.TEXT else Part(_KINDS[each.speech], each.value) for each in prompts
    )
    return Saying(parts, order.voice.get("TextToSpeechVoice"), isinstance(order, SayAgainAndAgain))


def counts_as_said(order: Say, heard: Duration, prompts: Mapping[str, Prompt]) -> bool:
    """Whether more than half must have been heard of what was said for so long. ``prompts`` are those that there
    are."""
    return heard > at_least(saying_of(order), prompts) / 2
