"""Where the boxes of a picture stand, and how lines run between them: in layers, from left to right.

Decides a layout in which no line runs through a box: a line that passes a layer has a place of its own in it, and lines
to the same box share theirs. It must not know what the boxes are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

WIDTH: Final = 264.0
"""Of a box."""
BETWEEN_LAYERS: Final = 96.0
BETWEEN_BOXES: Final = 26.0
BETWEEN_LINES: Final = 14.0
_SWEEPS: Final = 8


class Edge(NamedTuple):
    """A line from one box to another: ``at`` is how far below the source's upper edge it begins."""

    source: str
    target: str
    at: float
    dashed: bool = False


class Point(NamedTuple):
    """A point that a line goes through, and whether it does so to the right (1) or to the left (-1)."""

    x: float
    y: float
    heading: int = 1


class Segment(NamedTuple):
    """A part of a line."""

    begin: Point
    end: Point
    dashed: bool
    arrow: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """``boxes`` are the upper left corners. Everything is within ``width`` and ``height`` from the origin."""

    boxes: Mapping[str, tuple[float, float]]
    segments: Sequence[Segment]
    width: float
    height: float


@dataclass(eq=False, slots=True)
class _Place:
    """What takes up room in a layer: a box, or lines that pass it."""

    layer: int
    height: float
    gap: float
    y: float = 0.0
    before: list[_Joint] = field(default_factory=list)
    after: list[_Joint] = field(default_factory=list)
    """Lines from and to the neighbouring layers."""


class _Joint(NamedTuple):
    """A line to another place: how far below the upper edge it begins there, and here."""

    other: _Place
    there: float
    here: float


def layered(heights: Mapping[str, float], edges: Sequence[Edge], entry: float) -> Layout:
    """Lay out boxes of these heights, the first one first. Lines end ``entry`` below a box's upper edge. There must be
    a box; every edge joins two of them."""
    layers = _layers(list(heights), edges)
    boxes = {name: _Place(layers[name], height, BETWEEN_BOXES) for name, height in heights.items()}
    columns: list[list[_Place]] = [[] for _ in range(max(layers.values()) + 1)]
    for place in boxes.values():
        columns[place.layer].append(place)
    routes = _routes(boxes, edges, columns, entry)
    _order(columns)
    _align(columns)
    top = min(place.y for column in columns for place in column)
    for place in (place for column in columns for place in column):
        place.y -= top
    segments = dict.fromkeys(
        segment
        for route in routes
        for segment in _segments(route, boxes[route.edge.source], boxes[route.edge.target], entry)
    )
    return Layout(
        {name: (_x(place.layer), place.y) for name, place in boxes.items()},
        list(segments),
        _x(len(columns) - 1) + WIDTH,
        max(place.y + place.height for column in columns for place in column),
    )


def _x(layer: int) -> float:
    return layer * (WIDTH + BETWEEN_LAYERS)


def _layers(names: Sequence[str], edges: Iterable[Edge]) -> dict[str, int]:
    """The layer of each box: past all from which a line leads to it, but for lines that close a circle."""
    after: dict[str, list[str]] = {name: [] for name in names}
    for edge in edges:
        after[edge.source].append(edge.target)
    state: dict[str, int] = {}
    finished: list[str] = []
    closing: set[tuple[str, str]] = set()
    for root in names:
        if root in state:
            continue
        state[root] = 1
        path = [(root, iter(after[root]))]
        while path:
            name, rest = path[-1]
            target = next(rest, None)
            if target is None:
                state[name] = 2
                finished.append(name)
                path.pop()
            elif target not in state:
                state[target] = 1
                path.append((target, iter(after[target])))
            elif state[target] == 1:
                closing.add((name, target))
    layers = dict.fromkeys(names, 0)
    for name in reversed(finished):
        for target in after[name]:
            if (name, target) not in closing:
                layers[target] = max(layers[target], layers[name] + 1)
    return layers


class _Route(NamedTuple):
    """What a line passes on its way, in its order. Where it comes to a place that lines to the same box pass already,
    it is ``joined`` to them there, and goes no further by itself."""

    edge: Edge
    vias: list[_Place]
    joined: bool


def _routes(
    boxes: Mapping[str, _Place], edges: Sequence[Edge], columns: list[list[_Place]], entry: float
) -> list[_Route]:
    """The routes of all lines; a line backwards passes the layers of its ends as well."""
    passed: dict[tuple[str, bool, bool, int], _Place] = {}
    routes = []
    for edge in edges:
        source, target = boxes[edge.source], boxes[edge.target]
        back = target.layer <= source.layer
        way = range(source.layer, target.layer - 1, -1) if back else range(source.layer + 1, target.layer)
        vias: list[_Place] = []
        joined = False
        for layer in way:
            key = (edge.target, edge.dashed, back, layer)
            joined = key in passed
            if not joined:
                passed[key] = _Place(layer, 0.0, BETWEEN_LINES)
                columns[layer].append(passed[key])
            vias.append(passed[key])
            if joined:
                break
        stops = vias if back else [source, *vias, *([] if joined else [target])]
        for one, other in pairwise(stops):
            left, right = (other, one) if back else (one, other)
            begins, ends = (edge.at if left is source else 0.0), (entry if right is target else 0.0)
            left.after.append(_Joint(right, ends, begins))
            right.before.append(_Joint(left, begins, ends))
        routes.append(_Route(edge, vias, joined))
    return routes


def _order(columns: list[list[_Place]]) -> None:
    """Put what is joined side by side: each layer by the middle of its neighbours, to and fro."""
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        rank = {id(place): n / max(len(column), 1) for column in columns for n, place in enumerate(column)}
        for column in columns if forward else reversed(columns):
            wanted = {}
            for place in column:
                joined = place.before if forward else place.after
                ranks = [rank[id(joint.other)] for joint in joined]
                wanted[id(place)] = sum(ranks) / len(ranks) if ranks else rank[id(place)]
            column.sort(key=lambda place: wanted[id(place)])
            for n, place in enumerate(column):
                rank[id(place)] = n / len(column)


def _align(columns: list[list[_Place]]) -> None:
    """Give each place the height at which its lines run straight, as far as its neighbours leave room."""
    for column in columns:
        _stack(column, [0.0] * len(column))
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for column in columns if forward else reversed(columns):
            wanted = []
            for place in column:
                joined = place.before if forward else place.after
                ends = [joint.other.y + joint.there - joint.here for joint in joined]
                wanted.append(sum(ends) / len(ends) if ends else place.y)
            _stack(column, wanted)


def _stack(column: Sequence[_Place], wanted: Sequence[float]) -> None:
    """As near to what is wanted as may be without running into one another: midway between pushing down and up."""
    down: list[float] = []
    for place, y in zip(column, wanted, strict=True):
        above = column[len(down) - 1] if down else None
        down.append(y if above is None else max(y, down[-1] + above.height + max(above.gap, place.gap)))
    up: list[float] = []
    for place, y in zip(reversed(column), reversed(wanted), strict=True):
        below = column[len(column) - len(up)] if up else None
        up.append(y if below is None else min(y, up[-1] - place.height - max(below.gap, place.gap)))
    for place, high, low in zip(column, down, reversed(up), strict=True):
        place.y = (high + low) / 2


def _segments(route: _Route, source: _Place, target: _Place, entry: float) -> Iterator[Segment]:
    points = [Point(_x(source.layer) + WIDTH, source.y + route.edge.at)]
    heading = -1 if target.layer <= source.layer else 1
    for via in route.vias:
        left, right = Point(_x(via.layer), via.y, heading), Point(_x(via.layer) + WIDTH, via.y, heading)
        points += [left, right][::heading]
    if route.joined:
        points.pop()
    else:
        points.append(Point(_x(target.layer), target.y + entry))
    for number, (begin, end) in enumerate(pairwise(points)):
        yield Segment(begin, end, route.edge.dashed, arrow=not route.joined and number == len(points) - 2)
