"""How far a call is, in words for somebody who waits for it.

Decides the words, from what is recorded of its contact. It must not know how the call was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from trunkcall.domain.contact import ContactRecord, DisconnectReason, Disposition
from trunkcall.domain.instants import Instant, to_seconds
from trunkcall.service.calling.words import PROHIBITED, held

_ENDS: Final[Mapping[Disposition, str]] = {
    Disposition.MESSAGE_PLAYED: "Hung up by us, after the message.",
    Disposition.CUSTOMER_HUNG_UP: "Hung up by whoever answered.",
    Disposition.BUSY: "Not put through: it is busy (SIP 486 or 600).",
    Disposition.INVALID_NUMBER: "Not put through: there is no such number, says the carrier (SIP 404, 410, 484 or the "
    "like). If there is, look at `number_format` of the trunk: the carrier may want other digits.",
    Disposition.REJECTED: "Refused: by the carrier, by analytics on the way, or by the person, who look alike (SIP "
    "403, 603, 607 or 608). If nobody declined, ask the carrier which numbers you may show.",
    Disposition.NETWORK_FAILURE: "Not put through: the trunk refused it or did not answer (SIP 503 or the like). "
    "`trunkcall doctor` looks at the trunk; the carrier knows why it refused.",
    Disposition.ATTEMPT_FAILED: "What became of it nobody knows: Asterisk did not do it, or was lost meanwhile.",
    Disposition.EXPIRED: "It was not dialed.",
    Disposition.DO_NOT_CALL: "It was not dialed: the number is on a do-not-call list.",
}
_NOBODY: Final = "Nobody answered (SIP 408, 480 or 487)."
_RANG_OUT: Final = "Nobody answered while it rang, for as long as the settings let it (ring_timeout_s)."


@dataclass(frozen=True, slots=True)
class Step:
    """Something that has happened. ``step`` stays the same from version to version."""

    step: str
    after_s: float
    """Since the request was accepted, by the instance's clock."""
    text: str


def steps_of(record: ContactRecord, now: Instant) -> list[Step]:
    """All that has happened by now, in its order."""
    found: list[Step] = []

    def add(step: str, at: Instant | None, text: str) -> None:
        if at is not None:
            found.append(Step(step, round(max(0.0, to_seconds(at - record.accepted_at)), 3), text))

    if record.hold is not None and record.attempted_at is None:
        add("held", record.updated_at, f"{held(record.hold, now)}.")
    shown = f", showing {record.source_phone_number}" if record.source_phone_number else ""
    add("dialed", record.attempted_at, f"Dialed on the trunk {record.trunk_id or 'default'}{shown}.")
    add("rang", record.ring_started_at, "It rings.")
    add("answered", record.answered_at, "Answered.")
    add("ended", record.ended_at, _end(record))
    return found


def _end(record: ContactRecord) -> str:
    if record.disposition is Disposition.NO_ANSWER:
        return _RANG_OUT if record.disconnect_reason is DisconnectReason.TELECOM_TIMEOUT else _NOBODY
    if record.disposition is Disposition.NOT_ALLOWED and record.clearance is not None:
        forbidden = record.clearance.forbidden
        if forbidden is not None:
            return f"It was not dialed: {PROHIBITED[forbidden].format('the number')}."
    if record.disposition is Disposition.ATTEMPT_FAILED and record.answered_at is not None:
        return "Hung up by us: what was to be said was not heard. `trunkcall status` says why."
    if record.disposition is None:
        return "Ended."
    return _ENDS.get(record.disposition, f"Ended: {record.disposition}.")
