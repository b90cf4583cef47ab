"""Campaigns of an SQLite store: the verbs that change them.

Decides what each verb checks, changes and answers, and which campaigns are created together. It must not know threads
or when it is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trunkcall.domain.campaign import Campaign, CampaignState
from trunkcall.domain.errors import ConflictError, InvalidCampaignStateError, QuotaExceededError, StoreDamagedError
from trunkcall.domain.instants import Instant
from trunkcall.domain.transitions import CAMPAIGN, CampaignEvent
from trunkcall.storage.sqlite.rows import campaign_from_row, campaign_to_row
from trunkcall.storage.sqlite.transaction import NotTogetherError, Together, WriteTransaction


def create_campaign(transaction: WriteTransaction, campaign: Campaign, most: int | None) -> Campaign:
    transaction.require_instance(campaign.instance_id)
    if most is not None and transaction.number("campaigns_in_instance", instance_id=campaign.instance_id) >= most:
        namesake = _namesake(transaction, campaign)
        if namesake is not None:
            return _read_campaign(transaction, namesake)
        raise QuotaExceededError(f"The instance has {most} campaigns, which is its quota. Delete some, or raise it.")
    created = replace(campaign, version=transaction.next_version())
    if transaction.execute("insert_campaign", **campaign_to_row(created)):
        return created
    namesake = _namesake(transaction, campaign)
    assert namesake is not None
    return _read_campaign(transaction, namesake)


def _namesake(transaction: WriteTransaction, campaign: Campaign) -> str | None:
    """The id of the instance's campaign of this name that was not deleted."""
    row = transaction.row("campaign_of_name", instance_id=campaign.instance_id, name=campaign.name)
    return None if row is None else row.campaign_id


@dataclass(frozen=True, slots=True)
class CreateCampaign(Together[Campaign]):
    """``create_campaign`` as an operation that can be carried out together with others of its kind. ``values`` is the
    campaign's row, made before the transaction began."""

    campaign: Campaign
    values: Mapping[str, Any]
    most: int | None

    def __call__(self, transaction: WriteTransaction) -> Campaign:
        return create_campaign(transaction, self.campaign, self.most)

    @staticmethod
    def together(transaction: WriteTransaction, operations: Sequence[CreateCampaign]) -> Sequence[Campaign] | None:
        """All of them at once. None, and nothing done, if one of them needs a closer look: a name is taken, the quota
        near, the instance unknown."""
        instance_ids = {operation.campaign.instance_id for operation in operations}
        names = {operation.campaign.name for operation in operations}
        if len(instance_ids) > 1 or len(names) < len(operations):
            return None
        (instance_id,) = instance_ids
        if not transaction.knows_instance(instance_id):
            return None
        least = min((operation.most for operation in operations if operation.most is not None), default=None)
        if (
            least is not None
            and transaction.number("campaigns_in_instance", instance_id=instance_id) + len(operations) > least
        ):
            return None
        created = [replace(operation.campaign, version=transaction.next_version()) for operation in operations]
        rows = [
            {**operation.values, "version": campaign.version}
            for operation, campaign in zip(operations, created, strict=True)
        ]
        if transaction.insert("insert_campaign", rows) < len(operations):
            raise NotTogetherError
        return created


def change_campaign_state(
    transaction: WriteTransaction,
    campaign_id: str,
    allowed_from: Collection[CampaignState],
    to: CampaignState,
    max_running: int | None,
) -> Campaign:
    head = transaction.campaign(campaign_id)
    if head.state not in allowed_from:
        raise InvalidCampaignStateError(head.state, f"The campaign is {head.state}; it cannot become {to}.")
    if to is CampaignState.RUNNING and max_running is not None:
        running = transaction.number("running_in_instance", instance_id=head.instance_id)
        if running >= max_running:
            raise QuotaExceededError(
                f"The instance has {running} active campaigns and its quota is {max_running}. "
                "Pause or stop one, or raise the quota."
            )
    transaction.execute("set_campaign_state", campaign_key=head.key, state=to.value, version=transaction.next_version())
    transaction.forget_campaign(campaign_id)
    return _read_campaign(transaction, campaign_id)


def edit_campaign(transaction: WriteTransaction, campaign_id: str, edit: Callable[[Campaign], Campaign]) -> Campaign:
    head = transaction.campaign(campaign_id)
    before = _read_campaign(transaction, campaign_id)
    after = edit(before)
    if after == before:
        return before
    if _namesake(transaction, after) not in (None, campaign_id):
        raise ConflictError("Another campaign of the instance has this name.")
    edited = replace(after, version=transaction.next_version())
    transaction.execute("edit_campaign", campaign_key=head.key, **campaign_to_row(edited))
    transaction.forget_campaign(campaign_id)
    return _read_campaign(transaction, campaign_id)


def delete_campaign(transaction: WriteTransaction, campaign_id: str, at: Instant) -> Campaign:
    head = transaction.campaign(campaign_id)
    state = CAMPAIGN[head.state].get(CampaignEvent.STOP, head.state)
    transaction.execute(
        "set_campaign_deleted",
        campaign_key=head.key,
        state=state.value,
        deleted_at=at,
        version=transaction.next_version(),
    )
    transaction.forget_campaign(campaign_id)
    return _read_campaign(transaction, campaign_id)


def _read_campaign(transaction: WriteTransaction, campaign_id: str) -> Campaign:
    row = transaction.row("campaign", campaign_id=campaign_id)
    if row is None:
        # An index found it a moment ago.
        raise StoreDamagedError
    return campaign_from_row(row)
