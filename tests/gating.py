"""The calling gate as tests have it: on a carrier that reaches nobody."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from trunkcall.domain.directory import Directory
from trunkcall.service.calling.gate import Gate, GateOf
from trunkcall.service.calling.gates import Gates
from trunkcall.service.calling.number_key import number_key
from trunkcall.service.calling.screening import Screening
from trunkcall.service.dialing_settings import DialingOf
from trunkcall.storage.ports.directory import Directories
from trunkcall.storage.ports.do_not_call import ListedNumbers

test_key = partial(number_key, key=b"a key of tests")


def no_policy(directory: Directory) -> Gate:
    """By the policies that the facts hold, if they hold any."""
    return Gate(directory, test_key, reaches_people=False)


class Kept(Directories, ListedNumbers, Protocol):
    """What a store has of an instance that the gate goes by."""


def screening(store: Kept, dialing_of: DialingOf, gate_of: GateOf = no_policy) -> Screening:
    """As requests are looked at that are submitted."""
    return Screening(Gates(store, gate_of), store, dialing_of)
