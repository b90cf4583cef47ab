"""A campaign whose talks are recorded, from its tag to WAV files, over a real switch and a server that is killed. If
this fails, nobody can hear what was said, or a crash takes it along."""

from __future__ import annotations

import json
import subprocess
import wave
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from telephony.asterisk.centre import POLICY, Centre, Site, calls, numbers, own, own_tone
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import Phone, ulaw
from telephony.asterisk.place import Which, place_of_this_worker
from telephony.asterisk.test_crashes import agents, listens, talks, up
from telephony.asterisk.tones import a_tone, seconds_of, tones_in
from trunkcall.domain.recording import ON, TAG

pytestmark = [
    inside,
    pytest.mark.long,
    pytest.mark.timeout(300),
]

RATE = 8000
ALL = {"VoiceRecordingTrack": "ALL"}
CUSTOMER, AGENT = own_tone(0), own_tone(50)


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
        with pytest.raises(ClientError, match="The recording is suspended"):
            connect.suspend_contact_recording(**named)
        [_, before] = parts_of(centre, contact_id).values()
        server.wait_until(lambda: list(parts_of(centre, contact_id).values())[1:] > [before + 4 * RATE])
        connect.resume_contact_recording(**named)
        connect.stop_contact_recording(**named)
        for ask, why in (
            (connect.stop_contact_recording, "not being recorded"),
            (connect.resume_contact_recording, "not suspended"),
            (partial(connect.start_contact_recording, VoiceRecordingConfiguration=ALL), "begun once"),
        ):
            with pytest.raises(ClientError, match=why):
                ask(**named)

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


NOTICE_HZ, NOTICE_S = 1000, 2.0
NOTICE = "prompt:notice"


def exported(centre: Centre, contact_id: str, folder: Path) -> tuple[bytes, bytes]:
    """The only part that there is, as it is given to whoever may hear it."""
    export = ("recordings", "export", str(folder), "--contact", contact_id, "--yes")
    centre.server.trunkcall(*export, "--data-dir", str(centre.server.data_dir))
    (part,) = folder.iterdir()
    return mulaw(part)


def heard_s(phone: Phone, hertz: int) -> float:
    """For how long a tone was heard in all calls of a phone."""
    return sum(seconds_of(hertz, bytes(each.heard)) for each in calls(phone))


def test_both_hear_that_they_are_recorded_before_they_are_and_nobody_is_who_does_not(tmp_path: Path) -> None:
    policy = f'{POLICY}[[announce_recording]]\ntext = "{NOTICE}"\n'
    untold, told = numbers(2)
    names = agents(1)
    with ExitStack() as stack:
        site = Site.of(place_of_this_worker(Which.CENTRE), names, stack)
        customers = site.customers({untold: talks(CUSTOMER, leaves_after_s=3.0), told: talks(CUSTOMER)})
        phones = site.agents({name: listens(AGENT) for name in names})
        centre = Centre(site.serve(tmp_path / "centre", policy=policy), phones)
        centre.hire()
        stack.enter_context(centre.confirming())
        server = centre.server

        # There is no sound to be announced by.
        record = centre.until_all_ended(centre.call([untold], tags={TAG: ON}), timeout_s=120)[untold]
        assert record["Disposition"] == "connected_to_agent"
        assert [each["Unrecorded"] for each in record["Recordings"]] == ["NotAnnounced"]
        assert not list(server.data_dir.rglob("*.tcr"))

        sound = a_tone(tmp_path / "notice.wav", NOTICE_HZ, NOTICE_S)
        server.trunkcall("prompts", "add", str(sound), "--data-dir", str(server.data_dir))
        campaign_id = centre.call([told], name="Told", tags={TAG: ON})
        [contact_id] = [record["ContactId"] for record in server.export("--campaign", campaign_id)]
        server.wait_until(lambda: max(parts_of(centre, contact_id).values(), default=0) > 3 * RATE)
        site.street.have(customers.hang_up)
        record = centre.until_all_ended(campaign_id, timeout_s=120)[told]

        assert [each["Status"] for each in record["Recordings"]] == ["AVAILABLE"]
        assert heard_s(customers, NOTICE_HZ) >= NOTICE_S - 0.1
        assert heard_s(phones[names[0]], NOTICE_HZ) >= NOTICE_S - 0.1
        said, heard = exported(centre, contact_id, tmp_path / "talk")
        assert seconds_of(NOTICE_HZ, said) == seconds_of(NOTICE_HZ, heard) == 0.0, "it was over by then"
        assert seconds_of(CUSTOMER, said) > 1.0
        assert seconds_of(AGENT, heard) > 1.0


def test_what_a_crash_has_broken_off_is_announced_anew_and_then_recorded(tmp_path: Path) -> None:
    policy = f'{POLICY}[[announce_recording]]\ntext = "{NOTICE}"\n'
    [number] = numbers(1)
    names = agents(1)
    with ExitStack() as stack:
        site = Site.of(place_of_this_worker(Which.CENTRE), names, stack)
        customers = site.customers({number: talks(CUSTOMER)})
        phones = site.agents({name: listens(AGENT) for name in names})
        centre = Centre(site.serve(tmp_path / "centre", policy=policy), phones)
        server = centre.server
        sound = a_tone(tmp_path / "notice.wav", NOTICE_HZ, 3 * NOTICE_S)
        server.trunkcall("prompts", "add", str(sound), "--data-dir", str(server.data_dir))
        centre.hire()
        stack.enter_context(centre.confirming())
        campaign_id = centre.call([number], tags={TAG: ON})
        server.wait_until(lambda: heard_s(customers, NOTICE_HZ) > 0.3)

        server.kill()
        server.start()
        [contact_id] = [record["ContactId"] for record in server.export("--campaign", campaign_id)]
        server.wait_until(lambda: max(parts_of(centre, contact_id).values(), default=0) > RATE)

        assert heard_s(customers, NOTICE_HZ) >= 3 * NOTICE_S
        site.street.have(customers.hang_up)
        record = centre.until_all_ended(campaign_id, timeout_s=120)[number]
        assert [each["Status"] for each in record["Recordings"]] == ["AVAILABLE"]


def test_a_disk_that_is_full_ends_recording_in_words_and_no_call(tmp_path: Path) -> None:
    first, meanwhile, after = numbers(3)
    names = agents(1)
    with ExitStack() as stack:
        site = Site.of(place_of_this_worker(Which.CENTRE), names, stack)
        customers = site.customers({number: talks(CUSTOMER) for number in (first, meanwhile, after)})
        phones = site.agents({name: listens(AGENT) for name in names})
        folder = tmp_path / "centre" / "data" / "recordings"
        server = site.serve(tmp_path / "centre", min_free_mb=1)
        centre = Centre(server, phones)
        disk_of_its_own(folder, "4m", stack)
        centre.hire()
        stack.enter_context(centre.confirming())

        def health() -> dict[str, Any]:
            found: dict[str, Any] = json.loads(server.get("/health"))
            return found

        def talking(number: str) -> bool:
            """Whether they hear the agent: whoever leaves as the agent's phone is answered may have met nobody."""
            theirs = [each for each in up(calls(customers)) if each.number == number]
            return any(seconds_of(AGENT, bytes(each.heard)) > 0 for each in theirs)

        def recorded(campaign_id: str) -> bool:
            [contact_id] = [record["ContactId"] for record in server.export("--campaign", campaign_id)]
            return max(parts_of(centre, contact_id).values(), default=0) > 2 * RATE

        campaign_id = centre.call([first], name="First", tags={TAG: ON})
        server.wait_until(lambda: recorded(campaign_id))
        (folder / "something else").write_bytes(bytes(3 << 20))
        server.wait_until(lambda: health()["status"] == "upkeep failing")
        assert health()["trouble"] == "Talks are not recorded: the disk of this server is nearly full."
        assert talking(first)
        site.street.have(customers.hang_up)
        record = centre.until_all_ended(campaign_id, timeout_s=120)[first]
        assert record["Disposition"] == "connected_to_agent"
        assert record["Recordings"][0]["Status"] == "AVAILABLE", "what there is by then"

        campaign_id = centre.call([meanwhile], name="Meanwhile", tags={TAG: ON})
        server.wait_until(lambda: talking(meanwhile))
        site.street.have(customers.hang_up)
        record = centre.until_all_ended(campaign_id, timeout_s=120)[meanwhile]
        assert record["Disposition"] == "connected_to_agent"

        (folder / "something else").unlink()
        campaign_id = centre.call([after], name="After", tags={TAG: ON})
        server.wait_until(lambda: recorded(campaign_id))
        server.wait_until(lambda: health()["status"] == "ok")
        site.street.have(customers.hang_up)
        centre.until_all_ended(campaign_id, timeout_s=120)


def disk_of_its_own(folder: Path, size: str, stack: ExitStack) -> None:
    """So small that it can be filled, for as long as the story takes."""
    folder.mkdir(mode=0o700, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", str(folder)], check=True)
    stack.callback(subprocess.run, ["umount", "--lazy", str(folder)], check=True)
