"""Has the carrier do what the engine has decided.

Decides which originates may still be handed over, and with what: the numbers that are dialed, the texts that are said.
It must not know when deeds are done, nor what they depend on: the dialer commits before.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from trunkcall.domain.campaign import Campaign
from trunkcall.domain.confirmations import TONES, Phrases, in_words
from trunkcall.domain.contact import WaitingContact
from trunkcall.domain.detection import detection_of
from trunkcall.domain.leg import LegDifference
from trunkcall.domain.saying import plain
from trunkcall.engine.commands import (
    AnnounceRecording,
    AskFunction,
    BridgeLegs,
    ChooseStatus,
    Confirm,
    Deed,
    HangUp,
    NoteDifference,
    Originate,
    OriginateAgentLeg,
    OriginateSessionLeg,
    PlayMessage,
    PlayTone,
    RefillWindow,
    ReportLegs,
    ResumeRecording,
    SpeakSafeHarbour,
    StartRecording,
    StopPlaying,
    StopRecording,
    SuspendRecording,
    UnbridgeLegs,
)
from trunkcall.engine.events import PlaybackEnded
from trunkcall.service.campaign_queue import queue_of
from trunkcall.service.facts import KnownFacts
from trunkcall.service.flow_runner import FlowRunner
from trunkcall.service.functions import Asked, Functions
from trunkcall.service.gate_use import GateUse
from trunkcall.service.safe_harbour import SafeHarbourOf, spoken
from trunkcall.service.totals import DialerTotals
from trunkcall.telephony.carrier import Carrier, Destination

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """What the carrier has no part in, or was not asked."""

    refills: tuple[RefillWindow, ...]
    chosen: tuple[ChooseStatus, ...]
    voided: tuple[str, ...]
    """Legs that were to be originated and were not, in the order of their deeds."""
    unsaid: tuple[PlaybackEnded, ...] = ()
    """Of announcements that nobody has to be told, or that nobody can be."""


class Deeds:
    """Deeds as one dialer has them done. ``campaigns``, ``known`` and ``lost`` are the dialer's own: its campaigns, the
    contacts that the engine holds or has in progress, and the hosts that were lost since the engine has taken its turn,
    where None is all of them. ``may_originate``, ``flows``, ``functions`` and ``safe_harbour_of`` are what it was
    given; ``phrases`` are what agents are told, None where tones stand for it."""

    def __init__(
        self,
        carrier: Carrier,
        facts: KnownFacts,
        gate: GateUse,
        totals: DialerTotals,
        *,
        campaigns: Mapping[str, Campaign],
        known: Mapping[str, WaitingContact],
        lost: Collection[str | None],
        may_originate: Callable[[bool], bool],
        flows: FlowRunner,
        functions: Functions,
        safe_harbour_of: SafeHarbourOf,
        phrases: Phrases | None,
    ) -> None:
        self._carrier = carrier
        self._facts = facts
        self._gate = gate
        self._totals = totals
        self._campaigns = campaigns
        self._known = known
        self._lost = lost
        self._may_originate = may_originate
        self._flows = flows
        self._functions = functions
        self._safe_harbour_of = safe_harbour_of
        self._phrases = phrases
        self.has_spoken = False
        """Whether anything was said yet that a flow has ordered."""

    def carry_out(self, deeds: Iterable[Deed], *, outbound_calls: bool) -> Done:
        """Do them in this order; ``outbound_calls`` is whether any may be originated for the instance: it may have been
        halted since they were decided."""
        refills: list[RefillWindow] = []
        chosen: list[ChooseStatus] = []
        voided: list[str] = []
        unsaid: list[PlaybackEnded] = []
        differences: Counter[LegDifference] = Counter()
        for deed in deeds:
            match deed:
                case Originate():
                    if not self._originated(deed, outbound_calls=outbound_calls):
                        voided.append(deed.leg_id)
                case OriginateAgentLeg() | OriginateSessionLeg():
                    if not self._rung(deed, outbound_calls=outbound_calls):
                        voided.append(deed.leg_id)
                case BridgeLegs():
                    self._carrier.bridge(deed)
                case UnbridgeLegs():
                    self._carrier.unbridge(deed)
                case StartRecording():
                    self._carrier.start_recording(deed)
                case SuspendRecording():
                    self._carrier.suspend_recording(deed)
                case ResumeRecording():
                    self._carrier.resume_recording(deed)
                case StopRecording():
                    self._carrier.stop_recording(deed)
                case PlayMessage():
                    self.has_spoken = True
                    self._carrier.play(deed.leg_id, deed.play_id, self._flows.saying_of(deed))
                case SpeakSafeHarbour():
                    self._carrier.play(deed.leg_id, deed.play_id, plain(self._safe_harbour_text(deed)))
                case AnnounceRecording():
                    number = self._flows.number_of(deed.contact_id)
                    announcement = self._gate.recording_announcement(deed.campaign_id, number)
                    if announcement:
                        self._carrier.play(deed.leg_id, deed.play_id, plain(announcement))
                    else:
                        unsaid.append(PlaybackEnded(deed.leg_id, deed.play_id, heard=announcement is not None))
                case PlayTone():
                    self._carrier.play_tone(deed)
                case Confirm():
                    self._confirm(deed)
                case StopPlaying():
                    self._carrier.stop_playing(deed)
                case HangUp():
                    self._carrier.hang_up(deed)
                case ReportLegs():
                    self._carrier.report_legs(deed)
                case RefillWindow():
                    refills.append(deed)
                case ChooseStatus():
                    chosen.append(deed)
                case AskFunction():
                    asked = self._flows.asked(deed.contact_id)
                    if asked is not None:
                        self.ask(asked)
                case NoteDifference():
                    differences[deed.difference] += 1
                case _:
                    assert_never(deed)
        if differences:
            self._totals.differences.update(differences)
            log.warning("legs were other than the carrier has them, and are settled", extra=_counts(differences))
        return Done(tuple(refills), tuple(chosen), tuple(voided), tuple(unsaid))

    def _originated(self, command: Originate, *, outbound_calls: bool) -> bool:
        """Hand it over, if it still may be."""
        contact = self._known.get(command.contact_id)
        campaign = self._campaigns[command.campaign_id]
        may = outbound_calls and self._may_originate(campaign.dialer.needs_agents)
        if contact is None or not may or self._was_lost_meanwhile(command.host):
            return False
        token = contact.client_token or contact.contact_id
        figures = detection_of(campaign.tags) if command.detect_machines else {}
        self._carrier.originate(command, Destination(contact.phone_number, token, figures))
        return True

    def _rung(self, command: OriginateAgentLeg | OriginateSessionLeg, *, outbound_calls: bool) -> bool:
        """Have an agent's phone rung, if it may be."""
        if not self._gate.may_ring(command, outbound_calls=outbound_calls):
            return False
        if isinstance(command, OriginateAgentLeg):
            self._carrier.originate_agent_leg(command)
        else:
            self._carrier.originate_session_leg(command)
        return True

    def ask(self, asked: Asked) -> None:
        """Ask a function, and have the contact's flow told the answer."""
        done = partial(self._flows.answered, asked.question.contact_id, asked.number)
        self._functions.ask(asked.arn, asked.question, asked.within, done)

    def _confirm(self, command: Confirm) -> None:
        """Tell an agent something, in words or by a tone."""
        if self._phrases is None:
            self._carrier.play_tone(PlayTone(command.leg_id, command.play_id, TONES[command.told.confirmation]))
        else:
            self._carrier.play(command.leg_id, command.play_id, plain(in_words(command.told, self._phrases)))

    def _was_lost_meanwhile(self, host: str) -> bool:
        """Whether the host was lost during the commit. What it tells when it is found is older than an originate that
        it would get now: the leg would be taken for one that it had and lost."""
        return bool(self._lost) and (None in self._lost or host in self._lost)

    def _safe_harbour_text(self, command: SpeakSafeHarbour) -> str:
        campaign = self._campaigns[command.campaign_id]
        message = self._safe_harbour_of(campaign)
        directory = self._facts.directory
        queue = directory.queues.get(queue_of(campaign, directory) or "")
        return spoken(message, campaign, queue, command.caller_id)


def _counts(differences: Counter[LegDifference]) -> dict[str, int]:
    return {difference.lower(): number for difference, number in differences.items()}
