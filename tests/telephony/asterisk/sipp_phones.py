"""Agents' telephones played by SIPp: they register, dial codes, and answer; then they press keys, again and again.

Decides what such a telephone says, word for word. It must not know what the keys mean, nor what comes of them.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from telephony.asterisk.captures import captured
from telephony.asterisk.phone import EVENTS, FRAME_S, KEY_FRAMES, key_frames, rtp

OWN = """Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:[field0]@[remote_ip]>;tag=[pid]own[call_number]"""
SDP = f"""v=0
o=phone 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 {EVENTS}
a=rtpmap:0 PCMU/8000
a=rtpmap:{EVENTS} telephone-event/8000
a=fmtp:{EVENTS} 0-16
"""
AGAIN = ' retrans="500"'
"""It is said until it is answered."""
BETWEEN_MS = 300
"""Between two keys: what a quick finger does."""
TIMES = 150
"""How often who presses keys within the sound does so; some minutes."""


def users(accounts: dict[str, str], file: Path) -> Path:
    """A file of who plays, by user name, and with which password."""
    lines = [f"{name};[authentication username={name} password={password}]" for name, password in accounts.items()]
    file.write_text("\n".join(["SEQUENTIAL", *lines, ""]), encoding="ascii")
    file.chmod(0o600)
    return file


def registers() -> str:
    """Have a telephone be known where SIPp runs."""
    contact = "Contact: <sip:[field0]@[local_ip]:[local_port]>\nExpires: 600"
    to = "To: <sip:[field0]@[remote_ip]>"
    return _scenario(
        _send("REGISTER sip:[remote_ip] SIP/2.0", OWN, to, "CSeq: 1 REGISTER", contact),
        '<recv response="401" auth="true"/>',
        _send("REGISTER sip:[remote_ip] SIP/2.0", OWN, to, "CSeq: 2 REGISTER", contact, "[field1]"),
        '<recv response="200"/>',
    )


def dials(code: str) -> str:
    """Dial a code, which the switch takes and hangs up on."""
    uri = f"sip:{code}@[remote_ip]"
    contact = "Contact: <sip:[field0]@[local_ip]:[local_port]>"
    invite = f"INVITE {uri} SIP/2.0"
    return _scenario(
        _send(invite, OWN, f"To: <{uri}>", "CSeq: 1 INVITE", contact, sdp=True),
        '<recv response="401" auth="true"/>',
        _send(f"ACK {uri} SIP/2.0", OWN, "[last_To:]", "CSeq: 1 ACK", again=False),
        _send(invite, OWN, f"To: <{uri}>", "CSeq: 2 INVITE", contact, "[field1]", sdp=True),
        '<recv response="100" optional="true"/><recv response="200"/>',
        _send(f"ACK {uri} SIP/2.0", OWN, "[last_To:]", "CSeq: 2 ACK", again=False),
        '<recv request="BYE"/>',
        _says("200 OK"),
    )


def works(folder: Path, digits: Collection[str]) -> str:
    """Answer whatever comes at once, and press ``**``, the last digit of one's name, which is one of these, and ``#``,
    again and again until one is hung up on. Of whom that digit is even keys are told by INFO, of all others they are in
    the sound (RFC 4733). SIPp has to run in this folder; it reads no more than 64 KB of a scenario."""
    parts = []
    for digit in digits:
        keys = f"**{digit}#"
        pause = f'<pause milliseconds="{BETWEEN_MS}"/>'
        long_pause = f'<pause milliseconds="{(len(keys) + 1) * BETWEEN_MS}"/>'
        parts.append(f'<label id="has_{digit}"/>{pause}')
        if int(digit) % 2 == 0:
            parts += [f"{_info(key)}{pause}" for key in keys]
        else:
            parts += [f"{_plays(_captured(folder, keys, n))}{long_pause}" for n in range(TIMES)]
        parts.append(f'<nop next="has_{digit}"/>')
    return _scenario(
        '<recv request="INVITE" rrs="true"><action>',
        '<ereg regexp=".*" search_in="hdr" header="To:" assign_to="me"/>',
        '<ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/>',
        *(f'<ereg regexp="{digit}@" search_in="hdr" header="To:" assign_to="is_{digit}"/>' for digit in digits),
        "</action></recv>",
        _says("200 OK", sdp=True, counter="answered"),
        '<recv request="ACK"/>',
        *(f'<nop next="has_{digit}" test="is_{digit}"/>' for digit in digits),
        *parts,
    )


def _scenario(*parts: str) -> str:
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?><scenario name="phones">', *parts, "</scenario>"])


def _send(first: str, *lines: str, sdp: bool = False, again: bool = True) -> str:
    kind = ["Content-Type: application/sdp"] if sdp else []
    head = "\n".join([first, *lines, "Call-ID: [call_id]", "Max-Forwards: 70", *kind, "Content-Length: [len]"])
    return f"<send{AGAIN if again else ''}><![CDATA[\n{head}\n\n{SDP if sdp else ''}]]></send>"


def _says(status: str, *, sdp: bool = False, counter: str = "") -> str:
    kind = "Content-Type: application/sdp\n" if sdp else ""
    counts = f' counter="{counter}"' if counter else ""
    return f"""<send{counts}{AGAIN if sdp else ""}><![CDATA[
SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:];tag=[pid]phone[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
{kind}Content-Length: [len]

{SDP if sdp else ""}]]></send>"""


def _info(key: str) -> str:
    """It is told beside the sound."""
    return f"""<send retrans="500"><![CDATA[
INFO [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]-[cseq]
From: [$me];tag=[pid]phone[call_number]
To: [$caller]
Call-ID: [call_id]
CSeq: [cseq] INFO
Max-Forwards: 70
Content-Type: application/dtmf-relay
Content-Length: [len]

Signal={key}
Duration=160
]]></send><recv response="200"/>"""


def _plays(capture: Path) -> str:
    return f'<nop><action><exec play_pcap_audio="{capture.name}"/></action></nop>'


def _captured(folder: Path, keys: str, number: int) -> Path:
    """Keys as they were captured of a network. A later ``number`` is a later time of theirs: what is older than what it
    has heard, Asterisk passes over."""
    packets = []
    for n, key in enumerate(keys):
        began_s = n * BETWEEN_MS / 1000
        time = round(8000 * (began_s + number * 10))
        first = (number * len(keys) + n) * KEY_FRAMES
        for at, told in enumerate(key_frames(key)):
            packets.append((began_s + at * FRAME_S, rtp(EVENTS, first + at, time, told)))
    file = folder / f"keys-{keys[2]}-{number}.pcap"
    file.write_bytes(captured(packets))
    return file
