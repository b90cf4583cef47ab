"""How the command line's own clients reach the API: boto3, and the instance's clock.

Decides where credentials come from: the environment, as for every AWS client, else the data directory. Nothing here
knows the server from the inside.
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, EndpointConnectionError

from trunkcall.aws.model import MODELS, TRUNKCALL
from trunkcall.cli.env import ENDPOINT_VARIABLE, GLOBAL_ENDPOINT_VARIABLE, environment
from trunkcall.cli.proxies import is_here, open_url
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.instants import SECOND, Instant, from_datetime

HEALTH_TIMEOUT_S = 5.0
ASK_AGAIN_AFTER_S = 5.0
_SERVER_ERROR = 500


WHICH_CAMPAIGNS = "`trunkcall campaign list` shows the campaigns that there are."


class ServerUnreachableError(TrunkcallError):
    """No server answers at this address. Start one with `trunkcall serve`."""

    def __init__(self, endpoint_url: str) -> None:
        super().__init__(f"No server answers at {endpoint_url}. Start one with `trunkcall serve`.")


class AwsSettingsError(TrunkcallError):
    """What the environment or the AWS configuration says of the endpoint cannot be used."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the API is, and as whom."""

    endpoint_url: str
    region: str
    access_key_id: str | None
    secret_access_key: str | None


def connection(data_dir: Path, environ: Mapping[str, str] | None = None) -> Connection:
    """The connection that the environment names, itself or by a profile, else the data directory's. Raises
    DataDirMissingError if none is there, AwsSettingsError for an endpoint that is none."""
    environ = os.environ if environ is None else environ
    if GLOBAL_ENDPOINT_VARIABLE not in environ and ENDPOINT_VARIABLE not in environ:
        environ = _of_profile(environ.get("AWS_PROFILE")) or environment(data_dir)
    variable = ENDPOINT_VARIABLE if ENDPOINT_VARIABLE in environ else GLOBAL_ENDPOINT_VARIABLE
    _check_endpoint(variable, environ[variable])
    return Connection(
        endpoint_url=environ[variable],
        region=environ.get("AWS_REGION", environ.get("AWS_DEFAULT_REGION", "us-east-1")),
        access_key_id=environ.get("AWS_ACCESS_KEY_ID"),
        secret_access_key=environ.get("AWS_SECRET_ACCESS_KEY"),
    )


def _of_profile(name: str | None) -> dict[str, str]:
    """What a profile would have in the environment, if it has an endpoint for campaigns, as one has that
    `trunkcall env --profile` wrote. Nothing of any other: it leads to Amazon."""
    if not name:
        return {}
    try:
        session = botocore.session.Session(session_vars={"profile": (None, None, name, None)})
        profile: dict[str, Any] = session.get_scoped_config()
        services = session.full_config.get("services", {}).get(profile.get("services"), {})
        url = services.get("connectcampaigns", {}).get("endpoint_url")
        # Of a profile that leads to Amazon no keys are asked for: that might take its user to a page to sign in.
        keys = session.get_credentials() if url is not None else None
    except BotoCoreError:
        return {}
    if keys is None:
        return {}
    values = {ENDPOINT_VARIABLE: url, "AWS_ACCESS_KEY_ID": keys.access_key, "AWS_SECRET_ACCESS_KEY": keys.secret_key}
    return values | ({"AWS_REGION": profile["region"]} if "region" in profile else {})


def _check_endpoint(variable: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise AwsSettingsError(f"{variable} must be the server's URL, such as http://127.0.0.1:8750, not {url!r}.")


def campaigns_client(where: Connection, *, waits: bool = False) -> Any:
    """A boto3 client that retries what was throttled. ``waits`` says whether it also waits for a server that does not
    answer: one that was there a moment ago may come back. Raises AwsSettingsError."""
    client = _client("connectcampaigns", where, retries={"mode": "standard", "max_attempts": 10})
    if not waits:
        _say_at_once(client)
    return client


def connect_client(where: Connection) -> Any:
    """A boto3 client of the contact centre around the campaigns, at the same address. It retries what was throttled.
    Raises AwsSettingsError."""
    client = _client("connect", where, retries={"mode": "standard", "max_attempts": 10})
    _say_at_once(client)
    return client


def hasty_client(where: Connection, timeout_s: float) -> Any:
    """A boto3 client that would rather have no answer than wait for one. Raises AwsSettingsError."""
    config = {"connect_timeout": timeout_s, "read_timeout": timeout_s, "retries": {"total_max_attempts": 1}}
    return _client("connectcampaigns", where, **config)


def trunkcall_client(where: Connection, **config: Any) -> Any:
    """A boto3 client of Trunkcall's own operations, configured as botocore's Config is. Raises AwsSettingsError."""
    client = _client(TRUNKCALL, where, **config)
    _say_at_once(client)
    return client


def _say_at_once(client: Any) -> None:
    """Have somebody who waits at a terminal told at once that nobody listens there."""

    def give_up(caught_exception: Exception | None, **_: Any) -> None:
        if isinstance(caught_exception, EndpointConnectionError):
            raise caught_exception

    client.meta.events.register_first("needs-retry", give_up)


def _client(service: str, where: Connection, **config: Any) -> Any:
    # With keys at hand no profile is asked for any; one that AWS_PROFILE names need not even exist.
    no_profile = {"profile": (None, None, None, None)} if where.access_key_id is not None else None
    session = botocore.session.Session(session_vars=no_profile)
    config["proxies"] = {} if is_here(where.endpoint_url) else None
    session.get_component("data_loader").search_paths.append(str(MODELS))
    try:
        return boto3.Session(botocore_session=session).client(
            service,
            endpoint_url=where.endpoint_url,
            region_name=where.region,
            aws_access_key_id=where.access_key_id,
            aws_secret_access_key=where.secret_access_key,
            config=Config(use_fips_endpoint=False, use_dualstack_endpoint=False, **config),
        )
    except (BotoCoreError, ValueError) as error:
        raise AwsSettingsError(
            f"The AWS settings in the environment cannot be used: {error} See {ENDPOINT_VARIABLE} and AWS_REGION."
        ) from error


class InstanceTime:
    """The instance's clock as a client knows it: asked for now and then, extrapolated in between."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._asked_s = 0.0
        self._at: Instant = 0
        self._speed = 1.0
        self.is_trunkcall = False
        """Whether the endpoint has a /health, as Amazon's has not. Known once the time was asked for."""
        self.has_several = False
        """Whether the server dials for several instances. Known then, too."""
        self._instance_id: str | None = None

    def be_of(self, instance_id: str) -> None:
        """Tell this instance's time from now on. The default instance's is told before, and where the server does not
        dial for this one."""
        self._instance_id = instance_id
        self._ask()

    def now(self) -> Instant:
        """The instance's time. The wall clock's where the endpoint has no /health, as Amazon's has not."""
        elapsed_s = time.monotonic() - self._asked_s
        if not self._at or elapsed_s > ASK_AGAIN_AFTER_S:
            self._ask()
            elapsed_s = 0.0
        return self._at + round(elapsed_s * self._speed * SECOND)

    def _ask(self) -> None:
        elapsed_s, self._asked_s = time.monotonic() - self._asked_s, time.monotonic()
        try:
            page = health(self._endpoint_url)
        except (urllib.error.HTTPError, ServerUnreachableError) as error:
            if not self.is_trunkcall:
                if not isinstance(error, urllib.error.HTTPError):
                    raise
                if error.code >= _SERVER_ERROR:
                    # Whose server that is cannot be told.
                    raise ServerUnreachableError(self._endpoint_url) from error
                self._at = time.time_ns() // 1000
                return
            # It is being started again: its clock has gone on meanwhile.
            self._at += round(elapsed_s * self._speed * SECOND)
            return
        self.is_trunkcall = True
        times = {each["instance_id"]: each["instance_time"] for each in page["instances"]}
        self.has_several = len(times) > 1
        at = times.get(self._instance_id, page["instance_time"])
        self._at = from_datetime(datetime.fromisoformat(at))
        self._speed = float(page["speed"])


def health(endpoint_url: str) -> dict[str, Any]:
    """The server's /health. Raises ServerUnreachableError; HTTPError where there is no such page."""
    try:
        with open_url(f"{endpoint_url}/health", HEALTH_TIMEOUT_S) as answer:
            page: dict[str, Any] = json.loads(answer.read())
            return page
    except urllib.error.HTTPError:
        raise
    except OSError as error:
        raise ServerUnreachableError(endpoint_url) from error


def own_health(endpoint_url: str) -> dict[str, Any]:
    """The same of a server that can only be ours. Raises ServerUnreachableError, also where there is no such page."""
    try:
        return health(endpoint_url)
    except urllib.error.HTTPError as error:
        raise ServerUnreachableError(endpoint_url) from error


def nobody_dials(page: Mapping[str, Any]) -> str:
    """Why nobody dials for the default instance of this /health page, in words."""
    dialed = any(each["instance_id"] == page["instance_id"] for each in page["instances"])
    why = "the server is starting, or another one does" if dialed else "it is not onboarded"
    return f"Nobody dials for the instance here: {why}."
