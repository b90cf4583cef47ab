"""Whether an Asterisk is as it ought to be for calls to go out over it, and what to change where it is not.

Decides what ought to be so, and the words. It asks nothing: what there is was found by ``inspection``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from trunkcall.telephony.ari.dialplan import CONTEXT, INBOUND, dialplan, version_in
from trunkcall.telephony.ari.inspection import Contact, InspectedEndpoint, Inspection
from trunkcall.telephony.ari.legs import SHOWN_VARIABLES, LegKind
from trunkcall.telephony.finding import Finding, fault, ok, warning

TESTED: Final = 22
"""The oldest major version of Asterisk that Trunkcall is tested with."""
CLOCKS_APART_S: Final = 2.0
CONFIG: Final = "`trunkcall asterisk-config` prints it."

NEEDED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "app_amd": "answering machines are not detected",
        "app_exec": "answering machines are not detected",
        "app_playtones": "behind a NAT nobody is heard while it is found out whether a machine answers",
        "app_softhangup": "who is left alone by the other while no dialer is there stays on the line",
        "app_stasis": "no call is handed over",
        "app_waitforsilence": "nobody waits for the end of a machine's greeting",
        "bridge_simple": "nobody is joined with an agent",
        "bridge_softmix": "nobody is joined with an agent",
        "chan_pjsip": "no call goes out",
        "chan_websocket": "nothing is said to anybody",
        "func_global": "answers that no dialer has heard of are not remembered",
        "func_lock": "answers that no dialer has heard of are not remembered",
        "func_timeout": "calls do not end by themselves where there is no dialer",
        "pbx_config": "there is no dialplan",
        "res_ari": "there is no ARI",
        "res_ari_applications": "nothing is told of calls",
        "res_ari_asterisk": "two dialers are not kept apart",
        "res_ari_bridges": "nobody is joined with an agent",
        "res_ari_channels": "no call is made",
        "res_ari_endpoints": "nothing is known of trunks",
        "res_ari_events": "nothing is told of calls",
        "res_ari_playbacks": "whoever hears a tone hears nothing after it",
        "res_http_websocket": "nothing is told of calls",
        "res_pjsip": "no call goes out",
        "res_pjsip_caller_id": "no number is shown",
        "res_pjsip_header_funcs": "agents' phones are not asked to answer by themselves",
        "res_pjsip_outbound_authenticator_digest": "trunks that ask for a password refuse calls",
        "res_pjsip_sdp_rtp": "calls have no sound",
        "res_pjsip_session": "no call goes out",
        "res_rtp_asterisk": "calls have no sound",
        "res_stasis": "no call is handed over",
        "res_stasis_playback": "no call is made",
        "res_stasis_recording": "no call is made",
        "res_stasis_snoop": "nothing is recorded, and nothing said to whoever is in a talk",
    }
)
"""Modules that have to be running, and what is so without."""
TIMING: Final = "res_timing_"
"""How modules begin one of which has to be running."""
NATIVE: Final = "bridge_native_rtp"
REFER: Final = "res_pjsip_refer"
_LONG_HOLD_S: Final = 600
"""Holds that are as long are no mistake of a setting."""
_NOT_FOLLOWED: Final = "user"
"""The only redirect_method by which Asterisk does not dial what it is sent on to, but looks into the dialplan."""
MOST_NAMED: Final = 5
_PHONES: Final = "agents' phones"


def findings(
    seen: Inspection, phones: Collection[str] = (), trunk_of: Mapping[str, str] = MappingProxyType({})
) -> list[Finding]:
    """All that was looked at, in the order in which somebody would put it right. ``phones`` are the endpoints that
    agents' soft phones are to have, ``trunk_of`` says whose endpoint is whose, where a trunk has another name."""
    return [
        _version(seen),
        _access(seen),
        _modules(seen),
        _others(seen),
        _dialplan(seen),
        _variables(seen),
        _anonymous(seen),
        _clock(seen),
        *(each for endpoint in seen.endpoints for each in _trunk(endpoint, trunk_of.get(endpoint.name), seen)),
        *_phones(seen, phones),
    ]


def one_phone_each(usernames: Collection[str], endpoint_of: Callable[[str], str | None]) -> list[Finding]:
    """Of agents who cannot have a soft phone of their own by their user names."""
    by_phone: dict[str | None, list[str]] = {}
    for name in sorted(usernames):
        by_phone.setdefault(endpoint_of(name), []).append(name)
    none = by_phone.pop(None, [])
    shared = [" and ".join(names) for names in by_phone.values() if len(names) > 1]
    found = []
    if none:
        found.append(
            warning(
                _PHONES,
                f"{_some(none)} can have none: a phone's name has letters, digits, _ . and - alone, and is not "
                "anonymous. Remove these agents, and add them by other names.",
            )
        )
    if shared:
        found.append(
            warning(
                _PHONES,
                f"{_some(shared)} have one phone, as capitals make no other name: remove one of them, and add it by "
                "another.",
            )
        )
    return found


def takes_no_requests(version: str) -> Finding:
    """Of an Asterisk of this version that takes none on the connection on which it tells its events."""
    return fault(
        "Asterisk",
        f"It is version {version}, and takes no requests on its websocket, which Trunkcall speaks to it by. "
        f"Install Asterisk {TESTED} or later.",
    )


def _version(seen: Inspection) -> Finding:
    found = re.match(r"\D*(\d+)", seen.version)
    if found is None:
        return warning("Asterisk", f"It says that it is version {seen.version or '(none)'}, which is no number.")
    if not seen.tells_sip_cause:
        return warning(
            "Asterisk",
            f"Version {seen.version} does not tell SIP's answers to calls, so that busy, invalid and refused numbers "
            f"are told apart less well. Install Asterisk {TESTED} in a version of today.",
        )
    if int(found[1]) < TESTED:
        return warning("Asterisk", f"Version {seen.version}: Trunkcall is tested with {TESTED} and later.")
    return ok("Asterisk", f"Version {seen.version} answers.")


def _access(seen: Inspection) -> Finding:
    if not seen.may_write:
        return fault("ARI", "ari_user may only read. Write `read_only = no` in its section of ari.conf.")
    return ok("ARI", "The user and the password are taken, and calls may be made by them.")


def _modules(seen: Inspection) -> Finding:
    missing = [name for name in NEEDED if not seen.modules.get(name)]
    if missing:
        told = "; ".join(f"{name} ({NEEDED[name]})" for name in missing)
        return fault(
            "modules",
            f"Not running: {told}. Let modules.conf load them, and start Asterisk anew; where it does not, its log "
            "says why.",
        )
    if not any(runs and name.startswith(TIMING) for name, runs in seen.modules.items()):
        return fault("modules", f"No module {TIMING}… is running, so nobody is joined with an agent. Load one.")
    return ok("modules", f"All {len(NEEDED)} that are needed are running.")


def _others(seen: Inspection) -> Finding:
    if seen.modules.get(NATIVE):
        return warning(
            "other modules",
            f"{NATIVE} is running: of two who are joined past Asterisk it hears no keys. Write `noload = {NATIVE}.so` "
            "in modules.conf, and start Asterisk anew.",
        )
    return ok("other modules", "None is running that is in the way.")


def _dialplan(seen: Inspection) -> Finding:
    missing = [str(kind) for kind in LegKind if seen.extensions is not None and kind not in seen.extensions]
    if missing:
        lacks = "There is none" if len(missing) == len(LegKind) else f"{', '.join(missing)} are missing"
        return fault("dialplan", f"{lacks} of the context [{CONTEXT}] in extensions.conf. {CONFIG}")
    wanted = version_in(dialplan())
    if seen.dialplan != wanted:
        has = f"It is of version {seen.dialplan}" if seen.dialplan else "It does not say its version"
        return fault(
            "dialplan",
            f"{has}, and this Trunkcall goes with {wanted}. Write it anew into extensions.conf, and have Asterisk read "
            f"that (`dialplan reload`). {CONFIG}",
        )
    if seen.extensions is None:
        return warning(
            "dialplan", "It is of the right version. Whether it is whole nobody can tell: load func_dialplan to know."
        )
    return ok("dialplan", f"[{CONTEXT}] is there, and of this Trunkcall's version.")


def _variables(seen: Inspection) -> Finding:
    if not seen.may_write or seen.shown_variables >= set(SHOWN_VARIABLES):
        return ok("ari.conf", "Asterisk tells with each channel which leg it is.")
    return fault(
        "ari.conf",
        "After a restart Trunkcall does not know its calls again. Write `channelvars = "
        f"{','.join(SHOWN_VARIABLES)}` under [general] in ari.conf.",
    )


def _anonymous(seen: Inspection) -> Finding:
    if seen.lets_anonymous_in:
        return fault(
            "anonymous calls",
            "Asterisk lets in calls of anybody. Take the endpoint [anonymous] out of pjsip.conf, and write `noload = "
            "res_pjsip_endpoint_identifier_anonymous.so` in modules.conf.",
        )
    return ok("anonymous calls", "Asterisk lets in no calls of strangers.")


def _clock(seen: Inspection) -> Finding:
    apart_s = abs(seen.ahead_s)
    if apart_s - seen.give_or_take_s > CLOCKS_APART_S:
        which = "ahead of" if seen.ahead_s > 0 else "behind"
        return warning(
            "clocks",
            f"Asterisk's clock is {apart_s:.1f} s {which} this machine's. Have both machines set theirs by NTP: one of "
            "them is wrong.",
        )
    return ok("clocks", f"Asterisk's clock and this machine's are {apart_s:.2f} s apart.")


# --- trunks -----------------------------------------------------------------------------------------------------------


def _trunk(endpoint: InspectedEndpoint, trunk_id: str | None, seen: Inspection) -> Iterator[Finding]:
    subject = f"trunk {trunk_id or endpoint.name}"
    if not endpoint.is_known:
        yield fault(
            subject,
            f"Asterisk has no PJSIP endpoint [{endpoint.name}], by which the trunk is to leave. An endpoint in "
            f"pjsip.conf must have this name, which nobody else may know. {CONFIG}",
        )
        return
    yield _reached(subject, endpoint)
    if _is_on(endpoint.options.get("allow_transfer")) and seen.modules.get(REFER):
        yield fault(
            subject,
            "The other end may have calls transferred (REFER), to whatever number, at your cost. Write "
            f"`allow_transfer = no` in the endpoint [{endpoint.name}] of pjsip.conf.",
        )
    redirects = endpoint.options.get("redirect_method", _NOT_FOLLOWED)
    if redirects != _NOT_FOLLOWED:
        yield fault(
            subject,
            "The other end may send calls on (302) to whatever address, past all rules. Write `redirect_method = "
            f"{_NOT_FOLLOWED}` in the endpoint [{endpoint.name}] of pjsip.conf, not {redirects}.",
        )
    if _is_on(endpoint.options.get("direct_media")):
        yield warning(
            subject,
            "Sound may go past Asterisk, so that holding and recording fail. Write `direct_media = no` in the endpoint "
            f"[{endpoint.name}].",
        )
    if endpoint.options.get("rtp_timeout") == "0":
        yield warning(
            subject,
            "A call whose other end vanishes without a word stays up. Write `rtp_timeout = 60` in the endpoint "
            f"[{endpoint.name}].",
        )
    on_hold = endpoint.options.get("rtp_timeout_hold", "0")
    if on_hold.isdecimal() and 0 < int(on_hold) < _LONG_HOLD_S:
        yield warning(
            subject,
            f"Whoever puts the other on hold for {on_hold} s is taken for gone, as most phones send nothing meanwhile. "
            f"Write `rtp_timeout_hold = 3600` in the endpoint [{endpoint.name}].",
        )
    context = endpoint.options.get("context", INBOUND)
    if context != INBOUND:
        yield warning(
            subject,
            f"Calls that come in by it go to the dialplan's context [{context}], which Trunkcall does not know. Write "
            f"`context = {INBOUND}`, which rejects them, or see that no way leads from there to a trunk.",
        )


def _reached(subject: str, endpoint: InspectedEndpoint) -> Finding:
    """By the OPTIONS that Asterisk sends: they leave by the same address, transport and certificate as calls do. What
    we sent ourselves would prove nothing of that."""
    name = endpoint.name
    if not endpoint.options:
        return warning(subject, "Asterisk has it, and does not tell how it is configured.")
    if not endpoint.aor:
        return fault(subject, f"The endpoint [{name}] has no address to call. Write `aors = {name}`, and that aor.")
    if endpoint.contacts is None:
        return warning(
            subject, "Nobody can tell whether it answers: load func_pjsip_aor and func_pjsip_contact to know."
        )
    if not endpoint.contacts:
        return fault(
            subject,
            f"The aor of [{name}] has no contact: nothing is there to call. Write `contact = sip:HOST:PORT` in it.",
        )
    every = endpoint.aor.get("qualify_frequency", "0")
    if every == "0":
        return warning(
            subject,
            "Nobody knows whether it answers, as Asterisk does not ask it. Write `qualify_frequency = 60` in the aor "
            f"of [{name}]: then it is sent an OPTIONS every minute.",
        )
    silent = [each for each in endpoint.contacts if each.status != "Reachable"]
    if not silent:
        took = max(each.round_trip_s or 0.0 for each in endpoint.contacts)
        return ok(
            subject, f"It answers the OPTIONS that Asterisk sends every {every} s, the last in {took * 1e3:.1f} ms."
        )
    if all(each.status == "Unreachable" for each in silent):
        return fault(
            subject,
            f"{_named(silent)} does not answer the OPTIONS that Asterisk sends every {every} s. Look at the address, "
            "the transport and the firewall; some carriers answer only addresses that they were told.",
        )
    return warning(
        subject,
        f"Asterisk has not asked {_named(silent)} yet. Look again after {every} s, when it has sent an OPTIONS.",
    )


def _phones(seen: Inspection, wanted: Collection[str]) -> Iterator[Finding]:
    """Of soft phones; those that are numbers are called over a trunk."""
    if not wanted:
        return
    missing = sorted(name for name in wanted if name not in seen.phones)
    away = sorted(name for name in wanted if seen.phones.get(name) is False)
    if missing:
        yield warning(
            _PHONES,
            f"{len(missing)} of {len(wanted)} agents have no phone at Asterisk, so nobody is put through to them: "
            f"{_some(missing)}. `trunkcall agents phone NAME` gives one a phone, of which the server tells Asterisk.",
        )
    if away:
        yield warning(
            _PHONES, f"{len(away)} of {len(wanted)} phones are not registered, or do not answer: {_some(away)}."
        )
    if not missing and not away:
        yield ok(_PHONES, f"All {len(wanted)} are there.")


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _named(contacts: Sequence[Contact]) -> str:
    return " and ".join(each.uri or "a contact" for each in contacts)


def _is_on(value: str | None) -> bool:
    return (value or "").lower() in ("yes", "true", "on", "1")
