"""The contact centre's operations with their use cases.

Decides how these are wired together. It must not know what guards them, nor who dials.
"""

from __future__ import annotations

from trunkcall.aws.connect import handlers_of
from trunkcall.aws.protocol import Handler


def connect_handlers() -> dict[str, Handler]:
    """The handlers of every operation of ``connect`` that is offered."""
    return handlers_of([])
