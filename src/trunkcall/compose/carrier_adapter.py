"""What each kind of carrier gives an installation.

Decides what is asked of a kind of carrier, and what comes with one. It must not know which kinds there are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from trunkcall.domain.directory import Directory
from trunkcall.service.clock import InstanceClock
from trunkcall.service.floor import SimulatedFloor
from trunkcall.settings import Settings
from trunkcall.storage.secret_box import SecretBox
from trunkcall.telephony.carrier import Carrier
from trunkcall.telephony.finding import Finding


def _nothing() -> str | None:
    return None


def _ignored(directory: Directory) -> None:
    """A carrier that needs no facts."""


async def _nothing_to_see(settings: Settings, trunks: Collection[str], usernames: Collection[str]) -> Sequence[Finding]:
    return ()


@dataclass(frozen=True, slots=True)
class Telephony:
    """What makes an instance's legs, and the clock that goes with it. ``trouble`` says why it cannot,
    ``upkeep_trouble`` what fails although it can, such as that simulated agents are not heard, in words; None while all
    is well. ``know`` is told what there is around the instance's campaigns, as often as that changes."""

    clock: InstanceClock
    carrier: Carrier
    legs_survive: bool
    works: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    trouble: Callable[[], str | None] = _nothing
    upkeep_trouble: Callable[[], str | None] = _nothing
    know: Callable[[Directory], None] = _ignored


@dataclass(frozen=True, slots=True)
class Wanted:
    """For whom legs are to be made. ``wall`` is the wall clock of the instance, in nanoseconds."""

    settings: Settings
    box: SecretBox
    floor: SimulatedFloor
    wall: Callable[[], int]
    instance_id: str
    is_default: bool
    """Whether it is the default instance."""


@dataclass(frozen=True, slots=True)
class CarrierAdapter:
    """A kind of carrier. ``check`` finds out before anything is served that it would start in vain for ever, and raises
    SettingsError. ``build`` makes it and what goes with it. ``is_simulated`` is whether it reaches nobody. ``examine``
    looks at it, at the trunks of these names, and at the soft phones of agents of these user names, and disturbs nobody
    who dials by it."""

    check: Callable[[Settings], None]
    build: Callable[[Wanted], Telephony]
    is_simulated: bool = False
    examine: Callable[[Settings, Collection[str], Collection[str]], Awaitable[Sequence[Finding]]] = _nothing_to_see
