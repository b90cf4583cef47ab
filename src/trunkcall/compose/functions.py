"""The functions that contact flows may ask: those of the settings, and those that are built in.

Decides how these are wired together. It must not know who asks.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Protocol, TypeAlias
from uuid import uuid4

from trunkcall.aws.flow_event import flow_event
from trunkcall.compose.submission import Submission
from trunkcall.domain.errors import SettingsError
from trunkcall.domain.identifiers import Scope
from trunkcall.service.built_in_functions import Act, BuiltInFunctions, CallBack, OptOut
from trunkcall.service.centre import Centre
from trunkcall.service.clock import InstanceClock, since_boot_s
from trunkcall.service.do_not_call import DoNotCall
from trunkcall.service.functions import CALL_BACK, DO_NOT_CALL, Functions, FunctionTotals, NoFunctions
from trunkcall.service.supervisor import Supervisor
from trunkcall.settings import Settings
from trunkcall.settings.functions import FunctionTable

FunctionsOf: TypeAlias = Callable[[InstanceClock], Functions]
"""What an instance's flows may ask, by the clock of the instance."""


class Elsewhere(Functions, Protocol):
    """Functions outside of this process."""

    @property
    def trouble(self) -> str | None:
        """Which of them do not answer, in words; None while all do."""

    async def close(self) -> None:
        """Wait for none of them any more."""


class _Nowhere(NoFunctions):
    """There are none."""

    trouble: str | None = None

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class FlowFunctions:
    """What the flows of an installation may ask. ``totals`` are of all of them."""

    totals: FunctionTotals
    elsewhere: Elsewhere

    def with_built_in(self, acts: Mapping[str, Act]) -> FunctionsOf:
        """They, and those that are built in."""
        return lambda clock: BuiltInFunctions(acts, self.elsewhere, self.totals, still=clock.standing_still)


def built_in(lists: DoNotCall, centre: Centre, submitted: Submission, supervisor: Supervisor) -> Mapping[str, Act]:
    """Functions that are answered here, by name."""
    return {
        DO_NOT_CALL: OptOut(lists, centre),
        CALL_BACK: CallBack(submitted.campaigns, submitted.dial_requests, supervisor.now_of),
    }


def flow_functions(settings: Settings, scope: Scope) -> FlowFunctions:
    """Those of the settings. Raises SettingsError, also for a secret that cannot be read."""
    totals = FunctionTotals()
    if not settings.functions:
        return FlowFunctions(totals, _Nowhere(totals, since_boot_s))
    if find_spec("aiohttp") is None:
        raise SettingsError("Functions need aiohttp, which is not installed: pip install 'trunkcall[functions]'.")
    # What aiohttp brings along is loaded for those alone who have functions.
    from trunkcall.functions.https import Endpoint, HttpsFunctions

    endpoints = [
        Endpoint(each.function, each.url, each.keys(), _trusted(each), each.at_once) for each in settings.functions
    ]
    elsewhere = HttpsFunctions(
        endpoints,
        partial(flow_event, scope=scope),
        totals,
        wall_s=time.time,
        monotonic=since_boot_s,
        new_id=lambda: f"msg_{uuid4().hex}",
    )
    return FlowFunctions(totals, elsewhere)


def _trusted(table: FunctionTable) -> ssl.SSLContext | None:
    """By which certificates the function shows who it is; None where it need not. Raises SettingsError."""
    if not table.url.startswith("https:"):
        return None
    try:
        return ssl.create_default_context(cafile=table.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"ca_file {table.ca_file} cannot be used: it is to hold certificates, PEM.") from error
