"""Frozen values of which hundreds of thousands are made.

Decides how such a value is made, not what it is: a frozen, slotted dataclass like any other. The ``__init__`` that
dataclasses gives a frozen class looks up ``object.__setattr__`` for every field; half of the time to make one goes into
that (CPython 3.11).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, TypeVar

T = TypeVar("T")


def quickly_made(cls: type[T]) -> type[T]:
    """Give a frozen, slotted dataclass, whose fields have plain defaults or none, an ``__init__`` that writes to the
    slots themselves. Goes above ``@dataclass(frozen=True, slots=True)``."""
    all_fields = fields(cls)  # type: ignore[arg-type]  # no type says "any dataclass" of a class
    names = [field.name for field in all_fields]
    defaults = tuple(field.default for field in all_fields if field.default is not MISSING)
    writers: dict[str, Callable[[Any, Any], None]] = {f"_write_{name}": getattr(cls, name).__set__ for name in names}
    body = "".join(f"    _write_{name}(self, {name})\n" for name in names)
    source = f"def __init__(self, {', '.join(names)}):\n{body}"
    exec(source, writers)  # noqa: S102 - of field names alone, as dataclasses itself does
    made: Any = writers["__init__"]
    made.__defaults__ = defaults or None
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__annotations__ = cls.__init__.__annotations__
    cls.__init__ = made  # type: ignore[method-assign]  # to do so is what this is for
    return cls
