"""A floor of agents on telephones: a server, its switch, and phones that were made by `trunkcall agents add --phone`.

Decides how the command line and telephones are used together; what is to come of it is for each story to say.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from serving import Serving
from telephony.asterisk.ari import ask
from telephony.asterisk.centre import Centre, Site, numbers
from telephony.asterisk.phone import Manner
from telephony.asterisk.place import Which, place_of_this_worker
from telephony.asterisk.soft_phone import SoftPhone

CUSTOMER = Manner(answers_after_s=0.05)


class Floor:
    """A server, its switch, and phones that agents were given."""

    def __init__(self, site: Site, server: Serving, customer: Manner) -> None:
        self.site = site
        self.customers = site.customers({}, others=customer)
        self.server = server
        self.centre = Centre(server, ())

    @property
    def here(self) -> tuple[str, str]:
        return "--data-dir", str(self.server.data_dir)

    def trunkcall(self, *arguments: str) -> str:
        """Run it; what it says."""
        return self.server.trunkcall(*arguments, *self.here).stdout

    def agents(self, what: str, *more: str) -> Any:
        """Run `trunkcall agents`, with JSON."""
        where = () if what == "list" else ("--sip-address", self.site.place.switch)
        return json.loads(self.trunkcall("agents", what, *more, "--json", *where))

    def hire(self, name: str, *more: str) -> dict[str, Any]:
        (made,) = self.agents("add", name, "--phone", *more)
        account: dict[str, Any] = made["phone"]
        return account

    def gives_desk_phone(self, name: str, number: str) -> None:
        """The agent is called by this number from here."""
        connect = self.server.client("connect")
        user_id = next(each["id"] for each in self.agents("list") if each["name"] == name)
        user = {**self.centre.instance, "UserId": user_id}
        had = connect.describe_user(**user)["User"]["PhoneConfig"]
        kind = {"PhoneType": "DESK_PHONE", "DeskPhoneNumber": number}
        connect.update_user_phone_config(**user, PhoneConfig={**had, **kind})

    def phone(self, account: dict[str, Any], manner: Manner | None = None, *, address: str | None = None) -> SoftPhone:
        """A telephone, switched on."""
        phone = SoftPhone(address or self.site.place.address(), account, manner)
        self.site.street.open(phone)
        return phone

    def register(self, phone: SoftPhone, *, expires_s: int = 300) -> int:
        return self.site.street.do(phone.register(expires_s=expires_s))

    def dials(self, phone: SoftPhone, whom: str) -> int:
        return self.site.street.do(phone.call(whom))

    def until_registered(self, phone: SoftPhone) -> None:
        """As a phone does it, again and again."""
        self.server.wait_until(lambda: self.register(phone) == 200)

    def call(self, many: int) -> str:
        """Have a campaign call so many people, who are talked to at once; its id."""
        calls: dict[str, Any] = self.server.campaign_arguments()["outboundCallConfig"]
        calls["answerMachineDetectionConfig"] = {"enableAnswerMachineDetection": False}
        return self.centre.call(numbers(many), outboundCallConfig=calls)

    def state_of(self, name: str) -> tuple[str | None, str | None]:
        """What an agent is doing, and what is wrong with the phone."""
        (agent,) = (each for each in self.agents("list") if each["name"] == name)
        return agent["state"], agent["phone_trouble"]

    def is_there(self, name: str) -> bool:
        """Whether Asterisk has a phone of this name that can be rung."""
        told = ask(self.site.place, "GET", "endpoints/PJSIP")
        return {"resource": name, "state": "online"} in [{k: e[k] for k in ("resource", "state")} for e in told]


def floor_of(folder: Path, stack: ExitStack, customer: Manner = CUSTOMER, **options: Any) -> Floor:
    site = Site.of(place_of_this_worker(Which.CENTRE), (), stack)
    return Floor(site, site.serve(folder / "centre", **options), customer)
