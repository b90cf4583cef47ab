"""A server that is stopped lets people talk for a while yet. If these fail, the next one has them hear again what they
have heard meanwhile."""

from __future__ import annotations

import asyncio
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

from trunkcall.compose.server import SIGNS_OF_LIFE, Server
from trunkcall.service.background import Background


async def test_signs_of_life_are_given_until_nobody_is_on_the_line_any_more() -> None:
    at_work: set[str] = set()
    while_people_talk: set[str] = set()

    async def work(name: str) -> None:
        at_work.add(name)
        try:
            await asyncio.Event().wait()
        finally:
            at_work.remove(name)

    async def nothing() -> None:
        pass

    async def let_people_talk() -> None:
        while_people_talk.update(at_work)

    works = {name: partial(work, name) for name in ("looking", SIGNS_OF_LIFE, "sweeping")}
    supervisor = SimpleNamespace(look=nothing, stop=let_people_talk)
    closes, is_closed = SimpleNamespace(close=lambda: None), SimpleNamespace(close=nothing)
    functions, parts = SimpleNamespace(elsewhere=is_closed), cast("Any", closes)
    server = Server(
        parts,
        cast("Any", is_closed),
        cast("Any", supervisor),
        works,
        parts,
        Background(),
        parts,
        cast("Any", functions),
        [],
    )
    await server.start()
    await asyncio.sleep(0)
    assert len(at_work) == len(works)
    await server.stop()
    assert while_people_talk == {SIGNS_OF_LIFE}
    assert not at_work
