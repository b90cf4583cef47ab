"""Writes docs/reference/coverage.md: every operation of every service, and whether it is offered. Both are asked of the
code and of the service models.

Run it after an operation was added: ``.venv/bin/python docs/make_coverage_reference.py``. A test compares the page with
what this makes.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from generated import write

from trunkcall.aws.campaigns_v1 import CampaignsV1
from trunkcall.aws.connect import offered
from trunkcall.aws.model import CAMPAIGNS_V1, CAMPAIGNS_V2, CONNECT, TRUNKCALL, service_model
from trunkcall.aws.own_calling import CallingOperations
from trunkcall.aws.own_do_not_call import DoNotCallOperations
from trunkcall.aws.own_halts import HaltOperations
from trunkcall.aws.own_prompts import PutPromptOperations
from trunkcall.aws.own_recordings import RecordingOperations
from trunkcall.aws.own_service import TrunkcallOperations

PAGE = Path(__file__).parent / "reference" / "coverage.md"

OFFERED: dict[str, Collection[str]] = {
    CAMPAIGNS_V1: CampaignsV1.handlers(object.__new__(CampaignsV1)),
    CONNECT: offered(),
    CAMPAIGNS_V2: (),
    TRUNKCALL: {
        **TrunkcallOperations.handlers(object.__new__(TrunkcallOperations)),
        **CallingOperations.handlers(object.__new__(CallingOperations)),
        **DoNotCallOperations.handlers(object.__new__(DoNotCallOperations)),
        **HaltOperations.handlers(object.__new__(HaltOperations)),
        **PutPromptOperations.handlers(object.__new__(PutPromptOperations)),
        **RecordingOperations.handlers(object.__new__(RecordingOperations)),
    },
}
"""The operations that have a handler, by service."""


def generate() -> str:
    """The numbers of all services, then a table for each, what is offered first."""
    models = {name: service_model(name) for name in OFFERED}
    rows = ["| service | version | operations | offered |", "|---|---|---|---|"]
    for name, model in models.items():
        rows.append(f"| `{name}` | {model.api_version} | {len(model.operation_names)} | {len(OFFERED[name])} |")
    return "\n\n".join(["\n".join(rows), *(section(name, model) for name, model in models.items())])


def section(name: str, model: Any) -> str:
    """Every operation of one service."""
    known = set(model.operation_names)
    assert set(OFFERED[name]) <= known, set(OFFERED[name]) - known
    rows = [f"| {operation} | offered |" for operation in sorted(OFFERED[name])]
    rows += [f"| {operation} | not offered |" for operation in sorted(known - set(OFFERED[name]))]
    return "\n".join([f"## {name}", "", "| operation | state |", "|---|---|", *rows])


if __name__ == "__main__":
    write(PAGE, generate())
