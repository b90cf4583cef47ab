"""`trunkcall doctor`: looks at all that has to be right for people to be called, and says what to change.

Decides in which order, and how it is shown. What is right is said where each thing is known. It may run beside a
server, and before the first: it writes nothing, and asks Asterisk in an application of its own.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from trunkcall.cli.asking import Yes
from trunkcall.cli.campaign_steps import JSON
from trunkcall.cli.client import connection, own_health
from trunkcall.cli.doctor import clock, files, rules
from trunkcall.cli.doctor.call import place_call
from trunkcall.cli.options import with_settings
from trunkcall.cli.tables import counted, facts, terminal_width
from trunkcall.compose.carrier_adapter import CarrierAdapter
from trunkcall.compose.policies import counts_not
from trunkcall.compose.store import data_dir_of, opened_store
from trunkcall.compose.telephony import carrier_of
from trunkcall.compose.trunks import default_trunk, named_trunks
from trunkcall.domain.campaign import Campaign, CampaignState
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.trunk import Trunk
from trunkcall.service.calling.gate import Gate
from trunkcall.settings import Settings
from trunkcall.storage.data_dir import DataDir
from trunkcall.telephony.finding import Finding, Level, fault, ok, warning

MAX_CAMPAIGNS = 1000
"""So many are looked at for closed gates."""
_NOT_DIALING = ("not dialing", "store failing")


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the store has, as far as it matters here."""

    directory: Directory | None = None
    instances: Sequence[Instance] = ()
    campaigns: Sequence[Campaign] = ()


def doctor(
    settings: Settings,
    call: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER",
            help="Make one call to this number, E.164, by the running server and all its rules, and tell each step; "
            "exit code 1 unless it is answered.",
        ),
    ] = None,
    trunk: Annotated[
        str | None, typer.Option(metavar="ID", help="With --call: the trunk on which it is to leave.")
    ] = None,
    show: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="With --call: the number that it shows. [default: the trunk's first]"),
    ] = None,
    yes: Yes = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Say whether people can be called from here, and what to change where they cannot.

    Give it the options, the environment and the file of settings of the server. It changes nothing, dials nobody unless
    told to, and may run while the server does. Exit code 1 if there is a fault; warnings are none.
    """
    if call is not None:
        if trunk is not None and show is not None:
            raise typer.BadParameter("the trunk's own number is shown: leave --show out", param_hint="--trunk")
        if not place_call(settings, call, trunk=trunk, shown=show, yes=yes, as_json=as_json):
            raise typer.Exit(1)
        return
    if trunk is not None or show is not None:
        raise typer.BadParameter("it is for --call", param_hint="--trunk" if trunk is not None else "--show")
    found = asyncio.run(examine(settings))
    if as_json:
        told = {"ok": not _faults(found), "findings": [asdict(each) for each in found]}
        typer.echo(json.dumps(told, indent=2))
    else:
        typer.echo(findings_text(found, terminal_width()))
    if _faults(found):
        raise typer.Exit(1)


doctor_command = with_settings(
    *("data_dir", "store", "secret_key_file", "carrier", "calling_policy"),
    *("ari_url", "ari_user", "ari_password_file", "ari_plain_http"),
)(doctor)


def findings_text(found: Sequence[Finding], width: int | None) -> str:
    """A line for each, and what they come to."""
    lines = facts([(f"{each.level:<8} {each.subject}", each.text) for each in found], width)
    faults, warnings = _faults(found), sum(each.level is Level.WARNING for each in found)
    if faults:
        return f"{lines}\n\n{counted(faults, 'fault')} and {counted(warnings, 'warning')}: put the faults right first."
    return f"{lines}\n\nNo faults, {counted(warnings, 'warning')}."


def _faults(found: Sequence[Finding]) -> int:
    return sum(each.level is Level.FAULT for each in found)


async def examine(settings: Settings) -> list[Finding]:
    """All that is found, from this machine to the trunks."""
    data_dir = data_dir_of(settings)
    kept, in_store = await _kept(settings, data_dir)
    found = [files.data_directory(data_dir), *in_store, files.secrets(settings, data_dir), clock.clock()]
    found.append(_server(data_dir))
    try:
        carrier, trunks = carrier_of(settings), _trunks(settings, kept.directory)
    except TrunkcallError as error:
        return [*found, fault("settings", error.message)]
    return [*found, *_rules(settings, kept, trunks, carrier), *await _carrier(settings, kept, trunks, carrier)]


async def _kept(settings: Settings, data_dir: DataDir) -> tuple[_Kept, list[Finding]]:
    """What the store has, and what is wrong with reading it."""
    if not data_dir.store_path.exists():
        return _Kept(), []
    try:
        async with opened_store(settings) as store:
            instances = await store.instances()
            ids = [each.instance_id for each in instances]
            if not ids:
                return _Kept(), []
            instance_id = data_dir.instance_id if data_dir.instance_id in ids else ids[0]
            campaigns = await store.campaigns(instance_id=instance_id, after=None, limit=MAX_CAMPAIGNS)
            return _Kept(await store.directory(instance_id), instances, campaigns), []
    except TrunkcallError as error:
        return _Kept(), [fault("store", error.message)]


def _server(data_dir: DataDir) -> Finding:
    try:
        page = own_health(connection(data_dir.path).endpoint_url)
    except TrunkcallError:
        return warning("server", "None is running here. `trunkcall serve` starts one.")
    if page["status"] == "ok":
        return ok("server", "It is running, and nothing is wrong with it.")
    told = f"It is {page['status']}: {page['trouble']}"
    return fault("server", told) if page["status"] in _NOT_DIALING else warning("server", told)


def _trunks(settings: Settings, directory: Directory | None) -> Sequence[Trunk]:
    """Those that the settings name; where they name none, those of the last start."""
    if settings.trunks or directory is None or not directory.trunks:
        return named_trunks(settings)
    return tuple(directory.trunks.values())


def _rules(settings: Settings, kept: _Kept, trunks: Sequence[Trunk], carrier: CarrierAdapter) -> list[Finding]:
    reaches_people = not carrier.is_simulated
    file = settings.calling_policy
    other = kept.directory is not None and counts_not(kept.directory, file)
    policy, said = rules.policy(
        lambda: rules.rules_of(kept.directory, file), reaches_people=reaches_people, other=file if other else None
    )
    found = [policy, *(rules.trunk_regions(trunks, said) if reaches_people else ()), rules.halts(kept.instances)]
    if kept.directory is not None:
        # Nothing is counted or looked up here, so no number need be known again.
        gate = Gate(kept.directory, lambda number: 0, reaches_people=reaches_people, trunks=(default_trunk(settings),))
        running = [each for each in kept.campaigns if each.state is CampaignState.RUNNING]
        found.append(rules.gates(running, lambda campaign: gate.trouble(campaign, time.time_ns() // 1000)))
    return found


async def _carrier(settings: Settings, kept: _Kept, trunks: Sequence[Trunk], carrier: CarrierAdapter) -> list[Finding]:
    if carrier.is_simulated:
        return [ok("carrier", "It is the simulated one, which reaches nobody. For real calls: --carrier ari.")]
    try:
        carrier.check(settings)
        agents = kept.directory.agents.values() if kept.directory is not None else ()
        soft = [agent.username for agent in agents if agent.phone.number is None]
        return list(await carrier.examine(settings, [trunk.trunk_id for trunk in trunks], soft))
    except TrunkcallError as error:
        return [fault("settings", error.message)]
