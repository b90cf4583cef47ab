"""Use cases about single contacts, as programs around a campaign ask for them: what is known of one.

Decides in which instance a contact is looked for. It must not know by which names it is told, nor how it is dialed.
"""

from __future__ import annotations

from collections.abc import Mapping

from trunkcall.domain.contact import ContactRecord
from trunkcall.domain.errors import NotFoundError
from trunkcall.service.centre import Centre
from trunkcall.storage.ports.contacts import KnownContacts


class Contacts:
    """Contacts of every instance, which may be named by id or by ARN; those of deleted campaigns too."""

    def __init__(self, store: KnownContacts, centre: Centre) -> None:
        self._store = store
        self._centre = centre

    async def describe_contact(self, instance: str, contact_id: str) -> ContactRecord:
        """What is known of a contact that waits, is in progress or has ended. Raises NotFoundError,
        ContactDamagedError."""
        instance_id = (await self._centre.directory(instance)).instance.instance_id
        contact = await self._store.contact(contact_id)
        if contact is None or contact.instance_id != instance_id:
            raise NotFoundError("There is no contact with this id in the instance.")
        return contact

    async def get_contact_attributes(self, instance: str, contact_id: str) -> Mapping[str, str]:
        """All attributes of a contact as they stand. Raises NotFoundError, ContactDamagedError."""
        return (await self.describe_contact(instance, contact_id)).all_attributes
