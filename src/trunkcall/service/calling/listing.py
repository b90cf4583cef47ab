"""Which do-not-call lists bind a campaign, as the gate has it, and in words why one of them cannot be gone by.

Decides the words. It must not know who is on a list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from trunkcall.domain.campaign import Campaign
from trunkcall.domain.directory import Directory
from trunkcall.domain.do_not_call import ListTrouble, binding_lists
from trunkcall.domain.instants import Instant


@dataclass(frozen=True, slots=True)
class BindingLists:
    """The do-not-call lists that bind a campaign, by their numbers, the version of each, and why one of them cannot be
    gone by, in words; None if all can."""

    numbers: tuple[int, ...] = ()
    versions: tuple[int, ...] = ()
    trouble: str | None = None


ListsOf: TypeAlias = Callable[[Directory, Campaign, Instant], BindingLists]

_WORDS: Final = {
    ListTrouble.TOO_OLD: "The file of the do-not-call list {} is too old. Import a newer one (`trunkcall dnc import`).",
    ListTrouble.FROM_THE_FUTURE: (
        "The file of the do-not-call list {} is dated in the future. Import it with its date (`trunkcall dnc import`)."
    ),
    ListTrouble.NEVER_FILLED: (
        "The do-not-call list {} was never filled, or has lost its date. Import its file (`trunkcall dnc import`)."
    ),
    ListTrouble.OTHER_KEY: (
        "The do-not-call list {} was filled with another secret key, so that nobody on it would be known. Put that "
        "secret.key back, or delete the list (`trunkcall dnc delete`) and import its file again."
    ),
    ListTrouble.DAMAGED: (
        "The disk has damaged the do-not-call list {}. Restore a backup, or delete it (`trunkcall dnc "
        "delete`) and import its file again."
    ),
}


def lists_of(directory: Directory, campaign: Campaign, now: Instant, *, key_mark: int | None = None) -> BindingLists:
    """Those of the instance. ``key_mark`` is that of the key by which numbers are known."""
    if not directory.do_not_call_lists:
        return BindingLists()
    found = binding_lists(directory.do_not_call_lists.values(), campaign.campaign_id, now, key_mark)
    told = [_WORDS[trouble].format(name) for name, trouble in found.unreadable]
    return BindingLists(found.numbers, found.versions, " ".join(told) or None)
