"""A dialer takes over contacts of which the disk has changed one, or a whole campaign.

What a user would lose otherwise: a phone that was ringing when a server died keeps all others from being dialed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from faults.house import LEASE, NOTICES, SPRING, House
from trunkcall.domain.contact import ContactState, Damage, LiveContact

pytestmark = pytest.mark.long


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path / "trunkcall.db")
    house.run(house.open())
    yield house
    house.run(house.close())
    house.loop.close()


def left_ringing(house: House) -> list[LiveContact]:
    """A dialer dies while phones ring; what it has left."""
    house.run(house.accept(NOTICES, [f"notice-{n}" for n in range(12)]))
    house.run(house.accept(SPRING, [f"lead-{n}" for n in range(12)]))
    house.run(house.start_process())
    house.pass_time(2)
    house.run(killed(house))
    live = list(house.run(house.api.live_contacts(house.instance_id)))
    assert {contact.campaign_id for contact in live} == {SPRING, NOTICES}
    return live


async def killed(house: House) -> None:
    for process in house.processes:
        process.die()
    await house.bury_the_dead()
    # Nobody has to wait for the lease of the dead to run out, so that all their legs are still there.
    lease = await house.api.acquire_lease(house.instance_id, "nobody", LEASE, sole=True)
    assert lease is not None
    await house.api.release_lease(lease)


def change(house: House, sql: str) -> None:
    with closing(sqlite3.connect(house.path)) as connection:
        connection.execute(sql)
        connection.commit()


def legs_of(contacts: list[LiveContact]) -> set[str]:
    return {contact.leg_id for contact in contacts}


def go_on(house: House) -> None:
    """Another dialer takes over, and dials all there is."""
    house.run(house.start_process())
    house.pass_time(900, step=2.0)
    (process,) = house.processes
    assert process.dialer.trouble is None
    assert max(house.exchange.originates.values()) == 1, "somebody was called twice"


@pytest.mark.parametrize("damage", ["leg_id = NULL", "state = 'Diaking'", "attempted_at = NULL"])
def test_one_damaged_contact_in_progress_is_set_aside_and_all_others_go_on(house: House, damage: str) -> None:
    victim, *others = left_ringing(house)
    change(house, f"UPDATE contact SET {damage} WHERE sequence = {victim.sequence}")
    go_on(house)
    (aside,) = house.run(house.api.quarantined())
    assert (aside.contact_id, aside.damage) == (victim.contact_id, Damage.UNREADABLE)
    assert house.processes[0].dialer.quarantined == 1
    assert victim.leg_id in house.exchange.hung_up
    ended = {r.contact_id for r in house.run(house.records()) if r.state is ContactState.ENDED}
    assert ended == set(house.accepted.values()) - {victim.contact_id}
    assert {contact.contact_id for contact in others} < ended


def test_contacts_in_progress_of_a_damaged_campaign_are_set_aside_and_another_goes_on(house: House) -> None:
    live = left_ringing(house)
    change(house, f"UPDATE campaign SET tags = '{{' WHERE campaign_id = '{NOTICES}'")
    go_on(house)
    orphans = [contact for contact in live if contact.campaign_id == NOTICES]
    aside = house.run(house.api.quarantined(NOTICES))
    assert {(contact.contact_id, contact.damage) for contact in aside} == {
        (contact.contact_id, Damage.NOT_TAKEN_OVER) for contact in orphans
    }
    assert legs_of(orphans) <= house.exchange.hung_up
    ended = {r.contact_id for r in house.run(house.records()) if r.state is ContactState.ENDED}
    assert ended == {contact_id for token, contact_id in house.accepted.items() if token.startswith(SPRING)}
