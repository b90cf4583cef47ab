"""`trunkcall dnc`: who is not to be called.

Decides how numbers are written for a command and in a file, and what a person is told of an import. It is an ordinary
client of the API: numbers go there, and what is kept of them is the server's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from trunkcall.cli.asking import Yes, confirm
from trunkcall.cli.campaign_steps import JSON
from trunkcall.cli.centre import Centre, InstanceOption, centre_of
from trunkcall.cli.client import campaigns_client, trunkcall_client
from trunkcall.cli.dnc_import import AT_ONCE, NumberFile, import_file
from trunkcall.cli.help import examples
from trunkcall.cli.lists.leads import Duplicates
from trunkcall.cli.naming import find_campaign
from trunkcall.cli.numbers import Country, read_written, region_of, written_numbers
from trunkcall.cli.options import with_settings
from trunkcall.cli.reading import Country as ListCountry
from trunkcall.cli.reading import Encoding, NoHeader, PhoneColumn, Sheet, reading
from trunkcall.cli.tables import counted, plain_table, terminal_width
from trunkcall.domain.do_not_call import OPT_OUTS
from trunkcall.domain.errors import TrunkcallError
from trunkcall.settings import Settings

SOME_REJECTED, NONE_TAKEN = 3, 4
"""Exit codes of an import, as those of `trunkcall load`."""

app = typer.Typer(help="Do-not-call lists: who is not to be called.", no_args_is_help=True)

Numbers = Annotated[
    list[str],
    typer.Argument(metavar="NUMBER|FILE", help="Numbers, or text files with one a line; - for standard input."),
]
ListArgument = Annotated[str, typer.Argument(metavar="LIST", help="The list, by its name.")]
ListName = Annotated[str, typer.Option("--list", metavar="NAME", help="The list.")]
Source = Annotated[str, typer.Option(help="Where that comes from: a letter, a call, a file. It holds no number.")]
Reason = Annotated[str, typer.Option(help="Why. It holds no number.")]
_GOOD = "good"
_TROUBLES = {
    "too_old": "too old: nobody is dialed",
    "from_the_future": "dated in the future: nobody is dialed",
    "never_filled": "not filled yet: nobody is dialed",
    "other_key": "of another secret key: nobody is dialed",
    "damaged": "damaged: nobody is dialed",
}


class NoNumbersError(TrunkcallError):
    """There is no number in it."""


def add(
    settings: Settings,
    numbers: Numbers,
    source: Source = "command line",
    reason: Reason = "",
    list_name: ListName = OPT_OUTS,
    country: Country = None,
    instance: InstanceOption = None,
) -> None:
    """Put numbers on a list. Nobody of them is dialed from then on, whoever waits included."""
    wanted = _read(numbers, country)
    centre = centre_of(settings.data_dir, instance)
    own = trunkcall_client(centre.where)
    told = _in_pieces(centre, own.add_do_not_call_entries, wanted, listName=list_name, source=source, reason=reason)
    added, known = (sum(each[name] for each in told) for name in ("added", "known"))
    typer.echo(f"{counted(added, 'number')} put on {list_name}, {known:,} on it before.")


def remove(
    settings: Settings,
    numbers: Numbers,
    list_name: ListName = OPT_OUTS,
    country: Country = None,
    yes: Yes = False,
    instance: InstanceOption = None,
) -> None:
    """Take numbers off a list: they may be dialed again."""
    wanted = _read(numbers, country)
    centre = centre_of(settings.data_dir, instance)
    confirm(f"{counted(len(wanted), 'number')} may be dialed again as far as {list_name} goes.", yes)
    own = trunkcall_client(centre.where)
    told = _in_pieces(centre, own.remove_do_not_call_entries, wanted, listName=list_name)
    removed, unknown = (sum(each[name] for each in told) for name in ("removed", "unknown"))
    typer.echo(f"{counted(removed, 'number')} taken off {list_name}, {unknown:,} not on it.")


def show(
    settings: Settings,
    number: Annotated[str, typer.Argument(help="The number.")],
    country: Country = None,
    instance: InstanceOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Say on which lists a number is, since when, and why."""
    wanted = read_written(number, region_of(country), "The number")
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        found = trunkcall_client(centre.where).get_do_not_call_entries(
            connectInstanceId=centre.instance_id, phoneNumber=wanted
        )["entries"]
    if as_json:
        told = [{**each, "since": each["since"].isoformat()} for each in found]
        typer.echo(json.dumps(told, indent=2))
        return
    if not found:
        typer.echo("It is on no list.")
        return
    rows = [
        (each["listName"], each["since"].isoformat(sep=" ", timespec="seconds"), each["source"], each["reason"] or "-")
        for each in found
    ]
    typer.echo(plain_table(("LIST", "SINCE", "SOURCE", "REASON"), rows, terminal_width(), right=()))


def edit(
    settings: Settings,
    list_name: ListArgument,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    description: Annotated[str | None, typer.Option(help="What the list is. It holds no number.")] = None,
    max_age_days: Annotated[int | None, typer.Option(min=1, help="How old a registry's file may be.")] = None,
    campaign: Annotated[list[str] | None, typer.Option(help="A campaign that it is to bind, by name.")] = None,
    all_campaigns: Annotated[bool, typer.Option("--all-campaigns", help="Have it bind every campaign.")] = False,
    instance: InstanceOption = None,
) -> None:
    """Change a list's name, what is said of it, how old its file may be, or whom it binds."""
    if campaign and all_campaigns:
        raise typer.BadParameter("Give --campaign or --all-campaigns, not both.")
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        client = campaigns_client(centre.where)
        binds = [find_campaign(client, each) for each in campaign or []]
        changes = {"name": name, "description": description, "maxAgeDays": max_age_days}
        given: dict[str, Any] = {key: value for key, value in changes.items() if value is not None}
        if binds or all_campaigns:
            given["campaignIds"] = binds
        if not given:
            raise typer.BadParameter("Say what is to be changed: see --help.")
        now = trunkcall_client(centre.where).update_do_not_call_list(
            connectInstanceId=centre.instance_id, listName=list_name, **given
        )["list"]
    typer.echo(f"{now['name']} binds {_binds(now)}. {_TROUBLES.get(now.get('trouble', ''), _GOOD).capitalize()}.")


def delete(settings: Settings, list_name: ListArgument, yes: Yes = False, instance: InstanceOption = None) -> None:
    """Delete a list: whoever is on no other may be dialed again. What was on it is erased."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        there = next((each for each in _lists(centre) if each["name"] == list_name), None)
    if there is not None:
        lost = counted(there["entries"], "number")
        confirm(f"This deletes {list_name}: {lost} may be dialed again by {_binds(there)} as far as it goes.", yes)
    with centre.in_words():
        deleted = trunkcall_client(centre.where).delete_do_not_call_list(
            connectInstanceId=centre.instance_id, listName=list_name
        )["list"]
    typer.echo(f"{list_name} is deleted. Records that name it call it {deleted['name']}.")


def lists(
    settings: Settings,
    deleted: Annotated[bool, typer.Option("--deleted", help="Those that were deleted, when and by which key.")] = False,
    instance: InstanceOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List every do-not-call list, how many numbers are on it, and whether it can be gone by."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        found = _lists(centre, deleted=deleted)
    if as_json:
        told = [
            {**each, "deletedTime": each["deletedTime"].isoformat()} if "deletedTime" in each else each
            for each in found
        ]
        typer.echo(json.dumps(told, indent=2))
        return
    if deleted:
        gone = [
            (each["name"], each["deletedTime"].isoformat(sep=" ", timespec="seconds"), each.get("deletedBy", "-"))
            for each in found
        ]
        typer.echo(plain_table(("LIST", "DELETED", "BY"), gone, terminal_width(), right=()))
        return
    if not found:
        typer.echo("There is no list. `trunkcall dnc add` and `trunkcall dnc import` make one.", err=True)
        return
    there = _campaigns(centre) if any(each["campaignIds"] for each in found) else frozenset()
    rows = [
        (
            each["name"],
            f"{each['entries']:,}",
            {"registry": "registry", "opt_outs": "opt-outs"}.get(each.get("kind", ""), "-"),
            each.get("asOf", "-"),
            _binds(each) if there.issuperset(each["campaignIds"]) else _binds_of(each, there),
            _TROUBLES.get(each.get("trouble", ""), _GOOD),
        )
        for each in found
    ]
    headers = ("LIST", "NUMBERS", "KIND", "AS OF", "BINDS", "STATE")
    typer.echo(plain_table(headers, rows, terminal_width(), right=("NUMBERS",)))


def import_numbers(
    settings: Settings,
    file: Annotated[Path, typer.Argument(help="A list as `trunkcall load` takes it: CSV or XLSX. - is stdin.")],
    list_name: ListName = OPT_OUTS,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of all that is on the list: a registry's new file.")
    ] = False,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Date of a registry's file, 2026-11-30: too old, it is not used.")
    ] = None,
    max_age_days: Annotated[
        int | None, typer.Option(min=1, help="For a new registry's list: how old its file may be. [default: 31]")
    ] = None,
    campaign: Annotated[
        list[str] | None, typer.Option(help="For a new list: a campaign that it binds, by name; all if left out.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Where it comes from; the file's name if left out.")] = None,
    reason: Reason = "",
    instance: InstanceOption = None,
    phone_column: PhoneColumn = None,
    country: ListCountry = None,
    encoding: Encoding = None,
    sheet: Sheet = None,
    no_header: NoHeader = False,
) -> None:
    """Put the numbers of a file on a list, millions of them. The list stays as it is until all were sent.

    A list that there is not is made: a registry's if --as-of is given. To do it again does no harm.

    Exit codes: 0 if every number was taken, 3 if some were rejected, 4 if none was taken, 130 after Ctrl-C.
    """
    how = reading(
        phone_column=phone_column,
        country=country,
        encoding=encoding,
        sheet=sheet,
        no_header=no_header,
        duplicates=Duplicates.KEEP,
    )
    centre = centre_of(settings.data_dir, instance)
    numbers = NumberFile(file, how)
    with centre.in_words():
        known = any(each["name"] == list_name for each in _lists(centre))
        if not known and list_name != OPT_OUTS:
            _make(centre, list_name, campaign or [], is_registry=as_of is not None, max_age_days=max_age_days)
        elif campaign or max_age_days is not None:
            raise typer.BadParameter("--campaign and --max-age-days are for a new list; this one is there, or opt-outs")
    result = import_file(
        centre,
        numbers,
        list_name,
        {
            "source": source if source is not None else numbers.name,
            "reason": reason,
            "replaces": replace,
            **({"asOf": as_of} if as_of is not None else {}),
        },
    )
    typer.echo(
        f"{counted(result.taken, 'number')} taken, {result.rejected:,} rejected; "
        f"{counted(result.entries, 'number')} on {list_name}."
    )
    if not result.taken:
        raise typer.Exit(NONE_TAKEN)
    if result.rejected:
        raise typer.Exit(SOME_REJECTED)


def _make(centre: Centre, name: str, campaigns: list[str], *, is_registry: bool, max_age_days: int | None) -> None:
    client = campaigns_client(centre.where)
    ids = [find_campaign(client, each) for each in campaigns]
    trunkcall_client(centre.where).create_do_not_call_list(
        connectInstanceId=centre.instance_id,
        name=name,
        kind="registry" if is_registry else "opt_outs",
        campaignIds=ids,
        **({"maxAgeDays": max_age_days} if max_age_days is not None else {}),
    )
    kind = "a registry's" if is_registry else "one of opt-outs"
    binds = f"{len(ids)} of the campaigns" if ids else "every campaign"
    typer.echo(f"A new list {name}, {kind}, binds {binds}: none dials until it is filled.", err=True)


def _lists(centre: Centre, *, deleted: bool = False) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = trunkcall_client(centre.where).list_do_not_call_lists(
        connectInstanceId=centre.instance_id, deleted=deleted
    )["lists"]
    return found


def _campaigns(centre: Centre) -> frozenset[str]:
    """The ids of all that there are."""
    with centre.in_words():
        pages = campaigns_client(centre.where).get_paginator("list_campaigns").paginate()
        return frozenset(summary["id"] for page in pages for summary in page["campaignSummaryList"])


def _binds_of(told: dict[str, Any], there: frozenset[str]) -> str:
    """Where some campaigns of a list are gone: another one of the same name is not bound by it."""
    left = len(there.intersection(told["campaignIds"]))
    return f"{counted(left, 'campaign')}, {len(told['campaignIds']) - left:,} gone" if left else "nobody: all gone"


def _binds(told: dict[str, Any]) -> str:
    return counted(len(told["campaignIds"]), "campaign") if told["campaignIds"] else "all campaigns"


def _in_pieces(
    centre: Centre, ask: Callable[..., dict[str, Any]], wanted: list[str], **named: str
) -> list[dict[str, Any]]:
    """What is answered of all these numbers, asked in as many requests as it takes."""
    answers = []
    for first in range(0, len(wanted), AT_ONCE):
        with centre.in_words():
            asked = wanted[first : first + AT_ONCE]
            answers.append(ask(connectInstanceId=centre.instance_id, phoneNumbers=asked, **named))
    return answers


def _read(numbers: list[str], country: str | None) -> list[str]:
    region = region_of(country)
    wanted = list(dict.fromkeys(read_written(text, region, place) for text, place in written_numbers(numbers)))
    if not wanted:
        raise NoNumbersError
    return wanted


_with_data_dir = with_settings("data_dir")
app.command(
    "add",
    epilog=examples(
        "trunkcall dnc add +12125550142 --source phone --reason 'asked not to be called'",
        "trunkcall dnc add stop.txt --country GB --source letters",
    ),
)(_with_data_dir(add))
app.command("remove", epilog=examples("trunkcall dnc remove +12125550142"))(_with_data_dir(remove))
app.command(
    "import",
    epilog=examples(
        "trunkcall dnc import opt-outs.csv",
        "trunkcall dnc import register.csv --list register --as-of 2026-11-30 --replace --country US",
    ),
)(_with_data_dir(import_numbers))
app.command("show", epilog=examples("trunkcall dnc show +12125550142"))(_with_data_dir(show))
app.command("lists", epilog=examples("trunkcall dnc lists", "trunkcall dnc lists --json"))(_with_data_dir(lists))
app.command(
    "edit",
    epilog=examples(
        "trunkcall dnc edit register --max-age-days 14",
        "trunkcall dnc edit spring-list --campaign Spring --campaign Summer",
    ),
)(_with_data_dir(edit))
app.command("delete", epilog=examples("trunkcall dnc delete spring-list"))(_with_data_dir(delete))
