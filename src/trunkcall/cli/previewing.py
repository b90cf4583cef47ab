"""What the server's calling rules would make of a list, summed up for whoever is about to load it.

Decides what is counted and how it is shown. It is an ordinary client of PreviewDialRequests, in the place of the one
that a list is submitted through: so a check says of each row what a load would.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from trunkcall.aws.campaigns_v1 import REFUSED_ITEMS_JSON_HEADER
from trunkcall.cli.tables import plain_table, terminal_width
from trunkcall.domain.instants import from_datetime
from trunkcall.service.calling.words import by_the_wall, in_utc, named

BATCH: Final = 500
"""Most items of one PreviewDialRequests (the service model's limit)."""
MOST_ROWS: Final = 20
"""Rows of the table of time zones. More are told to programs."""


@dataclass(slots=True)
class ZoneSum:
    """Numbers that are looked at by the clocks of the same zones, and from when on the first of them may be dialed;
    None at once."""

    numbers: int = 0
    opens_at: datetime | None = None


@dataclass(slots=True)
class PreviewSums:
    """What would become of a list."""

    at: datetime | None = None
    trouble: str | None = None
    at_once: int = 0
    later: Counter[str] = field(default_factory=Counter)
    """By the reason's code."""
    expire_first: int = 0
    """Of those, whose turn comes after they expire."""
    refused: Counter[str] = field(default_factory=Counter)
    zones: dict[tuple[str, ...], ZoneSum] = field(default_factory=dict)


class PreviewClient:
    """Stands for the API that a list is submitted to: asks what would become of each item, and submits nothing."""

    def __init__(self, own: Any) -> None:
        self._own = own
        self.sums = PreviewSums()

    def put_dial_request_batch(self, *, id: str, dialRequests: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: A002 - the API's names
        asked = [{name: each[name] for name in ("phoneNumber", "attributes")} for each in dialRequests]
        answer = self._own.preview_dial_requests(id=id, dialRequests=asked)
        self.sums.at = self.sums.at or answer["instanceTime"]
        self.sums.trouble = answer.get("trouble")
        accepted, failed, reasons = [], [], []
        for number, (item, preview) in enumerate(zip(dialRequests, answer["previews"], strict=True), 1):
            if preview["outcome"] == "refused":
                self.sums.refused[preview["reason"]["code"]] += 1
                failed.append({"clientToken": item["clientToken"], "failureCode": "InvalidInput"})
                reasons.append({"item": number, "reason": preview["reason"]["text"]})
            else:
                accepted.append(item)
                self._count(preview, item["expirationTime"])
        headers = {REFUSED_ITEMS_JSON_HEADER: json.dumps(reasons)}
        return {
            "successfulRequests": accepted,
            "failedRequests": failed,
            "ResponseMetadata": {"HTTPHeaders": headers},
        }

    def _count(self, preview: dict[str, Any], expires: datetime) -> None:
        until = preview.get("heldUntil")
        if until is None:
            self.sums.at_once += 1
        else:
            self.sums.later[preview["reason"]["code"]] += 1
            self.sums.expire_first += until >= expires
        zone = self.sums.zones.setdefault(tuple(preview["timeZones"]), ZoneSum(opens_at=until))
        zone.numbers += 1
        if until is None or zone.opens_at is None:
            zone.opens_at = None
        else:
            zone.opens_at = min(zone.opens_at, until)


def in_lines(sums: PreviewSums) -> list[str]:
    """What a person is told."""
    lines = []
    if sums.trouble is not None:
        lines.append(f"At the moment nobody is dialed for the campaign: {sums.trouble}")
    lines.append(
        f"calling rules: {sums.at_once:,} to be called at once, {sums.later.total():,} later, "
        f"{sums.refused.total():,} refused"
    )
    lines += [f"later, {_words(code)}: {number:,}" for code, number in sorted(sums.later.items())]
    if sums.expire_first:
        lines.append(f"expire before they may be called, see --expires-in: {sums.expire_first:,}")
    lines += [f"refused, {_words(code)}: {number:,}" for code, number in sorted(sums.refused.items())]
    if sums.later:
        lines.append(_table(sums))
    return lines


def for_programs(sums: PreviewSums) -> dict[str, Any]:
    """The same in JSON."""
    return {
        "instance_time": sums.at.isoformat() if sums.at is not None else None,
        "trouble": sums.trouble,
        "at_once": sums.at_once,
        "later": dict(sums.later),
        "expire_first": sums.expire_first,
        "refused": dict(sums.refused),
        "time_zones": [
            {
                "names": list(zones),
                "numbers": zone.numbers,
                "opens_at": zone.opens_at.isoformat() if zone.opens_at is not None else None,
            }
            for zones, zone in _by_size(sums)
        ],
    }


def _by_size(sums: PreviewSums) -> list[tuple[tuple[str, ...], ZoneSum]]:
    return sorted(sums.zones.items(), key=lambda each: (-each[1].numbers, each[0]))


def _table(sums: PreviewSums) -> str:
    found = _by_size(sums)
    rows = [
        (named(zones) if zones else "unknown", f"{zone.numbers:,}", _opens(zones, zone.opens_at))
        for zones, zone in found[:MOST_ROWS]
    ]
    table = plain_table(("TIME ZONE", "NUMBERS", "OPENS"), rows, terminal_width(), right=("NUMBERS",))
    left = len(found) - len(rows)
    return f"{table}\n… and {left:,} more" if left else table


def _opens(zones: tuple[str, ...], at: datetime | None) -> str:
    if at is None:
        return "now"
    instant = from_datetime(at)
    return f"{in_utc(instant)}, {by_the_wall(zones, instant)} there"


def _words(code: str) -> str:
    return code.replace("_", " ")
