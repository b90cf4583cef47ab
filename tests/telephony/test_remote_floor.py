"""The simulated agents of a carrier in a process of its own, as the server hears of them.

What a user would lose otherwise: agents who stand idle for ever after a lost word, calls to people to whom nobody is
there to talk, or a rehearsal in which the server and the world run at different speeds.
"""

from __future__ import annotations

import asyncio

import pytest

from telephony.conftest import RemoteLine
from telephony.support import Behaviour, ended, ends, hang_up, originate, talk, told, until
from trunkcall.engine.events import CarrierEvent, CarrierFound, CarrierLost, OriginateVoided
from trunkcall.telephony import carrier_wire, floor_wire, peer
from trunkcall.telephony.carrier import Destination
from trunkcall.telephony.peer import NotServedError
from trunkcall.telephony.remote_floor import RemoteFloor

OTHER_SPEED = "the carrier refuses this dialer: it runs at speed 1, this server at 10; make them equal"


async def test_an_agent_who_is_done_is_heard(remote: RemoteLine) -> None:
    await talk(remote)
    await remote.wait(5000)
    assert remote.done == ["agent-1"]


async def test_an_agents_last_word_that_nobody_heard_is_made_up_for(remote: RemoteLine) -> None:
    await talk(remote)
    await remote.carrier.close()
    await remote.wait(1)
    remote.busy.clear()
    await remote.start()
    await until(lambda: remote.busy)
    assert remote.busy[0] == {"agent-1"}
    await remote.carrier.close()
    await remote.wait(5000)
    remote.busy.clear()
    await remote.start()
    await until(lambda: remote.busy)
    assert remote.busy[0] == frozenset()
    assert remote.done == []


async def test_who_is_busy_is_told_after_what_became_of_the_legs(remote: RemoteLine) -> None:
    """Whose contact is found to be over works after it; the word that this is done too must not come before."""
    order: list[object] = []
    floor = RemoteFloor(
        remote.peer(remote.floor_way.port), speed=1.0, on_busy_agents=order.append, on_agent_done=order.append
    )
    dialer = remote.dialer(remote.way.port, floor=floor)
    await dialer.start(order.append, token=remote.token + 1)
    await until(lambda: len(order) > 1)
    assert order[:2] == [CarrierFound(()), ()]
    await dialer.close()


async def test_who_is_busy_is_told_again_and_again(remote: RemoteLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing keeps the two channels in step: a word of an agent that came before the end of the talk comes again."""
    monkeypatch.setattr(peer, "PING_S", 0.05)
    await talk(remote)
    remote.busy.clear()
    await until(lambda: len(remote.busy) > 2)
    assert set(remote.busy) == {frozenset({"agent-1"})}
    await remote.wait(5000)
    await until(lambda: remote.busy[-2:] == [frozenset(), frozenset()])


async def test_nothing_is_dialed_at_another_speed_than_the_worlds(remote: RemoteLine) -> None:
    dialer = remote.dialer(remote.way.port, floor=remote.agents(speed=10.0))
    events: list[CarrierEvent] = []
    await dialer.start(events.append, token=remote.token)
    assert events == [CarrierLost()]
    assert dialer.trouble == OTHER_SPEED
    dialer.originate(originate("leg"), Destination("+12065550199", "t"))
    assert events[-1] == OriginateVoided("leg")
    assert remote.told_time == [remote.clock.now()], "and its clock follows none"
    await dialer.close()


async def test_a_carrier_that_comes_back_at_another_speed_is_not_dialed_through_until_it_is_the_servers(
    remote: RemoteLine,
) -> None:
    fast = RemoteLine(speed=10.0)
    fast.way.port, fast.floor_way.port = remote.way.port, remote.floor_way.port
    remote.vanish()
    await fast.listen()
    await until(lambda: "it runs at speed 10, this server at 1" in (remote.carrier.trouble or ""))
    assert remote.events == [CarrierFound(()), CarrierLost()]
    fast.vanish()
    await remote.listen()
    await until(lambda: len(told(remote, CarrierFound)) == 2)
    assert remote.carrier.trouble is None


async def test_contacts_go_on_while_nothing_is_heard_of_the_agents(remote: RemoteLine) -> None:
    await talk(remote)
    remote.floor_way.cut()
    await until(lambda: remote.floor.trouble)
    assert remote.floor.trouble == "nothing is heard of the simulated agents: the carrier cannot be reached"
    heard = len(remote.busy)
    hang_up(remote, "customer")
    hang_up(remote, "agent")
    await remote.wait(5000)
    assert len(ends(remote, "agent")) == 1
    await remote.floor_way.open()
    await until(lambda: remote.busy[heard:])
    assert remote.floor.trouble is None
    assert remote.busy[heard] == frozenset(), "who finished meanwhile is back"
    assert remote.done == []
    assert told(remote, CarrierLost) == []
    assert remote.carrier.trouble is None


async def test_agents_are_not_heard_while_their_phones_are_gone(remote: RemoteLine) -> None:
    await talk(remote)
    remote.way.cut()
    await until(lambda: told(remote, CarrierLost))
    heard = len(remote.busy)
    await remote.wait(5000)
    await asyncio.sleep(0.4)
    assert (len(remote.busy), remote.done) == (heard, [])
    assert remote.floor.trouble is None, "one trouble is told once"
    await remote.way.open()
    await until(lambda: remote.busy[heard:])
    assert len(told(remote, CarrierFound)) == 2
    assert remote.busy[heard] == frozenset()


async def test_a_carrier_whose_agents_cannot_be_heard_at_first_is_not_dialed_through(remote: RemoteLine) -> None:
    """Its speed is not known."""
    remote.floor_way.cut()
    await remote.start()
    assert remote.events == [CarrierLost()]
    assert remote.carrier.trouble == "the carrier cannot be reached"
    await remote.floor_way.open()
    await until(lambda: told(remote, CarrierFound))


async def test_a_server_whose_agents_are_elsewhere_needs_no_simulated_floor() -> None:
    line = RemoteLine(with_floor=False)
    await line.start()
    line.dial(Behaviour.RINGS_FOR_EVER, "leg")
    await line.wait(60)
    assert len(ends(line, "leg")) == 1
    await line.close()


async def test_a_server_with_simulated_agents_learns_that_a_carrier_has_none() -> None:
    line = RemoteLine(with_floor=False)
    await line.start()
    dialer = line.dialer(line.way.port, floor=line.agents())
    events: list[CarrierEvent] = []
    await dialer.start(events.append, token=line.token)
    assert events == [CarrierLost()]
    assert "it asks for what this carrier does not have" in (dialer.trouble or "")
    await dialer.close()
    await line.close()


@pytest.mark.parametrize("channel", [carrier_wire.CHANNEL, floor_wire.CHANNEL])
async def test_a_new_dialer_is_served_alone_whichever_channel_it_opens_first(remote: RemoteLine, channel: str) -> None:
    async with remote.peer(remote.way.port).channel(channel, remote.token + 1) as line:
        await until(lambda: "another dialer has taken over" in (remote.carrier.trouble or ""))
        heard = len(remote.busy)
        for former in (carrier_wire.CHANNEL, floor_wire.CHANNEL):
            with pytest.raises(NotServedError, match="another dialer has taken over"):
                async with remote.peer(remote.way.port).channel(former, remote.token):
                    pass
        assert line.is_up
        assert len(remote.busy) == heard, "the former hears of no agent"


async def test_a_server_opens_a_channel_anew_in_the_place_of_its_former_session(remote: RemoteLine) -> None:
    """The former may hang on a connection that is dead and does not know it."""
    peer = remote.peer(remote.way.port)
    async with (
        peer.channel(floor_wire.CHANNEL, remote.token + 1) as former,
        peer.channel(floor_wire.CHANNEL, remote.token + 1) as line,
    ):
        await ended(former)
        assert line.is_up


async def test_a_server_that_stumbles_over_a_word_hears_the_next(
    remote: RemoteLine, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def stumble(agent_id: str) -> None:
        done.append(agent_id)
        if len(done) == 1:
            raise RuntimeError("about +12065550199")

    busy: list[object] = []
    floor = RemoteFloor(
        remote.peer(remote.floor_way.port), speed=1.0, on_busy_agents=busy.append, on_agent_done=stumble
    )
    events: list[CarrierEvent] = []
    dialer = remote.dialer(remote.way.port, floor=floor)
    await dialer.start(events.append, token=remote.token + 1)
    await until(lambda: busy)
    remote.floor_channel.agent_done("agent-1")
    await until(lambda: floor.trouble)
    assert floor.trouble == "nothing is heard of the simulated agents: unforeseen RuntimeError in the carrier's session"
    assert "5550199" not in caplog.text
    await until(lambda: not floor.trouble)
    remote.floor_channel.agent_done("agent-2")
    await until(lambda: done == ["agent-1", "agent-2"])
    assert events == [CarrierFound(())]
    await dialer.close()
