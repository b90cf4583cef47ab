"""References in the parameters of a flow. If these fail, somebody is told a JSONPath instead of a name."""

from __future__ import annotations

import pytest

from trunkcall.flows.references import filled, is_known, path_of


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("$.Attributes.name", ("Attributes", "name")),
        ("$.StoredCustomerInput", ("StoredCustomerInput",)),
        ("$['Attributes']['first name']", ("Attributes", "first name")),
        ("$.SegmentAttributes['connect:Subtype']", ("SegmentAttributes", "connect:Subtype")),
        ("$.External.items[0].name", ("External", "items", "0", "name")),
        ("$.External.first-name", ("External", "first-name")),
        ("$", None),
        ("$.", None),
        ("$.50", None),
        ("Hello $.Attributes.name", None),
        ("$.Attributes.name!", None),
    ],
)
def test_a_text_is_one_reference_or_none(text: str, path: tuple[str, ...] | None) -> None:
    assert path_of(text) == path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello $.Attributes.name.", "Hello <Attributes/name>."),
        ("$.Attributes.name.Thank you", "<Attributes/name>.Thank you"),
        ("$.External.order.id costs $.50", "<External/order/id> costs $.50"),
        ("Nothing", "Nothing"),
    ],
)
def test_references_in_a_text_become_their_values_and_the_rest_stays(text: str, said: str) -> None:
    assert filled(text, lambda path: f"<{'/'.join(path)}>", 100) == said


def test_a_text_does_not_become_longer_than_it_may_be() -> None:
    twice = "$.Attributes.a, $.Attributes.a"
    assert filled(twice, lambda _: "x" * 40, 82) == f"{'x' * 40}, {'x' * 40}"
    assert filled(twice, lambda _: "x" * 40, 81) is None
    assert filled(twice * 50, lambda _: "", 100) == ", " * 50, "what counts is what it becomes"


def test_it_is_known_which_values_there_are() -> None:
    for known in ("$.Attributes.anything", "$.CustomerEndpoint.Address", "$.Queue.Name", "$.Channel"):
        path = path_of(known)
        assert path is not None
        assert is_known(path), known
    for unknown in ("$.Attributes", "$.CustomerEndpoint", "$.CustomerEndpoint.Street", "$.Channel.Name", "$.Custom.a"):
        path = path_of(unknown)
        assert path is not None
        assert not is_known(path), unknown
