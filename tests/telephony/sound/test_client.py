"""A sound process is started, told what to do, and started anew when it dies or hangs. If these fail, whoever is to
hear a message waits for ever for its end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from telephony.asterisk.tones import a_tone
from telephony.support import until
from trunkcall.telephony.sound import client, wire
from trunkcall.telephony.sound.client import SoundProcess

USER, PASSWORD = "trunkcall", "for tests alone"


class Channels:
    """The sound channels of a switch, as far as a websocket goes: each plays as fast as it is sent."""

    def __init__(self) -> None:
        self.heard: dict[str, bytearray] = {}
        self.words: dict[str, list[str]] = {}
        self.plays = True
        self.sockets: dict[str, web.WebSocketResponse] = {}
        self.kept_waiting = 0
        """How often a channel was asked for that does not answer."""

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        if request.headers.get("Authorization") != aiohttp.encode_basic_auth(USER, PASSWORD):
            raise web.HTTPUnauthorized
        name = request.match_info["name"]
        if name == "nowhere":
            raise web.HTTPNotFound
        if name == "silent":
            self.kept_waiting += 1
            await asyncio.sleep(60)
        socket = self.sockets[name] = web.WebSocketResponse(protocols=("media",))
        await socket.prepare(request)
        heard, words = self.heard.setdefault(name, bytearray()), self.words.setdefault(name, [])
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                heard += message.data
                continue
            words.append(message.data)
            match message.data.split():
                case ["STOP_MEDIA_BUFFERING", mark] if self.plays:
                    await socket.send_str(f"MEDIA_BUFFERING_COMPLETED {mark}")
                case _:
                    pass
        return socket


class At:
    """A sound process, and the channels that it connects to."""

    def __init__(self, channels: Channels, process: SoundProcess, url: str) -> None:
        self.channels, self.process, self.url = channels, process, url
        self.told: list[wire.OfStream] = []

    async def opened(self, name: str = "channel") -> None:
        self.process.open("stream", name, self.told.append)
        await until(lambda: self.told)

    def dies_by(self, what: signal.Signals) -> int:
        process_id = self.process.process_id
        assert process_id is not None
        os.kill(process_id, what)
        return process_id


@pytest_asyncio.fixture
async def at() -> AsyncIterator[At]:
    channels, app = Channels(), web.Application()
    app.router.add_get("/media/{name}", channels.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    process = SoundProcess(url, USER, PASSWORD, silence_s=3.0)
    running = asyncio.create_task(process.run())
    try:
        await within(30, lambda: process.process_id is not None)
        yield At(channels, process, url)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await runner.cleanup()


async def within(seconds: float, true: Callable[[], object]) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


async def test_a_sound_is_played_on_a_stream_and_its_end_told(at: At, tmp_path: Path) -> None:
    await at.opened()
    file = a_tone(tmp_path / "tone.wav", 440, 1.0)
    at.process.say(wire.Play("stream", "play", (str(file),)))
    await until(lambda: len(at.told) == 2)
    assert at.told == [wire.Opened("stream"), wire.Played("stream", "play")]
    assert len(at.channels.heard["channel"]) == 8000
    at.process.close_stream("stream")
    await until(lambda: at.channels.sockets["channel"].closed)


async def test_whoever_is_to_hear_something_before_the_first_process_is_up_waits_for_it(at: At, tmp_path: Path) -> None:
    later = SoundProcess(at.url, USER, PASSWORD)
    told: list[wire.OfStream] = []
    later.open("gone", "gone", told.append)
    later.close_stream("gone")
    later.open("stream", "channel", told.append)
    assert told == []
    running = asyncio.create_task(later.run())
    try:
        await until(lambda: told)
        assert told == [wire.Opened("stream")]
        assert list(at.channels.words) == ["channel"]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_nothing_is_left_of_a_stream_that_was_closed_before_it_had_begun(at: At) -> None:
    at.process.open("stream", "channel", at.told.append)
    at.process.close_stream("stream")
    async with asyncio.timeout(10):
        while wire.Opened("stream") not in at.told:
            at.process.open("stream", "channel", at.told.append)
            await asyncio.sleep(0.1)


async def test_what_cannot_be_played_is_over_at_once_with_the_reason(at: At) -> None:
    await at.opened()
    at.process.say(wire.Play("stream", "play", ("/nowhere/sound.wav",)))
    await until(lambda: len(at.told) == 2)
    assert at.told[1] == wire.Played("stream", "play", "A sound cannot be played: No such file or directory")


async def test_a_channel_that_is_not_there_or_goes_away_is_told(at: At) -> None:
    await at.opened("nowhere")
    assert [type(each) for each in at.told] == [wire.Closed]
    at.told.clear()
    await at.opened()
    await at.channels.sockets["channel"].close()
    await until(lambda: len(at.told) == 2)
    assert isinstance(at.told[1], wire.Closed)
    assert at.told[1].why


async def test_with_a_process_that_dies_all_its_streams_are_over_and_there_is_another(at: At) -> None:
    await at.opened()
    first = at.dies_by(signal.SIGKILL)
    await until(lambda: len(at.told) == 2)
    assert isinstance(at.told[1], wire.Closed)
    await within(30, lambda: at.process.process_id not in (None, first))
    at.told.clear()
    await at.opened()
    assert at.told == [wire.Opened("stream")]


async def test_whoever_is_to_hear_something_as_the_process_dies_hears_it_by_the_next_one(at: At) -> None:
    await at.opened()
    at.dies_by(signal.SIGKILL)
    later: list[wire.OfStream] = []
    at.process.open("asked of a dead one", "one channel", later.append)
    await until(lambda: at.process.process_id is None)
    at.process.open("asked of none", "another channel", later.append)
    at.process.open("gone", "nowhere", later.append)
    at.process.close_stream("gone")
    await within(30, lambda: len(later) == 2)
    assert set(later) == {wire.Opened("asked of a dead one"), wire.Opened("asked of none")}
    assert [type(each) for each in at.told] == [wire.Opened, wire.Closed], "what was connected is lost, and told once"


async def test_nobody_waits_for_a_process_that_does_not_come_up(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    await at.opened()
    monkeypatch.setattr(client, "PROGRAM", ("-c", "raise SystemExit"))
    at.dies_by(signal.SIGKILL)
    await until(lambda: at.process.process_id is None)
    at.told.clear()
    at.process.open("meanwhile", "channel", at.told.append)
    await within(30, lambda: at.told)
    assert at.told == [wire.Closed("meanwhile", client.DIED)]


async def test_nobody_waits_for_one_process_after_the_other(at: At) -> None:
    at.process.open("stream", "silent", at.told.append)
    await within(30, lambda: at.channels.kept_waiting == 1)
    at.dies_by(signal.SIGKILL)
    await within(30, lambda: at.channels.kept_waiting == 2)
    at.dies_by(signal.SIGKILL)
    await within(30, lambda: at.told)
    assert at.told == [wire.Closed("stream", client.DIED)]


async def test_a_process_that_hangs_is_taken_for_dead(at: At) -> None:
    await at.opened()
    first = at.dies_by(signal.SIGSTOP)
    await within(30, lambda: len(at.told) == 2)
    assert isinstance(at.told[1], wire.Closed)
    await within(30, lambda: at.process.process_id not in (None, first))


DIALER = """
import asyncio
from trunkcall.telephony.sound.client import SoundProcess

async def main():
    process = SoundProcess("http://127.0.0.1:9", "trunkcall", "for tests alone")
    asyncio.get_running_loop().create_task(process.run())
    while process.process_id is None:
        await asyncio.sleep(0.02)
    print(process.process_id, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_a_process_ends_with_the_dialer_that_has_started_it_and_nobody_else_sees_the_password() -> None:
    given = {**os.environ, "TRUNKCALL_ARI_PASSWORD": PASSWORD}
    dialer = subprocess.Popen([sys.executable, "-c", DIALER], stdout=subprocess.PIPE, text=True, env=given)
    assert dialer.stdout is not None
    with dialer, dialer.stdout:
        its = Path("/proc") / dialer.stdout.readline().strip()
        shown = (its / "cmdline").read_bytes() + (its / "environ").read_bytes()
        dialer.kill()
    assert PASSWORD.encode() not in shown
    until_s = time.monotonic() + 30
    while its.exists() and "\nState:\tZ" not in (its / "status").read_text(encoding="ascii"):
        assert time.monotonic() < until_s
        time.sleep(0.05)
