"""Frozen values of which hundreds of thousands are made.

Decides how such a value is made, not what it is: a frozen, slotted dataclass like any other. What dataclasses do to
refuse writing at run time takes two thirds of the time to make one (CPython 3.11), so these leave that to the type
checker.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import Any, ClassVar, Protocol, TypeVar


class Dataclass(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


T = TypeVar("T", bound=Dataclass)


def quickly_made(cls: type[T]) -> type[T]:
    """Give a frozen, slotted dataclass, whose fields have plain defaults or none, an ``__init__`` that writes its slots
    as any class does. Goes above ``@dataclass(frozen=True, slots=True)``."""
    all_fields = fields(cls)
    names = [field.name for field in all_fields]
    source = f"def __init__(self, {', '.join(names)}):\n" + "".join(f"    self.{name} = {name}\n" for name in names)
    made: dict[str, Any] = {}
    exec(source, made)  # noqa: S102 - of field names alone, as dataclasses itself does
    init = made["__init__"]
    init.__defaults__ = tuple(field.default for field in all_fields if field.default is not MISSING) or None
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__annotations__ = cls.__init__.__annotations__
    cls.__init__ = init  # type: ignore[method-assign]  # to do so is what this is for
    del cls.__setattr__, cls.__delattr__
    return cls
