"""The operation of Trunkcall's own service by which a prompt gets its sound.

Decides only how members of the request and the response correspond to the use case, and how a sound is written in
JSON.
"""

from __future__ import annotations

import base64
import binascii

from trunkcall.aws.errors import validation_error
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.service.prompts import Prompts


class PutPromptOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, prompts: Prompts) -> None:
        self._prompts = prompts

    def handlers(self) -> dict[str, Handler]:
        """Every operation, by its name in the model."""
        return {"PutPrompt": self.put_prompt}

    async def put_prompt(self, context: RequestContext, request: Json) -> Json:
        try:
            octets = base64.b64decode(request["sound"], validate=True)
        except (binascii.Error, ValueError):
            raise validation_error("sound must be base64 of G.711 mu-law, 8,000 octets a second.") from None
        put = await self._prompts.put_prompt(
            request["connectInstanceId"],
            name=request["name"],
            octets=octets,
            description=request.get("description"),
        )
        return {"promptId": put.prompt_id, "lengthInSeconds": put.length_s}
