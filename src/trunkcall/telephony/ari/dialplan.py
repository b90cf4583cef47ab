"""The dialplan that channels of ours go through, as it comes with Trunkcall.

Decides how its version is found. It must not know how the dialplan gets to a switch.
"""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from typing import Final

CONTEXT: Final = "trunkcall"
"""Of the dialplan: where every channel of ours begins once it is answered."""
SILENCE: Final = "silence"
"""Of that context: where a machine's greeting is waited for that nobody can listen to."""
INBOUND: Final = "trunkcall-inbound"
"""Where calls end that come in."""
PHONES: Final = "trunkcall-phones"
"""Where calls begin that agents' phones make."""
DIALED: Final = "dialed"
"""What is told with such a call, before what was dialed."""
VERSION: Final = "TRUNKCALL_DIALPLAN"
"""The global variable that says which version of the dialplan a switch has read."""
_VERSION: Final = re.compile(rf"^{VERSION}=(\w*)$", re.MULTILINE)


def dialplan() -> str:
    """All of it, as it belongs into extensions.conf or into a file that this includes."""
    return files("trunkcall.telephony.ari").joinpath("dialplan.conf").read_text("utf-8")


def version_in(text: str) -> str:
    """The version that this dialplan says it is of; empty if it says none."""
    found = _VERSION.search(text)
    return found[1] if found is not None else ""


def version_of(text: str) -> str:
    """The version that this dialplan is of, by what it does: comments and empty lines make no other one."""
    lines = [line.strip() for line in _VERSION.sub("", text).splitlines()]
    told = "\n".join(line for line in lines if line and not line.startswith(";"))
    return hashlib.sha256(told.encode()).hexdigest()[:8]
