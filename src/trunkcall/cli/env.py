"""`trunkcall env` and `trunkcall exec`: what a shell or one command needs to talk to a server on this machine.

Decides which variables are set, and which of those that are there already would lead a client astray. It must not know
what is done with them.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from trunkcall.cli.help import CONNECTION
from trunkcall.cli.profiles import write_profile
from trunkcall.cli.proxies import past_proxies
from trunkcall.domain.errors import TrunkcallError
from trunkcall.storage.data_dir import DataDir

ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL_CONNECTCAMPAIGNS"
"""Where AWS SDKs look for the endpoint of campaigns."""
GLOBAL_ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"
"""Where AWS SDKs look for the endpoint of every service that has none of its own."""

_ENDPOINTS = (ENDPOINT_VARIABLE, "AWS_ENDPOINT_URL_CONNECT")
_VARIABLES = {
    "AWS_ACCESS_KEY_ID": "aws_access_key_id",
    "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key",
    "AWS_REGION": "region",
    "AWS_DEFAULT_REGION": "region",
    **dict.fromkeys(_ENDPOINTS, "endpoint_url"),
    "TRUNKCALL_INSTANCE_ID": "trunkcall_instance_id",
    "TRUNKCALL_QUEUE_ID": "trunkcall_queue_id",
    "TRUNKCALL_CONTACT_FLOW_ID": "trunkcall_contact_flow_id",
    "TRUNKCALL_SOURCE_PHONE_NUMBER": "trunkcall_source_phone_number",
}
_IN_THE_WAY = (
    # With a key that is not temporary, a token of another makes every signature wrong, and so does its expiry.
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    # Some SDKs prefer a profile to keys of the environment; all refuse one that does not exist.
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    # These have SDKs call Amazon all the same, or refuse to call anybody else.
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""Exit codes for a command that cannot be run, as shells have them."""


class NotStartedError(TrunkcallError):
    """No server has been started on this data directory yet."""


_DATA_DIR = typer.Option(envvar="TRUNKCALL_DATA_DIR", help="Data directory of the server.", rich_help_panel=CONNECTION)
_GLOBAL = typer.Option(
    "--global",
    help="One endpoint for all AWS services instead of one for each of ours: for SDKs that know no other. Commands for "
    "Amazon (aws s3) then ask Trunkcall.",
)
_DEFAULT_DATA_DIR = Path("trunkcall-data")


def environment(data_dir: Path, *, one_for_all: bool = False) -> dict[str, str]:
    """Variables by name for the server of a data directory. ``one_for_all`` names the endpoint for every service of
    AWS. Raises DataDirMissingError, and NotStartedError if some cannot be told."""
    values = DataDir(data_dir).shared_files()
    missing = [key for key in dict.fromkeys(_VARIABLES.values()) if key not in values]
    if missing:
        raise NotStartedError(
            f"The files credentials and config in {data_dir} do not have {', '.join(missing)}. The first start of "
            "`trunkcall serve` on this directory writes them."
        )
    told = {variable: values[key] for variable, key in _VARIABLES.items()}
    if one_for_all:
        told = {variable: value for variable, value in told.items() if variable not in _ENDPOINTS}
        told[GLOBAL_ENDPOINT_VARIABLE] = values["endpoint_url"]
    return told


def _endpoint(told: Mapping[str, str]) -> str:
    return told.get(ENDPOINT_VARIABLE) or told[GLOBAL_ENDPOINT_VARIABLE]


def in_the_way(environ: Mapping[str, str], told: Mapping[str, str]) -> list[str]:
    """Variables that are set and would keep a client from what is told. An endpoint for all services is one of them if
    it is ours: it would have commands for Amazon ask Trunkcall. Another one stays."""
    unwanted = [*_IN_THE_WAY]
    if GLOBAL_ENDPOINT_VARIABLE in told:
        unwanted += _ENDPOINTS
    else:
        ours = told[ENDPOINT_VARIABLE]
        # An earlier `trunkcall env --global`, perhaps of a server elsewhere, leaves our ids without our endpoints.
        left_over = "TRUNKCALL_INSTANCE_ID" in environ and ENDPOINT_VARIABLE not in environ
        if left_over or environ.get(GLOBAL_ENDPOINT_VARIABLE) == ours:
            unwanted.append(GLOBAL_ENDPOINT_VARIABLE)
    return [variable for variable in unwanted if variable in environ]


def env(
    data_dir: Annotated[Path, _DATA_DIR] = _DEFAULT_DATA_DIR,
    one_for_all: Annotated[bool, _GLOBAL] = False,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Print nothing; write a profile of this name into your AWS shared files instead, for shells that "
            "speak to Amazon too.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="With --profile: replace one that Trunkcall did not write.")
    ] = False,
) -> None:
    """Print export lines for the shell: eval "$(trunkcall env)"."""
    if profile is not None:
        if one_for_all:
            raise typer.BadParameter("a profile has endpoints of its own", param_hint="--global")
        write_profile(profile, DataDir(data_dir), environment(data_dir), force=force)
        return
    if force:
        raise typer.BadParameter("it is for --profile", param_hint="--force")
    told = environment(data_dir, one_for_all=one_for_all)
    told |= past_proxies(os.environ, _endpoint(told))
    if unwanted := in_the_way(os.environ, told):
        typer.echo(f"unset {' '.join(unwanted)}")
    for variable, value in told.items():
        typer.echo(f"export {variable}={shlex.quote(value)}")


def execute(
    command: Annotated[list[str], typer.Argument(metavar="COMMAND", help="The command and its arguments.")],
    data_dir: Annotated[Path, _DATA_DIR] = _DEFAULT_DATA_DIR,
    one_for_all: Annotated[bool, _GLOBAL] = False,
) -> None:
    """Run one command with all that `trunkcall env` prints. Its exit code is this one's."""
    told = environment(data_dir, one_for_all=one_for_all)
    told |= past_proxies(os.environ, _endpoint(told))
    unwanted = in_the_way(os.environ, told)
    environ = {name: value for name, value in os.environ.items() if name not in unwanted} | told
    _become(command, environ)


def _become(command: Sequence[str], environ: Mapping[str, str]) -> None:
    """Put the command in this process's place. Comes back only if that cannot be done, with SystemExit."""
    sys.stdout.flush()
    sys.stderr.flush()
    # Python ignores these, and what is ignored stays so in the command: it would not end with the pipe it writes to.
    ignored = [number for number in (signal.SIGPIPE, signal.SIGXFSZ) if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvpe(command[0], list(command), dict(environ))  # noqa: S606 - running it is what was asked for
    except OSError as error:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
        missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
        reason = "there is no such command" if missing else error.strerror
        typer.echo(f"trunkcall: {command[0]} cannot be run: {reason}.", err=True)
        raise typer.Exit(NOT_FOUND if missing else NOT_EXECUTABLE) from error
