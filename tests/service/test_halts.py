"""Halts, as they are asked for. If these fail, calls go on that somebody has stopped, or never begin again."""

from __future__ import annotations

import pytest

from service.offices import NOW, Office
from trunkcall.domain.directory import Instance
from trunkcall.domain.errors import InvalidInputError, NotFoundError
from trunkcall.domain.instants import HOUR
from trunkcall.service.halts import MAX_REASON, Halts


class Ear:
    """Whoever dials in the same process, and what is in the store by the time that it hears."""

    def __init__(self) -> None:
        self.heard: list[bool] = []

    def heed(self, instance: Instance) -> None:
        self.heard.append(instance.may_originate)

    def campaigns_changed(self, instance_id: str) -> None: ...

    def requests_accepted(self, instance_id: str, campaign_id: str) -> None: ...

    def due_changed(self, instance_id: str, campaign_id: str) -> None: ...

    def opted_out(self, instance_id: str, number_keys: object) -> None: ...


@pytest.fixture
async def office() -> Office:
    return await Office().open()


async def test_whoever_dials_hears_of_a_halt_before_the_store_has_it_and_of_its_end(office: Office) -> None:
    ear = Ear()
    use = Halts(office.centre, office.store, office.now_of, ear)
    halted = await use.halt_instance(office.default, reason="a wrong list")
    assert (halted.halted_at, halted.halt_reason, halted.may_originate) == (NOW, "a wrong list", False)
    office.clock += HOUR
    again = await use.halt_instance(office.default)
    assert (again.halted_at, again.halt_reason) == (NOW, ""), "halted since it was first, for the last reason"
    assert (await use.resume_instance(office.default)).may_originate
    assert ear.heard == [False, False, False, False, True]


async def test_a_halt_is_of_an_instance_that_there_is_and_its_reason_is_short(office: Office) -> None:
    use = Halts(office.centre, office.store, office.now_of, Ear())
    with pytest.raises(NotFoundError):
        await use.halt_instance("nowhere")
    with pytest.raises(InvalidInputError):
        await use.halt_instance(office.default, reason="x" * (MAX_REASON + 1))
    assert (await use.resume_instance(office.default)).may_originate, "to resume what is not halted changes nothing"


async def test_no_reason_of_a_halt_holds_a_number_and_whoever_is_refused_knows_that_calls_go_on(office: Office) -> None:
    """It is told to whoever asks why nobody is dialed, and it stays when the number is forgotten."""
    ear = Ear()
    use = Halts(office.centre, office.store, office.now_of, ear)
    for reason in ("+12065550101 complained", "of 2026-11-29: (206) 555-0101", "a wrong list\nof ours"):
        with pytest.raises(InvalidInputError) as refused:
            await use.halt_instance(office.default, reason=reason)
        assert "555" not in refused.value.message
        assert "Nothing was halted" in refused.value.message
    assert ear.heard == [], "nobody is told of a halt that there is not"
    for reason in ("list of 2026-11-29", "29 people, batch 118", "dnc_20261129.csv"):
        assert (await use.halt_instance(office.default, reason=reason)).halt_reason == reason
