"""A loop of virtual time on which a seed decides what comes first, and processes that are stopped and killed.

Whatever runs on it belongs to the process in whose context it was begun. What a process is told while it is stopped it
finds when it goes on, as after SIGSTOP; of one that was killed nothing ever happens again, not even a ``finally``.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from random import Random
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack

from virtual_time import VirtualLoop

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class Ready:
    """Something that may be done now. ``handle`` is whoever asked for it has to cancel it by."""

    handle: asyncio.Handle
    callback: Callable[..., object]
    arguments: tuple[Any, ...]
    context: Context

    @property
    def process(self) -> Process | None:
        return self.context.get(_PROCESS)


class NumberedTask(asyncio.Task[Any]):
    """A task group cancels its tasks in the order of their hashes, which are addresses otherwise."""

    def __init__(self, number: int, work: Any, **arguments: Any) -> None:
        self._number = number
        super().__init__(work, **arguments)

    def __hash__(self) -> int:
        return self._number


class SeededLoop(VirtualLoop):
    """Of what is ready any of the first ``reach`` may be done next; 1 is the order of asyncio."""

    def __init__(self, random: Random, *, reach: int) -> None:
        self._random = random
        self._reach = reach
        self._pool: list[Ready] = []
        self.on_failure: Callable[[Exception], None] = lambda error: None
        """Told of every callback that fails."""
        self._awake = False
        """Whether asyncio's loop was told to have done what is ready."""
        self._tasks = itertools.count()
        super().__init__()
        self.set_task_factory(self._new_task)

    def _new_task(
        self, loop: asyncio.AbstractEventLoop, work: Any, *, context: Context | None = None
    ) -> asyncio.Task[Any]:
        return NumberedTask(next(self._tasks), work, loop=loop, context=context)

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        context = context if context is not None else copy_context()
        handle = asyncio.Handle(callback, args, self, context)
        self.take_in(Ready(handle, callback, args, context))
        return handle

    def call_at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        context = context if context is not None else copy_context()

        def is_due() -> None:
            self.take_in(Ready(timer, callback, args, context))

        timer = super().call_at(when, is_due, context=_NOBODY)
        return timer

    def take_in(self, ready: Ready) -> None:
        """It is done when its turn comes, or, of a process that is stopped, once that goes on."""
        if not self._is_held(ready):
            self._pool.append(ready)
            if not self._awake:
                self._awake = True
                super().call_soon(self._do_some, context=_NOBODY)

    def _is_held(self, ready: Ready) -> bool:
        process = ready.process
        if process is None or not process.stopped:
            return False
        process.held.append(ready)
        return True

    def _do_some(self) -> None:
        """So many at once that a round of asyncio's loop costs little, and so few that what is due meanwhile is not
        kept waiting by tasks that never rest."""
        self._awake = False
        for _ in range(AT_ONCE):
            if not self._pool:
                return
            self._do_one()
        self._awake = True
        super().call_soon(self._do_some, context=_NOBODY)

    def _do_one(self) -> None:
        among = min(self._reach, len(self._pool))
        ready = self._pool.pop(self._random.randrange(among) if among > 1 else 0)
        if ready.handle.cancelled() or self._is_held(ready):
            return
        try:
            ready.context.run(ready.callback, *ready.arguments)
        except Exception as error:
            self.on_failure(error)


class Process:
    """What is stopped and killed together."""

    def __init__(self, loop: SeededLoop, name: str) -> None:
        self.name = name
        self.stopped = False
        self.killed = False
        self.held: list[Ready] = []
        self._loop = loop
        self._context = Context()
        self._context.run(_PROCESS.set, self)

    @property
    def context(self) -> Context:
        return self._context.copy()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Have the process do this."""
        return self._loop.create_task(work, context=self.context)

    def stop(self) -> None:
        self.stopped = True

    def go_on(self) -> None:
        self.stopped = False
        held, self.held = self.held, []
        for ready in held:
            self._loop.take_in(ready)

    def kill(self) -> None:
        self.stopped = self.killed = True


_PROCESS: Final[ContextVar[Process | None]] = ContextVar("process", default=None)
_NOBODY: Final = Context()
