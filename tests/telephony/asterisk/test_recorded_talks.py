"""A campaign whose talks are recorded, from its tag to WAV files, over a real switch and a server that is killed. If
this fails, nobody can hear what was said, or a crash takes it along."""

from __future__ import annotations

import json
import os
import wave
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from telephony.asterisk.centre import Centre, Site, numbers, own, own_tone
from telephony.asterisk.namespace import INSIDE
from telephony.asterisk.phone import ulaw
from telephony.asterisk.place import Which, place_of_this_worker
from telephony.asterisk.test_crashes import agents, listens, talks
from telephony.asterisk.tones import tones_in
from trunkcall.domain.recording import ON, TAG

pytestmark = [
    pytest.mark.skipif(INSIDE not in os.environ, reason="runs in a closed network namespace: make telephony"),
    pytest.mark.long,
    pytest.mark.timeout(300),
]

RATE = 8000
CUSTOMER, AGENT = own_tone(0), own_tone(40)


def parts_of(centre: Centre, contact_id: str) -> dict[str, int]:
    """How many samples there are by now in each part of which there are any."""
    found = own(centre.server).list_recordings(connectInstanceId=centre.instance["InstanceId"], contactId=contact_id)[
        "recordings"
    ]
    return {each["recordingId"]: each["samples"] for each in found if each.get("samples")}


def mulaw(path: Path) -> tuple[bytes, bytes]:
    """Both channels of a WAV file, as a telephone would have them."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, RATE)
        frames = memoryview(file.readframes(file.getnframes())).cast("h")
    return encoded(frames[0::2].tolist()), encoded(frames[1::2].tolist())


def is_heard_alone(track: bytes, hertz: int) -> bool:
    """Where a packet came late a tone has a step, which is another tone nearby."""
    found = tones_in(track)
    return bool(found) and max(abs(each - hertz) for each in found) <= 4


def encoded(values: list[int]) -> bytes:
    return bytes(ulaw(each / 32768) for each in values)


def test_what_was_said_before_and_after_a_crash_can_be_heard_on_a_track_each(tmp_path: Path) -> None:
    [number] = numbers(1)
    names = agents(1)
    with ExitStack() as stack:
        site = Site.of(place_of_this_worker(Which.CENTRE), names, stack)
        site.customers({number: talks(CUSTOMER, leaves_after_s=60.0)})
        phones = site.agents({name: listens(AGENT) for name in names})
        centre = Centre(site.serve(tmp_path / "centre"), phones)
        centre.hire()
        stack.enter_context(centre.confirming())
        campaign_id = centre.call([number], tags={TAG: ON})
        server = centre.server
        [contact_id] = [record["ContactId"] for record in server.export()]
        server.wait_until(lambda: max(parts_of(centre, contact_id).values(), default=0) > 4 * RATE)

        server.kill()
        server.start()
        server.wait_until(lambda: list(parts_of(centre, contact_id).values())[1:] > [3 * RATE])
        named = {**centre.instance, "ContactId": contact_id, "InitialContactId": contact_id}
        connect = server.client("connect")
        connect.suspend_contact_recording(**named)
        [_, before] = parts_of(centre, contact_id).values()
        server.wait_until(lambda: list(parts_of(centre, contact_id).values())[1:] > [before + 4 * RATE])
        connect.resume_contact_recording(**named)
        connect.stop_contact_recording(**named)

        folder = tmp_path / "talks"
        export = ("recordings", "export", str(folder), "--contact", contact_id, "--yes")
        server.trunkcall(*export, "--data-dir", str(server.data_dir))
        parts = sorted(folder.iterdir())
        assert [path.stem for path in parts] == list(parts_of(centre, contact_id))
        for left, right in map(mulaw, parts):
            assert is_heard_alone(left, CUSTOMER)
            assert is_heard_alone(right, AGENT)
        left, right = mulaw(parts[1])
        assert set(left[-2 * RATE : -RATE]) == set(right[-2 * RATE : -RATE]) == {0xFF}, "nothing of what was not to be"

        record: dict[str, Any] = centre.until_all_ended(campaign_id, timeout_s=120)[number]
        first, second = (each for each in record["Recordings"] if each["Unrecorded"] is None)
        assert (first["Status"], second["Status"]) == ("AVAILABLE", "AVAILABLE")
        assert len(second["Suspensions"]) == 1
        assert (server.data_dir / first["Location"]).exists()
        assert json.loads(server.get("/health"))["status"] == "ok"
