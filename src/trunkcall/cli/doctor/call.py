"""`trunkcall doctor --call`: one call to a number, as calls of campaigns are made, told step by step.

Decides that it goes the way of every call: a campaign of its own, without agents, whose one dial request the running
server looks at by halt, policy, destinations, hours, limits and do-not-call lists. Nothing here can dial. It asks the
API, and looks into the store beside the server, as exports do, for what the API does not tell while a call goes on.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final
from uuid import uuid4

import typer

from trunkcall.cli.api_errors import in_words
from trunkcall.cli.asking import confirm
from trunkcall.cli.campaign_place import Place
from trunkcall.cli.client import (
    Connection,
    InstanceTime,
    campaigns_client,
    connection,
    nobody_dials,
    own_health,
    trunkcall_client,
)
from trunkcall.cli.doctor.steps import Step, steps_of
from trunkcall.cli.figures import Trunk, read_floor
from trunkcall.cli.installation import installation
from trunkcall.cli.interrupts import held_back, meaning
from trunkcall.cli.lists.phones import read_number
from trunkcall.cli.loading import reasons_of
from trunkcall.compose.store import opened_store
from trunkcall.domain.contact import ContactRecord
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.instants import SECOND, to_datetime
from trunkcall.service.numbers import NotDialableError
from trunkcall.settings import Settings

NAME: Final = "Test call"
EXPIRES_S: Final = 60
"""A request that is not dialed by then never is; by the wall clock."""
GIVE_UP_S: Final = 10.0
"""Whoever waits at the terminal is told after so long that it is not dialed, and why."""
LOOK_EVERY_S: Final = 0.1
ASK_EVERY_S: Final = 1.0
CLOSED: Final = frozenset({"HALTED", "OUTBOUND_CALLS_OFF", "POLICY"})
"""Reasons that do not pass while somebody waits."""


class CannotCallError(TrunkcallError):
    """The test call cannot be made."""


def place_call(settings: Settings, to: str, *, trunk: str | None, shown: str | None, yes: bool, as_json: bool) -> bool:
    """Make it, and tell of it; whether it was answered. Raises TrunkcallError, BadParameter, Exit where the person does
    not agree."""
    number = _number("--call", to)
    where = connection(settings.data_dir)
    page = own_health(where.endpoint_url)
    with in_words(where.endpoint_url):
        floor = read_floor(
            trunkcall_client(where).get_instance_status(connectInstanceId=page["instance_id"]).get("floor")
        )
    if floor is None:
        raise CannotCallError(nobody_dials(page))
    caller_id = _number("--show", shown) if shown is not None else shown_by(floor.trunks, trunk)
    on = f" on the trunk {trunk}" if trunk is not None else ""
    confirm(
        f"This calls {number}{on}, showing {caller_id}, now. Whoever answers hears a message, and is hung up on. It "
        "counts for the calling policy as every call does.",
        yes,
    )
    expires_s = round(EXPIRES_S * max(1.0, float(page["speed"])))
    with _campaign(settings, where, caller_id) as campaign_id:
        steps, answered = asyncio.run(_call(settings, where, campaign_id, number, expires_s, tell=not as_json))
    if as_json:
        typer.echo(json.dumps({"answered": answered, "steps": [asdict(step) for step in steps]}, indent=2))
    return answered


def shown_by(trunks: Sequence[Trunk], wanted: str | None) -> str:
    """The number that a call shows so that it leaves on the trunk that is wanted, or on any. Raises CannotCallError."""
    if wanted is None:
        numbers = [number for trunk in trunks for number in trunk.caller_numbers]
        if numbers:
            return numbers[0]
        raise CannotCallError("No trunk has caller_numbers. Name one of yours, that the call is to show, with --show.")
    chosen = next((trunk for trunk in trunks if trunk.trunk_id == wanted), None)
    if chosen is None:
        raise CannotCallError(f"There is no trunk {wanted}. There are: {', '.join(each.trunk_id for each in trunks)}.")
    others = [each for each in trunks if each is not chosen]
    if not others and not chosen.caller_numbers:
        return shown_by(trunks, None)
    for number in chosen.caller_numbers:
        if all(each.caller_numbers and number not in each.caller_numbers for each in others):
            return number
    raise CannotCallError(
        f"No number is shown on the trunk {wanted} alone, by which a call could be kept to it. Give it a number in "
        "caller_numbers that no other trunk has, and give the others theirs."
    )


@contextmanager
def _campaign(settings: Settings, where: Connection, caller_id: str) -> Iterator[str]:
    """A campaign for one request, gone afterwards. The contact's record stays."""
    client = campaigns_client(where)
    place = Place(where, installation(settings.data_dir), None)
    made: dict[str, Any] = {}
    try:
        with held_back(), in_words(where.endpoint_url):
            made = client.create_campaign(
                name=f"{NAME} {uuid4().hex[:8]}",
                connectInstanceId=place.instance_id,
                dialerConfig={"agentlessDialerConfig": {"dialingCapacity": 1.0}},
                outboundCallConfig={
                    "connectContactFlowId": place.flow(None, agentless=False),
                    "connectSourcePhoneNumber": caller_id,
                    "answerMachineDetectionConfig": {"enableAnswerMachineDetection": False},
                },
            )
        with in_words(where.endpoint_url):
            client.start_campaign(id=made["id"])
        with meaning("If it rings already, it is let ring."):
            yield made["id"]
    finally:
        if made:
            with held_back(), in_words(where.endpoint_url):
                client.delete_campaign(id=made["id"])


async def _call(
    settings: Settings, where: Connection, campaign_id: str, number: str, expires_s: int, *, tell: bool
) -> tuple[list[Step], bool]:
    """Submit the request, and wait for its end. What has happened, and whether it was answered."""
    time = InstanceTime(where.endpoint_url)
    expires = to_datetime(time.now() + expires_s * SECOND)
    request = {"clientToken": str(uuid4()), "phoneNumber": number, "expirationTime": expires, "attributes": {}}
    with in_words(where.endpoint_url):
        answer = campaigns_client(where).put_dial_request_batch(id=campaign_id, dialRequests=[request])
    if answer["failedRequests"]:
        why = next(iter(reasons_of(answer).values()), answer["failedRequests"][0]["failureCode"])
        raise CannotCallError(f"It was not dialed: the server did not take it. {why}".rstrip(".") + ".")
    contact_id = answer["successfulRequests"][0]["id"]
    told: list[Step] = []
    loop = asyncio.get_running_loop()
    ask_s, give_up_s = loop.time() + ASK_EVERY_S, loop.time() + GIVE_UP_S
    async with opened_store(settings) as store:
        while True:
            record = await store.contact(contact_id)
            if record is None:
                raise CannotCallError("The store of --store does not have the call: it is not the one of the server.")
            for step in steps_of(record, time.now()):
                if step.step not in {each.step for each in told}:
                    told.append(step)
                    if tell:
                        typer.echo(f"{step.after_s:6.1f} s  {step.text}")
            if record.ended_at is not None:
                return told, record.answered_at is not None
            if record.attempted_at is None and loop.time() > ask_s:
                ask_s += ASK_EVERY_S
                reasons = _reasons(where, campaign_id, record)
                if record.hold is not None or not reasons.keys().isdisjoint(CLOSED) or loop.time() > give_up_s:
                    raise CannotCallError(" ".join(["It was not dialed, and will not be.", *reasons.values()]))
            await asyncio.sleep(LOOK_EVERY_S)


def _reasons(where: Connection, campaign_id: str, record: ContactRecord) -> dict[str, str]:
    """Why it is not dialed, by the code."""
    with in_words(where.endpoint_url):
        found = trunkcall_client(where).get_dial_request_explanation(id=campaign_id, dialRequestId=record.contact_id)
    return {each["code"]: each["text"] for each in found["reasons"] if each["code"] != "WAITING"}


def _number(option: str, text: str) -> str:
    try:
        return read_number(text)
    except NotDialableError as error:
        raise typer.BadParameter(error.message, param_hint=option) from error
