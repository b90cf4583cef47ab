"""How the command line's own clients reach the API: boto3, and the instance's clock.

Decides where credentials come from: the environment, as for every AWS client, else the data directory. Nothing here
knows the server from the inside.
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from trunkcall.aws.model import MODELS, TRUNKCALL
from trunkcall.cli.env import environment
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.instants import SECOND, Instant, from_datetime

HEALTH_TIMEOUT_S = 5.0
ASK_AGAIN_AFTER_S = 5.0


class ServerUnreachableError(TrunkcallError):
    """No server answers at this address. Start one with `trunkcall serve`."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the API is, and as whom."""

    endpoint_url: str | None
    region: str
    access_key_id: str | None
    secret_access_key: str | None


def connection(data_dir: Path, environ: Mapping[str, str] | None = None) -> Connection:
    """The connection that the environment names, else the data directory's. Raises DataDirMissingError if neither is
    there."""
    environ = os.environ if environ is None else environ
    if "AWS_ENDPOINT_URL" not in environ and "AWS_ENDPOINT_URL_CONNECTCAMPAIGNS" not in environ:
        environ = environment(data_dir)
    return Connection(
        endpoint_url=environ.get("AWS_ENDPOINT_URL_CONNECTCAMPAIGNS", environ.get("AWS_ENDPOINT_URL")),
        region=environ.get("AWS_REGION", environ.get("AWS_DEFAULT_REGION", "us-east-1")),
        access_key_id=environ.get("AWS_ACCESS_KEY_ID"),
        secret_access_key=environ.get("AWS_SECRET_ACCESS_KEY"),
    )


def campaigns_client(where: Connection) -> Any:
    """A boto3 client that retries what was throttled."""
    return boto3.client(
        "connectcampaigns",
        endpoint_url=where.endpoint_url,
        region_name=where.region,
        aws_access_key_id=where.access_key_id,
        aws_secret_access_key=where.secret_access_key,
        config=Config(retries={"mode": "standard", "max_attempts": 10}),
    )


def trunkcall_client(where: Connection) -> Any:
    """A boto3 client of Trunkcall's own operations."""
    session = botocore.session.get_session()
    session.get_component("data_loader").search_paths.append(str(MODELS))
    return boto3.Session(botocore_session=session).client(
        TRUNKCALL,
        endpoint_url=where.endpoint_url,
        region_name=where.region,
        aws_access_key_id=where.access_key_id,
        aws_secret_access_key=where.secret_access_key,
    )


class InstanceTime:
    """The instance's clock as a client knows it: asked for now and then, extrapolated in between."""

    def __init__(self, endpoint_url: str | None) -> None:
        self._endpoint_url = endpoint_url
        self._asked_s = 0.0
        self._at: Instant = 0
        self._speed = 1.0

    def now(self) -> Instant:
        """The instance's time. The wall clock's where the endpoint has no /health, as Amazon's has not."""
        elapsed_s = time.monotonic() - self._asked_s
        if not self._at or elapsed_s > ASK_AGAIN_AFTER_S:
            self._ask()
            elapsed_s = 0.0
        return self._at + round(elapsed_s * self._speed * SECOND)

    def _ask(self) -> None:
        self._asked_s = time.monotonic()
        self._at = time.time_ns() // 1000
        if self._endpoint_url is None:
            return
        try:
            page = health(self._endpoint_url)
        except urllib.error.HTTPError:
            return
        self._at = from_datetime(datetime.fromisoformat(page["instance_time"]))
        self._speed = float(page["speed"])


def health(endpoint_url: str) -> dict[str, Any]:
    """The server's /health. Raises ServerUnreachableError; HTTPError where there is no such page."""
    try:
        with urllib.request.urlopen(f"{endpoint_url}/health", timeout=HEALTH_TIMEOUT_S) as answer:  # noqa: S310 - the user's own endpoint
            page: dict[str, Any] = json.loads(answer.read())
            return page
    except urllib.error.HTTPError:
        raise
    except OSError as error:
        raise ServerUnreachableError(
            f"No server answers at {endpoint_url}. Start one with `trunkcall serve`."
        ) from error
