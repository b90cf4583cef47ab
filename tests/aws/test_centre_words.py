"""Words that the contact centre's model has and that are known here by heart. If these fail, Amazon has a word more:
who uses it is answered an internal failure."""

from __future__ import annotations

from aws.support import botocore_model
from trunkcall.aws.model import CONNECT
from trunkcall.domain.directory import IdentityManagement
from trunkcall.domain.hours_of_operation import Day
from trunkcall.service.instances import ATTRIBUTES


def test_every_word_of_the_model_is_known() -> None:
    model = botocore_model(CONNECT)
    assert set(model.shape_for("InstanceAttributeType").enum) == set(ATTRIBUTES)
    assert set(model.shape_for("DirectoryType").enum) == set(IdentityManagement)
    assert set(model.shape_for("HoursOfOperationDays").enum) == set(Day)
    assert set(model.shape_for("OverrideDays").enum) == set(Day)
