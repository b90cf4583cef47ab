"""What dials for one instance: how its owner, clock, carrier and agents are wired together.

Decides what the default instance has that others have not: the simulated agents of the settings. It must not know which
instances there are.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from trunkcall.compose.functions import FunctionsOf
from trunkcall.compose.telephony import build_telephony
from trunkcall.compose.trunks import default_trunk
from trunkcall.domain.agent_keys import AgentKeys, parse_codes, parse_dispositions
from trunkcall.domain.clock import Clock
from trunkcall.domain.instants import Instant, seconds
from trunkcall.domain.tones import parse_tone
from trunkcall.engine.config import EngineConfig
from trunkcall.service.background import Background
from trunkcall.service.calling.gate import GateOf
from trunkcall.service.current import CurrentDialer
from trunkcall.service.dialing_settings import DialingOf
from trunkcall.service.floor import SimulatedFloor
from trunkcall.service.lease import LeaseHolder
from trunkcall.service.owner import InstanceOwner
from trunkcall.service.presence import Presence
from trunkcall.service.safe_harbour import safe_harbour_message
from trunkcall.service.supervisor import DialedInstance
from trunkcall.settings import Settings
from trunkcall.storage.secret_box import SecretBox
from trunkcall.storage.store import Store


@dataclass(frozen=True, slots=True)
class Dialers:
    """Makes what dials for an instance. ``agents`` are the simulated ones of the ``default`` instance; other instances
    have none, though their agents' phones may be simulated."""

    settings: Settings
    store: Store
    box: SecretBox
    base: Clock
    dialing_of: DialingOf
    gate_of: GateOf
    functions_of: FunctionsOf
    default: str
    agents: Sequence[str]
    served_until: Instant | None = None
    """When the last server before this one was alive last."""
    leg_ids: random.Random = field(default_factory=random.SystemRandom)

    def build(self, instance_id: str) -> DialedInstance:
        """All that dials for the instance, which is not begun."""
        settings, store = self.settings, self.store
        presence = Presence(max_age_s=settings.agent_state_max_age_s)
        floor = SimulatedFloor(presence)
        is_default = instance_id == self.default
        telephony = build_telephony(settings, self.box, floor, self.base, instance_id, is_default=is_default)
        clock = telephony.clock
        lease = LeaseHolder(
            store, instance_id, f"{os.uname().nodename}:{os.getpid()}", sole=True, length=seconds(settings.lease_s)
        )
        dialer = CurrentDialer(clock, legs_survive=telephony.legs_survive)
        owner = InstanceOwner(
            instance_id=instance_id,
            store=store,
            gate_store=store,
            directories=store,
            history=store,
            quarantine=store,
            carrier=telephony.carrier,
            clock=clock,
            presence=presence,
            presences=store,
            config=EngineConfig(
                trunks=(default_trunk(settings),),
                lines_per_agent=settings.max_lines_per_agent,
                keys=AgentKeys(parse_codes(settings.agent_keys), parse_dispositions(settings.agent_dispositions)),
                confirms=settings.agent_confirmations != "off",
                answer_tone=parse_tone(settings.answer_tone),
            ),
            dialing_of=self.dialing_of,
            gate_of=self.gate_of,
            on_facts=telephony.know,
            new_id=lambda: f"{self.leg_ids.getrandbits(128):032x}",
            chance=self.leg_ids,
            functions=self.functions_of(clock),
            served_until=self.served_until,
            lease=lease,
            current=dialer,
            safe_harbour_of=partial(safe_harbour_message, default=settings.safe_harbour_message),
            phrases=settings.agent_phrases
            if settings.agent_confirmations == "on" and settings.speech_command
            else None,
        )
        if is_default:
            presence.know(frozenset(self.agents))
            floor.staff(self.agents)
        return DialedInstance(
            instance_id,
            clock=clock,
            dialer=dialer,
            owner=owner,
            lease=lease,
            background=Background(),
            works=telephony.works,
            carrier_trouble=telephony.trouble,
            upkeep_trouble=telephony.upkeep_trouble,
        )
