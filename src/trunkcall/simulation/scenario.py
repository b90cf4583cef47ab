"""A shift to be simulated: its campaigns, its agents, its limits.

Decides names, units, defaults and ranges of a scenario's parameters, and how a TOML file or ``--set`` gives them. It
must not know how a shift is run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from trunkcall.domain.campaign import DialerType
from trunkcall.domain.errors import SettingsError, did_you_mean
from trunkcall.simulation.campaign import PARAMETERS, Campaign, changed, check, converted, values_of_campaign
from trunkcall.simulation.parameters import check_ranges, convert, unknown
from trunkcall.simulation.trunks import ScenarioTrunk, check_trunks, read_trunk, values_of_trunk


@dataclass(frozen=True, slots=True)
class Team:
    """Agents who serve some of the queues only."""

    agents: int
    """How many of the scenario's agents they are, at least 1."""
    queues: tuple[str, ...]
    """The queues that they serve, each that of some campaign."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Parameters beside those of campaigns. Hours are of the shift; ratios are shares."""

    campaign: Campaign = field(default_factory=Campaign)
    """What every campaign has that does not say otherwise."""
    tables: tuple[Mapping[str, object], ...] = ()
    """What each ``[[campaign]]`` table says otherwise. Kept apart, so that ``--set`` can change what they all share."""
    teams: tuple[Team, ...] = ()
    """Agents in no team serve every queue."""
    trunks: tuple[ScenarioTrunk, ...] = ()
    """One of ``channels`` and ``attempts_per_s`` where there are none."""
    agents: int = 20
    """How many agents there are."""
    hours: float = 8.0
    """How long the shift is, 0.001 to 8784."""
    late_agents: int = 0
    """How many of the agents, the last ones, come `late_by_h` after the shift has begun."""
    late_by_h: float = 1.0
    """How late they come."""
    leaving_agents: int = 0
    """How many of the agents, the first ones, go home `leave_at_h` into the shift."""
    leave_at_h: float = 6.0
    """When they go."""
    break_every_h: float = 0.0
    """How long an agent works between breaks, on average (exponential), at least 0.01; 0 is without breaks."""
    break_length_s: float = 600.0
    """How long each break is."""
    persistent_connections: bool = False
    """Whether each agent's leg stays up from one contact to the next."""
    session_drop_per_h: float = 0.0
    """How often an hour the network loses such a leg, on average (exponential); 0 is never. Only with
    `persistent_connections`."""
    carrier_delay_s: float = 0.0
    """How late the carrier's reports arrive, on average (exponential)."""
    burst_every_h: float = 0.0
    """How often the carrier fails for a while; 0 is never."""
    burst_length_s: float = 60.0
    """How long it fails."""
    burst_share: float = 1.0
    """Of the attempts during such a burst, how many fail at once."""
    channels: int = 1000
    """How many lines the trunk has, where there are no tables of trunks."""
    attempts_per_s: float = 50.0
    """How many attempts a second it takes, at least 0.01, with a burst of one second's."""
    ledger: bool = True
    """Whether the ledger binds the pacers."""
    lines_per_agent: float = 1.2
    """Of the baseline `fixed_ratio`: lines for each agent at work, those of agents who talk included."""
    vicidial_maximum_level: float = 3.0
    """Of the baselines `vicidial_…`: the most lines for each agent."""

    @property
    def campaigns(self) -> tuple[Campaign, ...]:
        """The campaigns of the shift, in the order of their tables; the default one where there are none."""
        return tuple(changed(self.campaign, table) for table in self.tables) or (self.campaign,)

    @property
    def queues_of_agents(self) -> list[tuple[str, ...]]:
        """The queues of each agent. The teams come first."""
        every = tuple(dict.fromkeys(campaign.queue for campaign in self.campaigns))
        teams = [team.queues for team in self.teams for _ in range(team.agents)]
        return teams + [every] * (self.agents - len(teams))


NOT_PARAMETERS: Final = frozenset({"campaign", "tables", "teams", "trunks", "world"})
"""Fields that hold parameters in the place of being one."""
_OWN: Final = {f.name for f in fields(Scenario)} - NOT_PARAMETERS
_SHARED: Final = PARAMETERS - {"name"}
_LIKE: Final = Scenario()


def with_values(scenario: Scenario, values: Mapping[str, object], source: str) -> Scenario:
    """The scenario with some parameters changed, by their names as in a file; ``campaign.NAME.parameter`` is that of
    one campaign. Raises SettingsError that says which one and what would be right."""
    own: dict[str, Any] = {}
    shared: dict[str, object] = {}
    tables = list(scenario.tables)
    for name, value in values.items():
        if name == "campaign":
            tables = [
                converted(scenario.campaign, table, f"campaign {number} of {source}")
                for number, table in enumerate(_tables(name, value, source), 1)
            ]
        elif name == "team":
            own["teams"] = tuple(
                _team(table, f"team {number} of {source}")
                for number, table in enumerate(_tables(name, value, source), 1)
            )
        elif name == "trunk":
            own["trunks"] = tuple(
                read_trunk(table, f"trunk {number} of {source}")
                for number, table in enumerate(_tables(name, value, source), 1)
            )
        elif name.startswith(("team.", "trunk.")):
            kind, _, _ = name.partition(".")
            raise SettingsError(f"{source} has {name}, but what a {kind} has is said in its table [[{kind}]] alone.")
        elif name.startswith("campaign."):
            _change_table(tables, name, value, scenario.campaign, source)
        elif name in _OWN:
            own[name] = convert(name, value, getattr(scenario, name), source)
        elif name in _SHARED:
            shared[name] = value
        else:
            raise unknown(name, source, "scenario", _OWN | _SHARED)
    campaign = changed(scenario.campaign, converted(scenario.campaign, shared, source))
    result = replace(scenario, campaign=campaign, tables=tuple(tables), **own)
    _check(result, source)
    return result


def values_of(scenario: Scenario) -> dict[str, object]:
    """Every parameter by its name, as ``with_values`` takes them."""
    values: dict[str, object] = {name: getattr(scenario, name) for name in _OWN}
    values |= values_of_campaign(scenario.campaign)
    del values["name"]
    if scenario.tables:
        values["campaign"] = [dict(table) for table in scenario.tables]
    if scenario.teams:
        values["team"] = [{"agents": team.agents, "queues": list(team.queues)} for team in scenario.teams]
    if scenario.trunks:
        values["trunk"] = [values_of_trunk(trunk) for trunk in scenario.trunks]
    return dict(sorted(values.items()))


def read_scenario(path: Path) -> Scenario:
    """A scenario from a TOML file of parameters by their names. Raises SettingsError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"The scenario {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"The scenario {path} is not UTF-8, as TOML is. Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The scenario {path} is not TOML: {error}.") from error
    return with_values(Scenario(), table, str(path))


def assignments(texts: Sequence[str]) -> dict[str, object]:
    """``key=value`` texts as a mapping. Raises SettingsError."""
    values: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise SettingsError(f"--set takes NAME=VALUE or campaign.CAMPAIGN.NAME=VALUE, not {text!r}.")
        values[name.strip()] = value.strip()
    return values


def _tables(name: str, value: object, source: str) -> list[dict[str, object]]:
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise SettingsError(f"{name} in {source} must be tables, each headed [[{name}]].")
    return value


def _team(table: Mapping[str, object], source: str) -> Team:
    for name in table:
        if name not in ("agents", "queues"):
            raise unknown(name, source, "team", ("agents", "queues"))
    agents = convert("agents", table.get("agents", 0), 0, source)
    queues = table.get("queues")
    if not isinstance(agents, int) or agents < 1:
        raise SettingsError(f"agents in {source} must be at least 1.")
    if not isinstance(queues, list) or not queues or not all(isinstance(queue, str) for queue in queues):
        raise SettingsError(f'queues in {source} must be a list of names, such as ["sales"].')
    return Team(agents, tuple(dict.fromkeys(queues)))


def _change_table(tables: list[Mapping[str, object]], name: str, value: object, like: Campaign, source: str) -> None:
    """Change one parameter of one campaign that has a table."""
    _, _, rest = name.partition(".")
    campaign_name, _, parameter = rest.rpartition(".")
    for number, table in enumerate(tables):
        if table.get("name") == campaign_name:
            tables[number] = {**table, **converted(like, {parameter: value}, f"{source} of {campaign_name}")}
            return
    if not campaign_name or not parameter:
        raise SettingsError(f"{source} has {name}, but what changes one campaign is campaign.CAMPAIGN.NAME.")
    if not tables:
        raise SettingsError(
            f"{source} has {name}, but the scenario has no [[campaign]] table: give {parameter}, without campaign."
        )
    known = [str(table.get("name")) for table in tables]
    raise SettingsError(
        f"{source} has {name}, but no [[campaign]] table of the scenario has the name {campaign_name!r}."
        f"{did_you_mean(campaign_name, known)} There are: {', '.join(known)}."
    )


def _check(scenario: Scenario, source: str) -> None:
    check_ranges(scenario, source)
    check(scenario.campaign, source)
    names: set[object] = set()
    limits: dict[str, tuple[int, str]] = {}
    for number, (table, campaign) in enumerate(zip(scenario.tables, scenario.campaigns, strict=False), 1):
        place = f"campaign {number} of {source}"
        if "name" not in table:
            raise SettingsError(f"{place} has no name. Each campaign needs one of its own.")
        check(campaign, place)
        if campaign.name in names:
            raise SettingsError(f"{place} has the name {campaign.name!r}, which another has. Each needs its own.")
        names.add(campaign.name)
        own = (campaign.max_contacts, campaign.name)
        most, other = own if campaign.pacer == DialerType.AGENTLESS else limits.setdefault(campaign.queue, own)
        if most != campaign.max_contacts:
            raise SettingsError(
                f"max_contacts in {place} is {campaign.max_contacts}, but {most} in {other!r}, which has the same "
                f"queue {campaign.queue!r}. Say the same in both."
            )
        if len(scenario.tables) > 1 and campaign.pacer not in set(DialerType):
            raise SettingsError(
                f"pacer in {place} must be predictive, progressive or agentless: {campaign.pacer} can only be compared "
                "with where there is one campaign."
            )
    for name, number in (("late_agents", scenario.late_agents), ("leaving_agents", scenario.leaving_agents)):
        if number > scenario.agents:
            raise SettingsError(f"{name} in {source} is {number}, but there are only {scenario.agents} agents.")
    if scenario.session_drop_per_h and not scenario.persistent_connections:
        raise SettingsError(f"session_drop_per_h in {source} needs persistent_connections.")
    _check_teams(scenario, source)
    for name in ("channels", "attempts_per_s"):
        if scenario.trunks and getattr(scenario, name) != getattr(_LIKE, name):
            raise SettingsError(
                f"{name} in {source} is of the one trunk that there is without tables of trunks: say it in each "
                "[[trunk]]."
            )
    check_trunks(scenario.trunks, source)


def _check_teams(scenario: Scenario, source: str) -> None:
    in_teams = sum(team.agents for team in scenario.teams)
    if in_teams > scenario.agents:
        raise SettingsError(f"The teams in {source} have {in_teams} agents, but there are only {scenario.agents}.")
    known = {campaign.queue for campaign in scenario.campaigns}
    for number, team in enumerate(scenario.teams, 1):
        for queue in team.queues:
            if queue not in known:
                raise SettingsError(
                    f"team {number} of {source} serves the queue {queue!r}, which is that of no campaign."
                    f"{did_you_mean(queue, known)} There are: {', '.join(sorted(known))}."
                )
