"""The flows that an instance begins with, in the flow language.

Decides what they are called, and what contacts go through where nobody has written a flow. What they say stands in
files beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final

_FILES: Final = files("trunkcall.flows") / "defaults"


def _content(name: str) -> str:
    return (_FILES / f"{name}.json").read_text("utf-8")


OUTBOUND: Final = "Default outbound flow"
"""A live answer goes to the queue, and hears a message where there is none; a machine is hung up on."""
VOICEMAIL: Final = "Default voicemail flow"
"""The same, but a machine is left a message."""
AGENTLESS: Final = "Default agentless flow"
"""A live answer is offered keys: to be called back, and not to be called again. A machine is hung up on."""

DEFAULT_FLOWS: Final[Mapping[str, str]] = MappingProxyType(
    {
        OUTBOUND: _content("outbound"),
        VOICEMAIL: _content("voicemail"),
        AGENTLESS: _content("agentless"),
    }
)
"""The content of each, by its name, in the order in which they are made."""

DEFAULT_CONTENT: Final = DEFAULT_FLOWS[OUTBOUND]
"""Of a flow that came without a content, as instances had one that were made before flows ran. What it does is what
their contacts have always met: it stays so."""
