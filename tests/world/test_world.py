"""Worlds in which whatever can happen does. If one fails, somebody was called twice, called in vain or never called.

Each is made from its seed alone, so that the same seed tells the same story; a story that went wrong is printed with
what there is to be typed to have it again. ``--world-seeds FROM:TO`` has others told than those of every day.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from world.faults import NONE
from world.tell import tell
from world.world import live_through

TESTS = Path(__file__).parents[1]
SOME = (1, 2, 3)


def test_everybody_is_dialed_once_or_told_why_not_whatever_goes_wrong(world_seed: int) -> None:
    story = live_through(world_seed)
    assert not story.wrong, f"\n{story}"


@pytest.mark.parametrize("seed", SOME)
def test_a_world_in_which_nothing_goes_wrong(seed: int) -> None:
    story = live_through(seed, NONE)
    assert not story.wrong, f"\n{story}"


def test_a_seed_tells_the_same_story_again() -> None:
    """Whatever hashes are: who cannot replay what went wrong never finds out why."""
    story = tell(list(SOME))
    assert tell(list(SOME)) == story
    for hash_seed in ("1", "2"):
        other = subprocess.run(
            [sys.executable, "-m", "world.tell", *map(str, SOME)],
            cwd=TESTS,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert other.stdout == story
