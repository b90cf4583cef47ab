"""What the numbering plans say of a number decides whether it is dialed at all, and by whose clock.

If this fails, somebody pays for satellites, an emergency service is called, or people are woken.
"""

from __future__ import annotations

import pytest

from trunkcall.domain.clearance import Evidence
from trunkcall.domain.trunk import NumberFormat, Trunk
from trunkcall.service.calling.numbering import Kind, leaves_as, leaves_to_emergency, numbering_of

IN_AMERICA = Trunk("north", number_format=NumberFormat.NATIONAL, country="US")


@pytest.mark.parametrize(
    ("number", "region", "kind"),
    [
        ("+12125550100", "US", Kind.ORDINARY),
        ("+18765550100", "JM", Kind.ORDINARY),
        ("+447012345678", "GB", Kind.PERSONAL),
        ("+870773111632", None, Kind.SATELLITE),
        ("+8801712345678", "BD", Kind.ORDINARY),
        ("+19005550100", "US", Kind.PREMIUM),
        ("+44999", None, Kind.SHORT),
    ],
)
def test_a_number_is_of_a_region_and_a_kind(number: str, region: str | None, kind: Kind) -> None:
    assert (numbering_of(number).region, numbering_of(number).kind) == (region, kind)


def test_zones_are_known_by_exchange_area_or_country() -> None:
    assert numbering_of("+12704441234").zones == ("America/Chicago",)
    assert numbering_of("+12704441234").evidence is Evidence.NUMBER
    assert numbering_of("+18005550199").evidence is Evidence.COUNTRY


@pytest.mark.parametrize(
    ("number", "trunk", "leaves"),
    [
        ("+12125550100", Trunk("north"), "+12125550100"),
        ("+12125550100", Trunk("north", number_format=NumberFormat.DIGITS, country="US"), "12125550100"),
        ("+12125550100", IN_AMERICA, "2125550100"),
        ("+442079460000", IN_AMERICA, "011442079460000"),
        ("+442079460000", Trunk("west", number_format=NumberFormat.NATIONAL, country="GB"), "02079460000"),
    ],
)
def test_a_number_leaves_in_the_form_of_its_trunk(number: str, trunk: Trunk, leaves: str) -> None:
    assert leaves_as(number, trunk) == leaves


def test_ten_digits_may_begin_with_an_emergency_number() -> None:
    assert leaves_to_emergency("+19115550100", IN_AMERICA)
    assert not leaves_to_emergency("+19115550100", Trunk("north"))
    assert not leaves_to_emergency("+12125550100", IN_AMERICA)
