"""What a store has promised it keeps, whatever the disk or the power does.

What a user would lose otherwise: leads that were accepted and are gone, people who are called a second time, or a
server that stands still until somebody notices.
"""

from __future__ import annotations

import errno
import os
import random
from functools import partial
from pathlib import Path

import pytest

from faults.disk import Disk, small_disk
from faults.hammering import PATIENCE_S, Hammer, hammering, judge

pytestmark = pytest.mark.long

ROUNDS = int(os.environ.get("TRUNKCALL_FAULT_ROUNDS", "5"))
"""More of them find more, and take longer."""


def more_failures(hammer: Hammer, than: int) -> bool:
    return len(hammer.failures) > than


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir(mode=0o700)
    return tmp_path / "data" / "trunkcall.db"


def begin_anew(disk: Disk, path: Path) -> None:
    for file in path.parent.iterdir():
        file.unlink()
    disk.begin(path.parent)


def seeds(first: int) -> list[int]:
    return list(range(first, first + ROUNDS))


class TestTheProcessDies:
    def test_kill_9_at_any_moment_loses_nothing(self, path: Path) -> None:
        accepted, begun = set[str](), set[str]()
        for seed in seeds(1):
            with hammering(path, f"round{seed}") as hammer:
                hammer.wait_for_more(random.Random(seed).randrange(1, 1500))
            accepted |= hammer.accepted
            begun |= hammer.begun
            judge(path, accepted, begun)
        assert begun


class TestThePowerGoes:
    def test_a_power_cut_at_any_moment_loses_nothing(self, disk: Disk, path: Path) -> None:
        disk.begin(path.parent)
        accepted, begun = set[str](), set[str]()
        for seed in seeds(100):
            chance = random.Random(seed)
            with hammering(path, f"round{seed}", disk.environment) as hammer:
                hammer.wait_for_more(chance.randrange(1, 1500))
            accepted |= hammer.accepted
            begun |= hammer.begun
            disk.cut_power(chance)
            judge(path, accepted, begun)
            disk.begin(path.parent)
        assert begun

    def test_the_harness_would_notice_a_store_that_does_not_sync(self, disk: Disk, path: Path) -> None:
        disk.begin(path.parent)
        with hammering(path, "round", disk.environment) as hammer:
            # Every sync says that all is well and does nothing, as some disks do.
            disk.lie()
            hammer.wait_for_more(500)
        disk.cut_power(random.Random(1))
        with pytest.raises(Exception, match=r"lost|damaged|malformed"):
            judge(path, hammer.accepted, hammer.begun)


class TestTheDiskFails:
    @pytest.mark.parametrize(
        ("number", "why"), [(errno.ENOSPC, "The disk is full."), (errno.EIO, "The disk reports errors.")]
    )
    def test_writes_that_fail_are_told_and_the_store_goes_on_when_they_work_again(
        self, disk: Disk, path: Path, number: int, why: str
    ) -> None:
        chance = random.Random(number)
        with hammering(path, "hammer", disk.environment) as hammer:
            for _ in range(ROUNDS):
                hammer.wait_for_more(50)
                # The write that exceeds this is torn.
                disk.fail_writes(number, after=chance.randrange(200_000))
                failed = len(hammer.failures)
                hammer.wait_until(partial(more_failures, hammer, failed + 20))
                disk.heal()
            hammer.wait_for_more(50)
        assert {failure.partition(" Nothing")[0] for failure in hammer.failures} == {why}
        judge(path, hammer.accepted, hammer.begun)

    def test_nothing_is_answered_that_could_not_be_synced(self, disk: Disk, path: Path) -> None:
        with hammering(path, "hammer", disk.environment) as hammer:
            for _ in range(ROUNDS):
                hammer.wait_for_more(50)
                disk.fail_syncs(errno.EIO)
                failed = len(hammer.failures)
                hammer.wait_until(partial(more_failures, hammer, failed))
                accepted = len(hammer.accepted)
                hammer.wait_until(partial(more_failures, hammer, failed + 20))
                assert len(hammer.accepted) == accepted
                disk.heal()
            hammer.wait_for_more(50)
        judge(path, hammer.accepted, hammer.begun)

    def test_what_a_failed_sync_dropped_is_not_built_upon(self, disk: Disk, path: Path) -> None:
        """After a failed sync the kernel shows bytes that no disk holds. Whatever is accepted later must not rest on
        them, or it goes with them when the power does."""
        for seed in seeds(200):
            chance = random.Random(seed)
            begin_anew(disk, path)
            with hammering(path, "hammer", disk.environment) as hammer:
                self.fail_a_sync(disk, hammer, chance)
                disk.heal()
                hammer.wait_for_more(chance.randrange(1, 300))
            disk.cut_power(chance)
            judge(path, hammer.accepted, hammer.begun)

    def test_a_start_after_a_failed_sync_does_not_build_upon_what_it_dropped(self, disk: Disk, path: Path) -> None:
        """A process that is started anew sees those bytes and nothing else. The power goes at any moment of its start,
        or soon after."""
        for seed in seeds(300):
            chance = random.Random(seed)
            begin_anew(disk, path)
            # Most pages must not be in the log, which would repair what was taken from it too early.
            with hammering(path, "before", disk.environment) as before:
                before.wait_for_more(1000)
            with hammering(path, "first", disk.environment) as hammer:
                self.fail_a_sync(disk, hammer, chance)
            disk.heal()
            moment = disk.moment
            with hammering(path, "second", disk.environment):
                pass
            disk.cut_power(chance, after=moment)
            judge(path, before.accepted | hammer.accepted, before.begun | hammer.begun)

    def fail_a_sync(self, disk: Disk, hammer: Hammer, chance: random.Random) -> None:
        hammer.wait_for_more(chance.randrange(1, 50))
        disk.fail_syncs(errno.EIO)
        hammer.wait_until(lambda: len(hammer.failures) > 20)

    def test_a_store_that_cannot_be_read_is_not_opened_until_it_can(self, disk: Disk, path: Path) -> None:
        with hammering(path, "first", disk.environment) as hammer:
            hammer.wait_for_more(50)
        disk.fail_reads(errno.EIO)
        refused = Hammer(path, "second", disk.environment)
        assert refused.process.wait(PATIENCE_S) == 3
        assert refused.end() == ""
        assert "cannot be opened. The disk reports errors." in (refused.unopened or "")
        disk.heal()
        with hammering(path, "third", disk.environment) as again:
            again.wait_for_more(50)
        judge(path, hammer.accepted | again.accepted, hammer.begun | again.begun)

    def test_a_disk_that_is_really_full_is_named_and_good_again_when_something_is_deleted(self, tmp_path: Path) -> None:
        with small_disk(tmp_path / "small", megabytes=6) as folder:
            ballast = folder / "ballast"
            ballast.write_bytes(bytes(2_500_000))
            path = folder / "trunkcall.db"
            with hammering(path, "hammer") as hammer:
                hammer.wait_until(lambda: len(hammer.failures) > 20)
                ballast.unlink()
                hammer.wait_for_more(50)
            assert any(failure.startswith("The disk is full.") for failure in hammer.failures)
            judge(path, hammer.accepted, hammer.begun)
