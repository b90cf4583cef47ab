"""The operations of Trunkcall's own service that stop an instance's calls and let them begin again.

Decides only how members of requests and responses correspond to the use cases.
"""

from __future__ import annotations

from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.service.halts import Halts


class HaltOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, halts: Halts) -> None:
        self._halts = halts

    def handlers(self) -> dict[str, Handler]:
        """Every operation, by its name in the model."""
        return {"HaltInstance": self.halt_instance, "ResumeInstance": self.resume_instance}

    async def halt_instance(self, context: RequestContext, request: Json) -> Json:
        found = await self._halts.halt_instance(request["connectInstanceId"], reason=request.get("reason") or "")
        return {
            "connectInstanceId": found.instance_id,
            "haltedTime": found.halted_at,
            "reason": found.halt_reason or None,
        }

    async def resume_instance(self, context: RequestContext, request: Json) -> Json:
        found = await self._halts.resume_instance(request["connectInstanceId"])
        return {"connectInstanceId": found.instance_id}
