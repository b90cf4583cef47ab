"""What is said to a live answer whom no agent has reached in time: the text, and what its placeholders stand for.

Decides whose text counts, the campaign's own or the installation's. It must not know when it is said.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

from trunkcall.domain.campaign import Campaign
from trunkcall.domain.queue import Queue
from trunkcall.domain.safe_harbour import NAME, NUMBER, TAG

SafeHarbourOf: TypeAlias = Callable[[Campaign], str]
"""A campaign's text, empty if it has none."""


def safe_harbour_message(campaign: Campaign, *, default: str) -> str:
    """The campaign's text, with its placeholders."""
    return campaign.tags.get(TAG, default).strip()


def no_safe_harbour(campaign: Campaign) -> str:
    """For whoever has no such texts."""
    return ""


def spoken(message: str, campaign: Campaign, queue: Queue | None, number: str | None) -> str:
    """The text as it is said to somebody who was shown this number. ``{name}`` stands for the name that its queue
    shows, else for the campaign's own; ``{number}`` for the number, in groups of digits."""
    name = queue.outbound_caller_id_name if queue is not None else None
    return message.replace(NAME, name or campaign.name).replace(NUMBER, _in_groups(number))


def _in_groups(number: str | None) -> str:
    try:
        return format_number(parse(number), PhoneNumberFormat.INTERNATIONAL) if number is not None else ""
    except NumberParseException:
        return number or ""
