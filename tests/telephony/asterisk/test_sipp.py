"""Every answer that is none, once more, of a far end whose SIP is not ours. If these fail, lists are cleaned of good
numbers because two programs of ours agree on what is wrong; or somebody was called twice, and only the other end knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from telephony.asterisk.answers import final_answers, recorded, without_answer
from telephony.asterisk.conftest import Started
from telephony.asterisk.dialer import CUSTOMER, until
from telephony.asterisk.inside import inside
from telephony.asterisk.line import addresses
from telephony.asterisk.sipp import Sipp
from trunkcall.domain.instants import SECOND
from trunkcall.domain.leg import HangupCause
from trunkcall.engine.events import LegAnswered, LegRang

pytestmark = inside

UNANSWERED = {
    "+12065550103": "rings, and goes on ringing for the whole ring time-out",
    "+12065550104": "early media (183), and nothing else for the whole ring time-out",
    "+12065550105": "no response at all",
}
EVERY_S = 0.02
SDP = """v=0
o=answers 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""


def says(status: str, counter: str, cseq: str = "[last_CSeq:]", sdp: str = "") -> str:
    """SIPp says this, and counts it."""
    kind = "Content-Type: application/sdp\n" if sdp else ""
    return f"""<send counter="{counter}"><![CDATA[
SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:];tag=[pid]answers[call_number]
[last_Call-ID:]
{cseq}
Contact: <sip:[local_ip]:[local_port]>
{kind}Content-Length: [len]

{sdp}]]></send>
"""


def asks(ending: str, variable: str) -> str:
    """Whether the number that is called has this in it."""
    return f'<ereg regexp="sip:.1{ending}" search_in="hdr" header="To:" assign_to="{variable}"/>'


def scenario(codes: Sequence[int]) -> str:
    """Who is called at +1CCC55501NN answers CCC, after ringing where NN is 02; where it is 03 it rings for ever, 04 is
    early media and nothing else, 05 no response at all."""
    kinds = {"rings": "[0-9]*02@", "goes_on": "[0-9]*03@", "early": "[0-9]*04@", "silent": "[0-9]*05@"}
    asked = [asks(ending, kind) for kind, ending in kinds.items()]
    asked += [asks(f"{code}555", f"is_{code}") for code in codes]
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?><scenario name="answers"><recv request="INVITE"><action>',
            '<ereg regexp=".*" search_in="hdr" header="CSeq:" assign_to="cseq"/>',
            *asked,
            "</action></recv>",
            *(f'<nop next="{kind}" test="{kind}"/>' for kind in ("silent", "early", "goes_on", "rings")),
            '<nop next="answers"/><label id="rings"/>',
            says("180 Ringing", "rang"),
            '<label id="answers"/>',
            *(f'<nop next="says_{code}" test="is_{code}"/>' for code in codes),
            *(
                f'<label id="says_{code}"/>{says(f"{code} So", "answered_so")}<recv request="ACK" next="over"/>'
                for code in codes
            ),
            f'<label id="early"/>{says("183 Session Progress", "early", sdp=SDP)}<nop next="cancelled"/>',
            f'<label id="goes_on"/>{says("180 Ringing", "goes_on")}',
            '<label id="cancelled"/><recv request="CANCEL"/>',
            says("200 OK", "took_back"),
            says("487 Request Terminated", "cancelled", cseq="CSeq:[$cseq]"),
            '<recv request="ACK" next="over"/>',
            '<label id="silent"/><pause milliseconds="20000"/><label id="over"/></scenario>',
        ]
    )


async def test_every_answer_of_sipp_is_recorded_as_the_table_says_and_each_number_called_once(
    dialers: Started, tmp_path: Path
) -> None:
    answers = {f"+1{each.code}55501{2 if each.rang else 1:02}": each for each in final_answers()}
    path = tmp_path / "answers.xml"
    path.write_text(scenario(sorted({each.code for each in answers.values()})), encoding="ascii")
    dialer = await dialers()
    with Sipp(path, addresses()[CUSTOMER], tmp_path) as sipp:
        await until(lambda: sipp.is_up)
        for number in (*answers, *UNANSWERED):
            dialer.dial(f"leg{number[1:]}", ring=(3 if number in UNANSWERED else 60) * SECOND, number=number)
            await asyncio.sleep(EVERY_S)
        await until(lambda: all(dialer.fates.values()))
        await until(lambda: sipp.counted()["cancelled"] == 2 and sipp.counted()["answered_so"] >= len(answers))
        counted = sipp.counted()

    assert {leg_id: fate for leg_id, fate in dialer.fates.items() if len(fate) != 1} == {}
    causes = {f"+{leg_id.removeprefix('leg')}": HangupCause(fate) for leg_id, (fate,) in dialer.fates.items()}
    assert {number: recorded(causes[number]) for number in answers} == {
        number: (each.disposition, each.reason) for number, each in answers.items()
    }
    assert {number: recorded(causes[number]) for number in UNANSWERED} == {
        number: without_answer()[what] for number, what in UNANSWERED.items()
    }
    assert [
        number for number, each in answers.items() if bool(dialer.told(LegRang, f"leg{number[1:]}")) is not each.rang
    ] == []
    assert dialer.told(LegAnswered) == []
    assert counted["IncomingCall"] == len(answers) + len(UNANSWERED), "one Call-ID for each number"
    assert counted["answered_so"] == len(answers)
    assert counted["rang"] == sum(each.rang for each in answers.values())
