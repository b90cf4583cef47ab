"""Use cases about campaigns: create, describe, list, update, tag, start, stop, pause, resume, delete.

Decides what may be asked of a campaign and when, by the domain's transition tables. It must not know the wire's names
nor SQL.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from trunkcall.domain.campaign import (
    AnswerMachineDetectionConfig,
    Campaign,
    CampaignState,
    DialerConfig,
    OutboundCallConfig,
    takes_queue_from_flow,
)
from trunkcall.domain.clock import NowOf
from trunkcall.domain.contact_flow import CONTACT_FLOW
from trunkcall.domain.detection import TAG as DETECTION
from trunkcall.domain.detection import parse_detection
from trunkcall.domain.directory import Directory
from trunkcall.domain.errors import ConflictError, InvalidInputError, NotFoundError
from trunkcall.domain.fields import Field
from trunkcall.domain.identifiers import NewId, ResourceKind, Scope
from trunkcall.domain.instants import Instant
from trunkcall.domain.recording import TAG as RECORDING
from trunkcall.domain.recording import VALUES as RECORDING_VALUES
from trunkcall.domain.safe_harbour import TAG, placeholder_problem
from trunkcall.domain.transitions import CAMPAIGN, CampaignEvent, sources, target
from trunkcall.service.campaign_queue import check_queue_of
from trunkcall.service.wakeups import Wakeups
from trunkcall.storage.ports.campaigns import CampaignStore
from trunkcall.storage.ports.directory import Directories


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a list, and from where to go on; ``after`` is None at its end."""

    campaigns: Sequence[Campaign]
    after: tuple[Instant, str] | None


class Campaigns:
    """Use cases about campaigns. Ids may be given as ids or as ARNs wherever one is asked for."""

    def __init__(
        self,
        store: CampaignStore,
        directories: Directories,
        scope: Scope,
        now_of: NowOf,
        new_id: NewId,
        wakeups: Wakeups,
        *,
        max_campaigns: int | None = None,
        max_running: int | None = None,
    ) -> None:
        self._max_campaigns = max_campaigns
        self._max_running = max_running
        self._store = store
        self._directories = directories
        self._scope = scope
        self._now_of = now_of
        self._new_id = new_id
        self._wakeups = wakeups
        self._created_at: Instant = 0
        """When the last campaign was created. Lists are in this order, an instance's clock may stand still, and others
        may be ahead of it."""

    async def create_campaign(
        self,
        *,
        name: str,
        instance_id: str,
        dialer: DialerConfig,
        outbound_call: OutboundCallConfig,
        tags: Mapping[str, str],
    ) -> Campaign:
        """Create a campaign, Initialized.

        Names are unique within an instance. Repeated with equal parameters it returns the first campaign; with others
        it raises ConflictError. Raises NotFoundError for an unknown instance, queue or flow, InvalidInputError where
        parameters do not fit together, QuotaExceededError if the instance has as many campaigns as it may.
        """
        _check_own(tags)
        check_tags(tags)
        directory = await self._directory(instance_id)
        outbound_call = self._resolve(directory, dialer, outbound_call)
        campaign_id = self._new_id()
        self._created_at = max(self._now_of(instance_id), self._created_at + 1)
        campaign = Campaign(
            campaign_id=campaign_id,
            arn=self._scope.campaign_arn(campaign_id),
            instance_id=instance_id,
            name=name,
            dialer=dialer,
            outbound_call=outbound_call,
            state=CampaignState.INITIALIZED,
            created_at=self._created_at,
            tags=dict(tags),
        )
        stored = await self._store.create_campaign(campaign, most=self._max_campaigns)
        if stored.campaign_id == campaign_id:
            await self._look_again(stored, lambda: self.delete_campaign(campaign_id))
        elif _parameters(stored) != _parameters(campaign):
            raise ConflictError("A campaign with this name and other parameters exists in this instance.")
        return stored

    async def describe_campaign(self, id_or_arn: str) -> Campaign:
        """The campaign. Raises NotFoundError."""
        campaign_id = self._scope.campaign_id(id_or_arn)
        campaign = await self._store.campaign(campaign_id) if campaign_id else None
        if campaign is None:
            raise NotFoundError("No campaign with this id exists.")
        return campaign

    async def list_campaigns(
        self, *, instance_id: str | None = None, after: tuple[Instant, str] | None = None, limit: int = 50
    ) -> Page:
        """Campaigns in the order of their creation."""
        found = await self._store.campaigns(instance_id=instance_id, after=after, limit=limit + 1)
        page = found[:limit]
        more = len(found) > limit
        return Page(page, (page[-1].created_at, page[-1].campaign_id) if more else None)

    async def get_campaign_state(self, id_or_arn: str) -> CampaignState:
        """The campaign's state. Raises NotFoundError."""
        return (await self.describe_campaign(id_or_arn)).state

    async def get_campaign_state_batch(self, ids: Sequence[str]) -> list[tuple[str, CampaignState | None]]:
        """The state of each campaign as it was named, None for one that does not exist."""
        found: list[tuple[str, CampaignState | None]] = []
        for id_or_arn in ids:
            campaign_id = self._scope.campaign_id(id_or_arn)
            campaign = await self._store.campaign(campaign_id) if campaign_id else None
            found.append((id_or_arn, campaign.state if campaign is not None else None))
        return found

    async def update_campaign_name(self, id_or_arn: str, name: str) -> None:
        """Rename the campaign, in any state. Raises NotFoundError, ConflictError if the name is taken."""
        await self._edit(id_or_arn, lambda campaign: replace(campaign, name=name))

    async def update_campaign_dialer_config(self, id_or_arn: str, dialer: DialerConfig) -> None:
        """Give the campaign another dialer, in any state. Raises NotFoundError, and ConflictError for a change to or
        from agentless."""

        def edit(campaign: Campaign) -> Campaign:
            if dialer.needs_agents != campaign.dialer.needs_agents:
                raise ConflictError(
                    "The dialer type of a saved campaign cannot be changed to agentless or from agentless."
                )
            return replace(campaign, dialer=dialer)

        await self._edit(id_or_arn, edit)

    async def update_campaign_outbound_call_config(
        self,
        id_or_arn: str,
        *,
        contact_flow_id: str | None = None,
        source_phone_number: str | None = None,
        answer_machine_detection: AnswerMachineDetectionConfig | None = None,
    ) -> None:
        """Change what is given and leave the rest, in any state. The queue cannot be changed. Raises NotFoundError."""
        campaign = await self.describe_campaign(id_or_arn)
        directory = await self._directory(campaign.instance_id)

        def edit(campaign: Campaign) -> Campaign:
            call = campaign.outbound_call
            call = replace(
                call,
                contact_flow_id=contact_flow_id if contact_flow_id is not None else call.contact_flow_id,
                source_phone_number=(
                    source_phone_number if source_phone_number is not None else call.source_phone_number
                ),
                answer_machine_detection=answer_machine_detection or call.answer_machine_detection,
            )
            return replace(campaign, outbound_call=self._resolve(directory, campaign.dialer, call))

        before, after = campaign.outbound_call, await self._edit(id_or_arn, edit)

        def undo(now: Campaign) -> Campaign:
            return replace(now, outbound_call=before) if now.outbound_call == after.outbound_call else now

        await self._look_again(after, lambda: self._edit(id_or_arn, undo))

    async def list_tags_for_resource(self, arn: str) -> Mapping[str, str]:
        """The campaign's tags. Raises NotFoundError."""
        return (await self._tagged(arn)).tags

    async def tag_resource(self, arn: str, tags: Mapping[str, str]) -> None:
        """Set these tags; others stay. Raises NotFoundError, InvalidInputError if there would be too many, or for a
        safe-harbour message with placeholders that do not exist or figures of detection that nobody could go by."""
        _check_own(tags)

        def edit(campaign: Campaign) -> Campaign:
            merged = {**campaign.tags, **tags}
            check_tags(merged)
            return replace(campaign, tags=merged)

        await self._edit((await self._tagged(arn)).campaign_id, edit)

    async def untag_resource(self, arn: str, tag_keys: Collection[str]) -> None:
        """Take these tags away, if they are there. Raises NotFoundError."""

        def edit(campaign: Campaign) -> Campaign:
            left = {key: value for key, value in campaign.tags.items() if key not in tag_keys}
            return replace(campaign, tags=left)

        await self._edit((await self._tagged(arn)).campaign_id, edit)

    async def start_campaign(self, id_or_arn: str) -> Campaign:
        """Initialized → Running. Raises NotFoundError, InvalidCampaignStateError, QuotaExceededError if as many
        campaigns of the instance are Running as may be."""
        return await self._step(id_or_arn, CampaignEvent.START)

    async def pause_campaign(self, id_or_arn: str) -> Campaign:
        """Running → Paused: once this returns no attempt begins; waiting contacts wait on, until they expire."""
        return await self._step(id_or_arn, CampaignEvent.PAUSE)

    async def resume_campaign(self, id_or_arn: str) -> Campaign:
        """Paused → Running. Raises what ``start_campaign`` does."""
        return await self._step(id_or_arn, CampaignEvent.RESUME)

    async def stop_campaign(self, id_or_arn: str) -> Campaign:
        """Running or Paused → Stopped, for good: waiting contacts end EXPIRED, contacts in progress go on."""
        return await self._step(id_or_arn, CampaignEvent.STOP)

    async def delete_campaign(self, id_or_arn: str) -> None:
        """Delete the campaign in any state; one that runs is stopped with it. Records of its contacts stay."""
        campaign = await self.describe_campaign(id_or_arn)
        await self._store.delete_campaign(campaign.campaign_id, at=self._now_of(campaign.instance_id))
        self._wakeups.campaigns_changed(campaign.instance_id)

    async def _edit(self, id_or_arn: str, edit: Callable[[Campaign], Campaign]) -> Campaign:
        campaign = await self._store.edit_campaign(self._id(id_or_arn), edit)
        self._wakeups.campaigns_changed(campaign.instance_id)
        return campaign

    async def _tagged(self, arn: str) -> Campaign:
        """The campaign behind a resource's ARN; an id is no name of a resource."""
        if not arn.startswith(self._scope.campaign_arn("")):
            raise NotFoundError("No resource with this ARN exists.")
        return await self.describe_campaign(arn)

    def _id(self, id_or_arn: str) -> str:
        campaign_id = self._scope.campaign_id(id_or_arn)
        if not campaign_id:
            raise NotFoundError("No campaign with this id exists.")
        return campaign_id

    async def _step(self, id_or_arn: str, event: CampaignEvent) -> Campaign:
        campaign = await self._store.change_campaign_state(
            self._id(id_or_arn),
            allowed_from=sources(CAMPAIGN, event),
            to=target(CAMPAIGN, event),
            max_running=self._max_running,
        )
        self._wakeups.campaigns_changed(campaign.instance_id)
        return campaign

    async def _directory(self, instance_id: str) -> Directory:
        directory = await self._directories.directory(instance_id)
        if directory is None:
            raise NotFoundError("No Connect instance with this id exists.")
        if not directory.instance.onboarded:
            raise NotFoundError("This Connect instance is not onboarded for outbound campaigns.")
        return directory

    async def _look_again(self, campaign: Campaign, undo: Callable[[], Awaitable[object]]) -> None:
        """Whether what a campaign was written to use is there. Whoever deletes something looks which campaigns use it,
        in one step; so where a campaign is written at the same time, one of the two is refused."""
        try:
            self._resolve(await self._directory(campaign.instance_id), campaign.dialer, campaign.outbound_call)
        except (InvalidInputError, NotFoundError):
            await undo()
            raise

    def _resolve(
        self, directory: Directory, dialer: DialerConfig, outbound_call: OutboundCallConfig
    ) -> OutboundCallConfig:
        """Ids in place of ARNs, after checking that everything named exists and fits the dialer."""
        instance_id = directory.instance.instance_id
        flow_id = self._scope.resource_id(instance_id, ResourceKind.CONTACT_FLOW, outbound_call.contact_flow_id)
        flow = directory.contact_flows.get(flow_id or "")
        if flow_id is None or flow is None:
            raise NotFoundError("No contact flow with this id exists in the instance.")
        if not flow.published:
            raise InvalidInputError("The contact flow is not published. Publish it, and have the campaign use it then.")
        if flow.flow_type != CONTACT_FLOW:
            raise InvalidInputError(
                f"The contact flow is of the type {flow.flow_type}. A campaign needs one of the type {CONTACT_FLOW}."
            )
        queue_id = None
        if outbound_call.queue_id is not None:
            queue_id = self._scope.resource_id(instance_id, ResourceKind.QUEUE, outbound_call.queue_id)
            if queue_id not in directory.queues:
                raise NotFoundError("No queue with this id exists in the instance.")
        elif takes_queue_from_flow(dialer, outbound_call):
            check_queue_of(flow, directory)
        number = outbound_call.source_phone_number
        if number is not None:
            if not directory.has_number(number):
                raise NotFoundError("{} is not a number of this instance.", Field.SOURCE_PHONE_NUMBER)
        elif queue_id is None:
            raise InvalidInputError("{} is required when there is no {}.", Field.SOURCE_PHONE_NUMBER, Field.QUEUE_ID)
        if (flow_id, queue_id) == (outbound_call.contact_flow_id, outbound_call.queue_id):
            return outbound_call
        return replace(outbound_call, contact_flow_id=flow_id, queue_id=queue_id)


MAX_TAGS = 50
"""Of one resource, as everywhere in AWS."""


def check_tags(tags: Mapping[str, str]) -> None:
    """Raises InvalidInputError if there are too many."""
    if len(tags) > MAX_TAGS:
        raise InvalidInputError(f"A campaign can have {MAX_TAGS} tags at most, not {len(tags)}.")


def _check_own(tags: Mapping[str, str]) -> None:
    """Raise InvalidInputError for a tag of ours that nobody could go by."""
    parse_detection(tags.get(DETECTION, ""))
    if tags.get(RECORDING, RECORDING_VALUES[0]) not in RECORDING_VALUES:
        raise InvalidInputError(f"The tag {RECORDING} must be {' or '.join(RECORDING_VALUES)}.")
    problem = placeholder_problem(tags.get(TAG, ""))
    if problem is not None:
        raise InvalidInputError(f"The text of the tag {TAG} {problem}.")


def _parameters(campaign: Campaign) -> tuple[object, ...]:
    return (campaign.dialer, campaign.outbound_call, dict(campaign.tags))
