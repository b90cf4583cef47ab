"""A named profile in the user's AWS shared files, for clients that speak to Amazon in the same shell.

Decides where these files are, what of them is ours, and that everything else in them stays as it is, byte for byte. It
must not know what a client does with a profile.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from configparser import Error as ConfigParserError
from configparser import RawConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import typer

from trunkcall.cli.files import open_binary_output
from trunkcall.domain.errors import TrunkcallError
from trunkcall.storage.data_dir import DataDir

_Sections: TypeAlias = Mapping[str, Mapping[str, str]]

_NAME = re.compile(r"[A-Za-z0-9_.@+-]{1,64}")
_HEADER = re.compile(rb"[ \t]*\[([^\]\r\n]*)\]")


class ProfileError(TrunkcallError):
    """The profile cannot be written."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What one of the two files is to hold: sections by their headers, in order, between two lines that say so."""

    title: str
    sections: Mapping[str, Mapping[str, Any]]

    @property
    def begin(self) -> bytes:
        return (
            f"# >>> {self.title}, written by `trunkcall env --profile`: lines up to <<< are replaced by it\n".encode()
        )

    @property
    def end(self) -> bytes:
        return f"# <<< {self.title}\n".encode()

    def text(self) -> bytes:
        lines = []
        for header, values in self.sections.items():
            lines.append(f"[{header}]")
            for key, value in values.items():
                if isinstance(value, Mapping):
                    lines += [f"{key} =", *(f"  {name} = {nested}" for name, nested in value.items())]
                else:
                    lines.append(f"{key} = {value}")
        return self.begin + ("\n".join(lines) + "\n").encode() + self.end


def write_profile(name: str, data_dir: DataDir, told: Mapping[str, str], *, force: bool) -> None:
    """Write the profile, in place of an earlier one of Trunkcall's; with ``force`` in place of any. ``told`` is what
    `trunkcall env` prints. Raises BadParameter, ProfileError, OutputError, each before anything is changed but what a
    disk refuses midway."""
    if not _NAME.fullmatch(name):
        raise typer.BadParameter(
            f"{name!r} is no name of a profile: letters, digits and _ . @ + - only, at most 64", param_hint="--profile"
        )
    credentials = _shared_file("AWS_SHARED_CREDENTIALS_FILE", "credentials")
    config = _shared_file("AWS_CONFIG_FILE", "config")
    endpoint = {"endpoint_url": told["AWS_ENDPOINT_URL_CONNECTCAMPAIGNS"]}
    own = {variable.lower(): value for variable, value in told.items() if variable.startswith("TRUNKCALL_")}
    parts = (
        (
            credentials,
            _Part(
                f"trunkcall credentials {name}",
                {
                    name: {
                        "aws_access_key_id": told["AWS_ACCESS_KEY_ID"],
                        "aws_secret_access_key": told["AWS_SECRET_ACCESS_KEY"],
                    }
                },
            ),
        ),
        (
            config,
            _Part(
                f"trunkcall config {name}",
                {
                    "default" if name == "default" else f"profile {name}": {
                        "region": told["AWS_REGION"],
                        "services": f"trunkcall-{name}",
                        **own,
                    },
                    f"services trunkcall-{name}": {"connectcampaigns": endpoint, "connect": endpoint},
                },
            ),
        ),
    )
    texts: dict[Path, bytes] = {}
    for path, part in parts:
        before = texts[path] if path in texts else _read(path)
        texts[path] = _with_part(path, before, part, force=force)
        _check(path, before, texts[path], part)
    for path, text in texts.items():
        _write(path, text)
    typer.echo(
        f"Profile {name} of the server in {data_dir.path} is in {' and '.join(map(str, texts))}. "
        f"Use it with `aws --profile {name} connectcampaigns …`, or with AWS_PROFILE={name} where no AWS_ACCESS_KEY_ID "
        "is set.",
        err=True,
    )


def _shared_file(variable: str, name: str) -> Path:
    """Where the AWS SDKs look for it."""
    given = os.environ.get(variable)
    path = Path(os.path.expanduser(os.path.expandvars(given or f"~/.aws/{name}")))
    if str(path).startswith("~"):
        raise ProfileError(f"It is not known whose {path} is meant. Set HOME, or name the file in {variable}.")
    return Path(os.path.realpath(path))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ProfileError(f"{path} cannot be read: {error.strerror}. Nothing was changed.") from error


def _with_part(path: Path, before: bytes, part: _Part, *, force: bool) -> bytes:
    """The file with the part in the place of an earlier one, or at its end."""
    begins, ends = before.count(part.begin), before.count(part.end)
    start, stop = before.find(part.begin), before.find(part.end)
    if (begins, ends) == (1, 1) and start < stop:
        rest = before[:start], before[stop + len(part.end) :]
        _refuse_others(path, b"".join(rest), part)
        return rest[0] + part.text() + rest[1]
    if begins or ends:
        raise ProfileError(
            f"{path} has only a part of what was written for {part.title}: a line with >>> or <<< is missing, or is "
            "there twice. Mend or remove it. Nothing was changed."
        )
    if force:
        others = {b"profile default"} if "default" in part.sections else set()
        before = _without_sections(before, {header.encode() for header in part.sections} | others)
    _refuse_others(path, before, part)
    gap = b"" if not before else b"\n" if before.endswith(b"\n") else b"\n\n"
    return before + gap + part.text()


def _refuse_others(path: Path, text: bytes, part: _Part) -> None:
    """Raises ProfileError if a section of the part is there already, but not of our making."""
    own = {_plain(header.encode()) for header in part.sections}
    if b"default" in own:
        own.add(b"profile default")  # it is the same to an SDK
    for header in _headers(text):
        if header in own:
            raise ProfileError(
                f"{path} has a section [{header.decode(errors='replace')}] that Trunkcall did not write. Choose "
                "another name, or replace it with --force. Nothing was changed."
            )


def _without_sections(text: bytes, headers: set[bytes]) -> bytes:
    """Without the lines of these sections. Comments and empty lines at a section's end stay: they may be the next's."""
    wanted = {_plain(header) for header in headers}
    kept: list[bytes] = []
    doubtful: list[bytes] = []
    dropping = False
    for line in text.splitlines(keepends=True):
        if found := _HEADER.match(line):
            kept += doubtful
            doubtful = []
            dropping = _plain(found[1]) in wanted
        if not dropping:
            kept.append(line)
        elif not line.strip() or line.lstrip().startswith((b"#", b";")):
            doubtful.append(line)
        else:
            doubtful = []
    return b"".join(kept + doubtful)


def _headers(text: bytes) -> list[bytes]:
    return [_plain(found[1]) for line in text.splitlines() if (found := _HEADER.match(line))]


def _plain(header: bytes) -> bytes:
    """A header as AWS compares it: spaces and quotes count for nothing."""
    return b" ".join(word.strip(b"\"'") for word in header.split())


def _check(path: Path, before: bytes, after: bytes, part: _Part) -> None:
    """Raises ProfileError unless an AWS SDK reads the new file as the old one but for the part's own sections."""
    was, now, own = _parsed(path, before), _parsed(path, after), _parsed(path, part.text())
    names = {_plain(header.encode()) for header in part.sections}
    if b"default" in names:
        names.add(b"profile default")

    def others(sections: _Sections) -> _Sections:
        return {name: values for name, values in sections.items() if _plain(name.encode()) not in names}

    if others(was) != others(now) or now != {**others(now), **own}:
        raise ProfileError(
            f"{path} is laid out in a way that does not let a profile be written without a change to others. Nothing "
            "was changed."
        )


def _parsed(path: Path, text: bytes) -> _Sections:
    """Sections as botocore reads them."""
    parser = RawConfigParser()
    try:
        parser.read_string(text.decode("utf-8", "surrogateescape"))
    except ConfigParserError as error:
        # Its own words hold lines of the file, and those hold secrets.
        raise ProfileError(f"{path} cannot be read as an AWS shared file. Nothing was changed.") from error
    return {section: dict(parser.items(section)) for section in parser.sections()}


def _write(path: Path, text: bytes) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ProfileError(f"{path.parent} cannot be made: {error.strerror}.") from error
    with open_binary_output("--profile", path, private=True) as file:
        file.write(text)
