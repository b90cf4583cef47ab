"""`trunkcall carrier`: the simulated carrier as a process of its own, until SIGTERM or Ctrl-C.

Decides sockets and signals of the process. It must not know what a session is about.
"""

from __future__ import annotations

import asyncio
import logging
import socket

from trunkcall.cli.interrupts import meaning, stop_signals
from trunkcall.cli.options import with_settings
from trunkcall.cli.serve import listen, set_up_logging
from trunkcall.compose.telephony import build_carrier_process
from trunkcall.settings import Settings
from trunkcall.storage.data_dir import DataDir
from trunkcall.telephony.session import MAX_BYTES_FROM_DIALER

log = logging.getLogger(__name__)


@with_settings(
    *("data_dir", "host", "carrier_port", "speed", "seed", "customer_keys", "carrier_journal", "secret_key_file"),
    *("log_format", "log_level"),
)
def carrier(settings: Settings) -> None:
    """Run the simulated carrier apart, so that its legs outlive the server (`serve --carrier-url`)."""
    set_up_logging(settings)
    listener = listen(settings.host, settings.carrier_port, "--carrier-port")
    with meaning("The carrier was still starting."):
        asyncio.run(_carry(settings, listener))


async def _carry(settings: Settings, listener: socket.socket) -> None:
    process = build_carrier_process(settings)
    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    host, port = listener.getsockname()[:2]
    url = f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"
    await process.start()
    server = await asyncio.start_server(process.host.serve, sock=listener, limit=MAX_BYTES_FROM_DIALER)
    try:
        DataDir(settings.data_dir).write_carrier_endpoint(url)
        for number in stop_signals():
            loop.add_signal_handler(number, asked_to_stop.set)
        log.info("carrying", extra={"url": url})
        await asked_to_stop.wait()
    finally:
        server.close()
        await process.stop()
    log.info("stopped")
