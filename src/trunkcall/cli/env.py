"""`trunkcall env`: what a shell needs to talk to a server on this machine."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from trunkcall.domain.errors import TrunkcallError
from trunkcall.storage.data_dir import DataDir

_VARIABLES = {
    "AWS_ACCESS_KEY_ID": "aws_access_key_id",
    "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key",
    "AWS_REGION": "region",
    "AWS_DEFAULT_REGION": "region",
    "AWS_ENDPOINT_URL": "endpoint_url",
    "TRUNKCALL_INSTANCE_ID": "trunkcall_instance_id",
    "TRUNKCALL_QUEUE_ID": "trunkcall_queue_id",
    "TRUNKCALL_CONTACT_FLOW_ID": "trunkcall_contact_flow_id",
    "TRUNKCALL_SOURCE_PHONE_NUMBER": "trunkcall_source_phone_number",
}


class NotStartedError(TrunkcallError):
    """No server has been started on this data directory yet."""


def environment(data_dir: Path) -> dict[str, str]:
    """Variables by name for the server of a data directory. Raises DataDirMissingError, and NotStartedError if some
    cannot be told."""
    values = DataDir(data_dir).shared_files()
    missing = [key for key in dict.fromkeys(_VARIABLES.values()) if key not in values]
    if missing:
        raise NotStartedError(
            f"The files credentials and config in {data_dir} do not have {', '.join(missing)}. The first start of "
            "`trunkcall serve` on this directory writes them."
        )
    return {variable: values[key] for variable, key in _VARIABLES.items()}


def env(
    data_dir: Annotated[Path, typer.Option(envvar="TRUNKCALL_DATA_DIR", help="Data directory of the server.")] = Path(
        "trunkcall-data"
    ),
) -> None:
    """Print export lines for the shell: eval "$(trunkcall env)"."""
    for variable, value in environment(data_dir).items():
        typer.echo(f"export {variable}={shlex.quote(value)}")
