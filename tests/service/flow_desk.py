"""What runs contacts' flows for a dialer, with one contact, as the tests tell of it; and flows whose actions go on the
same way whatever happens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import Any, cast

from trunkcall.domain.campaign import Campaign, CampaignState, DialerConfig, DialerType, OutboundCallConfig
from trunkcall.domain.changes import FlowProgressed
from trunkcall.domain.contact import CalledContact, DetectionStatus
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.flow import FlowEvent, FlowStep, Say
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.domain.queue import Queue
from trunkcall.domain.saying import Saying
from trunkcall.engine.commands import PlayMessage
from trunkcall.engine.events import FlowTold
from trunkcall.engine.progress import QueueFigures
from trunkcall.service.flow_runner import FlowRunner

NOW: Instant = 1_790_000_000 * SECOND
WELCOME = "Hello $.Attributes.name, this is a message of one hundred characters or so, which takes its time."
CAMPAIGN = Campaign(
    "spring",
    "arn:aws:connect-campaigns:us-east-1:123456789012:campaign/spring",
    "i1",
    "Spring",
    DialerConfig(DialerType.PROGRESSIVE, 1.0),
    OutboundCallConfig("flow", "sales", None, None),
    CampaignState.RUNNING,
    0,
    {},
)
ERROR = "NoMatchingError"


def action(identifier: str, kind: str, then: str | None = None, **parameters: Any) -> dict[str, Any]:
    """One that goes on the same way whatever happens."""
    transitions: dict[str, Any] = {}
    if then is not None:
        transitions = {"NextAction": then, "Errors": [{"NextAction": then, "ErrorType": ERROR}]}
    return {"Identifier": identifier, "Type": kind, "Parameters": parameters, "Transitions": transitions}


def pressing(identifier: str, then: str, text: str, **parameters: Any) -> dict[str, Any]:
    """One that asks for a key."""
    keys = action(identifier, "GetParticipantInput", then, Text=text, InputTimeLimitSeconds="5", **parameters)
    keys["Transitions"]["Errors"] += [
        {"NextAction": then, "ErrorType": error} for error in ("NoMatchingCondition", "InputTimeLimitExceeded")
    ]
    keys["Transitions"]["Conditions"] = [
        {"NextAction": then, "Condition": {"Operator": "Equals", "Operands": ["1"]}},
    ]
    return keys


def leading(to: str, of: dict[str, Any]) -> dict[str, Any]:
    """The action, which goes on there whatever happens."""
    return {**of, "Transitions": {"NextAction": to, "Errors": [{"NextAction": to, "ErrorType": ERROR}]}}


END = action("end", "DisconnectParticipant")
SET = action("set", "UpdateContactAttributes", "ask", TargetContact="Current", Attributes={"wish": "agent"})
ASK = action(
    "ask",
    "InvokeLambdaFunction",
    "end",
    LambdaFunctionARN="arn:aws:lambda:us-east-1:123456789012:function:look-up",
    InvocationTimeLimitSeconds="3",
    LambdaInvocationAttributes={"who": "$.CustomerEndpoint.Address"},
)
QUEUED = action("go", "TransferContactToQueue", "end")
QUEUED["Transitions"]["Errors"].append({"NextAction": "end", "ErrorType": "QueueAtCapacity"})
NUMBER = action(
    "keys",
    "GetParticipantInput",
    "say",
    Text="Your number?",
    InputTimeLimitSeconds="5",
    StoreInput="True",
    InputValidation={"CustomValidation": {"MaximumLength": "9"}},
)
"""A number is asked for, which # ends."""
WHOLE = (
    action("welcome", "MessageParticipant", "keys", Text=WELCOME),
    pressing("keys", "set", "Press one."),
    SET,
    ASK,
    END,
)


def content(*actions: dict[str, Any]) -> str:
    start = actions[0]["Identifier"]
    return json.dumps({"Version": "2019-10-30", "StartAction": start, "Metadata": {}, "Actions": list(actions)})


class Desk:
    """A runner, and one contact of it who has answered."""

    def __init__(self, *actions: dict[str, Any], attributes: Mapping[str, str] | None = None) -> None:
        flow = ContactFlow("flow", "Flow", content=content(*(actions or WHOLE)))
        directory = Directory(
            Instance("i1", "one", 0, onboarded=True),
            queues={"sales": Queue("sales", "Sales"), "other": Queue("other", "Others")},
            contact_flows={"flow": flow},
        )
        self.facts = SimpleNamespace(directory=directory)
        self.now = NOW
        self.attributes = {"name": "Ann"} if attributes is None else attributes
        self.kept: str | None = None
        self.given: Mapping[str, str] | None = None
        self.on_record = 0
        self.number = "+12125550123"
        self.told: list[FlowTold] = []
        self.runner = self.new_runner()
        self.runner.attempted("c-1", CAMPAIGN, self.number, "+12065550100", self.attributes)

    def new_runner(self, served_until: Instant | None = None) -> FlowRunner:
        runner = FlowRunner(cast("Any", self.facts), Random(1), served_until)
        runner.figures_of = lambda queue_id: QueueFigures(0, 0, 0, 0, lambda: None)
        runner.tell = self.told.append
        return runner

    def flows(self, *more: ContactFlow) -> None:
        """There are these as well."""
        flows = {**self.facts.directory.contact_flows, **{each.contact_flow_id: each for each in more}}
        self.facts.directory = replace(self.facts.directory, contact_flows=flows)

    def begin(self, detection: DetectionStatus | None = None) -> FlowStep:
        return self.runner.started("c-1", "spring", "leg-1", detection=detection, now=self.now)

    def hear(self, event: FlowEvent, *, after_s: float = 0) -> FlowStep:
        self.now += round(after_s * SECOND)
        return self.runner.heard("c-1", event, self.now)

    def press(self, key: str) -> FlowStep:
        assert self.runner.key_pressed("leg-1", key) == "c-1"
        return self.hear(FlowEvent.PRESSED)

    def commit(self) -> FlowProgressed | None:
        """What the store is told of this turn, and keeps."""
        changes = self.runner.changes(self.now)
        if not changes:
            return None
        (change,) = changes
        self.kept = change.progress
        self.on_record += len(change.taken)
        if change.attributes is not None:
            self.given = {**(self.given or {}), **change.attributes}
        return change

    def taken_over(
        self,
        *,
        playing: bool | None = False,
        after_s: float = 0,
        dead_s: float | None = None,
        kept: str | None = None,
    ) -> FlowStep:
        """Another dialer takes the contact over, by what the store has. For so long nobody dialed, as far as it is
        known."""
        self.now += round(after_s * SECOND)
        self.runner = self.new_runner(self.now - round(dead_s * SECOND) if dead_s is not None else None)
        contact = CalledContact(
            "c-1", "spring", self.number, "+12065550100", self.attributes, self.given, kept or self.kept, self.on_record
        )
        self.runner.restore([contact], {"spring": CAMPAIGN})
        return self.runner.resumed("c-1", "spring", "leg-1", detection=None, playing=playing, now=self.now)

    def said(self, step: FlowStep) -> Saying:
        """What the step has said."""
        (say,) = [order for order in step.orders if isinstance(order, Say)]
        return self.runner.saying_of(PlayMessage("leg-1", "play", "c-1", say.flow_id, say.action_id))

    def until(self, action_id: str) -> FlowStep:
        """Go on to where the contact stands in this action, and have that kept."""
        step = self.begin()
        if action_id != "welcome":
            step = self.hear(FlowEvent.SAID, after_s=8)
        if action_id == "first key":
            step = self.hear(FlowEvent.SAID, after_s=1)
        if action_id == "ask":
            step = self.press("1")
        self.commit()
        return step
