"""A store as a whole: every port in one, for those who choose, build and test one.

Decides nothing: what is promised is told in ``storage.ports``. Users take the ports that they call, never this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from trunkcall.storage.ports.campaigns import CampaignArchive, CampaignStore
from trunkcall.storage.ports.contacts import (
    Backlog,
    CampaignSums,
    ClientTokens,
    ContactRecords,
    DialRequestStore,
    KnownContacts,
)
from trunkcall.storage.ports.directory import (
    Directories,
    FactChanges,
    FactEditing,
    FactHistory,
    FactOwners,
    FactRemoval,
    InstanceArchive,
    InstanceChanges,
    InstanceCreation,
    InstanceDeletion,
    InstanceHalts,
    InstanceList,
    OnboardingStore,
)
from trunkcall.storage.ports.do_not_call import ListedNumbers, ListEntries
from trunkcall.storage.ports.keys import AccessKeyStore
from trunkcall.storage.ports.life import StoreLife
from trunkcall.storage.ports.ownership import DialingStore, GateStore, Leases
from trunkcall.storage.ports.presence import AgentPresences
from trunkcall.storage.ports.privacy import Erasure, PersonalData
from trunkcall.storage.ports.quarantine import Quarantine, QuarantineCount
from trunkcall.storage.ports.recordings import RecordedContacts, RecordingDeletion


class Store(
    StoreLife,
    InstanceList,
    InstanceArchive,
    InstanceCreation,
    InstanceChanges,
    InstanceHalts,
    InstanceDeletion,
    Directories,
    FactHistory,
    FactEditing,
    FactRemoval,
    FactChanges,
    FactOwners,
    AgentPresences,
    OnboardingStore,
    ListedNumbers,
    ListEntries,
    AccessKeyStore,
    CampaignStore,
    CampaignArchive,
    DialRequestStore,
    KnownContacts,
    Backlog,
    ContactRecords,
    CampaignSums,
    ClientTokens,
    Quarantine,
    QuarantineCount,
    PersonalData,
    RecordedContacts,
    RecordingDeletion,
    Leases,
    DialingStore,
    GateStore,
    Protocol,
):
    """Durable state in the domain's verbs."""

    async def erasures(self) -> Sequence[Erasure]:
        """What was erased when, oldest first: the account of PersonalData, for whoever is asked for it."""
