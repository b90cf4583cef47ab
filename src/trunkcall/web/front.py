"""What people see who open the server in a browser: what it is, and where to go.

Decides words, and what a browser may do with them: no script, no picture, no frame, nothing from elsewhere. It must not
show anything of an instance, nor repeat anything that was asked for.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from html import escape
from typing import Final

from trunkcall import __version__
from trunkcall.aws.errors import UNSIGNED, ApiError
from trunkcall.aws.protocol import HttpRequest, HttpResponse
from trunkcall.web.asgi import Scope
from trunkcall.web.mounts import reads

_STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;color:#222}"
    "code{background:#eee;padding:0 .25em}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}a{color:#8bf}code{background:#333}}"
)
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    ("content-security-policy", _POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-cache"),
    ("vary", "accept"),
)
_WHAT: Final = (
    "Trunkcall is an outbound-campaign dialer. It speaks the Amazon Connect Outbound Campaigns API: programs talk to "
    "it through the AWS SDKs and the AWS CLI, with requests that are signed. A browser cannot sign, so there is little "
    "to see here."
)
_WHERE: Final = (
    ("/health", "whether all is well, and what is wrong if it is not"),
    ("/metrics", "figures for Prometheus"),
)
_COMMANDS: Final = (
    ("trunkcall status", "the same, and what the campaigns and agents are doing"),
    ("trunkcall env", "what the AWS SDKs need to find this server"),
    ("trunkcall --help", "all that there is"),
)
_UNSIGNED: Final = (
    "This request is not signed, so it was refused. Programs that use the AWS SDKs or the AWS CLI sign theirs; "
    "a browser cannot."
)


def takes(scope: Scope) -> bool:
    """Whether somebody opens the page; a request that is signed is one of the API."""
    return reads(scope) and all(name != b"authorization" for name, _ in scope["headers"])


async def page(request: HttpRequest) -> HttpResponse:
    """GET /: for people as they ask for it."""
    return _HTML if _wants_html(request) else _TEXT


async def icon(_: HttpRequest) -> HttpResponse:
    """GET /favicon.ico: there is none. Browsers ask by themselves, so it is no request of anybody's that was
    refused."""
    return HttpResponse(204, (("cache-control", "max-age=86400"),), b"")


def asks_in_vain(request: HttpRequest, error: Exception) -> bool:
    """Whether a browser asked for something of the API."""
    return isinstance(error, ApiError) and error.code == UNSIGNED and _wants_html(request)


def _wants_html(request: HttpRequest) -> bool:
    """SDKs and scripts do not name HTML."""
    return "text/html" in request.headers.get("accept", "")


def in_words(refusal: HttpResponse) -> HttpResponse:
    """The refusal of an unsigned request, its status and code as they are, with a page for people instead of JSON."""
    kept = tuple((name, value) for name, value in refusal.headers if name != "content-type")
    html = _html(refusal.status, "Not signed", f'<p>{escape(_UNSIGNED)}</p><p><a href="/">What this is</a></p>')
    return HttpResponse(refusal.status, kept + html.headers, html.body)


def _front() -> str:
    places = "".join(f'<li><a href="{path}">{path}</a>: {escape(what)}</li>' for path, what in _WHERE)
    commands = "".join(f"<li><code>{escape(name)}</code>: {escape(what)}</li>" for name, what in _COMMANDS)
    return (
        f"<p>{escape(_WHAT)}</p><ul>{places}</ul><p>On the machine where it runs:</p><ul>{commands}</ul>"
        f"<p>Version {escape(__version__)}. The manual is the folder <code>docs</code> of its source.</p>"
    )


def _text() -> bytes:
    places = "".join(f"  {path:<18} {what}\n" for path, what in _WHERE)
    commands = "".join(f"  {name:<18} {what}\n" for name, what in _COMMANDS)
    return (
        f"Trunkcall {__version__}\n\n"
        "An outbound-campaign dialer that speaks the Amazon Connect Outbound Campaigns API.\n"
        "Requests are signed: use the AWS SDKs or the AWS CLI.\n\n"
        f"{places}\nOn the machine where it runs:\n\n{commands}"
    ).encode()


def _html(status: int, title: str, body: str) -> HttpResponse:
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1>{body}</body></html>\n"
    )
    return HttpResponse(status, (("content-type", "text/html; charset=utf-8"), *_HEADERS), page.encode())


_HTML: Final = _html(200, "Trunkcall", _front())
_TEXT: Final = HttpResponse(200, (("content-type", "text/plain; charset=utf-8"), *_HEADERS), _text())
