"""`trunkcall numbers`: the numbers that customers see.

Decides how numbers are written for a command and in a file, and how they are listed. It is an ordinary client of the
API.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from trunkcall.cli.asking import Yes, confirm
from trunkcall.cli.campaign_steps import JSON
from trunkcall.cli.centre import Centre, InstanceOption, NoSuchThingError, centre_of, find_number
from trunkcall.cli.client import trunkcall_client
from trunkcall.cli.help import examples
from trunkcall.cli.lists.phones import country_of, read_number, seems_number
from trunkcall.cli.options import with_settings
from trunkcall.cli.tables import counted, plain_table, terminal_width
from trunkcall.domain.errors import InvalidInputError, TrunkcallError
from trunkcall.service.numbers import NotDialableError
from trunkcall.settings import Settings

AT_ONCE = 1_000
"""Numbers in one request to import."""

app = typer.Typer(help="Phone numbers: what customers see.", no_args_is_help=True)

Country = Annotated[str | None, typer.Option(help="Country whose national numbers are understood: US, GB, DE.")]


class WrongNumberError(TrunkcallError):
    """Something that was given as a number is none."""


def list_numbers(settings: Settings, instance: InstanceOption = None, as_json: Annotated[bool, JSON] = False) -> None:
    """List every number of the instance, oldest first, and the queues that show it."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        found = _numbers_of(centre)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    if not found:
        typer.echo("There is no number. `trunkcall numbers import` takes those of your trunks.", err=True)
        return
    headers = ("NUMBER", "COUNTRY", "TYPE", "SHOWN BY", "ID")
    rows = [
        (each["number"], each["country"] or "-", each["type"], ", ".join(each["queues"]) or "no queue", each["id"])
        for each in found
    ]
    typer.echo(plain_table(headers, rows, terminal_width(), right=()))


def _numbers_of(centre: Centre) -> list[dict[str, Any]]:
    shown: dict[str, list[str]] = {}
    for queue in centre.pages("search_queues", "Queues"):
        number_id = queue.get("OutboundCallerConfig", {}).get("OutboundCallerIdNumberId")
        if number_id is not None:
            shown.setdefault(number_id, []).append(queue["Name"])
    return [
        {
            "id": each["PhoneNumberId"],
            "arn": each["PhoneNumberArn"],
            "number": each["PhoneNumber"],
            "country": each.get("PhoneNumberCountryCode"),
            "type": each["PhoneNumberType"],
            "queues": shown.get(each["PhoneNumberId"], []),
        }
        for each in centre.pages("list_phone_numbers_v2", "ListPhoneNumbersSummaryList")
    ]


def add(
    settings: Settings,
    number: Annotated[str | None, typer.Argument(help="The number; any of the country if left out.")] = None,
    country: Annotated[str | None, typer.Option(help="Country that it is to be of: US, GB, DE.")] = None,
    toll_free: Annotated[bool, typer.Option("--toll-free", help="One that is free of charge to who dials it.")] = False,
    instance: InstanceOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Claim a number. There are some with the simulated carrier alone: those that nobody can have."""
    if (number is None) == (country is None):
        raise typer.BadParameter("give either a number or --country")
    wanted = None if number is None else read_written(number, None, "The number")
    region = region_of(country)
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        if wanted is None:
            offered = centre.client.search_available_phone_numbers(
                InstanceId=centre.instance_id,
                PhoneNumberCountryCode=region,
                PhoneNumberType="TOLL_FREE" if toll_free else "DID",
                MaxResults=1,
            )["AvailableNumbersList"]
            if not offered:
                raise NoSuchThingError(f"No such number of {region} can be claimed.")
            wanted = offered[0]["PhoneNumber"]
        made = centre.client.claim_phone_number(InstanceId=centre.instance_id, PhoneNumber=wanted)
    if as_json:
        typer.echo(json.dumps({"id": made["PhoneNumberId"], "arn": made["PhoneNumberArn"], "number": wanted}, indent=2))
    else:
        typer.echo(f"{wanted} is the instance's.")


def remove(
    settings: Settings,
    numbers: Annotated[list[str], typer.Argument(metavar="NUMBER", help="Numbers, or their ids or ARNs.")],
    yes: Yes = False,
    instance: InstanceOption = None,
) -> None:
    """Give numbers back that no queue and no campaign shows."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        there = centre.numbers()
        chosen = list(dict.fromkeys(find_number(number, there) for number in numbers))
    confirm(f"This gives {counted(len(chosen), 'number')} back.", yes)
    for each in chosen:
        with centre.in_words():
            centre.client.release_phone_number(PhoneNumberId=each.id)
        typer.echo(f"{each.name} was given back.")


def import_numbers(
    settings: Settings,
    numbers: Annotated[
        list[str],
        typer.Argument(metavar="NUMBER|FILE", help="Numbers, or files with one a line; - is standard input."),
    ],
    country: Country = None,
    instance: InstanceOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Have the instance own numbers of your trunks, which it may then show. Numbers that it has are left as they
    are."""
    region = region_of(country)
    wanted = list(dict.fromkeys(read_written(written, region, place) for written, place in written_numbers(numbers)))
    if not wanted:
        raise WrongNumberError("There is no number in it.")
    centre = centre_of(settings.data_dir, instance)
    own = trunkcall_client(centre.where)
    new, known = [], []
    for first in range(0, len(wanted), AT_ONCE):
        try:
            with centre.in_words():
                answer = own.import_phone_numbers(
                    connectInstanceId=centre.instance_id, phoneNumbers=wanted[first : first + AT_ONCE]
                )
        except TrunkcallError as error:
            if not first:
                raise
            so_far = f"The first {first:,} of {counted(len(wanted), 'number')} are the instance's."
            raise TrunkcallError(f"{error.message} {so_far}") from error
        new += [_told(each, new=True) for each in answer["imported"]]
        known += [_told(each, new=False) for each in answer["known"]]
    if as_json:
        typer.echo(json.dumps([*new, *known], indent=2))
        return
    for each in (*new, *known):
        typer.echo(f"{'new' if each['new'] else 'known':<5}  {each['number']}")
    typer.echo(f"{counted(len(new), 'number')} imported, {len(known):,} known before.", err=True)


def _told(number: dict[str, str], *, new: bool) -> dict[str, Any]:
    return {"id": number["phoneNumberId"], "arn": number["phoneNumberArn"], "number": number["phoneNumber"], "new": new}


def written_numbers(given: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What was written for each number, and where. A file may have empty lines, and remarks after a #."""
    for place, text in enumerate(given, start=1):
        if text == "-":
            yield from _lines("standard input", sys.stdin.read())
        elif (path := Path(text)).is_file():
            try:
                yield from _lines(text, path.read_text(encoding="utf-8-sig"))
            except UnicodeDecodeError as error:
                raise WrongNumberError(f"{text} is not text in UTF-8.") from error
        elif seems_number(text):
            yield text, f"Number {place}"
        else:
            raise WrongNumberError(f"{text!r} is neither a number nor a file.")


def _lines(name: str, text: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if written := line.partition("#")[0].strip():
            yield written, f"{name}, line {number}"


def read_written(written: str, region: str | None, place: str) -> str:
    """The number in E.164. Raises WrongNumberError, which names its place."""
    try:
        return read_number(written, region)
    except NotDialableError as error:
        raise WrongNumberError(f"{place} cannot be dialed: {error}.") from error


def region_of(country: str | None) -> str | None:
    """The region of --country. Raises BadParameter."""
    try:
        return None if country is None else country_of(country)
    except InvalidInputError as error:
        raise typer.BadParameter(error.message) from error


_with_data_dir = with_settings("data_dir")
app.command("list", epilog=examples("trunkcall numbers list", "trunkcall numbers list --json"))(
    _with_data_dir(list_numbers)
)
app.command("add", epilog=examples("trunkcall numbers add --country GB", "trunkcall numbers add +12125550142"))(
    _with_data_dir(add)
)
app.command("remove", epilog=examples("trunkcall numbers remove +12125550142 --yes"))(_with_data_dir(remove))
app.command(
    "import",
    epilog=examples(
        "trunkcall numbers import +442079460123 +442079460124",
        "trunkcall numbers import numbers.txt --country GB",
    ),
)(_with_data_dir(import_numbers))
