"""A server that is stopped lets people talk for a while yet. If these fail, the next one has them hear again what they
have heard meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from trunkcall.compose.server import SIGNS_OF_LIFE, build_server
from trunkcall.settings import load_settings


async def test_signs_of_life_are_given_until_nobody_is_on_the_line_any_more(tmp_path: Path) -> None:
    at_work: set[str] = set()
    while_people_talk: set[str] = set()
    all_begun = asyncio.Event()
    names = ("looking", SIGNS_OF_LIFE, "sweeping")

    async def work(name: str) -> None:
        at_work.add(name)
        if len(at_work) == len(names):
            all_begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            at_work.remove(name)

    class PeopleTalk:
        """Whoever dials: asked to stop, it waits for those who talk."""

        async def look(self) -> None:
            pass

        async def stop(self) -> None:
            while_people_talk.update(at_work)

    settings = load_settings({"data_dir": tmp_path / "data"}, environment={})
    whole = await build_server(settings, url="http://localhost")
    works = {name: partial(work, name) for name in names}
    server = replace(whole, supervisor=cast("Any", PeopleTalk()), works=works)
    await server.start()
    await all_begun.wait()
    await server.stop()
    assert while_people_talk == {SIGNS_OF_LIFE}
    assert not at_work
