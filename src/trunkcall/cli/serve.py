"""`trunkcall serve`: the API and the dialer, until SIGTERM or Ctrl-C.

Decides sockets, signals and logging of the process. It must not know what is served.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import resource
import socket
import sys
from collections.abc import Iterator

import structlog
import uvicorn

from trunkcall.cli.interrupts import meaning, stop_signals
from trunkcall.cli.options import with_settings
from trunkcall.compose.server import build_server
from trunkcall.domain.errors import SettingsError
from trunkcall.settings import Settings
from trunkcall.web.connection import GuardedProtocol
from trunkcall.web.streams import Streams

log = logging.getLogger(__name__)

BACKLOG = 2048
GC_THRESHOLDS = (20_000, 20, 50)
"""Requests make objects that die by their reference counts; what a request leaves in a cycle can wait for a while."""
FILES_FOR_THE_REST = 256
"""Open files that are no connections of clients: the store, the carrier, the logs, and connections that are being
closed. Without them the store could not go on when clients have taken all the others."""
SWITCH_INTERVAL_S = 0.0005
"""How long the store's writer thread may keep the interpreter while the event loop wants it. Python's default of 5 ms
is longer than most requests take."""


@with_settings()
def serve(settings: Settings) -> None:
    """Serve the API and dial."""
    set_up_logging(settings)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    GuardedProtocol.max_connections = make_room_for(GuardedProtocol.max_connections)
    listener = listen(settings.host, settings.port, "--port")
    with meaning("The server was still starting."), asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(_serve(settings, listener))


def make_room_for(connections: int) -> int:
    """Raise this process's limit of open files as far as it may be; returns how many connections it then allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + FILES_FOR_THE_REST
    if resource.RLIM_INFINITY not in {soft, hard}:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    allowed = connections
    if soft != resource.RLIM_INFINITY:
        allowed = min(connections, max(soft - FILES_FOR_THE_REST, soft // 2))
    if allowed < connections:
        log.warning("the limit of open files allows few connections", extra={"connections": allowed})
    return allowed


def listen(host: str, port: int, port_flag: str) -> socket.socket:
    """A listening socket. Raises SettingsError when the address is not to be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, UnicodeError) as error:
        listener.close()
        why = error.strerror if isinstance(error, OSError) else "This is no name of a host"
        hint = "Name an address of this machine with --host, such as 127.0.0.1."
        if isinstance(error, OSError) and error.errno in (errno.EADDRINUSE, errno.EACCES):
            hint = f"Choose another {port_flag}."
        raise SettingsError(f"Cannot listen on {host} port {port}: {why}. {hint}") from error
    listener.listen(BACKLOG)
    return listener


def set_up_logging(settings: Settings) -> None:
    """Send all log lines to standard error, in the form that the settings ask for."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor
    if settings.log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    else:
        # Plain: the usual one shows the variables of frames, where phone numbers and secrets are.
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    logging.getLogger("uvicorn.error").setLevel(max(logging.WARNING, logging.root.level))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class _Uvicorn(uvicorn.Server):
    """A server whose process ends with exit code 0 when it was asked to stop."""

    def __init__(self, config: uvicorn.Config, streams: Streams) -> None:
        super().__init__(config)
        self._streams = streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait for answers to end, but not for those that may go on for an hour."""
        self._streams.stop()
        await super().shutdown(sockets)

    def obey_signals(self) -> None:
        """Stop when a signal asks for it. From here on a stop is an end in good order."""
        loop = asyncio.get_running_loop()
        for number in stop_signals():
            loop.add_signal_handler(number, self._asked_to_stop)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def _asked_to_stop(self) -> None:
        # A second signal does not wait for connections.
        self.force_exit = self.should_exit
        self.should_exit = True


def _new_loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


async def _serve(settings: Settings, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    server = await build_server(settings, url=url)
    try:
        config = uvicorn.Config(
            server.web.application,
            interface="asgi3",
            http=GuardedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=5,
        )
        await server.start()
        # What is alive now stays alive; the collector need not look at it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        listening = _Uvicorn(config, server.web.streams)
        listening.obey_signals()
        log.info("serving", extra={"url": url, "data_dir": str(settings.data_dir)})
        await listening.serve(sockets=[listener])
    finally:
        await server.stop()
        listener.close()
    log.info("stopped")
