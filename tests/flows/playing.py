"""A contact in a flow, as the tests tell of it: what happens, one thing after another, and what was to be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.flow import Taken
from trunkcall.domain.instants import SECOND
from trunkcall.flows.checking import check
from trunkcall.flows.document import Flow
from trunkcall.flows.progress import Begun, Event, Order, Progress, Prompt, Purpose, Speech, Timer
from trunkcall.flows.references import Path
from trunkcall.flows.running import Limits, step

NOW = 1_700_000_000 * SECOND


class Around:
    """Surroundings that the tests make up."""

    def __init__(self, content: str, others: Mapping[str, str]) -> None:
        self.flows = {name: made(text) for name, text in {"flow": content, **others}.items()}
        self.queues = {"q-1", "q-2"}
        self.hours: dict[str | None, bool] = {None: True}
        """Whether it is open, by hours, by queue, or in general."""
        self.metrics: dict[tuple[str, str | None], int] = {}
        """By name and queue."""
        self.values = {"CustomerEndpoint.Address": "+12025550123"}
        self.names: dict[str | None, str] = {None: "Sales", "q-1": "Support"}
        """Of queues; None for the campaign's."""
        self.percents: Iterable[int] = ()

    def flow(self, flow_id: str) -> Flow | None:
        return self.flows.get(flow_id)

    def queue(self, queue_id: str) -> str | None:
        name = queue_id.rpartition("/")[2]
        return name if name in self.queues else None

    def is_open(self, hours_id: str | None, queue_id: str | None) -> bool | None:
        return self.hours.get(hours_id or queue_id)

    def metric(self, name: str, queue_id: str | None) -> int | None:
        return self.metrics.get((name, queue_id))

    def value(self, path: Path, queue_id: str | None) -> str | None:
        return self.names.get(queue_id) if path == ("Queue", "Name") else self.values.get(".".join(path))

    def number(self, keys: str, country: str | None) -> str | None:
        if not keys.isdecimal() or len(keys) < 10:
            return None
        return f"+1{keys}" if country == "US" else f"+{keys}"

    def percent(self) -> int:
        self.percents = iter(self.percents)
        return next(self.percents)


def text(value: str) -> Prompt:
    return Prompt(Speech.TEXT, value)


def made(content: str) -> Flow:
    checked = check(content)
    assert checked.flow is not None, checked.problems
    return checked.flow


class Played:
    """A contact that goes through a flow; ``others`` are flows by id to which it may go on."""

    def __init__(
        self,
        content: str,
        *,
        detection: DetectionStatus | None = DetectionStatus.HUMAN_ANSWERED,
        attributes: Mapping[str, str] | None = None,
        purpose: Purpose = Purpose.CONTACT,
        limits: Limits | None = None,
        others: Mapping[str, str] | None = None,
    ) -> None:
        self.around = Around(content, others or {})
        self.now = NOW
        self.at = Progress("flow", purpose, detection=detection, attributes=attributes or {})
        self.limits = limits
        self.orders: list[Order] = []
        self.taken: list[Taken] = []

    def begin(self) -> list[Order]:
        return self.hear(Begun())

    def hear(self, event: Event, *, after_s: float = 0) -> list[Order]:
        """What is to be done when this happens."""
        self.now += int(after_s * SECOND)
        came_to = step(self.at, event, self.now, self.around, self.limits)
        self.at = came_to.progress
        self.orders += came_to.orders
        self.taken += came_to.taken
        return [*came_to.orders]

    def wait(self) -> list[Order]:
        """Nothing happens until the time is over."""
        assert self.at.until is not None
        self.now = max(self.now, self.at.until)
        return self.hear(Timer())

    @property
    def way(self) -> list[tuple[str, str | None]]:
        """The actions that were left, and by which branch."""
        return [(each.action_id, each.branch) for each in self.taken]
