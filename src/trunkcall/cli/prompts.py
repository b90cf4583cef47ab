"""`trunkcall prompts`: sounds that were recorded, to be played where a text could be spoken.

Decides how a file becomes a prompt, and how prompts are listed. It is an ordinary client of the API.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Annotated

import typer

from trunkcall.cli.asking import Yes
from trunkcall.cli.campaign_steps import JSON
from trunkcall.cli.centre import Centre, InstanceOption, Named, centre_of, find_each, remove_each
from trunkcall.cli.client import trunkcall_client
from trunkcall.cli.help import examples
from trunkcall.cli.options import with_settings
from trunkcall.cli.tables import plain_table, printable, terminal_width
from trunkcall.compose.sounds import FORMATS, telephone_sound
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.prompt import NAMES, OCTETS_PER_S
from trunkcall.service.prompts import MAX_S
from trunkcall.settings import Settings

MAX_FILE_BYTES = 100 * 1024 * 1024

app = typer.Typer(help="Prompts: recorded messages, in place of spoken texts.", no_args_is_help=True)


class UnusableFileError(TrunkcallError):
    """The file cannot be made a prompt."""


def add(
    settings: Settings,
    file: Annotated[Path, typer.Argument(help=f"A sound: {FORMATS}.")],
    name: Annotated[str | None, typer.Option(help="Its name. [default: the file's, without its ending]")] = None,
    description: Annotated[str | None, typer.Option(help="What it says.")] = None,
    instance: InstanceOption = None,
) -> None:
    """Make a prompt of a sound file, or give the prompt of this name another sound.

    It is mixed to one channel and made what a telephone carries before it is sent.
    """
    called = file.stem.strip() if name is None else name
    if not called or not called.isprintable():
        raise UnusableFileError("A prompt needs a name that can be printed: give it one with --name.")
    octets = _sound_of(file)
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        told = trunkcall_client(centre.where).put_prompt(
            connectInstanceId=centre.instance_id,
            name=called,
            sound=base64.b64encode(octets).decode(),
            **({"description": description} if description is not None else {}),
        )
    how = f"In a flow it is the PromptId {called}; elsewhere, in place of a text, {NAMES}{called}"
    typer.echo(printable(f"{called} has {told['lengthInSeconds']:.1f} s. {how}"))


def list_prompts(settings: Settings, instance: InstanceOption = None, as_json: Annotated[bool, JSON] = False) -> None:
    """List every prompt, oldest first."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        found = [
            {
                "id": each["PromptId"],
                "arn": each["PromptARN"],
                "name": each["Name"],
                "description": each.get("Description", ""),
                "changed_at": each["LastModifiedTime"].isoformat(timespec="seconds"),
            }
            for each in centre.pages("search_prompts", "Prompts")
        ]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    rows = [(each["name"], each["changed_at"], each["description"] or "-", each["id"]) for each in found]
    typer.echo(plain_table(("NAME", "CHANGED", "SAYS", "ID"), rows, terminal_width(), right=()))


def remove(
    settings: Settings,
    names: Annotated[list[str], typer.Argument(metavar="PROMPT", help="Prompts, each by name, id or ARN.")],
    yes: Yes = False,
    instance: InstanceOption = None,
) -> None:
    """Remove prompts. Whoever is to hear one of them from then on hears nothing."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        chosen = find_each("prompt", names, _prompts(centre))
    remove_each(
        centre,
        chosen,
        lambda prompt_id: centre.client.delete_prompt(InstanceId=centre.instance_id, PromptId=prompt_id),
        yes,
    )


def _prompts(centre: Centre) -> list[Named]:
    return [Named(each["Id"], each["Name"]) for each in centre.pages("list_prompts", "PromptSummaryList")]


def _sound_of(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UnusableFileError(f"{file} cannot be read: {error.strerror}.") from error
    if len(content) > MAX_FILE_BYTES:
        raise UnusableFileError(f"{file} is larger than {MAX_FILE_BYTES // 1024**2} MiB.")
    try:
        octets = telephone_sound(content, max_s=MAX_S)
    except TrunkcallError as error:
        raise UnusableFileError(f"{file} cannot be made a prompt. {error.message}") from error
    length_s = len(octets) / OCTETS_PER_S
    if length_s > MAX_S:
        raise UnusableFileError(f"{file} has {length_s:.1f} s of sound: a prompt has {MAX_S} s at most.")
    return octets


_with_data_dir = with_settings("data_dir")
app.command(
    "add",
    epilog=examples(
        "trunkcall prompts add closing.mp3",
        'trunkcall prompts add take-3.wav --name closing --description "We are sorry that we missed you."',
    ),
)(_with_data_dir(add))
app.command("list", epilog=examples("trunkcall prompts list", "trunkcall prompts list --json"))(
    _with_data_dir(list_prompts)
)
app.command("remove", epilog=examples("trunkcall prompts remove closing --yes"))(_with_data_dir(remove))
