"""What an INVITE says so that an agent's phone answers by itself.

Decides the headers. They are of the makers' own, but for one; each phone passes over those that it does not know, and
most want answering by headers to be switched on (docs/how-to/sip-phones.md).

- ``Call-Info: …;answer-after=0``: Cisco SPA and Linksys, Fanvil, Gigaset, Grandstream, MicroSIP, Snom, Yealink.
- ``Alert-Info: …;info=alert-autoanswer;delay=0``: Aastra and Mitel, AudioCodes, Gigaset, Yealink; and Polycom, which
  compares the value with what its configuration has (``voIpProt.SIP.alertInfo``).
- ``Answer-Mode: Auto``: RFC 5373.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Call-Info": "<sip:trunkcall>;answer-after=0",
        "Alert-Info": "<sip:trunkcall>;info=alert-autoanswer;delay=0",
        "Answer-Mode": "Auto",
    }
)
VARIABLES: Final[Mapping[str, str]] = MappingProxyType(
    {f"PJSIP_HEADER(add,{name})": value for name, value in HEADERS.items()}
)
"""The same, as Asterisk is told of them with an originate (res_pjsip_header_funcs)."""
