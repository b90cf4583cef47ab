"""The operations of ``connect`` on security profiles, between the model's names and use cases.

Decides only how members of responses correspond to the domain. The profiles are built in.
"""

from __future__ import annotations

from trunkcall.aws.connect.common import Pages, arn_in
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.domain.identifiers import ResourceKind
from trunkcall.domain.security_profile import security_profiles
from trunkcall.service.centre import Centre, page_of


class SecurityProfileOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, centre: Centre, pages: Pages) -> None:
        self._centre = centre
        self._pages = pages

    def handlers(self) -> dict[str, Handler]:
        """Every operation that is offered, by its name in the model."""
        return {"ListSecurityProfiles": self.list_security_profiles}

    async def list_security_profiles(self, context: RequestContext, request: Json) -> Json:
        after, limit = self._pages.asked(context, request)
        instance_id = (await self._centre.directory(request["InstanceId"])).instance.instance_id
        profiles = tuple(security_profiles(instance_id).values())
        page = page_of(profiles, lambda profile: profile.security_profile_id, after, limit)
        return {
            "SecurityProfileSummaryList": [
                {
                    "Id": profile.security_profile_id,
                    "Arn": arn_in(
                        self._centre.scope, request, ResourceKind.SECURITY_PROFILE, profile.security_profile_id
                    ),
                    "Name": profile.name,
                }
                for profile in page.items
            ],
            "NextToken": self._pages.token(context, request, page.after),
        }
