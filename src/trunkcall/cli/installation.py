"""Which instance, queue, contact flow and number a new campaign gets when nobody names others.

Decides where they are looked for: the environment, as `trunkcall env` sets it, else the data directory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trunkcall.cli.env import environment
from trunkcall.domain.errors import TrunkcallError

_VARIABLES = {
    "instance": "TRUNKCALL_INSTANCE_ID",
    "queue": "TRUNKCALL_QUEUE_ID",
    "flow": "TRUNKCALL_CONTACT_FLOW_ID",
    "source-number": "TRUNKCALL_SOURCE_PHONE_NUMBER",
}


class NotNamedError(TrunkcallError):
    """Something that a campaign needs was not named."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What is known without being named."""

    values: Mapping[str, str]

    def find(self, name: str) -> str | None:
        """What is known; None if nothing is."""
        return self.values.get(_VARIABLES[name]) or None

    def need(self, name: str, given: str | None) -> str:
        """What was given, else what is known. Raises NotNamedError."""
        found = given or self.find(name)
        if not found:
            raise NotNamedError(
                f'The campaign needs --{name}. `eval "$(trunkcall env)"` sets {_VARIABLES[name]} for the server of a '
                "data directory."
            )
        return found


def installation(data_dir: Path, environ: Mapping[str, str] | None = None) -> Installation:
    """What the environment names, and where it names nothing of it what the data directory does."""
    environ = os.environ if environ is None else environ
    if not any(variable in environ for variable in _VARIABLES.values()):
        try:
            environ = environment(data_dir)
        except TrunkcallError:
            # The server may be elsewhere, and everything may be named by options.
            return Installation({})
    return Installation({variable: environ[variable] for variable in _VARIABLES.values() if variable in environ})
