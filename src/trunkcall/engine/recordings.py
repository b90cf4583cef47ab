"""What is recorded of contacts: from the moment at which they talk with their agents, until they end.

Decides when recording begins, what is announced before it, and that it goes on in a new part where it was interrupted.
Nothing is recorded before an announcement that the calling policy wants was heard to its end. It must not know what is
said in it, nor what becomes of the sound.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from trunkcall.domain.changes import ContactRecorded
from trunkcall.domain.contact import ContactState, LiveContact
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.domain.leg import LiveLeg
from trunkcall.domain.recording import (
    Recording,
    RecordingWish,
    Unrecorded,
    contact_of,
    is_suspended,
    recording_id_of,
)
from trunkcall.engine.commands import (
    AnnounceRecording,
    ResumeRecording,
    StartRecording,
    StopPlaying,
    StopRecording,
    SuspendRecording,
)
from trunkcall.engine.contact import Contact, RecordingOfContact
from trunkcall.engine.state import EngineState
from trunkcall.engine.timers import TimerKind

ANNOUNCED_WITHIN: Final[Duration] = 60 * SECOND
"""How long an announcement may take before it counts as not heard."""
BEGUN_ANEW_AFTER: Final[Duration] = 3 * SECOND
"""How long after a recording was interrupted, or could not be made, the next part begins: what has failed may be back
then."""
AFTER_THE_FLOW: Final = frozenset({ContactState.CONNECTED, ContactState.ENDED})
"""States in which nobody changes their mind about what was not to be recorded."""
TRIES: Final = 3
"""How often in a row it is tried."""


class Recordings:
    """Has talks recorded."""

    __slots__ = ("_state",)

    def __init__(self, state: EngineState) -> None:
        self._state = state

    # --- what happens to a contact ------------------------------------------------------------------------------------

    def joined(self, contact: Contact, now: Instant) -> None:
        """Customer and agent hear each other."""
        if contact.recording is None and contact.campaign.settings.records:
            contact.recording = RecordingOfContact()
        if contact.recording is not None and contact.recording.wanted:
            self._begin(contact, contact.recording, now)

    def contact_ends(self, contact: Contact, now: Instant) -> None:
        """The contact is about to be over, and its recording with it."""
        recording = contact.recording
        if recording is None or contact.state is not ContactState.CONNECTED:
            return
        if recording.announcement is not None:
            self._state.out.do(StopPlaying(contact.agent_leg_id or "", _for_agent(recording.announcement)), contact)
            self._not_announced(contact, recording, now)
        self._stop(contact, recording, now)

    @staticmethod
    def may_be(contact: Contact, wish: RecordingWish) -> bool:
        """Whether somebody who asked for this would have it."""
        recording = contact.recording
        match wish:
            case RecordingWish.START:
                return recording is None
            case RecordingWish.STOP:
                return contact.campaign.settings.records if recording is None else recording.wanted
            case RecordingWish.SUSPEND:
                return recording is not None and recording.wanted and not recording.suspended
            case RecordingWish.RESUME:
                return recording is not None and recording.wanted and recording.suspended
            case _:
                assert_never(wish)

    @staticmethod
    def is_recorded(contact: Contact) -> bool:
        """Whether what is said is recorded, or as soon as that can be."""
        recording = contact.recording
        return recording is not None and recording.wanted and not recording.suspended

    def wished(self, contact: Contact, wish: RecordingWish, now: Instant) -> bool:
        """Somebody asks for this; whether it is possible."""
        recording = contact.recording
        match wish:
            case RecordingWish.START:
                if recording is not None and (recording.wanted or contact.state in AFTER_THE_FLOW):
                    return False
                contact.recording = RecordingOfContact()
                if contact.state is ContactState.CONNECTED:
                    self._begin(contact, contact.recording, now)
                return True
            case RecordingWish.STOP:
                if recording is None:
                    # What the campaign would have begun is not begun.
                    contact.recording = RecordingOfContact(wanted=False)
                    return contact.campaign.settings.records
                possible, recording.wanted, recording.suspended = recording.wanted, False, False
                if _is_announced(recording):
                    # Nothing was to be recorded any more.
                    recording.recordings = recording.recordings[:-1]
                    self._state.out.change(ContactRecorded(contact.contact_id, recording.recordings, now))
                    return possible
                self._end_suspension(contact, recording, now)
                self._stop(contact, recording, now)
                return possible
            case RecordingWish.SUSPEND:
                if recording is None or not self.may_be(contact, wish):
                    return False
                recording.suspended = True
                last = recording.recordings[-1] if recording.recordings else None
                if last is not None and last.goes_on:
                    self._state.out.do(SuspendRecording(last.recording_id), contact)
                if last is not None and (last.goes_on or last.is_announced):
                    self._note(contact, recording, replace(last, suspensions=(*last.suspensions, (now, None))), now)
                return True
            case RecordingWish.RESUME:
                if recording is None or not self.may_be(contact, wish):
                    return False
                recording.suspended = False
                self._resume(contact, recording, now)
                return True
            case _:
                assert_never(wish)

    def _resume(self, contact: Contact, recording: RecordingOfContact, now: Instant) -> None:
        self._end_suspension(contact, recording, now)
        last = recording.recordings[-1] if recording.recordings else None
        if last is not None and last.goes_on:
            self._state.out.do(ResumeRecording(last.recording_id), contact)
        elif contact.state is ContactState.CONNECTED and recording.announcement is None:
            self._begin(contact, recording, now)

    # --- what the carrier tells ---------------------------------------------------------------------------------------

    def started(self, recording_id: str, now: Instant) -> None:
        """Sound is recorded from here on. What is told of others than the last one changes nothing, here and below."""
        found = self._last(recording_id)
        if found is not None and found[2].started_at is None:
            contact, recording, last = found
            self._note(contact, recording, replace(last, started_at=now), now)

    def ended(self, recording_id: str, now: Instant) -> None:
        """A recording is over while its contact talks: it was interrupted, or could not be made. It is gone on with in
        another part, unless several in a row could not be made."""
        found = self._last(recording_id)
        if found is None:
            return
        contact, recording, last = found
        failed = Unrecorded.FAILED if last.started_at is None else None
        self._note(contact, recording, replace(last, stopped_at=now, unrecorded=failed), now)
        tries = recording.recordings[-TRIES:]
        if len(tries) == TRIES and all(each.unrecorded is Unrecorded.FAILED for each in tries):
            recording.wanted = False
            return
        self._state.timers.set(now + BEGUN_ANEW_AFTER, TimerKind.RECORDING, contact.contact_id)

    def message_ended(self, leg_id: str, ended_play_id: str, now: Instant, *, heard: bool) -> None:
        """A message is over: after an announcement that the customer has heard it is recorded."""
        leg = self._state.registry.legs.get(leg_id)
        contact = leg.contact if leg is not None else None
        recording = contact.recording if contact is not None else None
        if contact is None or recording is None or recording.announcement != ended_play_id:
            return
        recording.announcement = None
        if not heard:
            self._not_announced(contact, recording, now)
        else:
            recording.announced = True
            if recording.wanted:
                self._begin(contact, recording, now)

    def due(self, contact_id: str, now: Instant) -> None:
        """An announcement has taken too long, or an interrupted recording is to go on."""
        contact = self._state.registry.contact(contact_id)
        recording = contact.recording
        if recording is None or contact.state is not ContactState.CONNECTED:
            return
        if recording.announcement is not None:
            self._not_announced(contact, recording, now)
        elif recording.wanted:
            self._begin(contact, recording, now)

    # --- what a former dialer had begun -------------------------------------------------------------------------------

    def restore(self, contact: Contact, live: LiveContact) -> None:
        """Take over what is known of the recording of a contact."""
        if contact.state is ContactState.CONNECTED and not live.recordings:
            # Whether an announcement was heard nobody knows; what is not recorded by now is not begun in a talk.
            contact.recording = RecordingOfContact(wanted=False)
        elif live.recordings:
            last = live.recordings[-1]
            suspended, begun = is_suspended(live.recordings), last.goes_on or last.is_announced
            contact.recording = RecordingOfContact(
                live.recordings, begun or suspended, suspended, announced=not last.is_announced, doubted=True
            )

    def found(self, contact: Contact, customer: LiveLeg, now: Instant) -> None:
        """The carrier has the customer's leg. What a former dialer had begun, or this one before the carrier was lost,
        and is not there, is gone on with in another part, or announced anew. Of what a former dialer had begun, and is
        there, nobody knows whether the carrier was asked for what stands in the record."""
        recording, recorded = contact.recording, customer.recordings
        if recording is None or contact.state is not ContactState.CONNECTED or not recording.recordings:
            return
        doubted, recording.doubted = recording.doubted, False
        last = recording.recordings[-1]
        if last.is_announced:
            if doubted or not customer.playing:
                self._begin(contact, recording, now)
            return
        if doubted and last.recording_id in (recorded or ()):
            self._state.out.do(_to_be_as(last), contact)
        if not last.goes_on or (recorded is None and not doubted) or last.recording_id in (recorded or ()):
            return
        self._note(contact, recording, replace(last, stopped_at=now), now)
        self._begin(contact, recording, now)

    # --- one recording ------------------------------------------------------------------------------------------------

    def _begin(self, contact: Contact, recording: RecordingOfContact, now: Instant) -> None:
        if contact.campaign.settings.announces_recording and not recording.announced:
            self._announce(contact, recording, now)
            return
        if recording.suspended:
            if _is_announced(recording):
                # It goes on in another part.
                was_to_be = replace(recording.recordings[-1], stopped_at=now, unrecorded=None)
                self._note(contact, recording, was_to_be, now)
            return
        self._state.timers.stop(TimerKind.RECORDING, contact.contact_id)
        recording_id = self._next_id(contact, recording)
        self._note_next(contact, recording, Recording(recording_id, now), now)
        self._state.out.do(StartRecording(contact.leg_id, recording_id, now), contact)

    def _announce(self, contact: Contact, recording: RecordingOfContact, now: Instant) -> None:
        """Tell both of them; what the customer has heard counts. If nobody is there to hear of the end, the record says
        that it was not announced, and the next dialer announces it anew."""
        if not _is_announced(recording):
            to_be = Recording(self._next_id(contact, recording), now, unrecorded=Unrecorded.NOT_ANNOUNCED)
            self._note_next(contact, recording, to_be, now)
        contact_id, campaign_id = contact.contact_id, contact.campaign.campaign_id
        recording.announcement = contact.new_play_id(now)
        for leg_id, each in (
            (contact.leg_id, recording.announcement),
            (contact.agent_leg_id, _for_agent(recording.announcement)),
        ):
            if leg_id is not None:
                self._state.out.do(AnnounceRecording(leg_id, each, contact_id, campaign_id), contact)
        self._state.timers.set(now + ANNOUNCED_WITHIN, TimerKind.RECORDING, contact_id)

    def _not_announced(self, contact: Contact, recording: RecordingOfContact, now: Instant) -> None:
        was_wanted, recording.wanted, recording.announcement = recording.wanted, False, None
        if was_wanted:
            self._note(contact, recording, replace(recording.recordings[-1], stopped_at=now), now)

    def _end_suspension(self, contact: Contact, recording: RecordingOfContact, now: Instant) -> None:
        if is_suspended(recording.recordings):
            last = recording.recordings[-1]
            *earlier, (since, _) = last.suspensions
            self._note(contact, recording, replace(last, suspensions=(*earlier, (since, now))), now)

    def _stop(self, contact: Contact, recording: RecordingOfContact, now: Instant) -> None:
        last = recording.recordings[-1] if recording.recordings else None
        if last is not None and last.goes_on:
            self._state.out.do(StopRecording(last.recording_id), contact)
            self._note(contact, recording, replace(last, stopped_at=now), now)

    @staticmethod
    def _next_id(contact: Contact, recording: RecordingOfContact) -> str:
        """Of the part that begins next; one that was announced is that part."""
        return recording_id_of(contact.contact_id, len(recording.recordings) + (not _is_announced(recording)))

    def _note_next(self, contact: Contact, recording: RecordingOfContact, part: Recording, now: Instant) -> None:
        if _is_announced(recording):
            self._note(contact, recording, part, now)
        else:
            recording.recordings = (*recording.recordings, part)
            self._state.out.change(ContactRecorded(contact.contact_id, recording.recordings, now))

    def _note(self, contact: Contact, recording: RecordingOfContact, last: Recording, now: Instant) -> None:
        recording.recordings = (*recording.recordings[:-1], last)
        self._state.out.change(ContactRecorded(contact.contact_id, recording.recordings, now))

    def _last(self, recording_id: str) -> tuple[Contact, RecordingOfContact, Recording] | None:
        """The contact whose last recording this is, and which goes on."""
        contact = self._state.registry.contacts.get(contact_of(recording_id))
        recording = contact.recording if contact is not None else None
        if contact is None or recording is None or not recording.recordings:
            return None
        last = recording.recordings[-1]
        if last.recording_id != recording_id or not last.goes_on:
            return None
        return contact, recording, last


def _is_announced(recording: RecordingOfContact) -> bool:
    """Whether the last part is being announced."""
    return bool(recording.recordings) and recording.recordings[-1].is_announced


def _to_be_as(recording: Recording) -> StopRecording | SuspendRecording | ResumeRecording:
    """What makes of a recording that the carrier has what stands in the record."""
    if not recording.goes_on:
        return StopRecording(recording.recording_id)
    if is_suspended((recording,)):
        return SuspendRecording(recording.recording_id)
    return ResumeRecording(recording.recording_id)


def _for_agent(announcement: str) -> str:
    """The play id of what the agent hears of an announcement."""
    return f"{announcement}-agent"
