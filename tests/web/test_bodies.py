"""Who may send a body, and who gives way to whom."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from trunkcall.aws.errors import ApiError
from trunkcall.web.bodies import FREE_BYTES, MAX_REMEMBERED, PATIENCE_S, STEP_BYTES, Bodies, Body, neighbourhood

KIB = 1024
MIB = 1024 * KIB


@dataclass
class House:
    """A server with room for 8 MiB and 8 bodies that are awaited; a key or an address may have half."""

    now_s: float = 100.0
    gave_way: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bodies = Bodies(8 * MIB, 8, lambda: self.now_s)

    def enter(self, name: str, size: int, *, key: str = "AKIA", address: str = "192.0.2.1") -> Body:
        return self.bodies.enter(key, address, size, lambda: self.gave_way.append(name))

    def refuses(self, size: int, *, key: str = "AKIA", address: str = "192.0.2.1") -> bool:
        try:
            self.bodies.leave(self.enter("refused", size, key=key, address=address))
        except ApiError as error:
            return (error.code, error.status, error.retry_after_s) == ("ServiceUnavailable", 503, 1)
        return False


@pytest.fixture
def house() -> House:
    return House()


def test_a_key_and_an_address_may_have_half_of_the_room(house: House) -> None:
    for number in range(4):
        house.enter("large", MIB, key=f"key-{number}")
    assert house.refuses(MIB, key="another"), "the address has its half"
    assert not house.refuses(MIB, key="another", address="192.0.2.2")
    for number in range(4):
        house.enter("large", MIB, key="shared", address=f"198.51.100.{number}")
    assert house.refuses(MIB, key="another", address="203.0.113.1"), "there is no more"
    assert house.bodies.charged == 8 * MIB


def test_what_has_left_makes_room(house: House) -> None:
    held = [house.enter("large", MIB) for _ in range(4)]
    assert house.refuses(MIB)
    house.bodies.arrived(held[0])
    assert house.refuses(MIB), "it is held until its request is answered"
    house.bodies.leave(held[0])
    assert not house.refuses(MIB)
    for body in held[1:]:
        house.bodies.leave(body)
    assert (house.bodies.charged, house.bodies.unfinished) == (0, 0)


def test_small_bodies_are_never_refused(house: House) -> None:
    for _ in range(4):
        house.enter("large", MIB)
    for _ in range(1000):
        assert not house.refuses(FREE_BYTES)
    assert house.refuses(FREE_BYTES + 1)


def test_who_has_had_time_gives_way_the_oldest_first(house: House) -> None:
    for name in ("first", "second", "third", "fourth"):
        house.enter(name, MIB)
        house.now_s += 0.1
    assert house.refuses(MIB)
    house.now_s += PATIENCE_S
    house.enter("fifth", 2 * MIB)
    assert house.gave_way == ["first", "second"]
    assert house.bodies.charged == 4 * MIB


def test_who_has_arrived_gives_way_to_nobody(house: House) -> None:
    for _ in range(4):
        house.bodies.arrived(house.enter("there", MIB))
    house.now_s += 60
    assert house.refuses(MIB)
    assert house.gave_way == []


def test_strangers_from_everywhere_are_not_remembered_for_ever(house: House) -> None:
    held = house.enter("held", MIB, key="held", address="held")
    for number in range(3 * MAX_REMEMBERED):
        house.bodies.leave(house.enter("stranger", 1, key=f"key-{number}", address=f"address-{number}"))
    assert house.bodies.remembered <= 2 * MAX_REMEMBERED
    house.bodies.leave(held)
    assert house.bodies.charged == 0


def test_who_gave_way_is_charged_nothing_when_it_leaves(house: House) -> None:
    gone = house.enter("gone", MIB)
    for _ in range(3):
        house.enter("stays", MIB)
    house.now_s += PATIENCE_S
    house.bodies.arrived(house.enter("new", MIB))
    assert gone.given_up
    house.bodies.leave(gone)
    assert house.bodies.charged == 4 * MIB
    with pytest.raises(ApiError):
        house.bodies.grow(gone, MIB)


def test_a_body_that_does_not_say_its_length_is_charged_ahead(house: House) -> None:
    body = house.enter("chunks", 0)
    house.bodies.grow(body, FREE_BYTES)
    assert house.bodies.charged == 0
    for received in range(FREE_BYTES + 1, 3 * MIB, 10 * KIB):
        house.bodies.grow(body, received)
        assert received + 10 * KIB <= house.bodies.charged <= received + STEP_BYTES
    house.now_s += 60
    with pytest.raises(ApiError):
        house.bodies.grow(body, 5 * MIB)
    assert house.gave_way == [], "nobody gives way to himself"


def test_a_body_that_says_its_length_is_charged_just_that(house: House) -> None:
    body = house.enter("length", MIB)
    house.bodies.grow(body, MIB - 1)
    assert house.bodies.charged == MIB


def test_where_many_are_awaited_the_next_must_hurry_until_somebody_has_had_his_time(house: House) -> None:
    assert not any(house.enter("slow", 10).hurried for _ in range(4))
    assert house.enter("next", 10).hurried
    assert not house.enter("other", 10, key="another", address="192.0.2.2").hurried
    house.now_s += PATIENCE_S
    assert not house.enter("later", 10).hurried
    assert house.gave_way == ["slow", "slow"], "one for the address's bound and one for the key's"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2", True),
    ],
)
def test_what_counts_as_one_address(one: str, other: str, same: bool) -> None:
    assert (neighbourhood(one) == neighbourhood(other)) is same
