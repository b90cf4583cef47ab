"""Whether recordings of many talks at once have all that was said, and both tracks side by side to the end.

Asterisk, customers and agents live in a network namespace with nothing but lo, which only root can make. Every customer
is joined with an agent, and recorded. Both say one tone, and after some seconds another, and again the first, for as
long as the talks last; both change at the same instant. Told are how many recordings have all that was said but 40 ms;
how far apart a change is on the two tracks, and how far from where it was, counted from the first, at worst; and what
each process takes of a core. Prints one JSON line a figure, and exits non-zero where a bar is missed.

For one talk of ten minutes: ``--talks 1 --seconds 600``.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import ExitStack
from typing import Final

import numpy as np

from api import say
from media_bed import EACH_S, GAP_FRAMES, Bed, Carrier, carrier_of, far_ends, number_of, run_inside, until
from street import QUIET
from telephony.asterisk.line import TestAddresses
from telephony.asterisk.phone import FRAME, FRAME_S
from trunkcall.amd.g711 import RATE, decoded
from trunkcall.domain.instants import SECOND
from trunkcall.engine.commands import BridgeLegs, OriginateAgentLeg
from trunkcall.engine.events import LegAnswered, LegsBridged
from trunkcall.telephony.ari.addresses import Address

TRUNK, AGENTS = "trunk", "agents"
APART_BAR_MS: Final = 100.0
STEP_S: Final = 5.0
CUSTOMER, AGENT = (600, 800), (1300, 1500)
LATE_S: Final = 2.0
"""What was said is in the file by then."""


class AgentsAddresses(TestAddresses):
    """Agents are reached as customers are: by the number of their leg, somewhere else."""

    def agent(self, agent_id: str) -> Address | None:
        return Address(AGENTS, f"PJSIP/{number_of(agent_id)}@{AGENTS}")


async def talks(bed: Bed, many: int) -> bool:
    legs = [f"leg{n}" for n in range(many)]
    async with (
        far_ends(bed.addresses[TRUNK], keep=False) as (street, customers),
        far_ends(bed.addresses[AGENTS], keep=False) as (_, agents),
        carrier_of(bed, AgentsAddresses()) as made,
    ):
        await made.answered(legs)
        await joined(made, legs)
        await made.recorded(legs)
        meter = made.meter(bed, street)
        changes = int(bed.length_s / STEP_S) - 1
        for leg_id in legs:
            for phone, tones in ((customers, CUSTOMER), (agents, AGENT)):
                dialog = phone.called(number_of(leg_id))
                phone.say(dialog, [(tones[n % 2], STEP_S) for n in range(changes + 1)])
            await asyncio.sleep(EACH_S)
        await asyncio.sleep(bed.length_s + LATE_S)
        lag_ms, cpu = meter.read()
        await made.recorded_no_more(legs)
        tapes = [made.tapes.heard(leg_id) for leg_id in legs]
        await made.hung_up([*legs, *(agent_of(leg_id) for leg_id in legs)])

    said_s = (changes + 1) * STEP_S
    whole = [
        last and all(said_s - heard_s(track) <= GAP_FRAMES * FRAME_S + 1e-9 for track in (first, second))
        for first, second, last in tapes
    ]
    lost_s = [said_s - heard_s(track) for first, second, _ in tapes for track in (first, second)]
    apart_ms, away_ms = [0.0], [0.0]
    for first, second, _ in tapes:
        ours, theirs = changes_s(first, CUSTOMER), changes_s(second, AGENT)
        assert len(ours) == len(theirs) == changes, (len(ours), len(theirs), changes)
        apart_ms += [abs(one - other) * 1000 for one, other in zip(ours, theirs, strict=True)]
        for found in (ours, theirs):
            away_ms += [abs(at - found[0] - n * STEP_S) * 1000 for n, at in enumerate(found)]
    much = {"talks": many, "seconds": said_s}
    say(
        "recordings that have all that was said", share=sum(whole) / many, lost_s=round(max(lost_s), 2), bar=1.0, **much
    )
    say("the two tracks are apart, ms, at worst", apart=round(max(apart_ms)), bar=APART_BAR_MS, **much)
    say("a track is away from the clock, ms, at worst", away=round(max(away_ms)), bar=APART_BAR_MS, **much)
    say("cores taken", **{name: round(each, 3) for name, each in cpu.items()}, lag_ms=round(lag_ms, 1), **much)
    return all(whole) and max(*apart_ms, *away_ms) <= APART_BAR_MS


async def joined(made: Carrier, legs: list[str]) -> None:
    """Have an agent speak to each."""
    for leg_id in legs:
        agent = agent_of(leg_id)
        made.carrier.originate_agent_leg(OriginateAgentLeg(agent, agent, leg_id, 20 * SECOND))
        await asyncio.sleep(EACH_S)
    await until(lambda: made.told(LegAnswered) >= {agent_of(leg_id) for leg_id in legs})
    for leg_id in legs:
        made.carrier.bridge(BridgeLegs(leg_id, agent_of(leg_id)))
        await asyncio.sleep(EACH_S)
    await until(lambda: {e.customer_leg_id for e in made.events if isinstance(e, LegsBridged)} >= set(legs))


def agent_of(leg_id: str) -> str:
    return f"agent-of-{leg_id}"


def heard_s(track: bytes) -> float:
    """For how long something is heard, in whole packets."""
    loud = ~np.isin(np.frombuffer(track, np.uint8), list(QUIET))
    return float(np.count_nonzero(_by_packet(loud).any(axis=1)) * FRAME_S)


def changes_s(track: bytes, tones: tuple[int, int]) -> list[float]:
    """When one of two tones becomes the other, in seconds from the beginning."""
    frames = _by_packet(decoded(track))
    waves = np.exp(-2j * np.pi * np.outer(np.arange(FRAME), tones) / RATE)
    loudness = np.abs(frames @ waves)
    known = np.flatnonzero(loudness.max(axis=1) > 0.05 * FRAME * 32635 / 2)
    which = loudness[known].argmax(axis=1)
    return [float(known[at + 1] * FRAME_S) for at in np.flatnonzero(np.diff(which))]


def _by_packet(samples: np.ndarray) -> np.ndarray:
    return samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--talks", type=int, default=50, help="at a time, 500 at most")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of each; a multiple of 5")
    arguments = run_inside(parser, __file__)
    with ExitStack() as stack:
        bed = Bed(stack, arguments.seconds, trunks=(TRUNK, AGENTS))
        sys.exit(not asyncio.run(talks(bed, arguments.talks)))


if __name__ == "__main__":
    main()
