"""`trunkcall status`: whether all is well, in words, and what is going on.

Decides what counts as trouble for a script: the exit code is 1 if there is any. It is an ordinary client: /health for
the server, the API for the rest.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias

import typer
from botocore.exceptions import ClientError

from trunkcall.cli.api_errors import NOT_FOUND, in_words
from trunkcall.cli.campaign_steps import JSON
from trunkcall.cli.client import connection, nobody_dials, own_health, trunkcall_client
from trunkcall.cli.figures import STAFFED, Ask, Figures, Floor, read_floor, to_json
from trunkcall.cli.options import with_settings
from trunkcall.cli.tables import counted, facts, plain_table, terminal_width
from trunkcall.cli.trunks import trunks_table
from trunkcall.domain.transitions import CAMPAIGN, CampaignEvent, sources
from trunkcall.settings import Settings

TROUBLES = frozenset(
    {
        "AGENTS_UNHEARD",
        "PHONES_FAILING",
        "CARRIER_AWAY",
        "CARRIER_REFUSED",
        "NO_AGENTS",
        "NO_TRUNK",
        "QUEUE_DISABLED",
        "STARVED",
        "STORE_TROUBLE",
        "TRUNK_FAILING",
    }
)
"""Reasons of a Running campaign with requests waiting that somebody should see to."""
MAX_SHOWN = 20
"""Campaigns in the table, and of which it is asked why they dial as they do."""
GOING = sources(CAMPAIGN, CampaignEvent.STOP)
"""States of campaigns that dial, or may go on."""
GRACE = 1.0
"""Abandonments beyond the limit that are not trouble yet: the first of a shift is always beyond it."""

AGENT_WORDS: Mapping[str, str] = {
    "Available": "available",
    "Connecting": "ringing",
    "Connected": "talking",
    "AfterContactWork": "after-call work",
    "OnBreak": "on break",
    "Missed": "missed a contact",
    "Error": "phone failed",
    "Offline": "offline",
}


PHONE_WORDS: Mapping[str, str] = {
    "Gone": "is not registered, or does not answer",
    "Refuses": "refuses calls, or sends them on",
    "Unanswered": "rings, and nobody answers",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong. ``code`` stays the same from version to version."""

    code: str
    text: str


def status(settings: Settings, as_json: Annotated[bool, JSON] = False) -> None:
    """Say whether the server dials, what its agents do, and how far campaigns are. Exit code 1 if anything is wrong."""
    where = connection(settings.data_dir)
    page = own_health(where.endpoint_url)
    own = trunkcall_client(where)
    floors: dict[str, Floor | None] = {}
    with in_words(where.endpoint_url):
        for each in page["instances"][:MAX_SHOWN]:
            told = own.get_instance_status(connectInstanceId=each["instance_id"])
            floors[each["instance_id"]] = read_floor(told.get("floor"))
            each["alias"] = told.get("instanceAlias")
        ask = Ask(own)
        campaigns = [_closer(ask, figures) if n < MAX_SHOWN else figures for n, figures in _going_first(ask)]
    floor = floors.pop(page["instance_id"], None)
    troubles = find_troubles(page, floor, campaigns, floors)
    if as_json:
        typer.echo(json.dumps(_to_json(where.endpoint_url, page, floor, campaigns, troubles), indent=2))
    else:
        typer.echo(status_text(where.endpoint_url, page, floor, campaigns, troubles, terminal_width(), floors))
    if troubles:
        raise typer.Exit(1)


def _going_first(ask: Ask) -> Iterator[tuple[int, Figures]]:
    """Every campaign, those that are going first, with its place."""
    return enumerate(sorted(ask.campaigns(), key=lambda figures: figures.state not in GOING))


def _closer(ask: Ask, figures: Figures) -> Figures:
    """The same with the reason why it dials as it does, where that may be trouble: a list does not have it."""
    if figures.state != "Running" or not figures.waiting:
        return figures
    try:
        return ask.campaign(figures.id)
    except ClientError as error:
        if error.response["Error"]["Code"] == NOT_FOUND:  # It was deleted since.
            return figures
        raise


status_command = with_settings("data_dir")(status)


Floors: TypeAlias = Mapping[str, Floor | None]
"""What the agents of instances are doing, by the instance's id; None where nobody dials."""


def find_troubles(
    page: Mapping[str, Any], floor: Floor | None, campaigns: Sequence[Figures], others: Floors = MappingProxyType({})
) -> list[Trouble]:
    """What is wrong, the worst first. ``floor`` is the default instance's, ``others`` are those of other instances."""
    found = []
    if page["status"] != "ok":
        found.append(Trouble("SERVER", f"The server is {page['status']}: {page['trouble']}"))
    elif floor is None:
        found.append(Trouble("NO_DIALER", nobody_dials(page)))
    names = {each["instance_id"]: _name(each) for each in page["instances"]}
    named = {f"Instance {names[instance_id]}: ": each for instance_id, each in others.items()}
    for which, each in {"": floor, **named}.items():
        if each is not None:
            found += [Trouble(trouble.code, f"{which}{trouble.text}") for trouble in _floor_troubles(each)]
    for figures in campaigns:
        if figures.state == "Failed":
            found.append(Trouble("CAMPAIGN_FAILED", f"{figures.name} has failed."))
        elif figures.state == "Running" and figures.waiting and figures.reason_code in TROUBLES:
            found.append(Trouble(figures.reason_code, f"{figures.name}: {figures.reason}"))
        if figures.state == "Running" and (worst := figures.tightest) is not None:
            over = worst.abandoned - figures.abandonment_target_ratio * worst.live_answers
            if over > GRACE:
                found.append(
                    Trouble(
                        "ABANDONMENT",
                        f"{figures.name} has abandoned {worst.abandoned} of {worst.live_answers} live answers in "
                        f"{worst.window}: {worst.abandonment_ratio:.1%}, over the limit of "
                        f"{figures.abandonment_target_ratio * 100:g} %.",
                    )
                )
    return found


def _floor_troubles(floor: Floor) -> Iterator[Trouble]:
    """What is wrong with an instance's trunks and agents."""
    yield from _down(floor)
    if floor.agents_unheard:
        yield Trouble("AGENTS_UNHEARD", f"Nothing is heard of {counted(floor.agents_unheard, 'agent')} at work.")


def _down(floor: Floor) -> Iterator[Trouble]:
    """Trunks whose host does not answer, by host; a carrier that answers for none is one trouble."""
    down: dict[str, list[str]] = {}
    for trunk in floor.trunks:
        if not trunk.up:
            down.setdefault(trunk.host, []).append(trunk.trunk_id)
    if not floor.carrier_up and not any(trunk.up for trunk in floor.trunks):
        yield Trouble("CARRIER_AWAY", "The carrier does not answer.")
        return
    for host, names in down.items():
        trunks = f"The trunk {names[0]} is" if len(names) == 1 else f"The trunks {', '.join(names)} are"
        yield Trouble("TRUNK_DOWN", f"{trunks} down: the carrier does not answer for {host}.")


def status_text(
    url: str,
    page: Mapping[str, Any],
    floor: Floor | None,
    campaigns: Sequence[Figures],
    troubles: Sequence[Trouble],
    width: int | None,
    others: Floors = MappingProxyType({}),
) -> str:
    """The whole of it: what is wrong first."""
    lines = [facts([("WRONG", trouble.text) for trouble in troubles], width)] if troubles else []
    speed = "" if page["speed"] == 1 else f", {page['speed']:g} times as fast as real time"
    found = [
        ("server", f"{url}, Trunkcall {page['version']}: {page['status']}"),
        ("clock", f"{_seconds(page['instance_time'])}{speed}"),
    ]
    if floor is not None:
        found += [("agents", agents_text(floor)), ("lines", f"{floor.lines_in_use:,} of {floor.lines:,} in use")]
    states = Counter(figures.state for figures in campaigns)
    found.append(("campaigns", ", ".join(f"{number:,} {state}" for state, number in states.items()) or "none"))
    lines.append(facts(found, width))
    if any(each["instance_id"] != page["instance_id"] for each in page["instances"]):
        lines += ["", _instances_table(page["instances"], {page["instance_id"]: floor, **others}, width)]
    if floor is not None and (
        len(floor.trunks) > 1 or any(trunk.held or trunk.failing or not trunk.up for trunk in floor.trunks)
    ):
        lines += ["", trunks_table(floor.trunks, width)]
    going = [figures for figures in campaigns if figures.state in GOING]
    if going:
        lines += ["", _table(going[:MAX_SHOWN], width)]
    if len(going) > MAX_SHOWN:
        lines.append(f"and {len(going) - MAX_SHOWN:,} more: trunkcall campaign list")
    return "\n".join(lines)


def agents_text(floor: Floor) -> str:
    """Agents by state, those at work first."""
    states = [(AGENT_WORDS.get(state, state), floor.agents.get(state, 0)) for state in STAFFED]
    away = [(word, floor.agents.get(state, 0)) for state, word in AGENT_WORDS.items() if state not in STAFFED]
    at_work = ", ".join(f"{number:,} {word}" for word, number in states if number)
    parts = [f"{floor.at_work:,} at work" + (f" ({at_work})" if at_work else "")]
    parts += [f"{number:,} {word}" for word, number in away if number]
    return ", ".join(parts)


def _instances_table(instances: Sequence[Mapping[str, Any]], floors: Floors, width: int | None) -> str:
    rows = []
    for each in instances:
        floor, numbers = floors.get(each["instance_id"]), ("–", "–")
        if floor is not None:
            numbers = (f"{floor.at_work:,}", f"{floor.lines_in_use:,} of {floor.lines:,}")
        told = (_name(each), each["status"], _seconds(each["instance_time"]))
        rows.append((*told, *numbers, f"{each['quarantined']:,}", each["instance_id"]))
    headers = ("INSTANCE", "STATUS", "CLOCK", "AT WORK", "LINES", "SET ASIDE", "ID")
    return plain_table(headers, rows, width, right=headers[3:6])


def _name(instance: Mapping[str, Any]) -> str:
    """What people call the instance, and may name it by: its alias, if it has one and was asked for it."""
    return str(instance.get("alias") or instance["instance_id"])


def _seconds(written: str) -> str:
    """An instant of a page, to the second."""
    return f"{written[:19].replace('T', ' ')} UTC"


def _table(campaigns: Sequence[Figures], width: int | None) -> str:
    rows = []
    for figures in campaigns:
        worst = figures.tightest
        abandoned = f"{worst.abandonment_ratio:.1%}" if worst is not None and worst.live_answers else "–"
        done = f"{figures.ended / figures.accepted:.0%}" if figures.accepted else "–"
        numbers = (f"{figures.waiting:,}", f"{figures.in_progress:,}", f"{figures.connected:,}")
        rows.append((figures.name, figures.state, done, *numbers, abandoned))
    headers = ("NAME", "STATE", "DONE", "PENDING", "DIALING", "CONNECTED", "ABANDONED")
    return plain_table(headers, rows, width, right=headers[2:])


def _to_json(
    url: str, page: Mapping[str, Any], floor: Floor | None, campaigns: Sequence[Figures], troubles: Sequence[Trouble]
) -> dict[str, Any]:
    return {
        "ok": not troubles,
        "troubles": [asdict(trouble) for trouble in troubles],
        "endpoint_url": url,
        "version": page["version"],
        "status": page["status"],
        "instance_id": page["instance_id"],
        "instance_time": page["instance_time"],
        "speed": page["speed"],
        "instances": [{**each, "alias": each.get("alias")} for each in page["instances"]],
        "floor": asdict(floor) if floor is not None else None,
        "campaigns": [to_json(figures) for figures in campaigns],
    }
