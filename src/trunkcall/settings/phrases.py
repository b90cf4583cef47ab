"""What agents are told on the telephone, in other words or another language: a table of the settings' file.

Decides which phrases there are to be given, and in which words a mistake is told. It must not know when they are said.
"""

from __future__ import annotations

from typing import Any, Final

from trunkcall.domain.confirmations import MAX_PHRASE, PHRASES, Phrases
from trunkcall.domain.errors import SettingsError, did_you_mean

AGENT_PHRASES: Final = "agent_phrases"


def read_phrases(given: Any, file: str) -> Phrases:
    """All phrases, of which a file may have some. Raises SettingsError that says which one, and what would be right."""
    if given is None:
        return PHRASES
    if not isinstance(given, dict):
        raise SettingsError(f"{AGENT_PHRASES} in {file} must be a table, under a line [{AGENT_PHRASES}].")
    known = [str(name) for name in PHRASES]
    unknown = sorted(given.keys() - set(known))
    if unknown:
        raise SettingsError(
            f"[{AGENT_PHRASES}] in {file} has {', '.join(unknown)}.{did_you_mean(unknown[0], known)} "
            f"There are {', '.join(known)}."
        )
    for name, phrase in given.items():
        if not isinstance(phrase, str) or len(phrase) > MAX_PHRASE or not (phrase.isprintable() or not phrase):
            raise SettingsError(
                f"{name} of [{AGENT_PHRASES}] in {file} must be one line of at most {MAX_PHRASE} characters."
            )
    return {**PHRASES, **given}
