"""`trunkcall recordings`: what was recorded of talks, to be heard.

Decides how recordings are listed, and that what is heard leaves as WAV: 16 bits, 8,000 samples a second, the customer
on the left and what the customer hears on the right. It is an ordinary client of the API: what rests encrypted on the
server is decrypted there.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated, Any, Final

import typer

from trunkcall.cli.asking import Yes, confirm
from trunkcall.cli.campaign_steps import JSON
from trunkcall.cli.centre import Centre, InstanceOption, centre_of
from trunkcall.cli.client import campaigns_client, trunkcall_client
from trunkcall.cli.help import examples
from trunkcall.cli.naming import find_campaign
from trunkcall.cli.options import with_settings
from trunkcall.cli.tables import counted, plain_table, terminal_width
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.recording_file import RATE
from trunkcall.settings import Settings

CHANNELS: Final = 2
SAMPLE_BYTES: Final = 2
PLAYERS: Final = (
    ("ffplay", "-autoexit", "-nodisp", "-loglevel", "error", "-"),
    ("aplay", "-q", "-"),
    ("play", "-q", "-t", "wav", "-"),
)
"""Commands that play WAV from their standard input, the best first."""

app = typer.Typer(help="What was recorded of talks: list it, play it, write it to files.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="A recording, or a contact of which there is one.")]


class NothingRecordedError(TrunkcallError):
    """There is no sound of it."""


def list_recordings(
    settings: Settings,
    campaign: Annotated[str | None, typer.Option(help="Only this campaign, by name, id or ARN.")] = None,
    contact: Annotated[str | None, typer.Option(help="Only this contact, by its id; it may not have ended.")] = None,
    instance: InstanceOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List recordings, in the order in which their contacts have ended."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        found = list(_recordings(centre, campaign=campaign, contact=contact))
    if as_json:
        typer.echo(json.dumps([_plain(each) for each in found], indent=2))
    elif found:
        headers = ("RECORDING", "STARTED", "SECONDS", "WHAT", "CAMPAIGN")
        rows = [
            (each["recordingId"], _started(each), _seconds(each), _what(each), each["campaignId"]) for each in found
        ]
        typer.echo(plain_table(headers, rows, terminal_width(), right=("SECONDS",)))
    else:
        typer.echo("Nothing was recorded. `trunkcall campaign record CAMPAIGN on` has talks recorded.", err=True)


def play(
    settings: Settings,
    recording: Id,
    instance: InstanceOption = None,
    player: Annotated[
        str | None,
        typer.Option(metavar="COMMAND", help="Plays WAV from its standard input. [default: one that is found]"),
    ] = None,
) -> None:
    """Play a recording; where the output is no terminal, write it there as WAV.

    The customer is on the left, what the customer hears on the right.
    """
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        recording_id = _the_one(centre, recording)
        if not sys.stdout.isatty():
            _write_wav(centre, recording_id, sys.stdout.buffer)
            return
        command = player.split() if player else next((each for each in PLAYERS if shutil.which(each[0])), None)
        if command is None:
            raise TrunkcallError(
                f"There is no player here that is known ({', '.join(each[0] for each in PLAYERS)}): name one with "
                f"--player, or write a file: trunkcall recordings play {recording_id} > talk.wav"
            )
        try:
            with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603 - what its user has named
                assert process.stdin is not None
                _write_wav(centre, recording_id, process.stdin)
                process.stdin.close()
        except FileNotFoundError:
            raise TrunkcallError(f"There is no command {command[0]!r} here.") from None
        except BrokenPipeError:
            # Whoever listened has had enough.
            return


def export(
    settings: Settings,
    folder: Annotated[Path, typer.Argument(help="Where to write them; it is made.")],
    campaign: Annotated[str | None, typer.Option(help="Only this campaign, by name, id or ARN.")] = None,
    contact: Annotated[str | None, typer.Option(help="Only this contact, by its id.")] = None,
    instance: InstanceOption = None,
    yes: Yes = False,
) -> None:
    """Write recordings as WAV, each by its id. Files of that name stay as they are.

    What is written is not encrypted, and neither retention nor `trunkcall forget` reaches it.
    """
    confirm(f"Recordings in {folder} are not encrypted, and nothing deletes them.", yes)
    centre = centre_of(settings.data_dir, instance)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = kept = 0
    with centre.in_words():
        for each in _recordings(centre, campaign=campaign, contact=contact):
            path = folder / f"{each['recordingId']}.wav"
            if not each.get("samples"):
                continue
            if path.exists():
                kept += 1
                continue
            part = path.with_name(path.name + ".part")
            with part.open("wb") as file:
                part.chmod(0o600)
                _write_wav(centre, each["recordingId"], file)
            part.replace(path)
            written += 1
    typer.echo(f"{counted(written, 'recording')} written to {folder}" + (f", {kept:,} were there." if kept else "."))


# --- what the API tells -----------------------------------------------------------------------------------------------


def _recordings(centre: Centre, *, campaign: str | None, contact: str | None) -> Iterator[dict[str, Any]]:
    client, asked = trunkcall_client(centre.where), {"connectInstanceId": centre.instance_id}
    if contact is not None:
        asked["contactId"] = contact
    if campaign is not None:
        asked["campaignId"] = find_campaign(campaigns_client(centre.where), campaign)
    while True:
        page = client.list_recordings(**asked)
        yield from page["recordings"]
        if not page.get("nextToken"):
            return
        asked["nextToken"] = page["nextToken"]


def _the_one(centre: Centre, named: str) -> str:
    """The recording that is named, or the only one with sound of the contact that is."""
    if "." in named:
        return named
    of_contact = _recordings(centre, campaign=None, contact=named)
    found = [each["recordingId"] for each in of_contact if each.get("samples") is not None]
    if not found:
        raise NothingRecordedError(
            "There is no sound of this contact: it was not recorded, what was recorded was deleted, or the carrier is "
            "the simulated one."
        )
    if len(found) > 1:
        raise NothingRecordedError(f"It was recorded in {len(found)} parts. Name one: {', '.join(found)}")
    return str(found[0])


def _write_wav(centre: Centre, recording_id: str, file: IO[bytes]) -> None:
    """As much as there was when it began: what goes on is written up to there."""
    client, asked = (
        trunkcall_client(centre.where),
        {"connectInstanceId": centre.instance_id, "recordingId": recording_id},
    )
    left: int | None = None
    while True:
        told = client.play_recording(**asked)
        if left is None:
            left = CHANNELS * told["samples"]
            file.write(wav_head(told["samples"]))
        sound = b64decode(told["sound"])[:left]
        left -= len(sound)
        file.write(linear(sound))
        if not told.get("nextToken") or not left:
            break
        asked["nextToken"] = told["nextToken"]
    file.write(bytes(SAMPLE_BYTES * left))
    file.flush()


def wav_head(samples: int) -> bytes:
    """The beginning of a WAV file with so many samples on each channel (RIFF, PCM of 16 bits)."""
    size, frame = samples * CHANNELS * SAMPLE_BYTES, CHANNELS * SAMPLE_BYTES
    form = struct.pack("<HHIIHH", 1, CHANNELS, RATE, RATE * frame, frame, 8 * SAMPLE_BYTES)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + size)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", size)
    )


def linear(octets: bytes) -> bytes:
    """Samples of 16 bits, the lesser octet first, for G.711 mu-law."""
    samples = bytearray(2 * len(octets))
    samples[0::2], samples[1::2] = octets.translate(_LOW), octets.translate(_HIGH)
    return bytes(samples)


def _value(octet: int) -> int:
    """ITU-T G.711, table 2b."""
    octet ^= 0xFF
    size = (((octet & 0x0F) << 3) + 132 << (octet >> 4 & 7)) - 132
    return -size if octet & 0x80 else size


_VALUES: Final = [struct.pack("<h", _value(octet)) for octet in range(256)]
_LOW: Final = bytes(value[0] for value in _VALUES)
_HIGH: Final = bytes(value[1] for value in _VALUES)


# --- how it is told ---------------------------------------------------------------------------------------------------


def _started(recording: dict[str, Any]) -> str:
    at = recording.get("startTime") or recording["askedTime"]
    return str(at.isoformat(sep=" ", timespec="seconds"))


def _seconds(recording: dict[str, Any]) -> str:
    samples = recording.get("samples")
    return "-" if samples is None else f"{samples / RATE:,.1f}"


def _what(recording: dict[str, Any]) -> str:
    if recording.get("unrecorded"):
        why = {"NotAnnounced": "not announced", "Failed": "it failed"}.get(recording["unrecorded"])
        return f"not recorded: {why or recording['unrecorded']}"
    if recording.get("damaged"):
        return "damaged"
    if recording.get("samples") is None:
        return "no sound"
    pauses = len(recording.get("suspensions", []))
    return f"recorded, suspended {counted(pauses, 'time')}" if pauses else "recorded"


def _plain(recording: dict[str, Any]) -> dict[str, Any]:
    def at(value: Any) -> str | None:
        return None if value is None else value.isoformat()

    samples = recording.get("samples")
    return {
        "recording_id": recording["recordingId"],
        "contact_id": recording["contactId"],
        "campaign_id": recording["campaignId"],
        "started_at": at(recording.get("startTime")),
        "stopped_at": at(recording.get("stopTime")),
        "suspensions": [
            {"started_at": at(each.get("startTime")), "stopped_at": at(each.get("stopTime"))}
            for each in recording.get("suspensions", [])
        ],
        "seconds": None if samples is None else round(samples / RATE, 3),
        "unrecorded": recording.get("unrecorded"),
        "damaged": recording.get("damaged", False),
    }


_with_data_dir = with_settings("data_dir")
app.command("list", epilog=examples("trunkcall recordings list", "trunkcall recordings list --campaign Spring --json"))(
    _with_data_dir(list_recordings)
)
app.command(
    "play",
    epilog=examples(
        "trunkcall recordings play 019ae2f0-6f3c-7e11-b1f4-2f1c5f2e8a10",
        "trunkcall recordings play 019ae2f0-6f3c-7e11-b1f4-2f1c5f2e8a10.1 > talk.wav",
    ),
)(_with_data_dir(play))
app.command("export", epilog=examples("trunkcall recordings export talks --campaign Spring --yes"))(
    _with_data_dir(export)
)
