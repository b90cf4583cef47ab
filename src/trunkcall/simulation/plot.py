"""A shift as a picture: agents, lines and the abandonment ledger over its hours, as one SVG file.

Decides how it looks. Colours and text can be read on light and on dark ground. It must not know how a shift is run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from trunkcall.domain.agent import HANDLING_STATES, STAFFED_STATES
from trunkcall.domain.instants import HOUR, Instant
from trunkcall.engine.snapshot import EngineSnapshot
from trunkcall.simulation.results import Shift

WIDTH, PANEL, GAP, LEFT, RIGHT, TOP = 900, 170, 56, 64, 150, 54
INK = "#7a8088"
COLOURS = ("#8a5bc4", "#2f9e6e", "#d9822b", "#2f7fd1", "#b0559b", "#8f959d")
TICKS_H = (1 / 12, 1 / 4, 1 / 2, 1, 2, 4, 6, 12, 24, 48, 168)
MAX_TICKS = 13


@dataclass(frozen=True, slots=True)
class Frame:
    """The shift at one instant. The ledgers are those of campaigns that have one, by name: the abandonment ratio of the
    shortest window, and what it has left."""

    at: Instant
    handling: int
    staffed: int
    lines: int
    ratios: Mapping[str, float]
    left: Mapping[str, float]


class Film:
    """Frames of one shift."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.target_ratio = 0.0

    def enter(self, snapshot: EngineSnapshot) -> None:
        """Add the engine as it is."""
        first = {c.campaign_id: c.ledger[0] for c in snapshot.campaigns if c.needs_agents and c.ledger}
        self.target_ratio = max((c.ledger_target_ratio for c in snapshot.campaigns), default=0.0)
        self.frames.append(
            Frame(
                at=snapshot.at,
                handling=sum(snapshot.agents[state] for state in HANDLING_STATES),
                staffed=sum(snapshot.agents[state] for state in STAFFED_STATES),
                lines=snapshot.lines,
                ratios={name: total.abandonment_ratio for name, total in first.items()},
                left={name: self.target_ratio * t.live_answers - t.abandoned for name, t in first.items()},
            )
        )


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    colour: str
    values: Sequence[float]
    dashed: bool = False


def drawing(film: Film, shift: Shift) -> str:
    """The SVG document. There must be a frame."""
    frames = film.frames
    hours = [(frame.at - frames[0].at) / HOUR for frame in frames]
    limit = f"limit {film.target_ratio:.1%}"
    panels: list[tuple[str, str, list[_Line]]] = [
        (
            "agents",
            "",
            [
                _Line("at work", "#8f959d", [f.staffed for f in frames]),
                _Line("in a contact", "#2f7fd1", [f.handling for f in frames]),
                _Line("idle", "#d9822b", [f.staffed - f.handling for f in frames]),
            ],
        ),
        ("lines in use", "", [_Line("lines", "#2f9e6e", [f.lines for f in frames])]),
        (
            "abandoned / live answers",
            " %",
            [
                *_of_campaigns("abandonment", "#c9433f", [{k: 100 * v for k, v in f.ratios.items()} for f in frames]),
                _Line(limit, "#c9433f", [100 * film.target_ratio] * len(frames), dashed=True),
            ],
        ),
        ("abandonments left", "", _of_campaigns("headroom", "#8a5bc4", [f.left for f in frames])),
    ]
    height = TOP + len(panels) * (PANEL + GAP)
    title = (
        f"{shift.agents} agents, {shift.hours:g} h, {shift.pacer}, seed {shift.seed}: occupancy "
        f"{shift.occupancy_ratio:.1%}, abandonment {shift.abandonment_ratio:.2%}"
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="sans-serif" font-size="13" fill="{INK}" role="img">',
        f"<title>{escape(title)}</title>",
        _text(LEFT, 26, title, size=16),
    ]
    for number, (name, unit, lines) in enumerate(panels):
        parts += _panel(TOP + number * (PANEL + GAP), name, unit, hours, lines)
    return "\n".join([*parts, "</svg>", ""])


def _of_campaigns(name: str, colour: str, values: Sequence[Mapping[str, float]]) -> list[_Line]:
    """A line for each campaign, from when it is there; that of the only one is called by what it shows."""
    campaigns = list(dict.fromkeys(campaign for value in values for campaign in value))
    if len(campaigns) < 2:
        return [_Line(name, colour, [sum(value.values()) for value in values])]
    return [
        _Line(campaign, COLOURS[number % len(COLOURS)], [value.get(campaign, 0.0) for value in values])
        for number, campaign in enumerate(campaigns)
    ]


def _panel(top: int, name: str, unit: str, hours: Sequence[float], lines: Sequence[_Line]) -> list[str]:
    values = [value for line in lines for value in line.values]
    low, high = min(0.0, min(values)), max(values)
    if high <= low:
        high = low + 1.0
    last = hours[-1] or 1.0
    bottom, right = top + PANEL, WIDTH - RIGHT

    def x(hour: float) -> float:
        return LEFT + (right - LEFT) * hour / last

    def y(value: float) -> float:
        return bottom - PANEL * (value - low) / (high - low)

    parts = [_text(LEFT, top - 8, name)]
    for share in (0.0, 0.5, 1.0):
        value = low + share * (high - low)
        parts.append(_rule(LEFT, y(value), right, y(value)))
        parts.append(_text(LEFT - 8, y(value) + 4, f"{value:.3g}{unit}", anchor="end"))
    step = next((h for h in TICKS_H if last / h < MAX_TICKS), last / MAX_TICKS)
    for tick in range(int(last / step + 1e-9) + 1):
        hour = tick * step
        parts.append(_rule(x(hour), bottom, x(hour), bottom + 5))
        name_of = f"{hour:.4g} h" if step >= 1 else f"{hour * 60:.0f} min"
        parts.append(_text(x(hour), bottom + 19, name_of, anchor="middle"))
    for number, line in enumerate(lines):
        points = " ".join(f"{x(h):.1f},{y(v):.1f}" for h, v in zip(hours, line.values, strict=True))
        dash = ' stroke-dasharray="6 4"' if line.dashed else ""
        parts.append(f'<polyline fill="none" stroke="{line.colour}" stroke-width="1.6"{dash} points="{points}"/>')
        at = top + 16 + 20 * number
        parts.append(f'<path d="M{right + 14} {at - 4}h22" stroke="{line.colour}" stroke-width="3"{dash} fill="none"/>')
        parts.append(_text(right + 42, at, line.name))
    return parts


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{INK}" stroke-opacity=".35"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 13) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'
