"""The figures by which a switch tells answering machines from people, as a campaign may set them.

Decides which there are, their ranges, and how a campaign's tag writes them, as ``greeting=2000 initial_silence=3000``.
It must not know who goes by them, nor what they are where none are set.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from trunkcall.domain.errors import InvalidInputError, did_you_mean

TAG: Final = "trunkcall:detection"
FIGURES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        "initial_silence": (100, 10_000),
        "greeting": (100, 10_000),
        "after_greeting_silence": (100, 5_000),
        "total_analysis_time": (500, 10_000),
        "min_word_length": (20, 2_000),
        "between_words_silence": (20, 2_000),
        "maximum_number_of_words": (1, 50),
        "silence_threshold": (1, 32_767),
        "maximum_word_length": (100, 10_000),
    }
)
"""Names, those of Asterisk's amd.conf, and the least and the most that each may be: milliseconds, but for the number of
words, and the threshold, a mean of samples. They are in the order of the arguments of AMD(). Asterisk itself takes any:
these leave out what could not work, or would keep a person waiting for longer than a channel is kept."""


def parse_detection(text: str) -> Mapping[str, int]:
    """The figures that a tag sets, by name; empty where it sets none. Raises InvalidInputError."""
    figures: dict[str, int] = {}
    for part in text.replace(",", " ").split():
        name, _, value = part.partition("=")
        if name not in FIGURES:
            raise InvalidInputError(
                f"The tag {TAG} has {name!r}.{did_you_mean(name, FIGURES)} Known are {', '.join(FIGURES)}."
            )
        if name in figures:
            raise InvalidInputError(f"The tag {TAG} has {name} twice.")
        least, most = FIGURES[name]
        if not (value.isascii() and value.isdecimal() and len(value) < 10 and least <= int(value) <= most):
            raise InvalidInputError(
                f"{name} in the tag {TAG} must be a whole number from {least} to {most}, written {name}={least}."
            )
        figures[name] = int(value)
    return MappingProxyType(figures)


def detection_of(tags: Mapping[str, str]) -> Mapping[str, int]:
    """The figures of a campaign with these tags. A tag that is not to be understood sets none: it was put before such
    were refused."""
    try:
        return parse_detection(tags.get(TAG, ""))
    except InvalidInputError:
        return MappingProxyType({})
