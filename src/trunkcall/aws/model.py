"""Service models as botocore ships them, compiled once into what a server needs of them.

Decides which facts of a model count: bindings, decoders, encoders, errors, sensitive members. It must not know what an
operation does, and nothing about a shape is written by hand but the few ``corrections``. Of an operation that is not
offered, only its name and its place are looked at.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import botocore
import msgspec
from botocore import xform_name
from botocore.model import ServiceModel

from trunkcall.aws.corrections import PATCHES, PERSONAL
from trunkcall.aws.outputs import Encode, OutputCompiler
from trunkcall.aws.shapes import Decode, Holds, InputCompiler, ModelError, text_reader, wire_name
from trunkcall.aws.values import Convert

CAMPAIGNS_V1 = "connectcampaigns"
CAMPAIGNS_V2 = "connectcampaignsv2"
CONNECT = "connect"
TRUNKCALL = "trunkcall"

MODELS = Path(__file__).parent / "data"
"""Service models of our own, laid out as botocore's are."""


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """An error of the model: its status, and the members of its body."""

    name: str
    status: int
    members: frozenset[str]


@dataclass(frozen=True, slots=True)
class Located:
    """An input member that stands outside of the body.

    ``source`` is ``uri``, ``querystring`` or ``header``; ``wire_name`` is what it is called there; ``many`` tells that
    a query parameter may repeat; ``read`` turns its text into a value, None if the text is the value.
    """

    name: str
    wire_name: str
    source: str
    many: bool
    read: Convert | None


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a service.

    ``uri`` is the model's template. ``decode`` takes a dict of JSON values: the body's members under their names there,
    and those of ``located`` under their member names. ``encode`` is None for an operation without an output. ``errors``
    are all errors of the service by name, ``declared_errors`` the names of those that the operation declares.
    ``sensitive_members`` are the names of members anywhere in the input whose values are personal data.
    """

    service: str
    name: str
    python_name: str
    method: str
    uri: str
    success_status: int
    located: tuple[Located, ...]
    decode: Decode
    encode: Callable[[Any], Any] | None
    errors: Mapping[str, ErrorShape]
    declared_errors: frozenset[str]
    sensitive_members: frozenset[str]

    @property
    def mutates(self) -> bool:
        """Whether it may change something, by AWS's naming of operations."""
        return not self.name.startswith(("Get", "List", "Describe", "Search", "Preview"))

    @property
    def makes(self) -> bool:
        """Whether it makes something, which may have tags at once, by AWS's naming of operations."""
        return self.name.startswith(("Create", "Claim"))


@dataclass(frozen=True, slots=True)
class Service:
    """One service: ``name`` as botocore has it, ``signing_name`` as it stands in credential scopes. ``others`` are the
    operations that were not compiled: they are known by name, method and path, and read nothing."""

    name: str
    signing_name: str
    api_version: str
    operations: Mapping[str, Operation]
    errors: Mapping[str, ErrorShape]
    others: Mapping[str, Operation]


def load_service(name: str = CAMPAIGNS_V1, *, only: Collection[str] | None = None) -> Service:
    """Load and compile a service, 10 to 50 ms. ``only`` names the operations to compile; all if None.

    Raises ModelError for anything in them that the compiler doesn't know: better at start than in a request.
    """
    model = service_model(name)
    if model.metadata.get("protocol") != "rest-json":
        raise ModelError(f"{name} does not speak rest-json")
    errors = MappingProxyType({shape.name: _error_shape(shape) for shape in model.error_shapes})
    inputs, outputs = InputCompiler(_pattern_source(name)), OutputCompiler()
    operations = {
        operation: _operation(name, model.operation_model(operation), errors, inputs, outputs)
        for operation in model.operation_names
        if only is None or operation in only
    }
    if only is not None and (unknown := set(only) - set(operations)):
        raise ModelError(f"{name} has no operation {', '.join(sorted(unknown))}")
    others = {
        operation: _uncompiled(name, model.operation_model(operation), errors)
        for operation in model.operation_names
        if operation not in operations
    }
    return Service(
        name, model.signing_name, model.api_version, MappingProxyType(operations), errors, MappingProxyType(others)
    )


def service_model(name: str) -> Any:
    """The model of a service: botocore's, or ours."""
    for root in (MODELS, Path(botocore.__file__).parent / "data"):
        # The directories are named by the date of their version, so the latest is the last.
        if found := sorted((root / name).glob("*/service-2.json*")):
            read = found[-1].read_bytes()
            text = gzip.decompress(read) if found[-1].suffix == ".gz" else read
            description = msgspec.json.decode(text)
            for service, shape in PERSONAL:
                if service == name:
                    description["shapes"][shape]["sensitive"] = True
            return ServiceModel(description, service_name=name)
    raise ModelError(f"there is no service {name}")


def compile_pattern(service: str, shape_name: str, pattern: str) -> Holds:
    """Whether a string of this shape matches its pattern from end to end.

    Raises ModelError if Python can't read the pattern, or if a patch was reviewed for another one.
    """
    patch = PATCHES.get((service, shape_name))
    if patch is not None and patch.reviewed != pattern:
        raise ModelError(f"the pattern of {service}'s {shape_name} has changed; its patch must be reviewed")
    meant = pattern if patch is None else patch.pattern
    if not isinstance(meant, str):
        return meant
    try:
        return re.compile(meant, re.ASCII).fullmatch
    except re.error as error:
        raise ModelError(f"the pattern of {service}'s {shape_name} can't be read: {error}") from error


def _pattern_source(service: str) -> Callable[[Any], tuple[str, Holds] | None]:
    def pattern_of(shape: Any) -> tuple[str, Holds] | None:
        pattern = shape.metadata.get("pattern")
        return None if pattern is None else (pattern, compile_pattern(service, shape.name, pattern))

    return pattern_of


def _operation(
    service: str, model: Any, errors: Mapping[str, ErrorShape], inputs: InputCompiler, outputs: OutputCompiler
) -> Operation:
    shape = model.input_shape
    if model.has_streaming_input or model.has_streaming_output:
        raise ModelError(f"{model.name} streams")
    for side in (shape, model.output_shape):
        if side is not None and "payload" in side.serialization:
            raise ModelError(f"{side.name} has a payload member")
    encode: Encode = None
    if model.output_shape is not None:
        for name, member in model.output_shape.members.items():
            if "location" in member.serialization:
                raise ModelError(f"{model.output_shape.name} has {name} outside of the body")
        encode = outputs.compile(model.output_shape)
    return replace(
        _uncompiled(service, model, errors),
        located=() if shape is None else _located(shape),
        decode=_decode_nothing if shape is None else inputs.compile(shape),
        encode=encode,
        declared_errors=frozenset(error.name for error in model.error_shapes),
        sensitive_members=frozenset() if shape is None else frozenset(_sensitive_members(shape, set())),
    )


def _uncompiled(service: str, model: Any, errors: Mapping[str, ErrorShape]) -> Operation:
    return Operation(
        service=service,
        name=model.name,
        python_name=xform_name(model.name),
        method=model.http["method"],
        uri=model.http["requestUri"],
        success_status=model.http.get("responseCode", 200),
        located=(),
        decode=_decode_nothing,
        encode=None,
        errors=errors,
        declared_errors=frozenset(),
        sensitive_members=frozenset(),
    )


def _decode_nothing(value: Any, path: Any, violations: Any) -> dict[str, Any]:
    return {}


def _located(shape: Any) -> tuple[Located, ...]:
    located = []
    for name, member in shape.members.items():
        source = member.serialization.get("location")
        match source:
            case None:
                continue
            case "uri" | "querystring" | "header":
                many = source == "querystring" and member.type_name == "list"
                read = text_reader(member.member if many else member)
                found = wire_name(name, member)
                located.append(Located(name, found.lower() if source == "header" else found, source, many, read))
            case _:
                raise ModelError(f"{shape.name} has {name} in {source}")
    return tuple(located)


def _error_shape(shape: Any) -> ErrorShape:
    members = frozenset(name for name, member in shape.members.items() if "location" not in member.serialization)
    return ErrorShape(shape.name, int(shape.metadata["error"]["httpStatusCode"]), members)


def _sensitive_members(shape: Any, seen: set[str]) -> set[str]:
    """Names of the members below a shape that are sensitive by themselves or by their list, map or structure."""
    if shape.name in seen:
        return set()
    seen.add(shape.name)
    names: set[str] = set()
    match shape.type_name:
        case "structure":
            for name, member in shape.members.items():
                if _is_sensitive(member):
                    names.add(name)
                names |= _sensitive_members(member, seen)
        case "list":
            names = _sensitive_members(shape.member, seen)
        case "map":
            names = _sensitive_members(shape.value, seen)
        case _:
            pass
    return names


def _is_sensitive(shape: Any) -> bool:
    if shape.metadata.get("sensitive"):
        return True
    match shape.type_name:
        case "list":
            return _is_sensitive(shape.member)
        case "map":
            return _is_sensitive(shape.key) or _is_sensitive(shape.value)
        case _:
            return False
