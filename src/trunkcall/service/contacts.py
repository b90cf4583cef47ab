"""Use cases about single contacts, as programs around a campaign ask for them: what is known of one, and its
attributes.

Decides in which instance a contact is looked for, and which attributes may be set. It must not know by which names a
contact is told, nor how it is dialed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Protocol

from trunkcall.domain.clock import NowOf
from trunkcall.domain.contact import ContactRecord
from trunkcall.domain.errors import InvalidInputError, InvalidStateError, NotFoundError
from trunkcall.service.centre import Centre
from trunkcall.service.dial_requests import MAX_ATTRIBUTE_BYTES, bytes_of
from trunkcall.storage.ports.contacts import KnownContacts

_is_name: Final = re.compile(r"[A-Za-z0-9_-]+").fullmatch


class Dialing(Protocol):
    """Whoever dials, as far as these use cases need it."""

    def attributes_given(self, instance_id: str, contact_id: str, attributes: Mapping[str, str]) -> None:
        """Somebody has given the contact these, which are on record."""


class Contacts:
    """Contacts of every instance, which may be named by id or by ARN; those of deleted campaigns too."""

    def __init__(self, store: KnownContacts, centre: Centre, now_of: NowOf, dialing: Dialing) -> None:
        self._store = store
        self._centre = centre
        self._now_of = now_of
        self._dialing = dialing

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

    async def update_contact_attributes(self, instance: str, contact_id: str, attributes: Mapping[str, str]) -> None:
        """Set these attributes of a contact and leave the others, whether it waits, is in progress or has ended. Once
        this returns they survive any crash, and its flow goes on with them. Raises NotFoundError, ContactDamagedError;
        InvalidInputError for a name that may not be, and for too many; InvalidStateError of a contact that was
        forgotten or is set aside."""
        contact = await self.describe_contact(instance, contact_id)
        if not all(map(_is_name, attributes)):
            raise InvalidInputError("Names of attributes have letters, digits, - and _ alone.")
        if bytes_of({**contact.all_attributes, **attributes}) > MAX_ATTRIBUTE_BYTES:
            raise InvalidInputError(
                f"All attributes of the contact together would have more than {MAX_ATTRIBUTE_BYTES:,} bytes."
            )
        at = self._now_of(contact.instance_id)
        if not await self._store.give_attributes(contact_id, attributes, at=at):
            raise InvalidStateError("The contact's attributes cannot be set: it was forgotten, or is set aside.")
        self._dialing.attributes_given(contact.instance_id, contact_id, attributes)
