"""Campaigns by name: people remember names, the API takes ids.

Decides which campaign a person means, and what is said to one who means none. It is a client of the API.
"""

from __future__ import annotations

import re
import shlex
from typing import Any

from trunkcall.domain.errors import TrunkcallError, did_you_mean

_ID = re.compile(r"(arn:.*/)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MAX_NAMED = 8


class NoSuchCampaignError(TrunkcallError):
    """No campaign has this name or id. `trunkcall campaign list` shows those that there are."""


def is_id(text: str) -> bool:
    """Whether it is written like a campaign's id or ARN, so that no name is looked for."""
    return _ID.fullmatch(text) is not None


def as_argument(name: str) -> str:
    """A campaign's name as it is given to a command in a shell: also one that looks like an option."""
    return f"-- {shlex.quote(name)}" if name.startswith("-") else shlex.quote(name)


def campaign_names(client: Any) -> dict[str, str]:
    """Names of all campaigns by their ids. Raises whatever the client raises (botocore's errors)."""
    pages = client.get_paginator("list_campaigns").paginate()
    return {summary["id"]: summary["name"] for page in pages for summary in page["campaignSummaryList"]}


def find_campaign(client: Any, text: str) -> str:
    """The id of the campaign that a person means by its name, its id or its ARN. Names are compared exactly, then
    without regard to case. Raises NoSuchCampaignError, which offers names that come close, and whatever the client
    raises (botocore's errors)."""
    if is_id(text):
        return text
    names = campaign_names(client)
    for same in (str, str.casefold):
        found = [campaign_id for campaign_id, name in names.items() if same(name) == same(text)]
        if len(found) == 1:
            return found[0]
        if found:
            raise NoSuchCampaignError(
                f"{len(found)} campaigns are called {text!r} but for upper and lower case or the instance. Name one by "
                f"its id: {', '.join(found[:_MAX_NAMED])}."
            )
    hint = did_you_mean(text, list(names.values()))
    raise NoSuchCampaignError(
        f"There is no campaign {text!r}.{hint} `trunkcall campaign list` shows those that there are."
    )
