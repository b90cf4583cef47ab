"""A campaign through every branch of a flow, with people and machines that SIPp plays, and agents that it plays too.

Decides who is called and what each of them does. What is to stand in the records is for each story to say.
"""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.branches import AGENT, BYE, MACHINE, NOTE, branches
from telephony.asterisk.captures import captured
from telephony.asterisk.centre import TRUNK, Centre, Site, greets, numbers
from telephony.asterisk.phone import EVENTS, FRAME, FRAME_S, PCMU, key_frames, rtp, speech, tone
from telephony.asterisk.place import Place
from telephony.asterisk.sipp import Sipp

DETECTION = {"trunkcall:detection": "greeting=300"}
"""A machine is known by what it says first: people here greet for half as long."""
AGENTS_XML = Path(__file__).parents[3] / "examples" / "sip" / "agents.xml"
PRESSES_AFTER_S = 4.0
"""After the answer: by then even a busy machine has told that this is a person, and asks."""
MENU_S = 8
LISTENS_S = 30.0
SETTLED_S = 30.0
VOICE = """
import math, sys, wave
with wave.open(sys.argv[1], "wb") as file:
    file.setparams((1, 2, 8000, 0, "NONE", ""))
    for n in range(4000):
        file.writeframesraw(round(16000 * math.sin(2 * math.pi * 600 * n / 8000)).to_bytes(2, "little", signed=True))
"""
"""Speaks any text as half a second of a tone."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Those of an area: what they press, None for nothing, and where the flow takes them."""

    area: str
    branch: str
    key: str | None = None


KINDS = (
    Kind("206", AGENT, "1"),
    Kind("212", MACHINE),
    Kind("312", NOTE, "2"),
    Kind("415", BYE, "7"),
    Kind("512", BYE),
)


def people(many: int) -> dict[str, Kind]:
    """So many, as many of each area, mixed."""
    each = many // len(KINDS)
    return {numbers(1, first=100 * at + n)[0]: kind for n in range(each) for at, kind in enumerate(KINDS)}


def by_info(number: str) -> bool:
    """Whether they press by SIP INFO, which every second one does; the others by RFC 4733."""
    return int(number[-1]) % 2 == 0


# --- what SIPp says ---------------------------------------------------------------------------------------------------


def capture(said: bytes, *, key: str | None = None, lasts_s: float = PRESSES_AFTER_S + 2.0) -> bytes:
    """A stream of RTP as SIPp reads it (pcap), with a key in it as RFC 4733 wants it."""
    packets = {at: rtp(PCMU, at, at * FRAME, _frame(said, at)) for at in range(round(lasts_s / FRAME_S))}
    pressed_at = round(PRESSES_AFTER_S / FRAME_S)
    for at, told in enumerate(key_frames(key) if key is not None else ()):
        packets[pressed_at + at] = rtp(EVENTS, pressed_at + at, pressed_at * FRAME, told)
    return captured((at * FRAME_S, each) for at, each in packets.items())


def _frame(said: bytes, at: int) -> bytes:
    return said[at * FRAME : (at + 1) * FRAME].ljust(FRAME, b"\xff")


def write_captures(folder: Path) -> None:
    (folder / "machine.pcap").write_bytes(capture(b"\xff" * 1600 + speech(4.0)))
    person = greets(440)
    (folder / "person.pcap").write_bytes(capture(person))
    for key in {kind.key for kind in KINDS if kind.key is not None}:
        (folder / f"person-{key}.pcap").write_bytes(capture(person, key=key))


def _says(first: str, *, more: str = "", sdp: bool = False, attributes: str = "") -> str:
    body = (
        "v=0\no=branches 1 1 IN IP[local_ip_type] [local_ip]\ns=-\nc=IN IP[media_ip_type] [media_ip]\nt=0 0\n"
        f"m=audio [media_port] RTP/AVP {PCMU} {EVENTS}\na=rtpmap:{PCMU} PCMU/8000\n"
        f"a=rtpmap:{EVENTS} telephone-event/8000\na=fmtp:{EVENTS} 0-16\na=ptime:20\n"
    )
    kind = "Content-Type: application/sdp\n" if sdp else ""
    return (
        f"<send {attributes}><![CDATA[\nSIP/2.0 {first}\n[last_Via:]\n[last_From:]\n"
        f"[last_To:]{more}\n[last_Call-ID:]\n[last_CSeq:]\n"
        f"Contact: <sip:[local_ip]:[local_port]>\n{kind}Content-Length: [len]\n\n{body if sdp else ''}]]></send>\n"
    )


def _presses_by_info(key: str) -> str:
    return (
        '<send retrans="500"><![CDATA[\nINFO [next_url] SIP/2.0\n'
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\nFrom:[$us]\nTo:[$them]\n[last_Call-ID:]\n"
        "CSeq: 1 INFO\nMax-Forwards: 70\nContact: <sip:[local_ip]:[local_port]>\n"
        f"Content-Type: application/dtmf-relay\nContent-Length: [len]\n\nSignal={key}\nDuration=160\n]]></send>\n"
        f'<recv response="200" counter="{name_of(key, info=True)}"/>'
    )


def name_of(key: str, *, info: bool) -> str:
    """The counter of those who have pressed this key so."""
    return f"{'info' if info else 'rtp'}_{key}"


def scenario() -> str:
    """Who is called does what those of the area do."""
    tag = ";tag=[pid]branches[call_number]"
    asked = [
        f'<ereg regexp="sip:.1{kind.area}" search_in="hdr" header="To:" assign_to="is_{kind.area}"/>' for kind in KINDS
    ]
    asked.append('<ereg regexp="[02468]@" search_in="hdr" header="To:" assign_to="by_info"/>')
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?><scenario name="branches"><recv request="INVITE" rrs="true"><action>',
        '<ereg regexp=".*" search_in="hdr" header="From:" assign_to="them"/>',
        *asked,
        "</action></recv>",
        _says("180 Ringing", more=tag),
        '<pause distribution="uniform" min="200" max="1000"/>',
        _says("200 OK", more=tag, sdp=True, attributes='retrans="500"'),
        '<recv request="ACK"><action><ereg regexp=".*" search_in="hdr" header="To:" assign_to="us"/></action></recv>',
        *(f'<nop next="area_{kind.area}" test="is_{kind.area}"/>' for kind in KINDS),
    ]
    for kind in KINDS:
        parts.append(f'<label id="area_{kind.area}"/>')
        if kind.key is None:
            sound = "machine" if kind.branch == MACHINE else "person"
            counter = "machines" if kind.branch == MACHINE else "silent"
            parts.append(
                f'<nop next="listens" counter="{counter}"><action><exec play_pcap_audio="{sound}.pcap"/></action></nop>'
            )
            continue
        play = '<nop{}><action><exec play_pcap_audio="{}.pcap"/></action></nop>'
        parts += [
            f'<nop next="info_{kind.area}" test="by_info"/>',
            play.format(f' next="listens" counter="{name_of(kind.key, info=False)}"', f"person-{kind.key}"),
            f'<label id="info_{kind.area}"/>',
            play.format("", "person"),
            f'<pause milliseconds="{round(PRESSES_AFTER_S * 1000)}"/>',
            _presses_by_info(kind.key),
            '<nop next="listens"/>',
        ]
    parts += [
        '<label id="listens"/>',
        f'<recv request="BYE" timeout="{round(LISTENS_S * 1000)}"/>',
        _says("200 OK"),
        '<label id="over"/></scenario>',
    ]
    return "\n".join(parts)


# --- the campaign -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shift:
    """What has become of it: the records by number, and what SIPp has counted on either side."""

    called: dict[str, Kind]
    records: dict[str, dict[str, Any]]
    customers: Counter[str]
    agents: Counter[str]


def work(place: Place, folder: Path, *, many: int, agents: int, talk_ms: int = 1000) -> Shift:
    """Call so many, with so many agents at their telephones, who hang up so long after they have answered."""
    called = people(many)
    names = [f"agent-{n:03d}" for n in range(agents)]
    write_captures(folder)
    (folder / "agent.ul").write_bytes(tone(600, 1.0))
    (folder / "customers.xml").write_text(scenario(), encoding="ascii")
    phones = AGENTS_XML.read_text("utf-8").replace('"4000"', f'"{talk_ms}"')
    (folder / "agents.xml").write_text(phones, encoding="utf-8")
    with ExitStack() as stack:
        street, office = place.address(), place.address()
        site = Site(place, {TRUNK: street, **dict.fromkeys(names, office)}, stack)
        customers = stack.enter_context(Sipp(folder / "customers.xml", street, folder))
        office_phones = stack.enter_context(Sipp(folder / "agents.xml", office, folder))
        voice = shlex.join([sys.executable, "-c", VOICE, "{file}"])
        centre = Centre(site.serve(folder / "centre", speech_command=voice), names)
        server = centre.server
        server.client("connect").update_contact_flow_content(
            **centre.instance,
            ContactFlowId=server.environment["TRUNKCALL_CONTACT_FLOW_ID"],
            Content=branches(menu_s=MENU_S),
        )
        centre.hire()
        with centre.confirming():
            campaign = centre.call(list(called), tags=DETECTION)
            records = centre.until_all_ended(campaign)
        talks = sum(record["Disposition"] == "connected_to_agent" for record in records.values())
        server.wait_until(
            lambda: customers.counted()["IncomingCall"] >= many and office_phones.counted()["talks"] >= talks,
            timeout_s=SETTLED_S,
        )
        return Shift(called, records, customers.counted(), office_phones.counted())


def branch_of(record: dict[str, Any]) -> str | None:
    """Where the trail in a record says that somebody was."""
    return next((each["ActionId"] for each in record["Flow"] if each["ActionId"] in {AGENT, MACHINE, NOTE, BYE}), None)
