"""The contact centre's operations with their use cases.

Decides how these are wired together. It must not know what guards them, nor who dials.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

from trunkcall.aws.admission import TagsOf
from trunkcall.aws.connect import handlers_of
from trunkcall.aws.connect.agent_statuses import AgentStatusOperations
from trunkcall.aws.connect.common import Pages
from trunkcall.aws.connect.contact_flows import ContactFlowOperations
from trunkcall.aws.connect.contacts import ContactOperations
from trunkcall.aws.connect.hours import HoursOperations
from trunkcall.aws.connect.instances import InstanceOperations
from trunkcall.aws.connect.phone_numbers import PhoneNumberOperations
from trunkcall.aws.connect.prompts import PromptOperations
from trunkcall.aws.connect.queues import QueueOperations
from trunkcall.aws.connect.recordings import ContactRecordingOperations
from trunkcall.aws.connect.routing_profiles import RoutingProfileOperations
from trunkcall.aws.connect.security_profiles import SecurityProfileOperations
from trunkcall.aws.connect.tags import TagOperations
from trunkcall.aws.connect.users import UserOperations
from trunkcall.aws.own_calling import CallingOperations
from trunkcall.aws.paging import Paging
from trunkcall.aws.protocol import Handler
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.identifiers import Scope
from trunkcall.service.agent_statuses import AgentStatuses
from trunkcall.service.calling.number_key import NumberKey
from trunkcall.service.calling.previews import Previews
from trunkcall.service.calling_policies import CallingPolicies
from trunkcall.service.centre import Centre
from trunkcall.service.centre_tags import CentreTags
from trunkcall.service.contact_flows import ContactFlows
from trunkcall.service.contacts import Contacts
from trunkcall.service.do_not_call import DoNotCall
from trunkcall.service.halts import Halts
from trunkcall.service.hours import Hours
from trunkcall.service.instances import Instances
from trunkcall.service.phone_numbers import PhoneNumbers
from trunkcall.service.prompts import Prompts, PromptSounds
from trunkcall.service.queues import Queues
from trunkcall.service.recordings import Recordings
from trunkcall.service.routing_profiles import RoutingProfiles
from trunkcall.service.supervisor import Supervisor
from trunkcall.service.users import Users
from trunkcall.storage.recording_files import RecordingFiles
from trunkcall.storage.store import Store


def connect_tags(store: Store, supervisor: Supervisor, scope: Scope) -> TagsOf:
    """Which tags something of a contact centre has."""
    tags = CentreTags(centre_of(store, supervisor, scope), store)

    async def tags_of(arn: str) -> Mapping[str, str] | None:
        try:
            return await tags.list_tags_for_resource(arn)
        except NotFoundError:
            return None

    return tags_of


def phone_numbers(store: Store, supervisor: Supervisor, scope: Scope, *, offers_fiction: bool) -> PhoneNumbers:
    """The one through which all numbers are claimed and imported. ``offers_fiction`` is whether numbers that are kept
    for fiction can be claimed."""
    return PhoneNumbers(centre_of(store, supervisor, scope), store, offers_fiction=offers_fiction)


def calling_operations(
    store: Store, supervisor: Supervisor, scope: Scope, paging: Paging, previews: Previews, *, reaches_people: bool
) -> CallingOperations:
    """The operations about calling rules. ``reaches_people`` is whether the carrier is not a simulated one."""
    centre = centre_of(store, supervisor, scope)
    policies = CallingPolicies(centre, supervisor.now_of, reaches_people=reaches_people)
    return CallingOperations(policies, previews, paging)


def do_not_call(store: Store, supervisor: Supervisor, scope: Scope, number_key: NumberKey) -> DoNotCall:
    """The use cases about do-not-call lists."""
    centre = centre_of(store, supervisor, scope)
    return DoNotCall(centre, store, store.campaign, number_key, supervisor.now_of, supervisor)


def halts(store: Store, supervisor: Supervisor, scope: Scope) -> Halts:
    """The use cases about halts."""
    return Halts(centre_of(store, supervisor, scope), store, supervisor.now_of, supervisor)


def recordings(store: Store, files: RecordingFiles, supervisor: Supervisor, scope: Scope) -> Recordings:
    """The use cases about recordings."""
    return Recordings(store, files, centre_of(store, supervisor, scope), supervisor)


def prompts(store: Store, supervisor: Supervisor, scope: Scope, sounds: PromptSounds) -> Prompts:
    """The use cases about prompts."""
    return Prompts(centre_of(store, supervisor, scope), sounds)


def centre_of(store: Store, supervisor: Supervisor, scope: Scope) -> Centre:
    """What is around campaigns, as use cases see it."""
    return Centre(store, store, scope, supervisor.now_of, lambda: str(uuid4()), supervisor)


def connect_handlers(
    store: Store,
    supervisor: Supervisor,
    scope: Scope,
    paging: Paging,
    default_instance_id: str,
    *,
    max_instances: int,
    numbers: PhoneNumbers,
    recorded: Recordings,
    prompts: Prompts,
) -> dict[str, Handler]:
    """The handlers of every operation of ``connect`` that is offered."""
    pages = Pages(paging)
    centre = centre_of(store, supervisor, scope)
    instances = Instances(centre, store, supervisor.now_of, default_instance_id, most=max_instances)
    return handlers_of(
        [
            InstanceOperations(instances, pages, scope),
            HoursOperations(Hours(centre), pages, scope),
            ContactFlowOperations(ContactFlows(centre), pages, scope),
            QueueOperations(Queues(centre), pages, scope),
            PhoneNumberOperations(numbers, pages, scope),
            RoutingProfileOperations(RoutingProfiles(centre), pages, scope),
            UserOperations(Users(centre), pages, scope),
            AgentStatusOperations(AgentStatuses(centre, supervisor), pages, scope),
            SecurityProfileOperations(centre, pages),
            PromptOperations(prompts, pages, scope),
            TagOperations(CentreTags(centre, store)),
            ContactOperations(Contacts(store, centre, supervisor.now_of, supervisor), scope),
            ContactRecordingOperations(recorded),
        ]
    )
