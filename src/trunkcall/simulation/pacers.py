"""Which pacer a scenario names: one of the dialer's own, or a baseline to compare with.

Decides names and the parameters that a baseline takes from the scenario. It must not know how any of them paces.
"""

from __future__ import annotations

from functools import lru_cache, partial
from random import Random
from statistics import fmean

from trunkcall.domain.campaign import DialerType
from trunkcall.domain.dialing import DialingSettings
from trunkcall.domain.errors import SettingsError
from trunkcall.domain.instants import SECOND
from trunkcall.engine.campaigns import PacerFor, pacer_for
from trunkcall.engine.pacing.base import Pacer
from trunkcall.simulation.baselines.optimal import Model, OptimalPacer
from trunkcall.simulation.baselines.predictors import FixedRatioPacer, IssabelPacer, SamuelsonPacer
from trunkcall.simulation.baselines.vicidial import Adapt, VicidialPacer
from trunkcall.simulation.scenario import Scenario
from trunkcall.simulation.world import Fates, World

DRAWS = 40_000
MAX_STATES = 250_000
"""Of the model that is solved for `optimal`: more would take hours, and much memory."""


def dialer_type_of(name: str) -> DialerType:
    """The dialer type of a campaign that is paced so. A baseline takes the place of the predictive pacer."""
    return DialerType(name) if name in set(DialerType) else DialerType.PREDICTIVE


def pacers_of(scenario: Scenario) -> PacerFor:
    """The factory of the scenario's pacers. A baseline is that of the only campaign. Raises SettingsError if it cannot
    pace this scenario."""
    only = scenario.campaigns[0].pacer
    if only == "optimal":
        _check_model(model_of(scenario))
    return pacer_for if only in set(DialerType) else partial(_baseline, scenario, only)


def _baseline(scenario: Scenario, baseline: str, settings: DialingSettings) -> Pacer:
    match baseline:
        case "fixed_ratio":
            return FixedRatioPacer(lines_per_agent=scenario.lines_per_agent)
        case "issabel":
            return IssabelPacer()
        case "samuelson":
            return SamuelsonPacer()
        case "optimal":
            return OptimalPacer(model_of(scenario))
        case name:
            return VicidialPacer(
                Adapt(name),
                maximum_level=scenario.vicidial_maximum_level,
                dropped_percentage=100.0 * settings.abandonment.target_ratio,
            )


def model_of(scenario: Scenario) -> Model:
    """The Markov model whose means are the scenario's, as its first campaign has them."""
    campaign = scenario.campaigns[0]
    world = campaign.world
    return Model(
        agents=scenario.agents,
        outcome_mean_s=outcome_mean_s(world),
        handling_mean_s=world.talk_mean_s + world.wrap_mean_s,
        live_ratio=world.human_ratio * (1.0 - campaign.false_machine_ratio),
        patience_mean_s=world.patience_s,
        abandonment_ratio=campaign.abandonment_target_ratio,
    )


def _check_model(model: Model) -> None:
    """Raises SettingsError that says of which parameter the model has too little, and how much it takes."""
    for what, value, least in (
        ("agents", model.agents, 1),
        ("human_ratio × (1 − false_machine_ratio)", model.live_ratio, 0.01),
        ("talk_mean_s + wrap_mean_s", model.handling_mean_s, 1),
        ("patience_s", model.patience_mean_s, 0.1),
        ("mean seconds from dialing to the outcome of an attempt", model.outcome_mean_s, 0.1),
    ):
        if value < least:
            raise SettingsError(
                f"pacer optimal solves a model of the scenario for which {what} must be at least {least:g}, not "
                f"{value:g}."
            )
    if model.states > MAX_STATES:
        raise SettingsError(
            f"pacer optimal solves a model of the scenario that may have at most {MAX_STATES:,} states, not "
            f"{model.states:,}. Fewer agents make it smaller, as do more people who answer and longer contacts."
        )


@lru_cache(maxsize=32)
def outcome_mean_s(world: World) -> float:
    """How long an attempt takes to any outcome, detection included, as the mean of many that are drawn."""
    random = Random(1)
    fates = Fates(world)
    drawn = (fates.draw(random) for _ in range(DRAWS))
    return fmean((fate.ring + fate.detection_time) / SECOND for fate in drawn)
