"""Seals of contacts: checksums of what was accepted, which tell what the disk has changed.

Decides what a seal is of, and what is believed of a contact that has none. It must not know what becomes of a contact
that is not as it was accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from zlib import crc32

import msgspec

from trunkcall.domain.contact import (
    Damage,
)
from trunkcall.domain.errors import ContactDamagedError
from trunkcall.domain.instants import Instant
from trunkcall.storage.sqlite.statements import Row

_SIGN: Final = 1 << 63
_HALF: Final = (1 << 32) - 1
"""A seal is two checksums of 32 bits: who is dialed until when and in which time zone, and the attributes. SQLite's
integers have a sign."""
_PERSON: Final = ("contact_id", "client_token", "phone_number", "expires_at", "time_zone")


_decode_map = msgspec.json.Decoder(dict[str, str]).decode


def seal_of(contact: Mapping[str, Any]) -> int:
    """The seal of a contact, by the names of its columns."""
    person = _seal_of_person(
        contact["contact_id"],
        contact["client_token"],
        contact["phone_number"],
        contact["expires_at"],
        contact["time_zone"],
    )
    return (person << 32 | crc32(contact["attributes"].encode())) - _SIGN


def _seal_of_person(
    contact_id: str, client_token: str | None, phone_number: str, expires_at: Instant, time_zone: str | None
) -> int:
    # No token that was accepted is empty, and no time zone.
    person = f"{contact_id}\0{client_token or ''}\0{phone_number}\0{expires_at}"
    return crc32((person if time_zone is None else f"{person}\0{time_zone}").encode())


def person_is_as_accepted(contact: Mapping[str, Any], seal: int | None) -> bool:
    """Whether contact id, client token, number, expiry and time zone are those accepted. What has no seal is taken as
    it is, if it can be that at all."""
    if any(type(contact[name]) is bytes for name in _PERSON):
        return False
    if seal is None:
        return _is_number_or_erased(contact["phone_number"])
    return (seal + _SIGN) >> 32 == _seal_of_person(**{name: contact[name] for name in _PERSON})


def attributes_are_as_accepted(attributes: Any, seal: int | None) -> bool:
    """Whether the attributes are what was accepted; without a seal, whether they are attributes at all."""
    if type(attributes) is not str:
        return False
    if seal is not None:
        return (seal + _SIGN) & _HALF == crc32(attributes.encode())
    try:
        _decode_map(attributes)
    except (msgspec.MsgspecError, ValueError):
        return False
    return True


def check_seal(row: Row) -> None:
    """Raise ContactDamagedError if this is not what was accepted."""
    seal, attributes = row.seal, row.attributes
    if type(seal) is int:
        person = _seal_of_person(row.contact_id, row.client_token, row.phone_number, row.expires_at, row.time_zone)
        if type(attributes) is str and seal + _SIGN == person << 32 | crc32(attributes.encode()):
            return
        raise ContactDamagedError(Damage.NOT_AS_ACCEPTED)
    if (
        seal is not None
        or not attributes_are_as_accepted(attributes, None)
        or not _is_number_or_erased(row.phone_number)
    ):
        raise ContactDamagedError(Damage.UNREADABLE)


def _is_number_or_erased(text: Any) -> bool:
    return type(text) is str and (not text or (text[0] == "+" and text[1:].isascii() and text[1:].isdecimal()))
