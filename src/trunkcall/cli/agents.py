"""`trunkcall agents`: who takes live answers.

Decides which routing profile an agent gets by the queues that he is to serve, and how agents are listed. It is an
ordinary client of the API.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import count
from typing import Annotated, Any

import typer

from trunkcall.cli.asking import Yes
from trunkcall.cli.campaign_steps import JSON
from trunkcall.cli.centre import (
    Centre,
    InstanceOption,
    Named,
    NoSuchThingError,
    centre_of,
    find,
    find_each,
    remove_each,
    with_delay,
)
from trunkcall.cli.client import trunkcall_client
from trunkcall.cli.help import examples
from trunkcall.cli.options import with_settings
from trunkcall.cli.phone_accounts import NoPhoneError, PhoneAccount, accounts, accounts_text, phone_names, taken
from trunkcall.cli.status import AGENT_WORDS, PHONE_WORDS
from trunkcall.cli.tables import plain_table, printable, terminal_width
from trunkcall.compose.telephony import carrier_of
from trunkcall.domain.errors import TrunkcallError
from trunkcall.settings import Settings

MAX_QUEUES_AT_ONCE = 10
"""Of a new routing profile."""
_PROFILE_NAME = 127
_PERSISTENT = "Keep their phones on the line between contacts: by that the server knows that they are there."
_UNHEARD = (
    "Nobody is dialed for agents of whom nothing is heard: `trunkcall agents change NAME --persistent-connection` "
    "keeps their phones on the line."
)
_NOTHING_RINGS = (
    "By these settings the carrier is the simulated one, at which no phone can register. If it is another for the "
    "server, name its --config."
)

app = typer.Typer(help="Agents: who takes live answers, and what they do.", no_args_is_help=True)


def list_agents(settings: Settings, instance: InstanceOption = None, as_json: Annotated[bool, JSON] = False) -> None:
    """List every agent, oldest first: what they do at the moment, and the queues that they serve."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        found = _agents_of(centre)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    if not found:
        typer.echo("There is no agent. `trunkcall agents add NAME` makes one.", err=True)
        return
    headers = ("NAME", "STATE", "QUEUES", "PROFILE", "ID")
    rows = [
        (
            agent["name"],
            _state_words(agent),
            ", ".join(with_delay(name, agent["delays"]) for name in agent["queues"]) or "none",
            agent["routing_profile"],
            agent["id"],
        )
        for agent in found
    ]
    typer.echo(plain_table(headers, rows, terminal_width(), right=()))


def _state_words(agent: Mapping[str, Any]) -> str:
    """What an agent is doing, and what is wrong with the phone, whatever that is."""
    words = AGENT_WORDS.get(agent["state"], agent["state"] or "-")
    trouble = agent["phone_trouble"]
    return f"{words}: phone {PHONE_WORDS.get(trouble, trouble)}" if trouble is not None else words


def _agents_of(centre: Centre) -> list[dict[str, Any]]:
    """Every agent; ``state`` is None while nobody dials for the instance."""
    told = trunkcall_client(centre.where).get_agent_states(connectInstanceId=centre.instance_id)
    # Of an agent who is new the dialer may not have read yet.
    unknown = "Offline" if told["dialing"] else None
    profiles = {each.id: each.name for each in centre.routing_profiles()}
    queues = {
        each: {queue["QueueName"]: queue["Delay"] for queue in centre.queues_of_profile(each)} for each in profiles
    }
    return [
        {
            "id": user["Id"],
            "arn": user["Arn"],
            "name": user["Username"],
            "state": told["states"].get(user["Id"], unknown),
            "phone_trouble": told["phones"].get(user["Id"]),
            "queues": list(queues.get(user["RoutingProfileId"], {})),
            "delays": {name: delay for name, delay in queues.get(user["RoutingProfileId"], {}).items() if delay},
            "routing_profile": profiles.get(user["RoutingProfileId"], user["RoutingProfileId"]),
        }
        for user in centre.pages("search_users", "Users")
    ]


def add(
    settings: Settings,
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="User names; each unique in the instance.")],
    profile: Annotated[str | None, typer.Option(help="Routing profile, which says what they serve.")] = None,
    queue: Annotated[
        list[str] | None,
        typer.Option(help="Queue that they serve; may be repeated. A routing profile with these queues alone is made."),
    ] = None,
    after_contact_work: Annotated[
        int, typer.Option(min=0, max=2_000_000, help="Seconds that work after a contact may take; 0 is no limit.")
    ] = 0,
    persistent_connection: Annotated[bool, typer.Option("--persistent-connection", help=_PERSISTENT)] = False,
    available: Annotated[bool, typer.Option("--available", help="Have them available at once.")] = False,
    phone: Annotated[
        bool, typer.Option("--phone", help="Give each a SIP phone, and say what has to be typed into it.")
    ] = False,
    instance: InstanceOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Make agents. They are offline until a status is chosen for them."""
    if profile is not None and queue:
        raise typer.BadParameter("give either --profile or --queue")
    if len(set(names)) < len(names):
        raise typer.BadParameter("name each agent once")
    for name in names:
        if not name.strip() or not name.isprintable():
            raise typer.BadParameter(f"an agent needs a name that can be printed, not {name!r}: nobody was made")
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        security = find("security profile", "Agent", centre.security_profiles())
        ready = find("agent status", "Available", centre.statuses()) if available else None
        chosen = _serving(centre, queue) if queue else _profile(centre, profile)
        phones = _new_phones(centre, names, settings) if phone else {}
    made: list[dict[str, Any]] = []
    for name in names:
        with centre.in_words():
            user = centre.client.create_user(
                InstanceId=centre.instance_id,
                Username=name,
                RoutingProfileId=chosen.id,
                SecurityProfileIds=[security.id],
                PhoneConfig={
                    "PhoneType": "SOFT_PHONE",
                    "AutoAccept": True,
                    "AfterContactWorkTimeLimit": after_contact_work,
                    "PersistentConnection": persistent_connection,
                },
                **password_of(centre),
            )
        if ready is not None:
            try:
                with centre.in_words():
                    centre.client.put_user_status(
                        InstanceId=centre.instance_id, UserId=user["UserId"], AgentStatusId=ready.id
                    )
            except TrunkcallError as error:
                raise TrunkcallError(f"{printable(name)} was made, and is offline. {error.message}") from error
        made.append({"id": user["UserId"], "arn": user["UserArn"], "name": name, "routing_profile": chosen.name})
        if not as_json:
            state = "available" if available else "offline"
            typer.echo(printable(f"{name} was made, with {chosen.name}, and is {state}."))
    if phone:
        # A former agent of this name may know the former password.
        made_for = accounts(phones.values(), settings, new_passwords=True)
        for each in made:
            each["phone"] = made_for[phones[each["name"]]].told()
        if not as_json:
            _tell_phones(list(made_for.values()), settings)
    if as_json:
        typer.echo(json.dumps(made, indent=2))
    elif available and not persistent_connection:
        typer.echo(_UNHEARD, err=True)


def _new_phones(centre: Centre, names: Sequence[str], settings: Settings) -> dict[str, str]:
    """What the phones of agents are to be called who are about to be made. Raises NoPhoneError."""
    there = taken(centre)
    phones = phone_names(names, settings)
    for name in phones.values():
        if name in there:
            raise NoPhoneError(f"The soft phone {name} is that of the agent {there[name]}: choose another name.")
    return phones


def phone(
    settings: Settings,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="AGENT", help="Agents, each by user name, id or ARN.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All agents of the instance who have no desk phone.")] = False,
    new_password: Annotated[
        bool,
        typer.Option(
            "--new-password",
            help="Make another password, as when a phone is lost: whatever has registered by the former one rings no "
            "more.",
        ),
    ] = False,
    instance: InstanceOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Say what has to be typed into agents' SIP phones. Who has none yet gets one."""
    if bool(names) == every:
        raise typer.BadParameter("name the agents, or say --all" if not every else "name agents or say --all")
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        there = centre.users()
        agents = there if names is None else find_each("agent", names, there)
        soft = [each for each in agents if not _has_desk_phone(centre, each)]
        if names is not None and len(soft) < len(agents):
            other = next(each for each in agents if each not in soft)
            raise NoPhoneError(f"{other.name} has a desk phone, which is called by its number.")
    phones = phone_names([each.name for each in soft], settings)
    if not phones:
        raise NoPhoneError("There is no agent who could have a soft phone. `trunkcall agents add NAME` makes one.")
    found = accounts(phones.values(), settings, new_passwords=new_password)
    if as_json:
        typer.echo(
            json.dumps([{"name": agent, "phone": found[name].told()} for agent, name in phones.items()], indent=2)
        )
    else:
        _tell_phones(list(found.values()), settings)


def _tell_phones(found: Sequence[PhoneAccount], settings: Settings) -> None:
    typer.echo(accounts_text(found, settings))
    if carrier_of(settings).is_simulated:
        typer.echo(_NOTHING_RINGS, err=True)


def _has_desk_phone(centre: Centre, agent: Named) -> bool:
    user = centre.client.describe_user(InstanceId=centre.instance_id, UserId=agent.id)["User"]
    return bool(user["PhoneConfig"]["PhoneType"] == "DESK_PHONE")


def change(
    settings: Settings,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="AGENT", help="Agents, each by user name, id or ARN.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All agents of the instance.")] = False,
    status: Annotated[
        str | None,
        typer.Option(help="Status that they are to have: Available, Offline, Break or another of the instance."),
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Routing profile, which says what they serve.")] = None,
    after_contact_work: Annotated[
        int | None,
        typer.Option(min=0, max=2_000_000, help="Seconds that work after a contact may take; 0 is no limit."),
    ] = None,
    persistent_connection: Annotated[
        bool | None, typer.Option("--persistent-connection/--no-persistent-connection", help=_PERSISTENT)
    ] = None,
    instance: InstanceOption = None,
) -> None:
    """Change agents. Whoever is in a contact finishes it first."""
    if bool(names) == every:
        raise typer.BadParameter("name the agents, or say --all" if not every else "name agents or say --all")
    phone = {"AfterContactWorkTimeLimit": after_contact_work, "PersistentConnection": persistent_connection}
    phone = {member: value for member, value in phone.items() if value is not None}
    if status is None and profile is None and not phone:
        raise typer.BadParameter("say what is to be changed: --status, --profile, …")
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        chosen_status = None if status is None else find("agent status", status, centre.statuses())
        chosen_profile = None if profile is None else find("routing profile", profile, centre.routing_profiles())
        there = centre.users()
        agents = there if names is None else find_each("agent", names, there)
    for agent in agents:
        user = {"InstanceId": centre.instance_id, "UserId": agent.id}
        done = []
        with centre.in_words():
            if chosen_profile is not None:
                centre.client.update_user_routing_profile(**user, RoutingProfileId=chosen_profile.id)
                done.append(f"has the routing profile {chosen_profile.name}")
            if phone:
                had = centre.client.describe_user(**user)["User"]["PhoneConfig"]
                centre.client.update_user_phone_config(**user, PhoneConfig={**had, **phone})
                done += _phone_words(after_contact_work, persistent_connection)
            if chosen_status is not None:
                centre.client.put_user_status(**user, AgentStatusId=chosen_status.id)
                done.append(f"is to be {chosen_status.name}")
        typer.echo(printable(f"{agent.name} {', '.join(done)}."))


def _phone_words(after_contact_work: int | None, persistent_connection: bool | None) -> Iterator[str]:
    if after_contact_work is not None:
        limit = f"{after_contact_work:,} s at most" if after_contact_work else "without a limit"
        yield f"works after a contact {limit}"
    if persistent_connection is not None:
        yield "stays on the line" if persistent_connection else "does not stay on the line"


def password_of(centre: Centre) -> dict[str, str]:
    """What CreateUser wants of a password: one that nobody is told and nothing keeps, where users are the instance's
    own."""
    described = centre.client.describe_instance(InstanceId=centre.instance_id)["Instance"]
    if described["IdentityManagementType"] != "CONNECT_MANAGED":
        return {}
    return {"Password": f"aA1{secrets.token_urlsafe(24)}"}


def _profile(centre: Centre, name: str | None) -> Named:
    """The profile of this name; without one, the only profile that there is."""
    there = centre.routing_profiles()
    if name is not None:
        return find("routing profile", name, there)
    if len(there) == 1:
        return there[0]
    names = ", ".join(each.name for each in there)
    raise NoSuchThingError(f"The instance has several routing profiles: choose by --profile or --queue. {names}.")


def _serving(centre: Centre, names: Sequence[str]) -> Named:
    """A profile that serves these queues alone, all alike. It is made if there is none."""
    there = centre.queues()
    queues = list({each.id: each for each in (find("queue", name, there) for name in names)}.values())
    if len(queues) > MAX_QUEUES_AT_ONCE:
        raise typer.BadParameter(f"a new routing profile has {MAX_QUEUES_AT_ONCE} queues at most")
    wanted = {(queue.id, 1, 0) for queue in queues}
    profiles = centre.routing_profiles()
    for profile in profiles:
        served = centre.queues_of_profile(profile.id)
        if {(each["QueueId"], each["Priority"], each["Delay"]) for each in served} == wanted:
            return profile
    name = _free_name(" and ".join(queue.name for queue in queues), {profile.name for profile in profiles})
    made = centre.client.create_routing_profile(
        InstanceId=centre.instance_id,
        Name=name,
        Description=f"Serves {name}"[:250],
        DefaultOutboundQueueId=queues[0].id,
        MediaConcurrencies=[{"Channel": "VOICE", "Concurrency": 1}],
        QueueConfigs=[
            {"QueueReference": {"QueueId": queue.id, "Channel": "VOICE"}, "Priority": 1, "Delay": 0} for queue in queues
        ],
    )
    return Named(made["RoutingProfileId"], name)


def _free_name(wanted: str, taken: Container[str]) -> str:
    """The name, or with the first number behind it that nobody else has: somebody may have given it to another
    profile."""
    name = wanted[:_PROFILE_NAME]
    numbers = count(2)
    while name in taken:
        number = f" ({next(numbers)})"
        name = wanted[: _PROFILE_NAME - len(number)] + number
    return name


def remove(
    settings: Settings,
    names: Annotated[list[str], typer.Argument(metavar="AGENT", help="Agents, each by user name, id or ARN.")],
    yes: Yes = False,
    instance: InstanceOption = None,
) -> None:
    """Remove agents. Whoever is in a contact finishes it."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        chosen = find_each("agent", names, centre.users())
    remove_each(
        centre, chosen, lambda user_id: centre.client.delete_user(InstanceId=centre.instance_id, UserId=user_id), yes
    )


_with_data_dir = with_settings("data_dir")
_with_phones = with_settings("data_dir", "ari_url", "sip_address", "sip_port")
app.command("list", epilog=examples("trunkcall agents list", "trunkcall agents list --json"))(
    _with_data_dir(list_agents)
)
app.command(
    "add",
    epilog=examples(
        "trunkcall agents add ada bea --queue BasicQueue",
        "trunkcall agents add ada bea --phone --persistent-connection --config /etc/trunkcall/trunkcall.toml",
        'trunkcall agents add cleo --profile "Basic Routing Profile" --after-contact-work 30 --available',
    ),
)(_with_phones(add))
app.command(
    "phone",
    epilog=examples(
        "trunkcall agents phone ada --config /etc/trunkcall/trunkcall.toml",
        "trunkcall agents phone ada --new-password",
        "trunkcall agents phone --all --json",
    ),
)(_with_phones(phone))
app.command(
    "change",
    epilog=examples(
        "trunkcall agents change ada bea --status Available",
        "trunkcall agents change --all --persistent-connection --after-contact-work 30",
        'trunkcall agents change ada --profile "Basic Routing Profile"',
    ),
)(_with_data_dir(change))
app.command("remove", epilog=examples("trunkcall agents remove ada --yes"))(_with_data_dir(remove))
