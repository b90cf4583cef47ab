"""The tables ``[[functions]]`` of the TOML file: where the functions are that contact flows ask.

Decides their keys, defaults, ranges and help texts, that no secret stands in one, and that nothing crosses a network in
the open. It must not know what is sent there.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from trunkcall.domain.errors import SettingsError
from trunkcall.domain.function_name import OWN_PREFIX, function_name
from trunkcall.settings.setting import Setting, Value, within
from trunkcall.settings.switch import is_loopback, secret_of
from trunkcall.settings.tables import check_keys, tables_of, values_of

FUNCTIONS: Final = "functions"
"""The name of the tables."""
_NAME: Final = r"[A-Za-z0-9_-]{1,140}"
_ARN: Final = rf"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{{12}}:function:{_NAME}(:[A-Za-z0-9_$-]{{1,128}})?"
_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - it begins one, and is none
_MIN_SECRET_BYTES: Final = 24
_MAX_SECRET_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class FunctionTable:
    """One table, checked. ``secret_file`` and ``ca_file`` are names: what they hold is read when the server starts."""

    function: str
    url: str
    secret_file: str
    ca_file: str
    at_once: int

    def keys(self) -> tuple[bytes, ...]:
        """What ``secret_file`` holds, each key that it has. Raises SettingsError, never with a secret."""
        text = secret_of("", self.secret_file, ("", "secret_file"), _secrets_problem, "secret")
        return tuple(b64decode(each.removeprefix(_SECRET_PREFIX)) for each in text.split())


def _function(value: Value) -> str | None:
    name = str(value)
    if re.fullmatch(f"{_NAME}|{_ARN}", name) is None:
        return "must be the ARN of a Lambda function, or its name: letters, digits, hyphens and underscores"
    if function_name(name).startswith(OWN_PREFIX):
        return f"must not begin with {OWN_PREFIX}: so are functions called that are built in"
    return None


def _url(value: Value) -> str | None:
    text = str(value)
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username is not None or parts.fragment or re.search("[^!-~]", text):
        return "must be an address such as https://crm.example.com/look-up, without a password"
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        return (
            "must begin with https://: what is known of a customer would cross the network in the open. Plain http is "
            "for this machine alone"
        )
    return None


def _file(value: Value) -> str | None:
    return None if value else "must be the name of a file"


def _secrets_problem(value: Value) -> str | None:
    return next(filter(None, map(_secret_problem, str(value).split())), None)


def _secret_problem(secret: str) -> str | None:
    try:
        size = len(b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True))
    except ValueError:
        size = 0
    if secret.startswith(_SECRET_PREFIX) and _MIN_SECRET_BYTES <= size <= _MAX_SECRET_BYTES:
        return None
    return (
        f"must be {_SECRET_PREFIX} and {_MIN_SECRET_BYTES} to {_MAX_SECRET_BYTES} octets in Base64, as "
        f"`echo {_SECRET_PREFIX}$(openssl rand -base64 32)` makes one; a second one may follow on a line of its own"
    )


FUNCTION_KEYS: Final[tuple[Setting, ...]] = (
    Setting(
        "function",
        str,
        "",
        "The function that flows name: its ARN, or its bare name, which stands for the ARNs of that name in any "
        "account and Region, whatever their version.",
        _function,
    ),
    Setting("url", str, "", "Where it is. https, but on this machine.", _url),
    Setting(
        "secret_file",
        str,
        "",
        "A file that holds the secret by which it knows who asks, and nothing else: `whsec_` and Base64. With two of "
        "them, on a line each, every request has a signature by each, so that one can take the other's place.",
        _file,
    ),
    Setting("ca_file", str, "", "Certificates, PEM, by which it shows who it is. Default: those of the system."),
    Setting(
        "at_once", int, 100, "Most contacts that wait for it at once; for others it has no answer.", within(1, 10_000)
    ),
)
"""The keys of a table."""
_NEEDED: Final = ("function", "url", "secret_file")


def read_functions(given: Any, file: str, settings: Collection[str]) -> tuple[FunctionTable, ...]:
    """The functions that a file names, in its order. ``settings`` are the names of those that stand above the tables.
    Raises SettingsError that says which table, which key and what would be right."""
    found: dict[str, FunctionTable] = {}
    for place, table in tables_of(given, FUNCTIONS, file):
        read = _read(table, place, settings)
        if read.function in found:
            raise SettingsError(f"function of {place} is another table's already. Say once where it is.")
        found[read.function] = read
    return tuple(found.values())


def _read(table: dict[str, Any], place: str, settings: Collection[str]) -> FunctionTable:
    check_keys(table, [key.name for key in FUNCTION_KEYS], place, FUNCTIONS, settings)
    missing = [name for name in _NEEDED if name not in table]
    if missing:
        raise SettingsError(f"{place} has no {missing[0]}. It needs {', '.join(_NEEDED)}.")
    return FunctionTable(**values_of(table, FUNCTION_KEYS, place))
