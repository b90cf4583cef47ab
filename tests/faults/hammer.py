"""Accepts dial requests and begins attempts as fast as the store lets it, until it is killed.

Run as a process of its own. Every answer of the store goes to standard output at once: ``accepted`` and ``begun`` with
contact ids, ``failed`` with the reason in words. What a contact holds follows from its id, so that a witness who knows
the id alone can tell whether its record is right.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from storage.support import campaign, directory
from trunkcall.domain.changes import AttemptBegun
from trunkcall.domain.contact import DialRequest
from trunkcall.domain.errors import StoreError, StoreUnavailableError
from trunkcall.domain.instants import DAY, HOUR
from trunkcall.storage.ports.ownership import Lease
from trunkcall.storage.sqlite.store import SQLiteStore

INSTANCE = "instance-1"
CAMPAIGN = "campaign-1"
WORKERS = 4


def request_of(contact_id: str, *, padding: int = 200) -> DialRequest:
    """The dial request of this contact id, but for its expiry."""
    digits = int.from_bytes(contact_id.encode(), "big") % 10**7
    note = (contact_id * (padding // len(contact_id) + 1))[:padding]
    return DialRequest(contact_id, f"token-{contact_id}", f"+1206{digits:07}", _now() + DAY, {"note": note})


def _now() -> int:
    return time.time_ns() // 1000


def _say(*words: str) -> None:
    os.write(1, (" ".join(words) + "\n").encode())


async def _load(store: SQLiteStore, name: str, accepted: list[str]) -> None:
    number = 0
    while True:
        ids = [f"{name}-{number}-{item}" for item in range(5)]
        number += 1
        requests = [request_of(contact_id) for contact_id in ids]
        try:
            await store.put_dial_requests(CAMPAIGN, requests, at=_now(), max_waiting=1_000_000)
        except StoreUnavailableError as error:
            _say("failed", error.message)
            await asyncio.sleep(0.01)
        else:
            _say("accepted", *ids)
            accepted += ids


async def _dial(store: SQLiteStore, lease: Lease, accepted: list[str]) -> None:
    while True:
        await asyncio.sleep(0.002)
        if not accepted:
            continue
        contact_id = accepted.pop(0)
        change = AttemptBegun(contact_id, CAMPAIGN, f"leg-of-{contact_id}", _now(), "default", None)
        try:
            result = await store.commit(lease, [change])
        except StoreUnavailableError as error:
            _say("failed", error.message)
        else:
            # A commit that failed with an unknown result may have happened.
            if not result.refused:
                _say("begun", contact_id)


async def main(path: Path, name: str) -> None:
    """Open the store, make what is needed, and go on for ever."""
    store = SQLiteStore(path, sole=True)
    try:
        await store.open()
        if not await store.instances():
            await store.create_instance(directory(INSTANCE))
            await store.create_campaign(campaign(CAMPAIGN, instance_id=INSTANCE))
        lease = await store.acquire_lease(INSTANCE, name, HOUR, sole=True)
    except StoreError as error:
        _say("unopened", error.message)
        sys.exit(3)
    assert lease is not None
    _say("ready")
    accepted: list[str] = []
    await asyncio.gather(
        *(_load(store, f"{name}-{worker}", accepted) for worker in range(WORKERS)), _dial(store, lease, accepted)
    )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
