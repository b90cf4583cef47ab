"""A whole contact centre over a real switch: `trunkcall serve` in a process of its own, Asterisk, the people who are
called, and agents with phones.

Decides how they are put together and how a story of them is told; what is to come of it is for each story to say.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from serving import Serving, put_all, serving
from telephony.asterisk.configuration import PASSWORD, USER, small
from telephony.asterisk.phone import Dialog, Manner, Phone, tone
from telephony.asterisk.place import ARI_PORT, Place
from telephony.asterisk.switch import Asterisk
from trunkcall.cli.client import Connection, trunkcall_client

T = TypeVar("T")

TRUNK = "north"
NOBODY = Manner(code=404)
POLICY = '[destinations]\nregions = ["US"]\n'
AREAS = ("206", "212", "312", "415", "512")
CONFIRM_EVERY_S = 3.0
FIRST_HERTZ = 300
RING_S = 15
ENDED_S = 240.0
"""Within which all requests of a story have ended, however busy the machine is."""


def numbers(many: int, first: int = 0) -> list[str]:
    """So many numbers of those that are kept for fiction, each another."""
    assert first + many <= 100 * len(AREAS)
    return [f"+1{AREAS[n // 100]}555{100 + n % 100:04d}" for n in range(first, first + many)]


def own_tone(n: int) -> int:
    """Even numbers of hertz that a telephone carries, each another up to 1,500 of them."""
    return FIRST_HERTZ + 2 * n


def speaks(hertz: int) -> bytes:
    """A second of a tone, to be said again and again."""
    return tone(hertz, 1.0)


def greets(hertz: int, *, after_s: float = 0.0, pause_s: float = 1.5) -> bytes:
    """A person's short greeting, and the pause in which somebody is to answer."""
    silence = b"\xff"
    return silence * round(after_s * 8000) + tone(hertz, 0.16) + silence * round(pause_s * 8000)


def calls(phone: Phone) -> list[Dialog]:
    """All that have come to a phone, as of now."""
    return list(phone.dialogs.values())


class Street:
    """Phones, which live in a thread of their own: whoever tells a story may wait for a server meanwhile."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._phones: list[Phone] = []

    def __enter__(self) -> Street:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    def have(self, deed: Callable[[], None]) -> None:
        """Have something done there, where phones are."""

        async def done() -> None:
            deed()

        self.do(done())

    def now_s(self) -> float:
        """By the clock of the dialogs."""
        return self._loop.time()

    def open(self, phone: Phone) -> Phone:
        self.do(phone.open())
        self._phones.append(phone)
        return phone

    async def _close(self) -> None:
        for phone in self._phones:
            phone.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Centre:
    """One server, and the agents that it connects, by their user names."""

    def __init__(self, server: Serving, agents: Iterable[str]) -> None:
        self.server = server
        self.agents = tuple(agents)

    @property
    def instance(self) -> dict[str, str]:
        return {"InstanceId": self.server.environment["TRUNKCALL_INSTANCE_ID"]}

    def hire(self, *, persistent: bool = False, after_contact_work_s: int = 1) -> None:
        """Users for the agents' phones, who have all come to work."""
        connect = self.server.client("connect")
        within = self.instance
        (profile,) = connect.list_routing_profiles(**within)["RoutingProfileSummaryList"]
        security = connect.list_security_profiles(**within)["SecurityProfileSummaryList"]
        statuses = connect.list_agent_statuses(**within)["AgentStatusSummaryList"]
        available = next(each["Id"] for each in statuses if each["Type"] == "ROUTABLE")
        for name in self.agents:
            user_id = connect.create_user(
                **within,
                Username=name,
                Password="Only4TheStory",
                SecurityProfileIds=[each["Id"] for each in security if each["Name"] == "Agent"],
                RoutingProfileId=profile["Id"],
                PhoneConfig={
                    "PhoneType": "SOFT_PHONE",
                    "AfterContactWorkTimeLimit": after_contact_work_s,
                    "PersistentConnection": persistent,
                },
            )["UserId"]
            connect.put_user_status(**within, UserId=user_id, AgentStatusId=available)

    @contextmanager
    def confirming(self) -> Iterator[None]:
        """The agents' desktops say again and again that they are there, to whichever server there is."""
        over = threading.Event()

        def confirm() -> None:
            while not over.is_set():
                with suppress(Exception):
                    self.confirm()
                over.wait(CONFIRM_EVERY_S)

        thread = threading.Thread(target=confirm)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def confirm(self) -> None:
        connect = self.server.client("connect")
        agents = [user["Id"] for user in connect.list_users(**self.instance)["UserSummaryList"]]
        own(self.server).confirm_agents(connectInstanceId=self.instance["InstanceId"], agentIds=agents)

    def call(self, called: Sequence[str], **campaign: Any) -> str:
        """Have a campaign begin to call these, in their order; returns its id."""
        client = self.server.client()
        campaign_id: str = client.create_campaign(**self.server.campaign_arguments(**campaign))["id"]
        client.start_campaign(id=campaign_id)
        expires_at = self.server.in_instance_time(hours=1)
        requests = [{"clientToken": n[1:], "phoneNumber": n, "expirationTime": expires_at} for n in called]
        put_all(client, campaign_id, [{**request, "attributes": {}} for request in requests])
        return campaign_id

    def until_all_ended(self, campaign_id: str, *, timeout_s: float = ENDED_S) -> dict[str, dict[str, Any]]:
        """Wait until every request is accounted for; the records, by number."""
        service = own(self.server)

        def ended() -> bool:
            told = service.get_campaign_progress(id=campaign_id)["progress"]
            return bool(told["accepted"] == sum(told["dispositions"].values()))

        self.server.wait_until(ended, timeout_s=timeout_s)
        records = self.server.export("--campaign", campaign_id)
        return {record["CustomerEndpoint"]["Address"]: record for record in records}


def own(server: Serving) -> Any:
    given = server.environment
    return trunkcall_client(
        Connection(server.url, given["AWS_REGION"], given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"])
    )


class Site:
    """One Asterisk, with trunks to everybody who can be called, and agents' phones: ``addresses`` are by endpoint."""

    @classmethod
    def of(cls, place: Place, agents: Iterable[str], stack: ExitStack, *, trunks: Sequence[str] = (TRUNK,)) -> Site:
        """Everybody is at an address of their own."""
        return cls(place, {name: place.address() for name in (*trunks, *agents)}, stack, trunks=trunks)

    def __init__(
        self, place: Place, addresses: Mapping[str, str], stack: ExitStack, *, trunks: Sequence[str] = (TRUNK,)
    ) -> None:
        self.place = place
        self.street = stack.enter_context(Street())
        self._trunks = trunks
        self._addresses = addresses
        phones = {name: address for name, address in addresses.items() if name not in trunks}
        files = small(place, {name: addresses[name] for name in trunks}, phones=phones, as_users_have_it=True)
        self.switch = stack.enter_context(Asterisk(place, files))
        self._stack = stack

    def customers(self, manners: Mapping[str, Manner], *, others: Manner = NOBODY, trunk: str = TRUNK) -> Phone:
        return self.street.open(Phone(self._addresses[trunk], others, manners))

    def agents(self, manners: Mapping[str, Manner]) -> dict[str, Phone]:
        return {name: self.street.open(Phone(self._addresses[name], manner)) for name, manner in manners.items()}

    def serve(self, folder: Path, *, limits: str = "", policy: str = POLICY, **options: object) -> Serving:
        """A server that dials by it. ``limits`` are what else is said of each trunk."""
        folder.mkdir()
        for name, text in {
            "password": PASSWORD,
            "policy.toml": policy,
            "trunkcall.toml": "".join(
                f"[[trunks]]\ntrunk_id = '{trunk}'\nregions = ['US']\n{limits}" for trunk in self._trunks
            ),
        }.items():
            (folder / name).write_text(text)
        return self._stack.enter_context(
            serving(
                folder / "data",
                carrier="ari",
                ari_url=f"http://{self.place.switch}:{ARI_PORT}",
                ari_user=USER,
                ari_password_file=folder / "password",
                calling_policy=folder / "policy.toml",
                config=folder / "trunkcall.toml",
                **{"ring_timeout_s": RING_S, **options},
            )
        )
