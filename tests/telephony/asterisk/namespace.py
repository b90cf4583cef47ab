"""The closed network namespace in which every real switch and far end of the tests lives.

Decides whether a process can reach anything but itself. Whatever starts a switch or a far end asks first: a test that
could place a call to somebody, or register with a carrier, must not run at all.

As a program it runs another inside such a namespace: ``python -m telephony.asterisk.namespace pytest …``.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import sys
from pathlib import Path

LOOPBACK = "lo"
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1
INSIDE = "TRUNKCALL_CLOSED_NAMESPACE"
"""Set in the environment of what runs inside. It is asked for which tests there are; what protects is ``close_off``."""


class NotClosedError(RuntimeError):
    """The tests of real telephony run in a network namespace with nothing but lo. Run them with `make telephony`."""


def others() -> list[str]:
    """Interfaces beside the loopback, and routes over them: what could carry a packet away."""
    interfaces = [name for _, name in socket.if_nameindex() if name != LOOPBACK]
    routes = [line.split()[0] for line in Path("/proc/net/route").read_text(encoding="ascii").splitlines()[1:]]
    six = Path("/proc/net/ipv6_route")
    if six.exists():
        routes += [line.split()[-1] for line in six.read_text(encoding="ascii").splitlines()]
    return [f"interface {name}" for name in interfaces] + [f"route over {name}" for name in routes if name != LOOPBACK]


def must_be_closed() -> None:
    """Raise NotClosedError unless no packet can leave this process's namespace."""
    found = others()
    if found:
        raise NotClosedError(f"{NotClosedError.__doc__} Found here: {', '.join(found)}.")


def raise_loopback() -> None:
    """Bring lo up, as ``ip link set lo up`` does; a fresh machine may have no ``ip``."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", LOOPBACK.encode(), 0)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(any_socket, _GET_FLAGS, request), 16)
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", LOOPBACK.encode(), flags | _UP))


def missing() -> str:
    """What is missing on this machine, in words; empty if the tests can be run."""
    if os.geteuid() != 0:
        return "root, to make a network namespace"
    programs = [name for name in ("unshare", "setpriv", "sipp", "baresip") if shutil.which(name) is None]
    if programs:
        return f"the program {programs[0]}"
    return "" if unpacked() is not None else "an unpacked Asterisk"


def unpacked() -> Path | None:
    """Where scripts/get-switch has unpacked Asterisk."""
    cache = Path(os.environ.get("TRUNKCALL_SWITCH_CACHE", "/var/cache/trunkcall-switch"))
    return next((cache / suite for suite in ("forky", "sid", "bullseye") if (cache / suite / ".ready").exists()), None)


def main() -> None:
    """Run a program inside, or say by name what is skipped."""
    match sys.argv[1:]:
        case ["--inside", *command]:
            must_be_closed()
            raise_loopback()
            os.execvpe(command[0], command, {**os.environ, INSIDE: "1"})
        case [*command] if command:
            if lacks := missing():
                says = f"the tests of real telephony ({' '.join(command)}): there is not {lacks}"
                if os.environ.get("CI") == "true":
                    sys.exit(f"cannot run {says}")
                sys.stdout.write(f"skipped {says}\n")
                return
            own = [sys.executable, "-m", "telephony.asterisk.namespace", "--inside", *command]
            os.execvp("unshare", ["unshare", "--net", *own])
        case _:
            sys.exit("usage: python -m telephony.asterisk.namespace PROGRAM …")


if __name__ == "__main__":
    main()
