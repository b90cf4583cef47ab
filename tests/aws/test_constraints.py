"""Every constraint of the service models, just inside and just outside. Without these checks a campaign could be
created that no client can read back, or a dial request accepted that the dialer can't make sense of."""

from __future__ import annotations

import pytest

from aws.constraint_cases import Case, cases
from aws.support import EVERY_OPERATION, EVERY_SERVICE, operation
from trunkcall.aws.errors import ApiError
from trunkcall.aws.protocol import parse_request


# A test for each of the thousands of cases would cost more than the cases do.
@pytest.mark.parametrize(("service", "name"), EVERY_OPERATION)
def test_every_constraint_of_the_model(service: str, name: str) -> None:
    for case in cases(service, name):
        check(case)


def check(case: Case) -> None:
    variant = case.variant
    compiled = operation(case.operation, case.service)
    if variant.constraint is None and not variant.wrong_type:
        heard = parse_request(compiled, case.labels, case.request)
        assert set(heard) == {name for name, value in variant.value.items() if value is not None}
        return

    with pytest.raises(ApiError) as refused:
        parse_request(compiled, case.labels, case.request)

    message = refused.value.message
    assert f"at '{variant.path}" in message
    if variant.wrong_type:
        assert refused.value.code == "SerializationException"
        assert "can not be converted to" in message
    else:
        assert refused.value.code == "ValidationException"
        assert message.startswith("1 validation error detected: Value")
        assert f"at '{variant.path}' failed to satisfy constraint: {variant.constraint}" in message


def test_the_table_holds_the_whole_model() -> None:
    every = [case for service, name in EVERY_OPERATION for case in cases(service, name)]
    broken = [case for case in every if case.variant.constraint is not None]

    assert len(every) > 1000
    assert set(EVERY_SERVICE) == {case.service for case in broken}
    for family in (
        "not be null",
        "length less",
        "length greater",
        "value less",
        "value greater",
        "enum",
        "regular",
        "one of",
    ):
        assert any(family in (case.variant.constraint or "") for case in broken), family
