"""Sound and keys as they were captured of a network, which SIPp plays.

Decides the form of such a file (pcap). It must not know what is said or pressed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

_HEAD = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
_HERE, _PORT = 0x7F000001, 30_000


def captured(packets: Iterable[tuple[float, bytes]]) -> bytes:
    """Packets of RTP, each with the second in which it came, as they are in a capture of an Ethernet."""
    return _HEAD + b"".join(_packet(at_s, each) for at_s, each in packets)


def _packet(at_s: float, payload: bytes) -> bytes:
    udp = struct.pack("!HHHH", _PORT, _PORT, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBHII", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, _HERE, _HERE) + udp
    frame = bytes(12) + b"\x08\0" + ip
    seconds, micros = divmod(round(at_s * 1_000_000), 1_000_000)
    return struct.pack("<IIII", seconds, micros, len(frame), len(frame)) + frame
