"""Writes down what Asterisk says in some stories, for tests of what it means that need no Asterisk.

Run it where another version of Asterisk is to be gone by::

    cd tests && python -m telephony.asterisk.namespace python -m telephony.asterisk.record

The numbers are for fiction, and so is everything else in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from telephony.asterisk.dialer import Customers, Dialer, until
from telephony.asterisk.line import AGENTS, addresses, asterisk
from telephony.asterisk.phone import Manner, Phone, tone
from trunkcall.telephony.ari import wire
from trunkcall.telephony.ari.model import Event

RECORDED = Path(__file__).with_name("recorded")
APP = "trunkcall_recorded"
CUSTOMER, AGENT = "customer-1", "agent-1"


@contextmanager
def recorder(name: str) -> Iterator[None]:
    """Write every frame that arrives meanwhile into a file."""
    frames: list[str] = []
    decode = wire.decode

    def listen(text: str) -> Event | None:
        frames.append(text)
        return decode(text)

    wire.decode = listen
    try:
        yield
    finally:
        wire.decode = decode
        (RECORDED / f"{name}.jsonl").write_text("".join(f"{frame}\n" for frame in frames), encoding="utf-8")


async def main() -> None:
    asterisk()
    people = Customers(Manner(), Phone(addresses()[AGENTS[0]], Manner(answers_after_s=0.02, rings=False)))
    for phone in (people, people.agent):
        await phone.open()
    dialer = Dialer(APP, 1)
    await dialer.start()

    async def one(name: str, manner: Manner, *, detect: bool = False) -> None:
        people.manner = manner
        with recorder(name):
            dialer.dial(CUSTOMER, detect=detect)
            await until(lambda: dialer.fates[CUSTOMER])

    await one("answered", Manner(answers_after_s=0.3, leaves_after_s=0.5))
    await one("busy", Manner(code=486))
    await one("machine", Manner(answers_after_s=0.3, says=tone(440, 2.0), leaves_after_s=2.5), detect=True)
    people.manner = Manner()
    dialer.events.clear()
    with recorder("bridged"):
        await dialer.talk(CUSTOMER, AGENT)
    await dialer.close()
    again = Dialer(APP, 2, knows=(CUSTOMER, AGENT))
    with recorder("found"):
        await again.start()
    with recorder("ended"):
        for leg_id in (CUSTOMER, AGENT):
            again.hang_up(leg_id)
        await until(lambda: again.fates[CUSTOMER] and again.fates[AGENT])
    await again.close()
    for phone in (people, people.agent):
        phone.close()


if __name__ == "__main__":
    asyncio.run(main())
