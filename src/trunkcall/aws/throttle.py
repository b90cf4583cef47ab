"""How often operations may be called, and how much an instance may hold: Amazon's numbers and Trunkcall's own.

Decides rates, bursts and quotas by preset, and whether a request fits a rate. It must not know which clock the seconds
come from, who calls, or how a quota is kept.

A throttle belongs to one process, account and Region. Each action has a bucket of its own, by its name in policies:
operations that two versions of the API have in common share one, as Amazon's table has one line for both; tags of
campaigns and of the contact centre do not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from trunkcall.aws.errors import ApiError


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests per second for long, and ``burst`` at once after a rest."""

    per_s: float
    burst: int


@dataclass(frozen=True, slots=True)
class Rates:
    """The rate of each action that has one of its own, and that of all ``others``."""

    others: Rate
    actions: Mapping[str, Rate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quotas:
    """The most that there may be: instances of an account, and of one instance campaigns, which are active while they
    are Running."""

    instances: int
    campaigns_per_instance: int
    active_campaigns_per_instance: int


_CHANGES = (
    "CreateCampaign",
    "DeleteCampaign",
    "ListTagsForResource",
    "PauseCampaign",
    "ResumeCampaign",
    "StartCampaign",
    "StopCampaign",
    "TagResource",
    "UntagResource",
    "UpdateCampaignDialerConfig",
    "UpdateCampaignName",
    "UpdateCampaignOutboundCallConfig",
)
_STATES = ("GetCampaignState", "GetCampaignStateBatch", "ListCampaigns")
_SUBMISSIONS = ("PutDialRequestBatch", "PutOutboundRequestBatch", "PutProfileOutboundRequestBatch")


def _campaigns(names: Iterable[str], rate: Rate) -> dict[str, Rate]:
    return {f"connect-campaigns:{name}": rate for name in names}


RATES: Mapping[str, Rates] = MappingProxyType(
    {
        # https://docs.aws.amazon.com/connect/latest/adminguide/amazon-connect-service-limits.html
        # There 2 a second and 5 at once is the rule for the contact centre too, and nothing that is offered of it is
        # among the exceptions.
        "aws": Rates(
            others=Rate(2, 5),
            actions=MappingProxyType(
                {
                    **_campaigns(_CHANGES, Rate(1, 2)),
                    **_campaigns(_STATES, Rate(5, 10)),
                    **_campaigns(_SUBMISSIONS, Rate(10, 10)),
                    **_campaigns(["DescribeCampaign"], Rate(25, 35)),
                }
            ),
        ),
        "default": Rates(others=Rate(100_000, 100_000)),
    }
)
"""Rates by preset."""

QUOTAS: Mapping[str, Quotas] = MappingProxyType(
    {
        "aws": Quotas(instances=2, campaigns_per_instance=500, active_campaigns_per_instance=50),
        "default": Quotas(instances=1_000, campaigns_per_instance=100_000, active_campaigns_per_instance=100_000),
    }
)
"""Quotas by preset."""


class Throttle:
    """Buckets of tokens, one for each action, full at first.

    Of a bucket only the instant is kept at which it will be full again; the tokens in it follow from that.
    """

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._buckets: dict[str, _Bucket] = {}

    def take(self, action: str, now_s: float) -> None:
        """Take a token of the action's bucket. ``now_s`` are seconds of a clock that never goes back.

        Raises ThrottlingException when there is none, and takes nothing then; it says in how many seconds there is one.
        """
        bucket = self._buckets.get(action)
        if bucket is None:
            bucket = self._buckets[action] = _Bucket(self._rates.actions.get(action, self._rates.others))
        full_at_s = bucket.full_at_s
        full_at_s = (full_at_s if full_at_s > now_s else now_s) + bucket.token_s
        wait_s = full_at_s - now_s - bucket.empty_s
        if wait_s > 0:
            # Whole seconds are all that the header can say.
            raise ApiError("ThrottlingException", "Rate exceeded", retry_after_s=max(1, math.ceil(wait_s)))
        bucket.full_at_s = full_at_s


class _Bucket:
    """``token_s`` is the time that a token takes to come back, ``empty_s`` that of all."""

    __slots__ = ("empty_s", "full_at_s", "token_s")

    def __init__(self, rate: Rate) -> None:
        self.token_s = 1 / rate.per_s
        # A little more than exact, so that a sum of roundings does not cost the last token of a burst.
        self.empty_s = rate.burst * self.token_s + self.token_s * 1e-3
        self.full_at_s = float("-inf")
