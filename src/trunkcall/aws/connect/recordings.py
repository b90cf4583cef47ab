"""The operations of ``connect`` on the recording of a contact, between the model's names and use cases.

Decides only how members of requests correspond to the domain. Both tracks are recorded of the contact that is named,
and nothing else: ``InitialContactId`` is the same contact, as transfers are not offered.
"""

from __future__ import annotations

from trunkcall.aws.errors import ApiError
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.domain.recording import RecordingWish
from trunkcall.service.recordings import Recordings

BOTH = "ALL"
OF_TALKS = "AGENT"


class ContactRecordingOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, recordings: Recordings) -> None:
        self._recordings = recordings

    def handlers(self) -> dict[str, Handler]:
        """Every operation that is offered, by its name in the model."""
        return {
            "ResumeContactRecording": self.resume_contact_recording,
            "StartContactRecording": self.start_contact_recording,
            "StopContactRecording": self.stop_contact_recording,
            "SuspendContactRecording": self.suspend_contact_recording,
        }

    async def start_contact_recording(self, context: RequestContext, request: Json) -> Json:
        voice = request["VoiceRecordingConfiguration"]
        if voice.get("IvrRecordingTrack") or voice.get("VoiceRecordingTrack", BOTH) != BOTH:
            raise ApiError(
                "InvalidParameterException",
                "Both sides of a talk are recorded, on a track each: VoiceRecordingTrack must be ALL, without an "
                "IvrRecordingTrack.",
            )
        return await self._ask(request, RecordingWish.START)

    async def stop_contact_recording(self, context: RequestContext, request: Json) -> Json:
        return await self._ask(request, RecordingWish.STOP)

    async def suspend_contact_recording(self, context: RequestContext, request: Json) -> Json:
        return await self._ask(request, RecordingWish.SUSPEND)

    async def resume_contact_recording(self, context: RequestContext, request: Json) -> Json:
        return await self._ask(request, RecordingWish.RESUME)

    async def _ask(self, request: Json, wish: RecordingWish) -> Json:
        if request.get("ContactRecordingType", OF_TALKS) != OF_TALKS:
            raise ApiError(
                "InvalidRequestException", "Talks with agents are recorded alone: ContactRecordingType must be AGENT."
            )
        await self._recordings.ask(request["InstanceId"], request["ContactId"], wish)
        return {}
