"""Prints the whole stories of some seeds, so that two processes can be compared: ``python -m world.tell SEED…``."""

from __future__ import annotations

import logging
import sys

from world.world import live_through


def tell(seeds: list[int]) -> str:
    return "\n".join(line for seed in seeds for line in live_through(seed).lines)


if __name__ == "__main__":
    logging.disable()
    sys.stdout.write(tell([int(seed) for seed in sys.argv[1:]]))
