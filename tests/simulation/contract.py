"""What a carrier owes its dialer (``trunkcall.telephony.carrier``), told from its events alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from trunkcall.engine.events import (
    DetectionEnded,
    LegAnswered,
    LegEnded,
    LegRang,
    LegsBridged,
    LegsUnbridged,
    PlaybackEnded,
)


def breaches(events: Iterable[Any], *, detected: frozenset[str]) -> list[str]:
    """How the events break the contract; none of the legs may be left without its end. ``detected`` are the legs for
    which detection was asked for."""
    told: defaultdict[str, Counter[str]] = defaultdict(Counter)
    found: list[str] = []
    plays: Counter[str] = Counter()
    for event in events:
        kind = type(event).__name__
        match event:
            case LegsBridged() | LegsUnbridged():
                legs = [event.customer_leg_id, event.agent_leg_id]
            case _ if hasattr(event, "leg_id"):
                legs = [event.leg_id]
            case _:
                continue
        for leg_id in legs:
            before = told[leg_id]
            if before["LegEnded"]:
                found.append(f"{kind} of {leg_id} after its end")
            match event:
                case LegRang() if before["LegRang"] or before["LegAnswered"]:
                    found.append(f"{leg_id} rings after {dict(before)}")
                case LegAnswered() if before["LegAnswered"]:
                    found.append(f"{leg_id} is answered twice")
                case DetectionEnded() if before["DetectionEnded"] or not before["LegAnswered"]:
                    found.append(f"detection ends on {leg_id} after {dict(before)}")
                case PlaybackEnded() if plays[event.play_id]:
                    found.append(f"{event.play_id} ends twice")
                case DetectionEnded() if leg_id not in detected:
                    found.append(f"detection ends on {leg_id} unasked")
                case LegRang() | LegAnswered() | DetectionEnded() | LegEnded():
                    pass
                case _ if not before["LegAnswered"]:
                    found.append(f"{kind} of {leg_id}, which nobody has answered")
                case _:
                    pass
            before[kind] += 1
        if isinstance(event, PlaybackEnded):
            plays[event.play_id] += 1
    found += [f"{leg_id} never ends: {dict(kinds)}" for leg_id, kinds in told.items() if not kinds["LegEnded"]]
    return found
