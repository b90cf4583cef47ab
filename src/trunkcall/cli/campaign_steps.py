"""`trunkcall campaign start|pause|resume|stop|delete`: from one state to the next, one campaign or several.

Decides what is said when a campaign is in the wrong state, and what has to be confirmed. Each campaign is dealt with by
itself: one that cannot be changed keeps none of the others from it.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from trunkcall.cli.api_errors import WRONG_STATE, ApiRefusedError, in_words
from trunkcall.cli.asking import Yes, confirm
from trunkcall.cli.client import Connection, campaigns_client, connection, trunkcall_client
from trunkcall.cli.figures import Ask, Figures
from trunkcall.cli.naming import NoSuchCampaignError, as_argument, find_campaign
from trunkcall.cli.tables import printable
from trunkcall.domain.errors import TrunkcallError
from trunkcall.settings import Settings

NAMES = typer.Argument(metavar="CAMPAIGN", help="Campaigns, each by name, id or ARN.")
JSON = typer.Option("--json", help="Print JSON.")


class WrongStateError(TrunkcallError):
    """The campaign's state does not allow this."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation: the state that it leads to, the states that ``--all`` takes it from, and what is said after it and
    of states that it cannot be taken from. ``{name}`` is the campaign's as an argument, ``{value}`` as an option's."""

    verb: str
    operation: str
    to: str
    of_all: tuple[str, ...]
    then: str
    why_not: Mapping[str, str]


_OVER = "It will not dial any more: create another campaign."

START = Step(
    "started",
    "start_campaign",
    "Running",
    (),
    "It takes dial requests: `trunkcall load FILE --campaign {value}`.",
    {
        "Paused": "Go on with it by `trunkcall campaign resume {name}`.",
        "Stopped": _OVER,
        "Failed": _OVER,
    },
)
PAUSE = Step(
    "paused",
    "pause_campaign",
    "Paused",
    ("Running",),
    "No attempt begins; what waits goes on waiting, until it expires. `trunkcall campaign resume {name}` goes on.",
    {
        "Initialized": "It was not started, so there is nothing to pause.",
        "Stopped": _OVER,
        "Failed": _OVER,
    },
)
RESUME = Step(
    "resumed",
    "resume_campaign",
    "Running",
    ("Paused",),
    "It dials again.",
    {
        "Initialized": "It was not started yet: `trunkcall campaign start {name}`.",
        "Stopped": _OVER,
        "Failed": _OVER,
    },
)
STOP = Step(
    "stopped",
    "stop_campaign",
    "Stopped",
    ("Running", "Paused"),
    "No attempt begins any more, and what waits ends as expired. `trunkcall export contacts --campaign {value}` has "
    "every record.",
    {
        "Initialized": "It was never started. `trunkcall campaign delete {name}` removes it.",
        "Failed": _OVER,
    },
)


@dataclass(slots=True)
class Outcome:
    """What became of one campaign."""

    name: str
    id: str | None = None
    state: str | None = None
    changed: bool = False
    error: str | None = None


def start(
    settings: Settings,
    names: Annotated[list[str], NAMES],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Begin to dial. A campaign that is Running already stays as it is."""
    _step(START, settings, names, as_json)


def pause(
    settings: Settings,
    names: Annotated[list[str] | None, NAMES] = None,
    every: Annotated[bool, typer.Option("--all", help="All campaigns that are Running.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Begin no attempt from now on. Contacts in progress go on, and waiting requests wait on."""
    _step(PAUSE, settings, names, as_json, every=every)


def resume(
    settings: Settings,
    names: Annotated[list[str] | None, NAMES] = None,
    every: Annotated[bool, typer.Option("--all", help="All campaigns that are Paused.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Go on dialing a campaign that was paused."""
    _step(RESUME, settings, names, as_json, every=every)


def stop(
    settings: Settings,
    names: Annotated[list[str] | None, NAMES] = None,
    every: Annotated[bool, typer.Option("--all", help="All campaigns that are Running or Paused.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, with --all.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """End campaigns for good, at once. Contacts in progress go on; waiting requests end as expired."""
    if every:
        confirm("This ends every campaign that is Running or Paused, for good.", yes)
    _step(STOP, settings, names, as_json, every=every)


def delete(
    settings: Settings,
    names: Annotated[list[str], NAMES],
    yes: Yes = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Delete campaigns, in any state. The records of their contacts stay, and can be exported by the campaign's id."""
    where = connection(settings.data_dir)
    client = campaigns_client(where)
    ask = Ask(trunkcall_client(where))

    def remove(outcome: Outcome) -> str:
        with in_words(where.endpoint_url):
            outcome.id = find_campaign(client, outcome.name)
        confirm(_what_is_lost(where, ask, outcome), yes)
        with in_words(where.endpoint_url):
            client.delete_campaign(id=outcome.id)
        outcome.state, outcome.changed = "Deleted", True
        return f"Its records stay: `trunkcall export contacts --campaign {outcome.id}`."

    _report(list(_each(names, remove, as_json)), as_json)


def _what_is_lost(where: Connection, ask: Ask, outcome: Outcome) -> str:
    figures: Figures | None = None
    # Who may delete need not be allowed to look.
    with suppress(ApiRefusedError), in_words(where.endpoint_url):
        assert outcome.id is not None
        figures = ask.campaign(outcome.id)
    if figures is None:
        return f"This deletes {outcome.name}."
    outcome.name = figures.name
    lost = f"{figures.waiting:,} waiting requests will not be dialed." if figures.waiting else "Nothing waits in it."
    return f"This deletes {figures.name}, which is {figures.state}. {lost}"


def _step(step: Step, settings: Settings, names: list[str] | None, as_json: bool, *, every: bool = False) -> None:
    if bool(names) == every:
        raise typer.BadParameter("name the campaigns, or say --all" if not every else "name campaigns or say --all")
    where = connection(settings.data_dir)
    client = campaigns_client(where)
    if every:
        with in_words(where.endpoint_url):
            names = [figures.id for figures in Ask(trunkcall_client(where)).campaigns(*step.of_all)]
        if not names and not as_json:
            typer.echo(f"No campaign is {' or '.join(step.of_all)}.")
    outcomes = _each(names or [], lambda outcome: take(step, where, client, outcome), as_json)
    _report(list(outcomes), as_json)


def take(step: Step, where: Connection, client: Any, outcome: Outcome) -> str:
    """Take the step with one campaign; returns what to say after its new state. Raises what in_words and find_campaign
    raise, and WrongStateError."""
    with in_words(where.endpoint_url):
        outcome.id = find_campaign(client, outcome.name)
        # People read names, also of what they named by an id; but who may stop a campaign need not be allowed to look.
        with suppress(ClientError):
            outcome.name = client.describe_campaign(id=outcome.id)["campaign"]["name"]
        try:
            getattr(client, step.operation)(id=outcome.id)
            outcome.changed = True
        except ClientError as error:
            if error.response["Error"]["Code"] != WRONG_STATE:
                raise
            _check_state(step, error.response.get("state", ""), outcome)
    outcome.state = step.to
    return _told(step.then, outcome) if outcome.changed else ""


def _check_state(step: Step, state: str, outcome: Outcome) -> None:
    """Raises WrongStateError unless the campaign is where the step leads."""
    if state == step.to:
        return
    why = _told(step.why_not.get(state, ""), outcome)
    raise WrongStateError(f"{outcome.name} is {state}, so it cannot be {step.verb}. {why}".strip())


def _told(text: str, outcome: Outcome) -> str:
    return text.format(name=as_argument(outcome.name), value=shlex.quote(outcome.name))


def _each(names: list[str], deed: Callable[[Outcome], str], as_json: bool) -> Iterator[Outcome]:
    """Do it with each, and say at once what came of it."""
    for name in names:
        outcome = Outcome(name)
        try:
            then = deed(outcome)
        except ApiRefusedError as error:
            outcome.error = f"{outcome.name}: {error.message}"
        except (WrongStateError, NoSuchCampaignError) as error:
            outcome.error = error.message
        else:
            if not as_json:
                already = "" if outcome.changed else " already"
                typer.echo(printable(f"{outcome.name} is {outcome.state}{already}. {then}".strip()))
        if outcome.error is not None and not as_json:
            typer.echo(f"trunkcall: {printable(outcome.error)}", err=True)
        yield outcome


def _report(outcomes: list[Outcome], as_json: bool) -> None:
    if as_json:
        found = [
            {"id": o.id, "name": o.name, "state": o.state, "changed": o.changed, "error": o.error} for o in outcomes
        ]
        typer.echo(json.dumps(found, indent=2))
    if any(outcome.error is not None for outcome in outcomes):
        raise typer.Exit(1)
