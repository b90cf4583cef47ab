"""What a person sees who watches a campaign, or all of them: lines of text for a screen of any size.

Decides which figures are shown, in which order, and what goes when there is no room. It is pure: figures in, lines out.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.text import Text

from trunkcall.cli.estimate import attempts_per_minute, estimated_end, in_words
from trunkcall.cli.figures import Figures, Floor, iso
from trunkcall.cli.status import agents_text
from trunkcall.cli.tables import plain_table, printable

LABEL = 11
"""Columns of the names at the left."""
SPARKS = "▁▂▃▄▅▆▇█"
ASCII_SPARKS = "_.-=+*#@"
STATE_STYLES: Mapping[str, str] = {"Running": "bold green", "Paused": "bold yellow", "Initialized": "bold"}
MORE = 30
LEAVE = "Ctrl-C leaves; dialing goes on."


@dataclass(frozen=True, slots=True)
class Seen:
    """What was last heard of the server: one campaign, or all that are going, with the instance's agents. ``trouble``
    says why nothing newer is."""

    campaigns: tuple[Figures, ...]
    floor: Floor | None
    instance_time: datetime
    speed: float
    single: bool
    trouble: str | None = None


@dataclass(slots=True)
class _Section:
    """Lines that belong together. Where there is no room those of little ``worth`` go; of all lines but the first of
    each section the worth is less by MORE."""

    worth: int
    lines: list[Text]


def screen_lines(seen: Seen, width: int, height: int, *, ascii_only: bool = False) -> list[Text]:
    """At most ``height`` lines, none wider than ``width`` columns."""
    sections = _campaign(seen, width, ascii_only) if seen.single else _campaigns(seen, width, height)
    if seen.trouble is not None:
        sections.insert(0, _Section(100, _fold(seen.trouble, width, "bold red")))
    sections.append(_Section(0, [Text(), Text(LEAVE, style="dim")]))
    while sum(len(section.lines) for section in sections) > height:
        victim = min((s for s in sections if s.lines), key=lambda s: s.worth - (MORE if len(s.lines) > 1 else 0))
        victim.lines.pop()
        if victim.lines and victim.lines[-1]:
            victim.lines[-1].append(" …")
    found = [line for section in sections for line in section.lines]
    for line in found:
        line.truncate(width, overflow="ellipsis")
    return found


def plain_line(seen: Seen) -> str:
    """The same in one line, for logs and pipes."""
    waiting, in_progress, attempts = (
        sum(getattr(figures, name) for figures in seen.campaigns) for name in ("waiting", "in_progress", "attempts")
    )
    counts = f"{waiting:,} waiting, {in_progress:,} in progress, {attempts:,} attempts"
    busy = ""
    if seen.floor is not None and seen.floor.at_work:
        free = seen.floor.agents.get("Available", 0)
        busy = f", {seen.floor.at_work - free:,} of {seen.floor.at_work:,} agents busy"
    at = iso(seen.instance_time)
    if not seen.single:
        states = Counter(figures.state for figures in seen.campaigns)
        going = ", ".join(f"{number:,} {state}" for state, number in states.items()) or "no campaign is Running"
        return f"{at} {going}: {counts}{busy}"
    (figures,) = seen.campaigns
    rate = attempts_per_minute(figures)
    pace = f" ({rate:,.0f} a minute)" if rate is not None else ""
    return (
        f"{at} {printable(figures.name)} is {figures.state}: {counts}{pace}, {figures.live_answers or 0:,} live, "
        f"{_abandonment(figures)}{busy}, done {_end(figures, seen.speed)}"
    )


def progress_facts(figures: Figures) -> list[tuple[str, str]]:
    """What is so of a campaign, in words."""
    ends = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in figures.dispositions.items())
    found = [
        ("name", figures.name),
        ("state", figures.state),
        (
            "requests",
            f"{figures.accepted:,} accepted: {figures.waiting:,} waiting, {figures.in_progress:,} in progress, "
            f"{figures.ended:,} ended" + (f", {figures.set_aside:,} set aside" if figures.set_aside else ""),
        ),
        ("ended", ends or "none"),
        ("attempts", f"{figures.attempts:,}"),
    ]
    if figures.live_answers is not None:
        found.append(("live answers", f"{figures.live_answers:,}"))
    limit = f"limit {figures.abandonment_target_ratio * 100:g}%"
    found += [
        (f"abandoned {w.window}", f"{w.abandoned:,}/{w.live_answers:,} = {w.abandonment_ratio:.2%} ({limit})")
        for w in figures.abandonment
    ]
    if figures.reason is not None:
        found.append(("why", figures.reason))
    return found


def _campaign(seen: Seen, width: int, ascii_only: bool) -> list[_Section]:
    (figures,) = seen.campaigns
    rate = attempts_per_minute(figures)
    pace = f"{rate:,.0f} a minute" if rate is not None else "not a minute yet"
    live = figures.live_answers or 0
    share = f" ({live / figures.attempts:.1%})" if figures.attempts else ""
    room = max(width - LABEL - len(pace) - 2, 0)
    done = figures.ended / figures.accepted if figures.accepted else 0.0
    counts = f"{figures.waiting:,} waiting, {figures.in_progress:,} in progress, {figures.ended:,} ended"
    ends = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in figures.dispositions.items())
    agents = "none needed" if figures.dialer == "agentless" else "not known while nobody dials"
    sections = [
        _Section(95, [_header(figures, seen, width)]),
        _Section(10, [Text()]),
        _Section(90, _named("pending", counts, width)),
        _Section(40, [_label("").append(_bar(done, width - LABEL - 6, ascii_only)).append(f" {done:>4.0%}")]),
        _Section(80, _named("done", _end(figures, seen.speed), width)),
        _Section(70, [_label("attempts").append(sparkline(figures.attempts_by_minute, room, ascii_only) + f" {pace}")]),
        _Section(30, _named("", f"{figures.attempts:,} in all", width)),
        _Section(75, _named("answers", f"{live:,} live{share}, {figures.connected:,} with an agent", width)),
        _Section(85, _abandonment_lines(figures, width)),
        _Section(78, _named("agents", agents_text(seen.floor) if seen.floor is not None else agents, width)),
        _Section(60, _named("ended", ends or "none yet", width)),
        _Section(82, _named("why", figures.reason or "not known", width)),
    ]
    if seen.floor is not None:
        lines = f"{seen.floor.lines_in_use:,} of {seen.floor.lines:,} in use"
        sections.insert(10, _Section(20, _named("lines", lines, width)))
    return sections


def _campaigns(seen: Seen, width: int, height: int) -> list[_Section]:
    states = Counter(figures.state for figures in seen.campaigns)
    going = ", ".join(f"{number:,} {state}" for state, number in states.items()) or "No campaign is Running"
    head = Text(going, style="bold").append(f"  {_clock(seen)}", style="not bold")
    sections = [_Section(95, [head]), _Section(10, [Text()])]
    if seen.floor is not None:
        sections.append(_Section(80, _named("agents", agents_text(seen.floor), width)))
        lines = f"{seen.floor.lines_in_use:,} of {seen.floor.lines:,} in use"
        sections += [_Section(20, _named("lines", lines, width)), _Section(10, [Text()])]
    if not seen.campaigns:
        text = "`trunkcall campaign list` shows those that there are, `trunkcall campaign start` starts one."
        return [*sections, _Section(90, _fold(text, width))]
    rows = []
    for figures in seen.campaigns:
        rate = attempts_per_minute(figures)
        pace = f"{rate:,.0f}" if rate is not None else "–"
        end = estimated_end(figures)
        worst = figures.tightest
        abandoned = f"{worst.abandonment_ratio:.1%}" if worst is not None and worst.live_answers else "–"
        left = in_words(end.left) if end.left is not None else "–"
        state = figures.state
        rows.append((figures.name, state, f"{figures.waiting:,}", pace, abandoned, f"{figures.connected:,}", left))
    headers = ("NAME", "STATE", "PENDING", "A MINUTE", "ABANDONED", "CONNECTED", "DONE IN")
    used = sum(len(section.lines) for section in sections) + 2
    shown = max(height - used - 2, 1)
    head_line, *table = plain_table(headers, rows[:shown], width, right=headers[2:]).splitlines()
    if len(rows) > shown:
        table.append(f"and {len(rows) - shown:,} more: trunkcall campaign list")
    return [*sections, _Section(90, [Text(head_line, style="dim"), *map(Text, table)])]


def _header(figures: Figures, seen: Seen, width: int) -> Text:
    clock = _clock(seen)
    state = f"{figures.state}, {figures.dialer}"
    if min(len(figures.name), 8) + len(state) + len(clock) + 4 > width:
        state = figures.state
    room = max(width - len(state) - len(clock) - 4, 8)
    name = Text(printable(figures.name), style="bold")
    name.truncate(room, overflow="ellipsis")
    line = name.append("  ").append(state, style=STATE_STYLES.get(figures.state, "bold red"))
    return line.append(" " * max(width - line.cell_len - len(clock), 2)).append(clock)


def _clock(seen: Seen) -> str:
    speed = "" if seen.speed == 1 else f" ({seen.speed:g}x)"
    return f"{seen.instance_time.astimezone():%H:%M:%S}{speed}"


def _end(figures: Figures, speed: float) -> str:
    end = estimated_end(figures)
    if end.left is None or end.end_at is None:
        return f"– ({end.why})"
    at = end.end_at.astimezone()
    same_day = at.date() == figures.instance_time.astimezone().date()
    when = f"{at:%H:%M}" if same_day else f"{at:%a %H:%M}" if end.left < timedelta(days=6) else f"{at:%Y-%m-%d}"
    real = "" if speed == 1 else f" ({in_words(end.left / speed)} of real time)"
    return f"in {in_words(end.left)}, at {when}{real}"


def _abandonment(figures: Figures) -> str:
    worst = figures.tightest
    limit = f"limit {figures.abandonment_target_ratio * 100:g}%"
    if worst is None:
        return f"nothing abandoned ({limit})"
    counts = f"{worst.abandoned:,}/{worst.live_answers:,}"
    return f"{counts} abandoned = {worst.abandonment_ratio:.2%} in {worst.window} ({limit})"


def _abandonment_lines(figures: Figures, width: int) -> list[Text]:
    limit = f"limit {figures.abandonment_target_ratio * 100:g}%"
    lines: list[Text] = []
    for number, window in enumerate(figures.abandonment):
        style = ""
        if window.abandoned:
            style = "red" if window.abandonment_ratio > figures.abandonment_target_ratio else "yellow"
        text = f"{window.abandoned:,}/{window.live_answers:,} = {window.abandonment_ratio:.2%} in {window.window}"
        lines += _named("abandoned" if not number else "", f"{text}, {limit}" if not number else text, width, style)
    return lines or _named("abandoned", f"none ({limit})", width)


def sparkline(numbers: Sequence[int], room: int, ascii_only: bool = False) -> str:
    """The last numbers, one a column, as high as they are beside the greatest."""
    shown = numbers[-room:] if room else ()
    sparks = ASCII_SPARKS if ascii_only else SPARKS
    most = max(shown, default=0)
    return "".join(sparks[round(number / most * (len(sparks) - 1))] if most else sparks[0] for number in shown)


def _bar(share: float, room: int, ascii_only: bool) -> Text:
    full = round(min(share, 1.0) * max(room, 0))
    on, off = ("#", "-") if ascii_only else ("━", "─")
    return Text(on * full, style="green").append(off * (max(room, 0) - full), style="dim")


def _label(name: str) -> Text:
    return Text(f"{name:<{LABEL}}", style="dim").append("", style="not dim")


def _named(name: str, text: str, width: int, style: str = "") -> list[Text]:
    """Text beside a name, folded."""
    folded = textwrap.wrap(text, max(width - LABEL, 16), break_on_hyphens=False)
    return [
        Text().append(f"{name if not number else '':<{LABEL}}", style="dim").append(line, style=style)
        for number, line in enumerate(folded)
    ]


def _fold(text: str, width: int, style: str = "") -> list[Text]:
    return [Text(line, style=style) for line in textwrap.wrap(text, max(width, 16), break_on_hyphens=False)]
