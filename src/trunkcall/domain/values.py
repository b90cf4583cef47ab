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
    """Give a frozen, slotted dataclass an ``__init__`` that writes its slots as any class does. Goes above
    ``@dataclass(frozen=True, slots=True)``."""
    all_fields = fields(cls)
    lines = [f"def __init__(self, {', '.join(field.name for field in all_fields)}):"]
    made: dict[str, Any] = {"_missing": MISSING}
    defaults: list[Any] = []
    for field in all_fields:
        name = field.name
        if field.default_factory is not MISSING:
            made[f"_new_{name}"] = field.default_factory
            defaults.append(MISSING)
            lines.append(f"    self.{name} = _new_{name}() if {name} is _missing else {name}")
        else:
            lines.append(f"    self.{name} = {name}")
            if field.default is not MISSING:
                defaults.append(field.default)
    exec("\n".join(lines), made)  # noqa: S102 - of field names alone, as dataclasses itself does
    init = made["__init__"]
    init.__defaults__ = tuple(defaults) or None
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__annotations__ = cls.__init__.__annotations__
    cls.__init__ = init  # type: ignore[method-assign]  # to do so is what this is for
    del cls.__setattr__, cls.__delattr__
    return cls
