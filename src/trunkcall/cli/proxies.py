"""Proxies that the environment names, and a server on this machine, to which none of them knows a way.

Decides that such a server is asked directly, by us and by the clients that `trunkcall env` tells of it. Any other one
is asked as the environment says.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

EXCEPT = ("NO_PROXY", "no_proxy")
"""Variables that name hosts to be asked directly. Some clients read only the one, some only the other."""


def is_here(url: str) -> bool:
    """Whether this address is one of the machine itself."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def open_url(url: str, timeout_s: float) -> Any:
    """The answer of this address, as urllib has it. Raises OSError, HTTPError."""
    proxies = urllib.request.ProxyHandler({} if is_here(url) else None)
    return urllib.request.build_opener(proxies).open(url, timeout=timeout_s)


def past_proxies(environ: Mapping[str, str], url: str) -> dict[str, str]:
    """Variables that have clients ask this address directly, where the environment would have them ask a proxy."""
    if not is_here(url) or not any(
        name.lower().endswith("_proxy") and environ[name] for name in environ.keys() - EXCEPT
    ):
        return {}
    host = str(urlsplit(url).hostname)
    told = {}
    for variable in EXCEPT:
        hosts = [name.strip() for name in environ.get(variable, "").split(",") if name.strip()]
        if not {host, "*"} & set(hosts):
            told[variable] = ",".join([*hosts, host])
    return told
