"""What answers requests: the operations and their use cases, who is let in, and the pages beside them; and where each
is mounted.

Decides how these are wired together. It must not know who dials, nor by which carrier.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from trunkcall.aws.admission import Admission
from trunkcall.aws.campaigns_v1 import CampaignsV1
from trunkcall.aws.model import CAMPAIGNS_V1, CAMPAIGNS_V2, CONNECT, TRUNKCALL, load_service
from trunkcall.aws.own_do_not_call import DoNotCallOperations
from trunkcall.aws.own_halts import HaltOperations
from trunkcall.aws.own_prompts import PutPromptOperations
from trunkcall.aws.own_recordings import RecordingOperations
from trunkcall.aws.own_service import TrunkcallOperations
from trunkcall.aws.paging import Paging
from trunkcall.aws.throttle import QUOTAS, RATES, Throttle
from trunkcall.compose.connect import (
    calling_operations,
    connect_handlers,
    connect_tags,
    halts,
    phone_numbers,
    prompts,
    recordings,
)
from trunkcall.compose.functions import FlowFunctions
from trunkcall.compose.sounds import prompt_files
from trunkcall.compose.submission import Submission, scope_of
from trunkcall.compose.telephony import carrier_of
from trunkcall.service.background import Background
from trunkcall.service.calling.previews import Previews
from trunkcall.service.confirmations import Confirmations
from trunkcall.service.dialing_settings import DialingOf
from trunkcall.service.do_not_call import DoNotCall
from trunkcall.service.explain import Explanations
from trunkcall.service.key_ring import KeyRing
from trunkcall.service.known_people import KnownPeople
from trunkcall.service.onboarding import InstanceOnboarding
from trunkcall.service.progress import Progresses
from trunkcall.service.supervisor import DialedInstance, Supervisor
from trunkcall.settings import Settings
from trunkcall.storage.recording_files import RecordingFiles
from trunkcall.storage.secret_box import SecretBox
from trunkcall.storage.store import Store
from trunkcall.web import front
from trunkcall.web.audit import AuditLog
from trunkcall.web.connection import GuardedProtocol
from trunkcall.web.gateway import Gateway
from trunkcall.web.health import Health
from trunkcall.web.metrics import InstanceView, Metrics
from trunkcall.web.mounts import Mount, Mounts
from trunkcall.web.pages import Page
from trunkcall.web.streams import Streams
from trunkcall.web.uploads import Limits, Uploads


@dataclass(frozen=True, slots=True)
class Web:
    """All that one port serves. ``streams`` are to be stopped with the server, which waits for answers to end."""

    application: Mounts
    streams: Streams


def build_web(
    settings: Settings,
    *,
    store: Store,
    box: SecretBox,
    supervisor: Supervisor,
    onboarding: InstanceOnboarding,
    audit: AuditLog,
    background: Background,
    instance_id: str,
    dialing_of: DialingOf,
    submission: Submission,
    do_not_call: DoNotCall,
    functions: FlowFunctions,
    files: RecordingFiles,
) -> Web:
    """What is served. ``instance_id`` is the default instance's."""
    scope, now_of = scope_of(settings), supervisor.now_of
    quotas = QUOTAS[settings.quotas]
    campaigns, dial_requests, gates = submission.campaigns, submission.dial_requests, submission.gates
    paging = Paging(box.derive(Paging.PURPOSE))
    v1 = CampaignsV1(campaigns, dial_requests, onboarding, paging, scope)

    def watched(dialed: DialedInstance) -> InstanceView:
        # At another speed nobody compares it with anything.
        behind_s = dialed.clock.behind_s() if settings.speed == 1.0 else None
        return InstanceView(dialed.instance_id, dialed.dialer, behind_s)

    metrics = Metrics(lambda: [watched(dialed) for dialed in supervisor.dialed], submission.totals, functions.totals)
    health = Health(
        instance_id,
        lambda: supervisor.dialed,
        now_of,
        settings.speed,
        store_trouble=lambda: store.trouble,
        refusal=lambda: store.refusal,
        upkeep_trouble=lambda: background.trouble or functions.elsewhere.trouble,
    )
    keys = KeyRing(store, box.open)

    numbers = phone_numbers(store, supervisor, scope, offers_fiction=carrier_of(settings).is_simulated)
    recorded = recordings(store, files, supervisor, scope)
    messages = prompts(store, supervisor, scope, prompt_files(settings))
    connect = connect_handlers(
        store,
        supervisor,
        scope,
        paging,
        instance_id,
        max_instances=quotas.instances,
        numbers=numbers,
        recorded=recorded,
        prompts=messages,
    )
    services = [
        load_service(CAMPAIGNS_V1),
        load_service(CAMPAIGNS_V2, only=()),
        load_service(TRUNKCALL),
        load_service(CONNECT, only=connect),
    ]
    explanations = Explanations(
        store, store, campaigns, supervisor, store, gates, now_of, settings.agent_state_max_age_s
    )
    progresses = Progresses(store, campaigns, explanations, supervisor, now_of, dialing_of, store, store)
    known_people, confirmations = KnownPeople(store, campaigns), Confirmations(store, supervisor)
    own = TrunkcallOperations(explanations, progresses, known_people, confirmations, numbers, paging, scope)
    calling = calling_operations(
        store,
        supervisor,
        scope,
        paging,
        Previews(campaigns, submission.screening, now_of),
        reaches_people=not carrier_of(settings).is_simulated,
    )

    lists = DoNotCallOperations(do_not_call)
    sounds = RecordingOperations(recorded, paging)
    stops = HaltOperations(halts(store, supervisor, scope))

    centre_tags_of = connect_tags(store, supervisor, scope)

    async def tags_of(arn: str) -> Mapping[str, str] | None:
        campaign_id = scope.campaign_id(arn)
        if campaign_id is None:
            return await centre_tags_of(arn)
        campaign = await store.campaign(campaign_id)
        return campaign.tags if campaign is not None else None

    admission = Admission(
        services,
        scope,
        policy_of=keys.policy,
        tags_of=tags_of,
        throttle=Throttle(RATES[settings.quotas]),
    )
    uploads = Uploads(
        Limits(
            body_bytes=settings.max_body_bytes,
            body_timeout_s=None,
            bodies_bytes=settings.max_bodies_mb * 1_048_576,
            unfinished_bodies=GuardedProtocol.max_connections // 2,
        )
    )
    gateway = Gateway(
        services,
        {
            CAMPAIGNS_V1: v1.handlers(),
            TRUNKCALL: {
                **own.handlers(),
                **calling.handlers(),
                **lists.handlers(),
                **stops.handlers(),
                **sounds.handlers(),
                **PutPromptOperations(messages).handlers(),
            },
            CONNECT: connect,
        },
        region=settings.region,
        authenticate=keys.secret,
        clock=lambda: time.time_ns() // 1000,
        uploads=uploads,
        on_request=metrics.on_request,
        admit=admission.admit,
        authorize=admission.authorize,
        audit=audit.write,
        strict=settings.strict_wire == "on",
    )
    streams = Streams(GuardedProtocol.max_connections // 4)
    mounts = (
        Mount("/health", Page(lambda _: health.page(), streams)),
        Mount("/metrics", Page(lambda _: metrics.page(), streams)),
        Mount("/", Page(front.page, streams), takes=front.takes),
        Mount("/favicon.ico", Page(front.icon, streams), takes=front.takes),
    )
    return Web(Mounts(gateway, mounts), streams)
