"""`trunkcall policy`: the rules by which people are called.

Decides how a policy is named on a command line, and how it is shown. It is an ordinary client of the API; checking a
file needs no server.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from trunkcall.cli.campaign_steps import JSON
from trunkcall.cli.centre import Centre, InstanceOption, centre_of
from trunkcall.cli.client import trunkcall_client
from trunkcall.cli.help import examples
from trunkcall.cli.options import with_settings
from trunkcall.cli.tables import plain_table, terminal_width
from trunkcall.compose.policies import SHIPPED, WrongPolicyError, read_policy_files, rules_in
from trunkcall.domain.calling_policy import DEFAULT_POLICY
from trunkcall.domain.calling_rules import CallingRules, HoursRule
from trunkcall.domain.instants import HOUR, MINUTE, Duration, to_seconds
from trunkcall.service.calling.policy_file import DAYS
from trunkcall.settings import Settings

app = typer.Typer(help="The rules by which people are called.", no_args_is_help=True)

PolicyFile = Annotated[
    str, typer.Argument(metavar="FILE", help=f"The policy, TOML; - for standard input, or one of {', '.join(SHIPPED)}.")
]
PolicyName = Annotated[
    str, typer.Option("--name", help="Name of the policy, for campaigns whose tag trunkcall:policy has it.")
]


def check(file: PolicyFile, as_json: Annotated[bool, JSON] = False) -> None:
    """Say what a policy allows, or all that is wrong with it, line by line. Needs no server."""
    text, rates = read_policy_files(file)
    rules = rules_in(file, text, rates)
    if as_json:
        typer.echo(json.dumps(_told(rules), indent=2))
        return
    for line in _in_words(rules):
        typer.echo(line)


def put(
    settings: Settings,
    file: PolicyFile,
    name: PolicyName = DEFAULT_POLICY,
    instance: InstanceOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Have a policy count from now on, for every attempt that is not begun yet."""
    text, rates = read_policy_files(file)
    rules_in(file, text, rates)
    centre = centre_of(settings.data_dir, instance)
    given = {"rates": rates} if rates is not None else {}
    with centre.in_words():
        policy = trunkcall_client(centre.where).put_calling_policy(
            connectInstanceId=centre.instance_id, name=name, policy=text, **given
        )["policy"]
    if as_json:
        typer.echo(json.dumps(_summary(policy), indent=2))
    else:
        typer.echo(f"Policy {policy['name']}, number {policy['number']}, counts since {_time(policy)}.")


def show(
    settings: Settings,
    name: PolicyName = DEFAULT_POLICY,
    number: Annotated[int | None, typer.Option(help="One of those before it, by its number.", min=1)] = None,
    instance: InstanceOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Print the policy that counts, or one of those before it, as it was put."""
    centre = centre_of(settings.data_dir, instance)
    asked = {"number": number} if number is not None else {}
    with centre.in_words():
        policy = trunkcall_client(centre.where).get_calling_policy(
            connectInstanceId=centre.instance_id, name=name, **asked
        )["policy"]
    if as_json:
        typer.echo(json.dumps({**_summary(policy), **{key: policy.get(key) for key in ("text", "rates")}}, indent=2))
        return
    typer.echo(f"Policy {policy['name']}, number {policy['number']}, put {_time(policy)}.", err=True)
    if "text" not in policy:
        raise WrongPolicyError(
            "The disk of the server has damaged it, so nobody is dialed by it. Put a policy in its place with "
            "`trunkcall policy set`."
        )
    typer.echo(policy["text"], nl=not policy["text"].endswith("\n"))


def history(
    settings: Settings,
    name: Annotated[str | None, typer.Option("--name", help="Only policies of this name.")] = None,
    instance: InstanceOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List all policies that were ever put, the last one first."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        found = list(_every(centre, name))
    if as_json:
        typer.echo(json.dumps([_summary(each) for each in found], indent=2))
        return
    if not found:
        typer.echo("No policy was ever put. `trunkcall policy set` puts one.", err=True)
        return
    counts: set[str] = set()
    rows = []
    for each in found:
        state = "counts" if each["name"] not in counts else "before"
        counts.add(each["name"])
        rows.append((str(each["number"]), each["name"], _time(each), state if each["readable"] else "damaged"))
    typer.echo(plain_table(("NUMBER", "NAME", "PUT", "STATE"), rows, terminal_width(), right=("NUMBER",)))


def _every(centre: Centre, name: str | None) -> Any:
    own = trunkcall_client(centre.where)
    asked: dict[str, Any] = {"connectInstanceId": centre.instance_id, **({"name": name} if name is not None else {})}
    while True:
        page = own.list_calling_policies(**asked)
        yield from page["policies"]
        if "nextToken" not in page:
            return
        asked["nextToken"] = page["nextToken"]


# --- words ----------------------------------------------------------------------------------------------------------


def _in_words(rules: CallingRules) -> list[str]:
    return [f"{name:<12} {text}" for name, text in _told(rules).items()]


def _told(rules: CallingRules) -> dict[str, str]:
    where = rules.destinations
    limits = rules.limits
    told = {
        "destinations": "any number that is possible: for simulated carriers alone"
        if where is None
        else ", ".join(sorted(where.regions)) or "none",
        "hours": "; ".join(_hours(rule) for rule in rules.hours) or "at any hour",
        "source": rules.source or "not said",
        "as of": rules.as_of.isoformat() if rules.as_of is not None else "not said",
    }
    often = [
        f"{limits.attempts_per_s:g} a second" if limits.attempts_per_s is not None else "",
        f"{limits.attempts_per_day:,} a day" if limits.attempts_per_day is not None else "",
        *(f"{each.most} to a number in {_length(each.within)}" for each in limits.number),
        f"a number again after {_length(limits.number_gap)}" if limits.number_gap else "",
    ]
    told["attempts"] = ", ".join(each for each in often if each) or "no limit"
    told["spending"] = "limited by day" if limits.spending is not None else "no limit"
    return told


def _hours(rule: HoursRule) -> str:
    """Days that have the same hours are told together."""
    days: dict[str, list[str]] = {}
    for day, windows in sorted(rule.windows.items()):
        if windows:
            hours = " and ".join(f"{_clock(each.start_minute)}-{_clock(each.end_minute)}" for each in windows)
            days.setdefault(hours, []).append(DAYS[day][:3])
    told = ", ".join(f"{' '.join(names)} {hours}" for hours, names in days.items())
    numbers = f"numbers under {', '.join(rule.prefixes)}" if rule.prefixes else "all numbers"
    holidays = f", {len(rule.holidays)} holidays" if rule.holidays else ""
    return f"{numbers}: {told}{holidays}"


def _length(duration: Duration) -> str:
    """It is told exactly: a limit that is told shorter than it is looks like another."""
    for unit, name in ((HOUR, "h"), (MINUTE, "min")):
        if duration % unit == 0:
            return f"{duration // unit:,} {name}"
    return f"{to_seconds(duration):,.10g} s"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _summary(policy: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": policy["name"],
        "number": policy["number"],
        "set_at": policy["setTime"].isoformat(),
        "readable": policy["readable"],
    }


def _time(policy: dict[str, Any]) -> str:
    return str(policy["setTime"].isoformat(sep=" ", timespec="seconds"))


_with_data_dir = with_settings("data_dir")
app.command("check", epilog=examples("trunkcall policy check policy.toml", "trunkcall policy check cautious"))(check)
app.command("set", epilog=examples("trunkcall policy set policy.toml", "trunkcall policy set night.toml --name night"))(
    _with_data_dir(put)
)
app.command("show", epilog=examples("trunkcall policy show", "trunkcall policy show --number 3 > before.toml"))(
    _with_data_dir(show)
)
app.command("history", epilog=examples("trunkcall policy history", "trunkcall policy history --json"))(
    _with_data_dir(history)
)
