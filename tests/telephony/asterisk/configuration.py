"""The files that Asterisk reads: those of every test, and a small configuration of a dialer's switch.

Decides where Asterisk finds its parts and how loudly it speaks; knows nothing of far ends but their addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from telephony.asterisk.place import ARI_PORT, SIP_PORT, Place

USER = "trunkcall"
PASSWORD = "for tests alone"

UNUSED = (
    "app_adsiprog app_getcpeid app_minivm app_queue cdr_adaptive_odbc cdr_csv cdr_custom cdr_manager "
    "cdr_odbc cdr_pgsql cdr_radius cdr_sqlite3_custom cdr_tds cel_custom cel_odbc cel_pgsql cel_radius "
    "cel_sqlite3_custom cel_tds chan_alsa chan_console chan_iax2 chan_mgcp chan_motif chan_oss chan_phone "
    "chan_sip chan_skinny chan_unistim pbx_ael pbx_dundi pbx_lua res_adsi res_calendar "
    "res_calendar_caldav res_calendar_ews res_calendar_exchange res_calendar_icalendar res_config_ldap "
    "res_config_odbc res_config_pgsql res_fax res_fax_spandsp res_hep res_hep_pjsip res_hep_rtcp "
    "res_phoneprov res_pjsip_phoneprov_provider res_smdi res_snmp res_xmpp"
)
"""Modules that want databases, hardware or files that there are not."""

EMPTY = "acl ccss features indications manager musiconhold sorcery stasis udptl"


def folders(tree: Path, run: Path) -> dict[str, str]:
    """What makes an unpacked Asterisk run in a folder of its own."""
    asterisk = f"""
[directories]
astetcdir => {run}/etc
astmoddir => {next(tree.glob("usr/lib/**/asterisk/modules"))}
astvarlibdir => {run}/lib
astdbdir => {run}/lib
astkeydir => {run}/lib
astdatadir => {tree}/usr/share/asterisk
astagidir => {tree}/usr/share/asterisk/agi-bin
astspooldir => {run}/spool
astrundir => {run}/run
astlogdir => {run}/log
astcachedir => {run}/cache
[options]
verbose = 3
documentation_language = en_US
transmit_silence = yes
"""
    return {
        **{f"{name}.conf": "" for name in EMPTY.split()},
        "asterisk.conf": asterisk,
        "logger.conf": "[general]\n[logfiles]\nmessages.log => notice,warning,error,verbose(3)\n",
        "modules.conf": modules(),
        "cdr.conf": "[general]\nenable = no\n",
        "cel.conf": "[general]\nenable = no\n",
    }


def modules() -> str:
    return "[modules]\nautoload = yes\n" + "".join(f"noload = {name}.so\n" for name in UNUSED.split())


def small(
    place: Place, endpoints: Mapping[str, str], *, auth: Mapping[str, tuple[str, str]] | None = None
) -> dict[str, str]:
    """A switch whose endpoints, trunks and agents alike, are each at an address. ``auth`` has the user names and
    passwords of those that challenge."""
    return {
        "http.conf": f"[general]\nenabled = yes\nbindaddr = {place.switch}\nbindport = {ARI_PORT}\n",
        "ari.conf": (
            "[general]\nenabled = yes\nchannelvars = TRUNKCALL_LEG,TRUNKCALL_DETECTED\n"
            f"[{USER}]\ntype = user\nread_only = no\npassword = {PASSWORD}\npassword_format = plain\n"
        ),
        "rtp.conf": "[general]\nrtpstart = 20000\nrtpend = 29999\n",
        "amd.conf": (
            "[general]\ntotal_analysis_time = 5000\nsilence_threshold = 256\ninitial_silence = 2500\ngreeting = 1500\n"
            "after_greeting_silence = 800\nmin_word_length = 100\nbetween_words_silence = 50\n"
            "maximum_number_of_words = 3\nmaximum_word_length = 5000\n"
        ),
        "pjsip.conf": _pjsip(place, endpoints, auth or {}),
        "extensions.conf": _DIALPLAN,
    }


def _pjsip(place: Place, endpoints: Mapping[str, str], auth: Mapping[str, tuple[str, str]]) -> str:
    parts = [
        "[global]\ntype = global\nuser_agent = asterisk under test\n"
        f"[transport-udp]\ntype = transport\nprotocol = udp\nbind = {place.switch}:{SIP_PORT}\n"
    ]
    for name, address in endpoints.items():
        # Who is joined is told to neither side: SIPp's scenarios cannot take an INVITE in the middle of a call.
        parts.append(
            f"[{name}]\ntype = endpoint\ntransport = transport-udp\ncontext = nowhere\ndisallow = all\n"
            f"allow = ulaw,alaw\naors = {name}\ndirect_media = no\nsend_pai = yes\n"
            f"trust_id_outbound = yes\nallow_transfer = no\nsend_connected_line = no\n"
            f"timers_sess_expires = 90\n{f'outbound_auth = {name}' if name in auth else ''}\n"
            f"[{name}]\ntype = aor\ncontact = sip:{name}@{address}:{SIP_PORT}\n"
        )
        if name in auth:
            user, password = auth[name]
            parts.append(f"[{name}]\ntype = auth\nauth_type = userpass\nusername = {user}\npassword = {password}\n")
    first = next(iter(endpoints))
    parts.append(f"[everybody]\ntype = identify\nendpoint = {first}\nmatch = {place.net}\n")
    return "".join(parts)


_DIALPLAN = """
[general]
static = yes
writeprotect = yes
[nowhere]
[trunkcall]
exten => customer,1,Set(TIMEOUT(absolute)=5)
 same => n,Stasis(${TRUNKCALL_APP},answered)
 same => n,Hangup()
exten => detect,1,Set(TIMEOUT(absolute)=15)
 same => n,AMD()
 same => n,Set(TIMEOUT(absolute)=5)
 same => n,Set(TRUNKCALL_DETECTED=${AMDSTATUS}-${AMDCAUSE})
 same => n,Stasis(${TRUNKCALL_APP},detected,${AMDSTATUS},${AMDCAUSE})
 same => n,Hangup()
exten => agent,1,Stasis(${TRUNKCALL_APP},agent)
 same => n,Hangup()
"""
