"""The contact centre's operations with their use cases.

Decides how these are wired together. It must not know what guards them, nor who dials.
"""

from __future__ import annotations

from uuid import uuid4

from trunkcall.aws.connect import handlers_of
from trunkcall.aws.connect.common import Pages
from trunkcall.aws.connect.contact_flows import ContactFlowOperations
from trunkcall.aws.connect.hours import HoursOperations
from trunkcall.aws.connect.instances import InstanceOperations
from trunkcall.aws.connect.security_profiles import SecurityProfileOperations
from trunkcall.aws.connect.tags import TagOperations
from trunkcall.aws.paging import Paging
from trunkcall.aws.protocol import Handler
from trunkcall.domain.identifiers import Scope
from trunkcall.service.centre import Centre
from trunkcall.service.centre_tags import CentreTags
from trunkcall.service.contact_flows import ContactFlows
from trunkcall.service.hours import Hours
from trunkcall.service.instances import Instances
from trunkcall.service.supervisor import Supervisor
from trunkcall.storage.store import Store


def connect_handlers(
    store: Store,
    supervisor: Supervisor,
    scope: Scope,
    paging: Paging,
    default_instance_id: str,
    *,
    max_instances: int,
) -> dict[str, Handler]:
    """The handlers of every operation of ``connect`` that is offered."""
    pages = Pages(paging)
    centre = Centre(store, store, scope, supervisor.now_of, lambda: str(uuid4()), supervisor)
    instances = Instances(centre, store, supervisor.now_of, default_instance_id, most=max_instances)
    return handlers_of(
        [
            InstanceOperations(instances, pages, scope),
            HoursOperations(Hours(centre), pages, scope),
            ContactFlowOperations(ContactFlows(centre), pages, scope),
            SecurityProfileOperations(centre, pages),
            TagOperations(CentreTags(centre, store)),
        ]
    )
