"""What is known of agents, and for how long it is relied on. If these fail, phones ring for a desktop that has died, or
agents who are there sit idle."""

from __future__ import annotations

import pytest

from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.errors import NotFoundError
from trunkcall.engine.events import AgentHeard, AgentStatusSet, AgentUnheard
from trunkcall.service.clock import since_boot_s
from trunkcall.service.presence import Presence, PresenceEvent

AVAILABLE, BREAK, OFFLINE = AgentStatus.AVAILABLE, AgentStatus.BREAK, AgentStatus.OFFLINE


class Desk:
    """Presence of two agents on a clock in the test's hands, and what the engine was told."""

    def __init__(self, max_age_s: float = 15.0) -> None:
        self.now_s = 1000.0
        self.presence = Presence(max_age_s=max_age_s, monotonic=lambda: self.now_s)
        self.presence.know(frozenset({"ann", "ben"}))
        self._told: list[PresenceEvent] = []
        self.presence.listen(self._told.append)

    def come(self) -> None:
        for agent in ("ann", "ben"):
            self.presence.put_user_status(agent, AVAILABLE)
        self._told.clear()

    def passes(self, seconds: float) -> None:
        """Time, with a look every second as long as the process runs."""
        for _ in range(round(seconds)):
            self.now_s += 1.0
            self.presence.look()

    def sleeps(self, seconds: float) -> None:
        """The process is stopped."""
        self.now_s += seconds

    @property
    def told(self) -> list[PresenceEvent]:
        told = self._told.copy()
        self._told.clear()
        return told


def test_an_agent_of_whom_nothing_is_heard_for_too_long_is_unheard_once() -> None:
    desk = Desk()
    desk.come()
    desk.passes(10)
    desk.presence.confirm(["ben"])
    desk.passes(5)
    assert desk.told == []
    desk.passes(1)
    assert desk.told == [AgentUnheard("ann")]
    desk.passes(4)
    assert desk.told == []


def test_confirming_keeps_an_agent_heard_of_and_tells_the_engine_nothing() -> None:
    """Setting the status again would end the work after a contact."""
    desk = Desk()
    desk.come()
    for _ in range(10):
        desk.passes(5)
        desk.presence.confirm(["ann", "ben"])
    assert desk.told == []


@pytest.mark.parametrize("status", [AVAILABLE, BREAK])
def test_setting_a_status_is_a_sign_of_life_too(status: AgentStatus) -> None:
    desk = Desk()
    desk.come()
    desk.passes(10)
    desk.presence.put_user_status("ann", status)
    assert desk.told == [AgentStatusSet("ann", status)]
    desk.passes(10)
    assert desk.told == [AgentUnheard("ben")]


def test_an_agent_is_heard_of_again_with_the_first_word() -> None:
    desk = Desk()
    desk.come()
    desk.passes(20)
    assert len(desk.told) == 2
    desk.presence.confirm(["ann"])
    desk.presence.confirm(["ann"])
    assert desk.told == [AgentHeard("ann")]


def test_an_agent_whose_first_word_is_that_he_leaves_is_not_dialed_for_in_between() -> None:
    desk = Desk()
    desk.come()
    desk.passes(20)
    assert len(desk.told) == 2
    desk.presence.put_user_status("ann", OFFLINE)
    assert desk.told == [AgentStatusSet("ann", OFFLINE), AgentHeard("ann")]


def test_an_engine_that_replaces_another_is_told_who_is_unheard_before_what_they_want() -> None:
    desk = Desk()
    desk.come()
    desk.passes(10)
    desk.presence.confirm(["ben"])
    desk.passes(10)
    assert desk.presence.listen(None) == (
        AgentUnheard("ann"),
        AgentStatusSet("ann", AVAILABLE),
        AgentStatusSet("ben", AVAILABLE),
    )


def test_agents_who_never_said_a_word_are_unheard() -> None:
    """A former process may have left them in a contact."""
    desk = Desk()
    assert desk.presence.listen(None) == (AgentUnheard("ann"), AgentUnheard("ben"))


def test_without_a_maximum_age_everybody_is_relied_on_for_ever() -> None:
    desk = Desk(max_age_s=0.0)
    desk.come()
    desk.sleeps(1_000_000)
    assert desk.presence.is_recent
    assert not desk.presence.has_slept
    desk.presence.look()
    desk.presence.confirm(["ann"])
    assert desk.told == []
    assert desk.presence.listen(None) == (AgentStatusSet("ann", AVAILABLE), AgentStatusSet("ben", AVAILABLE))


@pytest.mark.parametrize("unknown", [["nobody"], ["ann", "nobody"]])
def test_agents_whom_nobody_knows_are_refused_and_nobody_is_confirmed(unknown: list[str]) -> None:
    desk = Desk()
    desk.come()
    desk.passes(10)
    with pytest.raises(NotFoundError):
        desk.presence.confirm(unknown)
    with pytest.raises(NotFoundError):
        desk.presence.put_user_status("nobody", AVAILABLE)
    desk.passes(6)
    assert desk.told == [AgentUnheard("ann"), AgentUnheard("ben")]


def test_a_process_that_was_stopped_knows_it_and_forgets_nobody_who_has_spoken_meanwhile() -> None:
    desk = Desk()
    desk.come()
    desk.passes(3)
    assert not desk.presence.has_slept
    desk.sleeps(3600)
    assert desk.presence.has_slept, "what agents said in that hour has not been read"
    assert not desk.presence.is_recent, "nothing may be begun on what was known before"
    desk.presence.confirm(["ben"])
    desk.presence.look()
    assert desk.told == [AgentUnheard("ann")]
    assert desk.presence.is_recent
    assert not desk.presence.has_slept


def test_a_process_that_was_stopped_for_a_moment_goes_on_at_once() -> None:
    desk = Desk()
    desk.come()
    desk.sleeps(10)
    assert not desk.presence.has_slept


def test_agents_who_fall_silent_one_by_one_make_nobody_wait() -> None:
    desk = Desk()
    desk.come()
    desk.passes(15)
    desk.now_s += 1.0
    assert not desk.presence.has_slept


def test_the_clock_goes_on() -> None:
    before = since_boot_s()
    assert since_boot_s() >= before > 0


def test_whoever_is_no_agent_any_more_says_nothing_and_is_forgotten() -> None:
    desk = Desk()
    desk.come()
    desk.presence.know(frozenset({"ben"}))
    assert not desk.presence.knows("ann")
    with pytest.raises(NotFoundError):
        desk.presence.put_user_status("ann", BREAK)
    with pytest.raises(NotFoundError):
        desk.presence.confirm(["ann"])
    desk.passes(20)
    assert desk.told == [AgentUnheard("ben")]
    assert desk.presence.listen(None) == (AgentUnheard("ben"), AgentStatusSet("ben", AVAILABLE))


def test_whoever_is_new_is_unheard_until_the_first_word() -> None:
    """A former process may have left them in a contact."""
    desk = Desk()
    desk.come()
    desk.presence.know(frozenset({"ann", "ben", "cid"}))
    assert desk.told == [AgentUnheard("cid")]
    desk.presence.put_user_status("cid", AVAILABLE)
    assert desk.told == [AgentStatusSet("cid", AVAILABLE), AgentHeard("cid")]
