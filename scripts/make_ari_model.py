"""Writes src/trunkcall/telephony/ari/model.py from Asterisk's own description of ARI.

Decides which events and operations the adapter may know. Asterisk has the description in files of JSON, in Swagger 1.
Run it with their folder where another version of Asterisk is to be gone by::

    python scripts/make_ari_model.py /usr/share/asterisk/rest-api
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

EVENTS: Final = (
    "ApplicationReplaced",
    "ChannelCreated",
    "ChannelDestroyed",
    "ChannelDtmfReceived",
    "ChannelEnteredBridge",
    "ChannelHangupRequest",
    "ChannelHold",
    "ChannelLeftBridge",
    "ChannelStateChange",
    "ChannelUnhold",
    "Dial",
    "PeerStatusChange",
    "PlaybackFinished",
    "RecordingFailed",
    "RecordingFinished",
    "RecordingStarted",
    "RESTResponse",
    "StasisEnd",
    "StasisStart",
)
"""What the adapter is told; everything else is passed over."""
OBJECTS: Final = ("AsteriskInfo", "Bridge", "Channel", "Endpoint", "Variable")
"""What answers hold."""
FILES: Final = ("applications", "asterisk", "bridges", "channels", "endpoints", "events", "playbacks", "recordings")
TARGET: Final = Path(__file__).parents[1] / "src" / "trunkcall" / "telephony" / "ari" / "model.py"

_SCALARS: Final = {"string": "str", "Date": "str", "boolean": "bool", "object": "dict[str, Any]"} | dict.fromkeys(
    ("int", "long"), "int"
)
_SCALARS["double"] = "float"
HEAD: Final = '''"""What Asterisk {version} says of its own REST interface, as far as the adapter needs it.

Written by scripts/make_ari_model.py; a change here is lost. Members that a version does not name are passed over, and
those that it may leave out have a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
'''


def main() -> None:
    folder = Path(sys.argv[1])
    files = {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in FILES}
    models: dict[str, Any] = {}
    for each in files.values():
        models |= each.get("models", {})
    parts = [HEAD.format(version=" and ".join(sorted({str(each["apiVersion"]) for each in files.values()})))]
    parts += ["\n".join(_class(name, models)) for name in sorted(_needed(models))]
    parts.append("Event: TypeAlias = (\n    " + "\n    | ".join(EVENTS) + "\n)")
    listed = ", ".join(EVENTS)
    parts.append(
        f"EVENTS: Final[Mapping[str, type[Event]]] = {{each.__name__: each for each in ({listed})}}\n"
        '"""By the name that they have on the wire."""'
    )
    operations = ",\n".join(sorted(_operations(files)))
    parts.append(
        f"OPERATIONS: Final[Mapping[tuple[str, str], frozenset[str]]] = {{\n{operations},\n}}\n"
        '"""The parameters of each operation, by method and path; those in the path are left away."""'
    )
    TARGET.write_text("\n\n\n".join(part.strip("\n") for part in parts) + "\n", encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(TARGET)], check=True)  # noqa: S603 - our own program and file


def _needed(models: dict[str, Any]) -> set[str]:
    """The models that these are made of, and themselves."""
    found: set[str] = set()
    left = [*EVENTS, *OBJECTS]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [kind for kind, _ in _members(name, models).values() if kind in models]
            left += [kind[5:-1] for kind, _ in _members(name, models).values() if kind[5:-1] in models]
    return found


def _members(name: str, models: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    """Kind, and whether it is always there, by member."""
    told_of = models[name]["properties"]
    members = {member: (told["type"], bool(told.get("required"))) for member, told in told_of.items()}
    return members | {"timestamp": ("Date", False)} if name in EVENTS else members


def _class(name: str, models: dict[str, Any]) -> Iterator[str]:
    yield "@dataclass(frozen=True, slots=True)"
    yield f"class {name}:"
    text = re.sub(r"\s+", " ", models[name].get("description", "")).strip().partition(". ")[0].rstrip(".")
    yield f'    """{text or name}."""'
    members = _members(name, models)
    if members:
        yield ""
    for member, (kind, required) in sorted(members.items(), key=lambda each: not each[1][1]):
        annotation = _annotation(kind, models)
        yield f"    {member}: {annotation}" if required else f"    {member}: {annotation} | None = None"


def _annotation(kind: str, models: dict[str, Any]) -> str:
    if kind.startswith("List["):
        return f"tuple[{_annotation(kind[5:-1], models)}, ...]"
    return kind if kind in models else _SCALARS.get(kind, "Any")


def _operations(files: dict[str, Any]) -> Iterator[str]:
    for each in files.values():
        for api in each.get("apis", []):
            for operation in api["operations"]:
                named = [p["name"] for p in operation.get("parameters", []) if p["paramType"] != "path"]
                names = "{" + ", ".join(json.dumps(name) for name in named) + "}" if named else ""
                yield f"({json.dumps(operation['httpMethod'])}, {json.dumps(api['path'])}): frozenset({names})"


if __name__ == "__main__":
    main()
