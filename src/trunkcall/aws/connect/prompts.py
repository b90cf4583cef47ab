"""The operations of ``connect`` on prompts, between the model's names and use cases. A prompt's sound comes by an
operation of Trunkcall's own (``own_prompts``): Amazon's names a place in S3, where nobody here can look.

Decides only how members of requests and responses correspond to the domain.
"""

from __future__ import annotations

from typing import Final

from trunkcall.aws.connect.common import Pages, arn_in, modified
from trunkcall.aws.connect.searching import Texts, criterion_of, filter_of
from trunkcall.aws.errors import validation_error
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.domain.identifiers import ResourceKind, Scope
from trunkcall.domain.prompt import Prompt
from trunkcall.service.prompts import Prompts
from trunkcall.service.searching import all_of

_TEXTS: Final[Texts[Prompt]] = {
    "name": lambda prompt: (prompt.name,),
    "description": lambda prompt: (prompt.description,),
    "resourceid": lambda prompt: (prompt.prompt_id,),
}


class PromptOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, prompts: Prompts, pages: Pages, scope: Scope) -> None:
        self._prompts = prompts
        self._pages = pages
        self._scope = scope

    def handlers(self) -> dict[str, Handler]:
        """Every operation that is offered, by its name in the model."""
        return {
            "DescribePrompt": self.describe_prompt,
            "ListPrompts": self.list_prompts,
            "SearchPrompts": self.search_prompts,
            "UpdatePrompt": self.update_prompt,
            "DeletePrompt": self.delete_prompt,
        }

    async def describe_prompt(self, context: RequestContext, request: Json) -> Json:
        found = await self._prompts.describe_prompt(request["InstanceId"], request["PromptId"])
        return {"Prompt": self._told(request, found)}

    async def list_prompts(self, context: RequestContext, request: Json) -> Json:
        after, limit = self._pages.asked(context, request)
        page = await self._prompts.list_prompts(request["InstanceId"], after=after, limit=limit)
        return {
            "PromptSummaryList": [
                {
                    "Id": prompt.prompt_id,
                    "Arn": self._arn(request, prompt),
                    "Name": prompt.name,
                    **modified(self._scope, prompt),
                }
                for prompt in page.items
            ],
            "NextToken": self._pages.token(context, request, page.after),
        }

    async def search_prompts(self, context: RequestContext, request: Json) -> Json:
        after, limit = self._pages.asked(context, request)
        criterion = all_of(
            (criterion_of(request.get("SearchCriteria"), _TEXTS), filter_of(request.get("SearchFilter")))
        )
        page = await self._prompts.search_prompts(request["InstanceId"], criterion, after=after, limit=limit)
        return {
            "Prompts": [self._told(request, prompt) for prompt in page.items],
            "NextToken": self._pages.token(context, request, page.after),
            "ApproximateTotalCount": page.total,
        }

    async def update_prompt(self, context: RequestContext, request: Json) -> Json:
        if request.get("S3Uri"):
            raise validation_error(
                "S3Uri cannot be read here: PutPrompt, or `trunkcall prompts add`, gives it a sound."
            )
        found = await self._prompts.update_prompt(
            request["InstanceId"],
            request["PromptId"],
            name=request.get("Name"),
            description=request.get("Description"),
        )
        return {"PromptARN": self._arn(request, found), "PromptId": found.prompt_id}

    async def delete_prompt(self, context: RequestContext, request: Json) -> None:
        await self._prompts.delete_prompt(request["InstanceId"], request["PromptId"])

    def _arn(self, request: Json, prompt: Prompt) -> str:
        return arn_in(self._scope, request, ResourceKind.PROMPT, prompt.prompt_id)

    def _told(self, request: Json, prompt: Prompt) -> Json:
        return {
            "PromptARN": self._arn(request, prompt),
            "PromptId": prompt.prompt_id,
            "Name": prompt.name,
            "Description": prompt.description or None,
            "Tags": prompt.tags,
            **modified(self._scope, prompt),
        }
