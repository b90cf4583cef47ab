"""A campaign of a scenario: what it may claim, when it dials, and whom its list reaches.

Decides names, units, defaults and ranges of a campaign's parameters. It must not know how a shift is run, nor which
other campaigns there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from trunkcall.domain.campaign import DialerType
from trunkcall.domain.errors import SettingsError
from trunkcall.simulation.parameters import check_ranges, convert, unknown
from trunkcall.simulation.world import World

BASELINES: Final = (
    "fixed_ratio",
    "issabel",
    "optimal",
    "samuelson",
    "vicidial_average",
    "vicidial_hard_limit",
    "vicidial_tapered",
)
"""Pacing methods of others, to compare with."""
MANY_CONTACTS: Final = 100_000
"""So many never wait in a queue."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """Parameters of one campaign beside those of its world. Hours are of the shift; ratios are shares."""

    world: World = field(default_factory=World)
    name: str = "campaign"
    """The campaign's name in results and traces. Each table needs one of its own."""
    pacer: str = "predictive"
    """How the campaign dials: `predictive`, `progressive` or `agentless`. To compare with, a campaign that is the
    scenario's only one may also be dialed by `fixed_ratio`, `issabel`, `optimal`, `samuelson`, `vicidial_average`,
    `vicidial_hard_limit` or `vicidial_tapered`."""
    queue: str = "queue"
    """The queue whose agents take the campaign's live answers. Campaigns of one queue share its agents. Agentless
    campaigns have none."""
    max_contacts: int = MANY_CONTACTS
    """How many may wait in that queue at once, 0 to 100,000, the same for all campaigns of one queue. Whoever finds it
    full while no agent is free is abandoned at once."""
    bandwidth_allocation: float = 1.0
    """The campaign's weight among those that dial for the same agents, 0 to 1; with 0 it gets what none of them
    wants."""
    dialing_capacity: float = 1.0
    """The campaign's weight for lines and attempts per second where they are scarce, 0.01 to 1."""
    detects_machines: bool = True
    """Whether answering machines are told from people. Where they are not, whoever answers is a live answer, and agents
    get the machines as well."""
    awaits_prompt: bool = False
    """Whether the end of a machine's prompt is waited for, which holds the line longer. Only with
    `detects_machines`."""
    abandonment_target_ratio: float = 0.03
    """The most of the campaign's live answers that may be abandoned."""
    safe_harbour_s: float = 0.0
    """How long the message is that a live answer hears whom no agent has reached in time; 0 is none."""
    list_size: int = 0
    """Dial requests there are; 0 is more than can be dialed."""
    start_at_h: float = 0.0
    """When the campaign is started."""
    pause_at_h: float = 0.0
    """When it is paused; 0 is never."""
    resume_at_h: float = 0.0
    """When it is resumed after the pause; 0 is never."""
    stop_at_h: float = 0.0
    """When it is stopped for good; 0 is never."""
    drift: float = 0.0
    """Amplitude of a sine on the human ratio, relative to it. The dialer is not told."""
    drift_period_h: float = 4.0
    """How long one swing of that sine takes, at least 0.05."""
    step_at_h: float = 0.0
    """When the human ratio changes by `step_factor` for the rest of the shift; 0 is never."""
    step_factor: float = 1.0
    """What the human ratio is multiplied by from then on."""
    false_machine_ratio: float = 0.0
    """Of the people who answer, how many detection takes for machines: they are hung up on, and told of as
    `false_machines`."""
    false_human_ratio: float = 0.0
    """Of the machines, how many detection takes for people."""


_WORLD: Final = {f.name: f for f in fields(World)}
_OWN: Final = {f.name: f for f in fields(Campaign) if f.name != "world"}
PARAMETERS: Final = frozenset({*_OWN, *_WORLD})
"""Everything that a campaign can be given, its world's parameters included."""


def converted(campaign: Campaign, values: Mapping[str, object], source: str) -> dict[str, object]:
    """The values in the types that the campaign has for them. Raises SettingsError."""
    result: dict[str, object] = {}
    for name, value in values.items():
        if name not in PARAMETERS:
            raise unknown(name, source, "campaign", PARAMETERS)
        holder = campaign if name in _OWN else campaign.world
        result[name] = convert(name, value, getattr(holder, name), source)
    return result


def changed(campaign: Campaign, values: Mapping[str, object]) -> Campaign:
    """The campaign with converted values in the place of its own."""
    own: dict[str, Any] = {name: value for name, value in values.items() if name in _OWN}
    world: dict[str, Any] = {name: value for name, value in values.items() if name in _WORLD}
    return replace(campaign, world=replace(campaign.world, **world), **own)


def values_of_campaign(campaign: Campaign) -> dict[str, object]:
    """Every parameter by its name, its world's included."""
    own: dict[str, object] = {name: getattr(campaign, name) for name in _OWN}
    return own | {name: getattr(campaign.world, name) for name in _WORLD}


def check(campaign: Campaign, source: str) -> None:
    """Raises SettingsError that says which parameter cannot be, and what would be right."""
    check_ranges(campaign, source)
    check_ranges(campaign.world, source)
    world = campaign.world
    together = world.human_ratio + world.machine_ratio + world.failure_ratio
    if together > 1 + 1e-9:
        raise SettingsError(
            f"human_ratio, machine_ratio and failure_ratio in {source} are shares of one whole: "
            f"together they must be at most 1, not {together:.10g}."
        )
    if campaign.pacer not in {*DialerType, *BASELINES}:
        baselines = ", ".join(BASELINES)
        raise SettingsError(
            f"pacer in {source} must be predictive, progressive or agentless, or to compare with one of {baselines}."
        )
    if campaign.awaits_prompt and not campaign.detects_machines:
        raise SettingsError(f"awaits_prompt in {source} needs detects_machines.")
    for name in ("name", "queue"):
        if not getattr(campaign, name):
            raise SettingsError(f"{name} in {source} must not be empty.")
    _check_hours(campaign, source)


def _check_hours(campaign: Campaign, source: str) -> None:
    """A campaign starts, pauses, resumes and stops in this order."""
    if campaign.resume_at_h and not campaign.pause_at_h:
        raise SettingsError(f"resume_at_h in {source} needs a pause_at_h before it.")
    before, before_h = "start_at_h", campaign.start_at_h
    for name in ("pause_at_h", "resume_at_h", "stop_at_h"):
        at_h: float = getattr(campaign, name)
        if at_h:
            if at_h <= before_h:
                raise SettingsError(f"{name} in {source} must be after {before}, which is {before_h:g}.")
            before, before_h = name, at_h
