"""What clients of the API call the fields that errors and reasons speak of.

Decides nothing else: the members that carry a field are in the service models.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from trunkcall.domain.fields import Field

MEMBERS: Mapping[Field, str] = MappingProxyType(
    {
        Field.ALIAS: "InstanceAlias",
        Field.BANDWIDTH_ALLOCATION: "bandwidthAllocation",
        Field.CLIENT_TOKEN: "clientToken",
        Field.DIRECTORY_ID: "DirectoryId",
        Field.EFFECTIVE_FROM: "EffectiveFrom",
        Field.EFFECTIVE_TILL: "EffectiveTill",
        Field.EXPIRES_AT: "expirationTime",
        Field.FIRST_DATE: "FromDate",
        Field.KEY_ARN: "encryptionConfig.keyArn",
        Field.LAST_DATE: "ToDate",
        Field.PHONE_NUMBER: "phoneNumber",
        Field.QUEUE_ID: "connectQueueId",
        Field.SOURCE_PHONE_NUMBER: "connectSourcePhoneNumber",
    }
)
