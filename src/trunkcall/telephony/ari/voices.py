"""Voices as flows name them, and what the command that speaks is told for each.

Decides whom a name stands for: what the settings say, or else, for espeak-ng, the language of Amazon Polly's voice of
that name. It must not know flows. A flow's word is never an argument of a command: only what is written here or in the
settings is.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from types import MappingProxyType
from typing import Final
from unicodedata import combining, normalize

_NAMES: Final[Mapping[str, str]] = {
    "ar": "Zeina Hala Zayd",
    "ca": "Arlet",
    "cmn": "Zhiyu",
    "cs": "Jitka",
    "cy": "Gwyneth",
    "da": "Naja Mads Sofie",
    "de": "Marlene Vicki Hans Daniel Hannah Sabrina",
    "en-gb": "Amy Emma Brian Arthur Geraint Niamh Nicole Olivia Russell Aria Ayanda Jasmine Raveena",
    "en-us": "Danielle Gregory Ivy Joanna Kendra Kimberly Salli Joey Justin Kevin Matthew Ruth Stephen Patrick",
    "es": "Conchita Lucia Enrique Sergio Alba Raul",
    "es-419": "Mia Andres Lupe Penelope Miguel Pedro",
    "fi": "Suvi",
    "fr": "Celine Lea Mathieu Remi Chantal Gabrielle Liam",
    "fr-be": "Isabelle",
    "hi": "Aditi Kajal",
    "is": "Dora Karl",
    "it": "Carla Bianca Giorgio Adriano",
    "ja": "Mizuki Takumi Kazuha Tomoko",
    "ko": "Seoyeon Jihye",
    "nb": "Liv Ida",
    "nl": "Laura Lotte Ruben Lisa",
    "pl": "Ewa Maja Jacek Jan Ola",
    "pt": "Ines Cristiano",
    "pt-br": "Camila Vitoria Ricardo Thiago",
    "ro": "Carmen",
    "ru": "Tatyana Maxim",
    "sv": "Astrid Elin",
    "tr": "Filiz Burcu",
    "yue": "Hiujin",
}
LANGUAGES: Final[Mapping[str, str]] = MappingProxyType(
    {name: language for language, names in _NAMES.items() for name in names.lower().split()}
)
"""espeak-ng's, by the voice's name in small letters of ASCII."""
_ESPEAK: Final = ("espeak-ng", "espeak")


def voice_of(name: str | None, *, given: Mapping[str, str], usual: str, program: str) -> str:
    """What ``program`` is told for a voice; ``usual`` where nobody names one, or nobody knows the name."""
    if name is None:
        return usual
    wanted = _letters(name)
    for each, voice in given.items():
        if _letters(each) == wanted:
            return voice
    language = LANGUAGES.get(wanted) if PurePath(program).name in _ESPEAK else None
    # Who has chosen a voice of this language has chosen well.
    return usual if language is None or _letters(usual).startswith(language) else language


def _letters(name: str) -> str:
    """So that Léa, Lea and lea are the same."""
    return "".join(each for each in normalize("NFKD", name).casefold() if not combining(each))
