"""What the API tells of a campaign's progress, as values, and the JSON that the command line makes of them.

Decides the names of the fields of every ``--json`` about campaigns, which scripts rely on: snake_case, as in all
reports. It must not know how anything looks, nor how it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

STAFFED = ("Available", "Connecting", "Connected", "AfterContactWork")
"""Agent states that count as at work."""


@dataclass(frozen=True, slots=True)
class Window:
    """Abandonments over live answers in one window of the limit (``24h``, ``30d``, ``month``)."""

    window: str
    live_answers: int
    abandoned: int
    abandonment_ratio: float


@dataclass(frozen=True, slots=True)
class Trunk:
    """One trunk of the instance. ``held``: it did not take an attempt a moment ago. ``failing``: attempts on it come to
    nothing, and it is tried now and then alone."""

    trunk_id: str
    host: str
    up: bool
    held: bool
    lines_in_use: int
    lines: int
    attempts_per_s: float
    caller_numbers: tuple[str, ...]
    failing: bool = False


@dataclass(frozen=True, slots=True)
class Floor:
    """Agents by state, and the trunks: their sums, and each. Those who are unheard are counted by state as well."""

    agents: Mapping[str, int]
    agents_unheard: int
    lines_in_use: int
    lines: int
    carrier_up: bool
    trunks: tuple[Trunk, ...]

    @property
    def at_work(self) -> int:
        return sum(self.agents.get(state, 0) for state in STAFFED)


@dataclass(frozen=True, slots=True)
class Figures:
    """One campaign at one instant of the instance's clock. ``live_answers``, ``abandoned``, ``floor``
    and the reason are None in a list; the fields are those of the API's progress (docs/reference/api.md)."""

    id: str
    name: str
    state: str
    dialer: str
    instance_time: datetime
    accepted: int
    waiting: int
    in_progress: int
    set_aside: int
    attempts: int
    in_state: Mapping[str, int]
    dispositions: Mapping[str, int]
    live_answers: int | None
    abandoned: int | None
    abandonment: tuple[Window, ...]
    abandonment_target_ratio: float
    attempts_by_minute: tuple[int, ...]
    floor: Floor | None
    reason_code: str | None
    reason: str | None

    @property
    def ended(self) -> int:
        return sum(self.dispositions.values())

    @property
    def connected(self) -> int:
        """Live answers that an agent has taken, those who are still talking included."""
        return self.dispositions.get("connected_to_agent", 0) + self.in_state.get("Connected", 0)

    @property
    def worked_through(self) -> bool:
        """Whether it had requests, and none of them is left to be dialed or in progress."""
        return self.accepted > 0 and not self.waiting and not self.in_progress

    @property
    def tightest(self) -> Window | None:
        """The window with the fewest abandonments left."""
        target = self.abandonment_target_ratio
        return min(self.abandonment, key=lambda w: target * w.live_answers - w.abandoned, default=None)


def together(floors: Sequence[Floor | None]) -> Floor | None:
    """What the agents and trunks of several instances are doing; None where nobody dials for any."""
    there = [floor for floor in floors if floor is not None]
    if not there:
        return None
    states = dict.fromkeys(state for floor in there for state in floor.agents)
    return Floor(
        agents={state: sum(floor.agents.get(state, 0) for floor in there) for state in states},
        agents_unheard=sum(floor.agents_unheard for floor in there),
        lines_in_use=sum(floor.lines_in_use for floor in there),
        lines=sum(floor.lines for floor in there),
        carrier_up=all(floor.carrier_up for floor in there),
        trunks=tuple(trunk for floor in there for trunk in floor.trunks),
    )


def read_floor(answer: Mapping[str, Any] | None) -> Floor | None:
    """From the API's ``floor``."""
    if answer is None:
        return None
    return Floor(
        agents=answer["agents"],
        agents_unheard=answer["agentsUnheard"],
        lines_in_use=answer["linesInUse"],
        lines=answer["lines"],
        carrier_up=answer["carrierUp"],
        trunks=tuple(map(_read_trunk, answer["trunks"])),
    )


def _read_trunk(answer: Mapping[str, Any]) -> Trunk:
    return Trunk(
        trunk_id=answer["trunkId"],
        host=answer["host"],
        up=answer["up"],
        held=answer["held"],
        lines_in_use=answer["linesInUse"],
        lines=answer["lines"],
        attempts_per_s=answer["attemptsPerSecond"],
        caller_numbers=tuple(answer["callerNumbers"]),
        failing=answer["failing"],
    )


def read_figures(answer: Mapping[str, Any]) -> Figures:
    """From the API's ``progress``."""
    return Figures(
        id=answer["campaignId"],
        name=answer["name"],
        state=answer["state"],
        dialer=answer["dialer"],
        instance_time=answer["instanceTime"].astimezone(UTC),
        accepted=answer["accepted"],
        waiting=answer["waiting"],
        in_progress=answer["inProgress"],
        set_aside=answer["setAside"],
        attempts=answer["attempts"],
        in_state=answer["inState"],
        dispositions=dict(sorted(answer["dispositions"].items(), key=lambda item: (-item[1], item[0]))),
        live_answers=answer.get("liveAnswers"),
        abandoned=answer.get("abandoned"),
        abandonment=tuple(
            Window(w["window"], w["liveAnswers"], w["abandoned"], w["abandonmentRatio"]) for w in answer["abandonment"]
        ),
        abandonment_target_ratio=answer["abandonmentTargetRatio"],
        attempts_by_minute=tuple(answer["attemptsByMinute"]),
        floor=read_floor(answer.get("floor")),
        reason_code=answer.get("reason", {}).get("code"),
        reason=answer.get("reason", {}).get("text"),
    )


def to_json(figures: Figures) -> dict[str, Any]:
    """The fields by their names, the time in ISO 8601; what a list does not have is left out."""
    found = {name: value for name, value in asdict(figures).items() if value is not None}
    found["instance_time"] = iso(figures.instance_time)
    return found


def iso(moment: datetime) -> str:
    """As the rest of the command line writes times: UTC, with a Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Ask:
    """The questions, asked with a client of Trunkcall's own service. They raise what the client does."""

    own: Any

    def campaign(self, campaign_id: str) -> Figures:
        return read_figures(self.own.get_campaign_progress(id=campaign_id)["progress"])

    def campaigns(self, *states: str) -> Iterator[Figures]:
        """Every campaign, oldest first; of these states alone, if some are named."""
        token: dict[str, str] = {}
        while True:
            page = self.own.list_campaign_progress(states=list(states), **token)
            yield from map(read_figures, page["campaigns"])
            if "nextToken" not in page:
                return
            token = {"nextToken": page["nextToken"]}
