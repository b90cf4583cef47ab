"""The operations of ``connect`` on users, between the model's names and use cases.

Decides only how members of requests and responses correspond to the domain. A password goes no further than this
module. Users have one channel, voice, and no hierarchy.
"""

from __future__ import annotations

from typing import Any

from trunkcall.aws.connect.common import Pages, arn_in, check_channels, modified
from trunkcall.aws.connect.searching import Texts, criterion_of, filter_of
from trunkcall.aws.errors import validation_error
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.identifiers import ResourceKind, Scope
from trunkcall.domain.user import Agent, PhoneConfig
from trunkcall.service.searching import all_of
from trunkcall.service.users import Identity, Users

_TEXTS: Texts[Agent] = {
    "username": lambda user: (user.username,),
    "firstname": lambda user: (user.first_name,),
    "lastname": lambda user: (user.last_name,),
    "routingprofileid": lambda user: (user.routing_profile_id,),
    "securityprofileid": lambda user: user.security_profile_ids,
    "resourceid": lambda user: (user.agent_id,),
}
_CHANNEL_MEMBERS = {
    "AutoAcceptConfigs": ("AutoAccept",),
    "AfterContactWorkConfigs": ("AfterContactWorkTimeLimit",),
    "PhoneNumberConfigs": ("PhoneType", "DeskPhoneNumber"),
    "PersistentConnectionConfigs": ("PersistentConnection",),
}
"""Settings by channel, and the members of PhoneConfig that say the same of all channels."""


class UserOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, users: Users, pages: Pages, scope: Scope) -> None:
        self._users = users
        self._pages = pages
        self._scope = scope

    def handlers(self) -> dict[str, Handler]:
        """Every operation that is offered, by its name in the model."""
        return {
            "CreateUser": self.create_user,
            "DescribeUser": self.describe_user,
            "ListUsers": self.list_users,
            "SearchUsers": self.search_users,
            "DeleteUser": self.delete_user,
            "UpdateUserRoutingProfile": self.update_user_routing_profile,
            "UpdateUserPhoneConfig": self.update_user_phone_config,
            "UpdateUserIdentityInfo": self.update_user_identity_info,
            "UpdateUserSecurityProfiles": self.update_user_security_profiles,
        }

    async def create_user(self, context: RequestContext, request: Json) -> Json:
        if request.get("HierarchyGroupId"):
            raise NotFoundError("The instance has no hierarchy groups.")
        user = await self._users.create_user(
            request["InstanceId"],
            username=request["Username"],
            has_password=request.get("Password") is not None,
            routing_profile_id=request["RoutingProfileId"],
            security_profile_ids=request["SecurityProfileIds"],
            identity=_identity(request.get("IdentityInfo", {})),
            phone=_phone(_with_channels(request)),
            tags=request.get("Tags", {}),
        )
        return {"UserId": user.agent_id, "UserArn": self._arn(request, user)}

    async def describe_user(self, context: RequestContext, request: Json) -> Json:
        user = await self._users.describe_user(request["InstanceId"], request["UserId"])
        return {
            "User": {
                **self._told(request, user),
                "IdentityInfo": {**_names(user), "Email": user.email or None},
                "PhoneConfig": _phone_config(user.phone),
                **modified(self._scope, user),
            }
        }

    async def list_users(self, context: RequestContext, request: Json) -> Json:
        after, limit = self._pages.asked(context, request)
        page = await self._users.list_users(request["InstanceId"], after=after, limit=limit)
        return {
            "UserSummaryList": [
                {
                    "Id": user.agent_id,
                    "Arn": self._arn(request, user),
                    "Username": user.username,
                    **modified(self._scope, user),
                }
                for user in page.items
            ],
            "NextToken": self._pages.token(context, request, page.after),
        }

    async def search_users(self, context: RequestContext, request: Json) -> Json:
        after, limit = self._pages.asked(context, request)
        criterion = all_of(
            (criterion_of(request.get("SearchCriteria"), _TEXTS), filter_of(request.get("SearchFilter")))
        )
        page = await self._users.search_users(request["InstanceId"], criterion, after=after, limit=limit)
        return {
            "Users": [
                {
                    **self._told(request, user),
                    "IdentityInfo": _names(user),
                    # In milliseconds here alone, as documented.
                    "PhoneConfig": _phone_config(user.phone, units_per_s=1000),
                }
                for user in page.items
            ],
            "NextToken": self._pages.token(context, request, page.after),
            "ApproximateTotalCount": page.total,
        }

    async def delete_user(self, context: RequestContext, request: Json) -> None:
        await self._users.delete_user(request["InstanceId"], request["UserId"])

    async def update_user_routing_profile(self, context: RequestContext, request: Json) -> None:
        await self._users.update_user_routing_profile(
            request["InstanceId"], request["UserId"], request["RoutingProfileId"]
        )

    async def update_user_phone_config(self, context: RequestContext, request: Json) -> None:
        phone = _phone(request["PhoneConfig"])
        await self._users.update_user_phone_config(request["InstanceId"], request["UserId"], phone)

    async def update_user_identity_info(self, context: RequestContext, request: Json) -> None:
        identity = _identity(request["IdentityInfo"])
        await self._users.update_user_identity_info(request["InstanceId"], request["UserId"], identity)

    async def update_user_security_profiles(self, context: RequestContext, request: Json) -> None:
        await self._users.update_user_security_profiles(
            request["InstanceId"], request["UserId"], request["SecurityProfileIds"]
        )

    def _arn(self, request: Json, user: Agent) -> str:
        return arn_in(self._scope, request, ResourceKind.AGENT, user.agent_id)

    def _told(self, request: Json, user: Agent) -> dict[str, Any]:
        return {
            "Id": user.agent_id,
            "Arn": self._arn(request, user),
            "Username": user.username,
            "RoutingProfileId": user.routing_profile_id,
            "SecurityProfileIds": user.security_profile_ids,
            "Tags": user.tags,
        }


def _identity(info: Json) -> Identity:
    return Identity(info.get("FirstName", ""), info.get("LastName", ""), info.get("Email", ""))


def _names(user: Agent) -> dict[str, Any]:
    return {"FirstName": user.first_name or None, "LastName": user.last_name or None}


def _phone(config: Json) -> PhoneConfig:
    """The phone as it is described, with Amazon's defaults for what is not said."""
    return PhoneConfig(
        phone_type=config.get("PhoneType", "SOFT_PHONE"),
        auto_accept=config.get("AutoAccept", False),
        after_contact_work_limit_s=config.get("AfterContactWorkTimeLimit", 0),
        desk_phone_number=config.get("DeskPhoneNumber"),
        persistent_connection=config.get("PersistentConnection", False),
    )


def _phone_config(phone: PhoneConfig, *, units_per_s: int = 1) -> Json:
    return {
        "PhoneType": phone.phone_type,
        "AutoAccept": phone.auto_accept,
        "AfterContactWorkTimeLimit": phone.after_contact_work_limit_s * units_per_s,
        "DeskPhoneNumber": phone.desk_phone_number,
        "PersistentConnection": phone.persistent_connection,
    }


def _with_channels(request: Json) -> Json:
    """PhoneConfig with what the settings by channel say of the one channel that there is. Raises ValidationException
    where both say something of the same, as documented, and for another channel."""
    phone: dict[str, Any] = dict(request.get("PhoneConfig", {}))
    for member, replaced in _CHANNEL_MEMBERS.items():
        settings = request.get(member, ())
        check_channels((setting["Channel"] for setting in settings), member)
        for setting in settings:
            if both := phone.keys() & set(replaced):
                raise validation_error(f"{member} and PhoneConfig.{min(both)} must not both be given.")
            phone |= _of_channel(member, setting)
    if any(config["VoiceEnhancementMode"] != "NONE" for config in request.get("VoiceEnhancementConfigs", ())):
        raise validation_error("Trunkcall does not offer voice enhancement.")
    return phone


def _of_channel(member: str, setting: Json) -> dict[str, Any]:
    """What the settings of one channel are in PhoneConfig."""
    match member:
        case "AfterContactWorkConfigs":
            return dict(setting["AfterContactWorkConfig"])
        case "PhoneNumberConfigs":
            number = {"DeskPhoneNumber": setting["PhoneNumber"]} if "PhoneNumber" in setting else {}
            return {"PhoneType": setting["PhoneType"], **number}
        case _:
            (name,) = _CHANNEL_MEMBERS[member]
            return {name: setting[name]}
