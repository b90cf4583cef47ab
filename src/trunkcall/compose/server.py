"""One running installation: its parts, and in what order they start and stop.

Decides what goes on beside the requests. What dials for an instance, and which adapters there are, is decided by the
modules beside it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from trunkcall.compose.carrier_adapter import CarrierAdapter
from trunkcall.compose.connect import centre_of, do_not_call
from trunkcall.compose.dialers import Dialers
from trunkcall.compose.first_start import first_directory
from trunkcall.compose.functions import FlowFunctions, built_in, flow_functions
from trunkcall.compose.gateway import Web, build_web
from trunkcall.compose.policies import counts_not, first_policy
from trunkcall.compose.sounds import prompt_files
from trunkcall.compose.store import data_dir_of, open_store, secret_box
from trunkcall.compose.submission import scope_of, submission
from trunkcall.compose.telephony import base_clock, carrier_of
from trunkcall.compose.trunks import default_trunk, named_trunks, put_trunks
from trunkcall.domain.abandonment import AbandonmentClock, AbandonmentLimits, parse_windows
from trunkcall.domain.clock import Clock
from trunkcall.domain.instants import seconds
from trunkcall.service.background import Background
from trunkcall.service.calling.gate import Gate, GateOf
from trunkcall.service.calling.number_key import PURPOSE as NUMBER_KEY
from trunkcall.service.calling.number_key import NumberKey, key_mark, number_key
from trunkcall.service.dialing_settings import DialingDefaults, DialingOf, dialing_settings
from trunkcall.service.do_not_call import keep_swept, unmarked
from trunkcall.service.installation import out_of_the_way, simulated_agents
from trunkcall.service.onboarding import InstanceOnboarding
from trunkcall.service.privacy import Privacy
from trunkcall.service.prompts import keep_swept as keep_sounds_swept
from trunkcall.service.recording_retention import RecordingRetention
from trunkcall.service.supervisor import Supervisor
from trunkcall.settings import Settings
from trunkcall.storage.data_dir import AUDIT_LOG, DataDir
from trunkcall.storage.recording_files import PURPOSE as RECORDINGS
from trunkcall.storage.recording_files import RecordingFiles
from trunkcall.storage.store import Store
from trunkcall.web.audit import AuditLog

log = logging.getLogger(__name__)

SIGNS_OF_LIFE = "signs of life"
SIGN_OF_LIFE_EVERY_S = 0.25
"""How exactly it is known after a crash until when anything was played."""


@dataclass(slots=True)
class Server:
    """One running installation."""

    data_dir: DataDir
    store: Store
    supervisor: Supervisor
    works: Mapping[str, Callable[[], Awaitable[None]]]
    """What goes on beside the requests, by name."""
    audit: AuditLog
    background: Background
    web: Web
    functions: FlowFunctions
    tasks: list[asyncio.Task[None]]

    async def start(self) -> None:
        """Begin to dial."""
        await self.supervisor.look()
        for name, work in self.works.items():
            self.tasks.append(asyncio.create_task(self.background.keep_running(work, name), name=name))

    async def stop(self) -> None:
        """Stop dialing, and let go of everything. As long as contacts go on, signs of life are given."""
        signs = [task for task in self.tasks if task.get_name() == SIGNS_OF_LIFE]
        await _end([task for task in self.tasks if task not in signs])
        await self.supervisor.stop()
        await _end(signs)
        await self.functions.elsewhere.close()
        await self.store.close()
        self.audit.close()
        self.data_dir.close()


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in reversed(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def build_server(settings: Settings, *, url: str) -> Server:
    """Open the data directory, create what a first start needs, and wire everything together. ``url`` is where the
    server listens."""
    trunks = named_trunks(settings)
    carrier = carrier_of(settings)
    data_dir = data_dir_of(settings)
    data_dir.open()
    carrier.check(settings)
    scope = scope_of(settings)
    functions = flow_functions(settings, scope)
    box = secret_box(settings)
    store = open_store(settings, sole=True)
    await store.open()
    base = base_clock(settings)
    directory = await first_directory(store, settings, data_dir, box, base, url)
    instance_id = directory.instance.instance_id
    agents = simulated_agents(directory, settings.agents if carrier.is_simulated else 0)
    await store.put_facts(instance_id, [*out_of_the_way(directory, agents), *agents])
    await put_trunks(store, directory, trunks, at=base.now())
    reaches_people = not carrier.is_simulated
    policy = first_policy(directory, settings.calling_policy, reaches_people=reaches_people, at=base.now())
    if policy is not None:
        await store.put_facts(instance_id, [policy])
    elif counts_not(directory, settings.calling_policy):
        log.warning(
            "another calling policy counts than calling_policy names: `trunkcall policy set` puts one",
            extra={"calling_policy": settings.calling_policy},
        )
    data_dir.write_endpoint(url)

    dialing_of = _dialing_of(settings)
    key_of = partial(number_key, key=box.derive(NUMBER_KEY))
    await mark_lists(store, key_of)
    gate_of = gate_by(carrier, settings, key_of)
    at_work = [agent.agent_id for agent in agents]
    # What dials is built once the supervisor looks, by then all that it needs is there.
    supervisor = Supervisor(store, lambda each: dialers.build(each), base.now, drain_s=settings.drain_s)
    onboarding = InstanceOnboarding(store, store, supervisor.now_of)
    audit = AuditLog(settings.data_dir / AUDIT_LOG)
    submitted = submission(settings, store, supervisor, dialing_of, gate_of)
    lists = do_not_call(store, supervisor, scope, key_of)
    acts = built_in(lists, centre_of(store, supervisor, scope), submitted, supervisor)
    functions_of = functions.with_built_in(acts)
    dialers = Dialers(
        settings, store, box, base, dialing_of, gate_of, functions_of, instance_id, at_work, data_dir.served_until
    )
    files = RecordingFiles(settings.data_dir, box.derive(RECORDINGS))
    background = Background()
    return Server(
        data_dir=data_dir,
        store=store,
        supervisor=supervisor,
        works={
            "instances": supervisor.run,
            SIGNS_OF_LIFE: partial(keep_giving_signs_of_life, data_dir, base),
            "onboarding": onboarding.run,
            "do-not-call lists": partial(keep_swept, store),
            "prompts": partial(keep_sounds_swept, prompt_files(settings)),
            "recordings": RecordingRetention(
                store, files, store, supervisor.now_of, days=settings.recording_retention_days or None
            ).run,
            "retention": Privacy(store, store, supervisor.now_of).run,
        },
        audit=audit,
        background=background,
        web=build_web(
            settings,
            store=store,
            box=box,
            supervisor=supervisor,
            onboarding=onboarding,
            audit=audit,
            background=background,
            instance_id=instance_id,
            dialing_of=dialing_of,
            submission=submitted,
            do_not_call=lists,
            functions=functions,
            files=files,
        ),
        functions=functions,
        tasks=[],
    )


async def keep_giving_signs_of_life(data_dir: DataDir, clock: Clock) -> None:
    """Have the next server know until when this one lived, until cancelled: by the clock of what was played, which goes
    on as it was when the machine's is set."""
    while True:
        data_dir.sign_of_life(clock.now())
        await asyncio.sleep(SIGN_OF_LIFE_EVERY_S)


async def mark_lists(store: Store, key_of: NumberKey) -> None:
    """Have do-not-call lists of an earlier version tell the secret key that they were filled with."""
    for instance in await store.instances():
        directory = await store.directory(instance.instance_id)
        if directory is not None and (lists := unmarked(directory, key_mark(key_of))):
            await store.put_facts(instance.instance_id, lists)


def gate_by(carrier: CarrierAdapter, settings: Settings, key_of: NumberKey) -> GateOf:
    """The calling gate. On a carrier that reaches people it lets nothing leave before a policy is put."""
    return partial(
        Gate,
        number_key=key_of,
        reaches_people=not carrier.is_simulated,
        trunks=(default_trunk(settings),),
        wall=None if carrier.is_simulated else lambda: time.time_ns() // 1000,
    )


def _dialing_of(settings: Settings) -> DialingOf:
    limits = AbandonmentLimits(
        threshold=seconds(settings.abandonment_threshold_s),
        clock=AbandonmentClock(settings.abandonment_clock),
        target_ratio=settings.abandonment_target_ratio,
        windows=parse_windows(settings.abandonment_windows, settings.abandonment_time_zone),
    )
    return partial(dialing_settings, defaults=DialingDefaults(seconds(settings.ring_timeout_s), limits))
