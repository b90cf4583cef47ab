"""Campaigns by name: people remember names, the API takes ids.

Decides which campaign a person means, and what is said to one who means none. It is a client of the API.
"""

from __future__ import annotations

import re
from typing import Any

from trunkcall.domain.errors import TrunkcallError, did_you_mean

_ID = re.compile(r"(arn:.*/)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MOST_NAMED = 8


class NoSuchCampaignError(TrunkcallError):
    """No campaign has this name or id. `trunkcall campaign list` shows those that there are."""


def find_campaign(client: Any, text: str) -> str:
    """The id of the campaign that a person means by its name, its id or its ARN. Names are compared exactly, then
    without regard to case. Raises NoSuchCampaignError, which offers names that come close, and whatever the client
    raises (botocore's errors)."""
    if _ID.fullmatch(text):
        return text
    pages = client.get_paginator("list_campaigns").paginate()
    names = [(summary["name"], summary["id"]) for page in pages for summary in page["campaignSummaryList"]]
    for same in (str, str.casefold):
        found = [campaign_id for name, campaign_id in names if same(name) == same(text)]
        if len(found) == 1:
            return str(found[0])
        if found:
            raise NoSuchCampaignError(
                f"{len(found)} campaigns are called {text!r} but for upper and lower case or the instance. Name one by "
                f"its id: {', '.join(found[:_MOST_NAMED])}."
            )
    hint = did_you_mean(text, [name for name, _ in names])
    raise NoSuchCampaignError(
        f"There is no campaign {text!r}.{hint} `trunkcall campaign list` shows those that there are."
    )
