"""A contact flow as a picture: one SVG file, of actions and what leads from each to which.

Decides how it looks: an action is a box with its branches at its right side, errors are dashed, what is never reached
stands apart. Boxes have their own ground, so that it can be read on a light page and on a dark one. It must not know
what an action does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from trunkcall.flows.document import Action, Flow
from trunkcall.flows.language import ACTIONS, Follows
from trunkcall.flows.layout import WIDTH, Edge, Layout, Point, Segment, layered
from trunkcall.flows.naming import is_made_up

MARGIN: Final = 40.0
BESIDE: Final = 64.0
"""Left and right of the boxes: lines turn round there."""
HEAD: Final = 56.0
"""Of a box: its type and its name."""
ROW: Final = 20.0
FOOT: Final = 8.0
SIZE: Final = 12.0
_CHARACTER: Final = 0.56
"""Width of a character, of its size: more than that of most, so that none runs out of its box."""

LINE, ERROR, INK, FAINT, PAPER, APART = "#6b7785", "#c2493d", "#1f2933", "#5d6975", "#ffffff", "#eef0f2"
END, OTHER = "#e7eefb", "#fdf3e1"
"""Grounds of an action that ends the flow, and of one that is not offered."""

_WORDS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class _Way:
    """A branch of an action: what it is taken by, and where it leads."""

    text: str
    target: str
    dashed: bool


def drawing(flow: Flow, title: str) -> str:
    """The SVG document."""
    reachable = flow.reachable()
    met = [flow.start, *(name for name in flow.actions if name in reachable and name != flow.start)]
    missed = [name for name in flow.actions if name not in reachable]
    parts: list[str] = []
    top, width = MARGIN + 44, 0.0
    for names, heading in ((met, ""), (missed, "Never reached")):
        if not names:
            continue
        if heading:
            parts.append(_text(BESIDE, top + 14, heading, size=15, colour=LINE))
            top += 34
        body, layout = _part(flow, names, top, apart=bool(heading))
        parts += body
        top += layout.height + 44
        width = max(width, layout.width)
    width, height = width + 2 * BESIDE, top + MARGIN - 44
    shown = f"{title}: {len(flow.actions)} actions" if len(flow.actions) != 1 else f"{title}: 1 action"
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="{SIZE:g}" role="img">',
        f"<title>{escape(_clean(shown))}</title>",
        f"<defs>{_arrow('to', LINE)}{_arrow('to-error', ERROR)}</defs>",
        _text(BESIDE, MARGIN, shown, size=16, colour=LINE),
    ]
    return "\n".join([*head, *parts, "</svg>", ""])


def _part(flow: Flow, names: Sequence[str], top: float, *, apart: bool) -> tuple[list[str], Layout]:
    ways = {name: _ways(flow.actions[name]) for name in names}
    heights = {name: HEAD + ROW * len(ways[name]) + FOOT for name in names}
    edges = [
        Edge(name, way.target, _row(number), way.dashed)
        for name in names
        for number, way in enumerate(ways[name])
        if way.target in heights
    ]
    layout = layered(heights, edges, HEAD / 2)
    parts = [f'<g transform="translate({BESIDE:.0f} {top:.0f})">']
    parts += [_line(segment) for segment in layout.segments]
    for name, (x, y) in layout.boxes.items():
        parts += _box(flow, flow.actions[name], ways[name], heights, x, y, apart=apart)
    return [*parts, "</g>"], layout


def _ways(action: Action) -> list[_Way]:
    """Its branches. Where there are conditions, NextAction goes without saying if another branch leads to the same."""
    ways = [*action.ways()]
    named = {target for target, text, _ in ways if text} if action.choices else set()
    return [_Way(text, target, error) for target, text, error in ways if text or target not in named]


def _row(number: int) -> float:
    return HEAD + ROW * (number + 0.5)


def _box(
    flow: Flow, action: Action, ways: Sequence[_Way], drawn: Mapping[str, Any], x: float, y: float, *, apart: bool
) -> list[str]:
    known = ACTIONS[action.type]
    ground = APART if apart else END if known.follows is Follows.NEVER else PAPER if known.offered else OTHER
    border = ' stroke-dasharray="5 4"' if apart else ""
    height = HEAD + ROW * len(ways) + FOOT
    heading = " ".join(_WORDS.split(action.type))
    name = "" if is_made_up(action.identifier) else action.identifier
    about = _about(flow, action) if known.offered else "not offered"
    line = ": ".join(each for each in (name, about) if each)
    parts = [
        f"<g><title>{escape(_clean(f'{action.identifier}: {action.type}'))}</title>",
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{WIDTH:g}" height="{height:g}" rx="7" fill="{ground}" '
        f'stroke="{INK if action.identifier == flow.start else LINE}" '
        f'stroke-width="{2.4 if action.identifier == flow.start else 1.2}"{border}/>',
        _text(x + 12, y + 20, _cut(heading, WIDTH - 24, SIZE + 1), size=SIZE + 1, bold=True),
        _text(x + 12, y + 36, _cut(line, WIDTH - 24, SIZE - 1), size=SIZE - 1, colour=FAINT),
    ]
    if ways:
        parts.append(f'<path d="M{x:.1f} {y + HEAD - 10:.1f}h{WIDTH:g}" stroke="{LINE}" stroke-opacity=".4"/>')
    for number, way in enumerate(ways):
        text = way.text or "then"
        if way.target not in drawn:
            text = f"{text} \N{RIGHTWARDS ARROW} {way.target}"
        at = y + _row(number) + 4
        shown = _cut(text, WIDTH - 24, SIZE)
        parts.append(_text(x + WIDTH - 12, at, shown, anchor="end", colour=ERROR if way.dashed else INK))
    return [*parts, "</g>"]


def _about(flow: Flow, action: Action) -> str:
    """What is worth a line of its parameters."""
    given = action.parameters
    for name in ("Text", "SSML", "ComparisonValue"):
        if name in given:
            return " ".join(str(given[name]).split())
    for name in ("PromptId", "QueueId", "LambdaFunctionARN", "ContactFlowId", "HoursOfOperationId"):
        if name in given:
            return _called(flow, action, name) or re.split("[:/]", str(given[name]))[-1]
    for name in (
        "LoopCount",
        "TextToSpeechVoice",
        "MetricType",
    ):
        if name in given:
            return " ".join(str(given[name]).split())
    for name in ("TimeLimitSeconds", "TimeoutSeconds"):
        if name in given:
            return f"{given[name]} s"
    for name in ("Attributes", "EventHooks"):
        if isinstance(given.get(name), dict):
            return ", ".join(f"{key} = {value}" if name == "Attributes" else key for key, value in given[name].items())
    return ""


def _called(flow: Flow, action: Action, name: str) -> str | None:
    """What the console has written beside an id: nobody knows a queue by its ARN. Nobody has checked the layout."""
    beside: Any = flow.document
    for key in ("Metadata", "ActionMetadata", action.identifier, "parameters", name, "displayName"):
        beside = beside.get(key) if isinstance(beside, Mapping) else None
    return beside if isinstance(beside, str) else None


def _line(segment: Segment) -> str:
    begin, end = segment.begin, segment.end
    colour, marker = (ERROR, "to-error") if segment.dashed else (LINE, "to")
    dash = ' stroke-dasharray="6 4"' if segment.dashed else ""
    head = f' marker-end="url(#{marker})"' if segment.arrow else ""
    return f'<path d="{_curve(begin, end)}" fill="none" stroke="{colour}" stroke-width="1.4"{dash}{head}/>'


def _curve(begin: Point, end: Point) -> str:
    if begin.y == end.y and begin.heading == end.heading:
        return f"M{begin.x:.1f} {begin.y:.1f}H{end.x:.1f}"
    reach = 46.0 if begin.heading == end.heading else 60.0
    return (
        f"M{begin.x:.1f} {begin.y:.1f}C{begin.x + reach * begin.heading:.1f} {begin.y:.1f} "
        f"{end.x - reach * end.heading:.1f} {end.y:.1f} {end.x:.1f} {end.y:.1f}"
    )


def _arrow(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0L10 5L0 10z" fill="{colour}"/></marker>'
    )


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: float = SIZE, colour: str = INK, bold: bool = False
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor={quoteattr(anchor)} font-size="{size:g}" fill="{colour}"{weight}>'
        f"{escape(_clean(text))}</text>"
    )


def _cut(text: str, width: float, size: float) -> str:
    """As much of the text as has room, with an ellipsis in place of the rest."""
    room = int(width / (size * _CHARACTER))
    if sum(map(_columns, text)) <= room:
        return text
    kept, used = "", 1
    for character in text:
        used += _columns(character)
        if used > room:
            break
        kept += character
    return f"{kept.rstrip()}…"


def _columns(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _clean(text: str) -> str:
    """Without what no XML document may hold."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
