"""How dial requests are submitted: the use cases that clients and flows share.

Decides how these are wired together, and by which quotas. It must not know who submits.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from uuid import uuid4

from trunkcall.aws.throttle import QUOTAS
from trunkcall.domain.identifiers import Scope, time_ordered_uuid
from trunkcall.service.calling.gate import GateOf
from trunkcall.service.calling.gates import Gates
from trunkcall.service.calling.screening import Screening
from trunkcall.service.campaigns import Campaigns
from trunkcall.service.dial_requests import DialRequests
from trunkcall.service.dialing_settings import DialingOf
from trunkcall.service.supervisor import Supervisor
from trunkcall.service.totals import SubmittedTotals
from trunkcall.settings import Settings
from trunkcall.storage.store import Store


@dataclass(frozen=True, slots=True)
class Submission:
    """Campaigns, requests of theirs, and what is asked about a request before it is taken."""

    campaigns: Campaigns
    dial_requests: DialRequests
    gates: Gates
    screening: Screening
    totals: SubmittedTotals


def submission(
    settings: Settings, store: Store, supervisor: Supervisor, dialing_of: DialingOf, gate_of: GateOf
) -> Submission:
    """The one through which all requests come."""
    now_of, quotas = supervisor.now_of, QUOTAS[settings.quotas]
    campaigns = Campaigns(
        store,
        store,
        scope_of(settings),
        now_of,
        lambda: str(uuid4()),
        supervisor,
        max_campaigns=settings.max_campaigns or quotas.campaigns_per_instance,
        max_running=settings.max_active_campaigns or quotas.active_campaigns_per_instance,
    )
    gates, totals = Gates(store, gate_of), SubmittedTotals()
    screening = Screening(gates, store, dialing_of)
    dial_requests = DialRequests(
        store, campaigns, now_of, _new_contact_id, supervisor, screening, totals, max_waiting=settings.max_pending
    )
    return Submission(campaigns, dial_requests, gates, screening, totals)


def scope_of(settings: Settings) -> Scope:
    """What every ARN of this installation has."""
    return Scope("aws", settings.region, settings.account_id)


def _new_contact_id() -> str:
    """A contact id that sorts by the time at which it was made."""
    return time_ordered_uuid(time.time_ns() // 1_000_000, secrets.randbits(74))
