"""Output shapes of a service model, compiled to closures: results into JSON values.

Decides what of a result goes out, and in which form. It must not know HTTP or which operation a shape belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from trunkcall.aws.shapes import ModelError, timestamp_format, wire_name
from trunkcall.aws.values import to_iso8601

Encode: TypeAlias = "Callable[[Any], Any] | None"
"""None: the value goes out as it is."""


class OutputCompiler:
    """Compiles output shapes: results are walked by the model's members alone, so nothing else can get out."""

    def __init__(self) -> None:
        self._memo: dict[str, Callable[[Any], Any]] = {}

    def compile(self, shape: Any) -> Encode:
        """The encoder of a shape. It takes values keyed by the model's member names, instants as microseconds."""
        match shape.type_name:
            case "structure":
                return self._recursive(shape)
            case "list":
                item = self.compile(shape.member)
                return None if item is None else lambda values: [item(value) for value in values]
            case "map":
                entry = self.compile(shape.value)
                return None if entry is None else lambda values: {key: entry(value) for key, value in values.items()}
            case "timestamp":
                match timestamp_format(shape):
                    case "iso8601":
                        return to_iso8601
                    case "unixtimestamp":
                        return lambda at: at / 1_000_000
                    case other:
                        raise ModelError(f"{shape.name} is a timestamp of the format {other}")
            case "string" | "integer" | "long" | "double" | "float" | "boolean":
                return None
            case other:
                raise ModelError(f"{shape.name} is of the type {other}")

    def _recursive(self, shape: Any) -> Callable[[Any], Any]:
        name = shape.name
        if name not in self._memo:
            self._memo[name] = lambda value: self._memo[name](value)
            self._memo[name] = self._structure(shape)
        return self._memo[name]

    def _structure(self, shape: Any) -> Callable[[Any], Any]:
        shape_name = shape.name
        members = tuple(
            (name, wire_name(name, member), name in shape.required_members, self.compile(member))
            for name, member in shape.members.items()
        )

        def encode(value: Mapping[str, Any]) -> Any:
            result = {}
            for name, wire, required, encode_member in members:
                item = value.get(name)
                if item is not None:
                    result[wire] = item if encode_member is None else encode_member(item)
                elif required:
                    raise KeyError(f"{shape_name} needs {name}")
            return result

        return encode
