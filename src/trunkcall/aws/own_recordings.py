"""The operations of Trunkcall's own service that are about recordings, one small function each.

Decides only how members of requests and responses correspond to the use cases. The operation that gives sound is named
as one that does something, so that the audit log says who has listened to what.
"""

from __future__ import annotations

from base64 import b64encode

from trunkcall.aws.paging import Paging
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.domain.errors import ConflictError
from trunkcall.domain.recording_file import Place, RecordingDamagedError
from trunkcall.service.recordings import ListedRecording, Recordings

MAX_RESULTS = 100


class RecordingOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, recordings: Recordings, paging: Paging) -> None:
        self._recordings = recordings
        self._paging = paging

    def handlers(self) -> dict[str, Handler]:
        """Every operation, by its name in the model."""
        return {"PlayRecording": self.play_recording, "ListRecordings": self.list_recordings}

    async def list_recordings(self, context: RequestContext, request: Json) -> Json:
        instance, campaign_id = request["connectInstanceId"], request.get("campaignId")
        if (contact_id := request.get("contactId")) is not None:
            found = await self._recordings.recordings_of(instance, contact_id)
            return {"recordings": [_summary(each) for each in found if campaign_id in (None, each.campaign_id)]}
        name = context.operation.name
        query = f"{instance} {campaign_id or ''}"
        after = self._paging.position(name, query, request.get("nextToken"))
        page = await self._recordings.list_recordings(
            instance,
            campaign_id=campaign_id,
            after=None if after is None else (after[0], int(after[1])),
            limit=request.get("maxResults") or MAX_RESULTS,
        )
        then = None if page.after is None else (page.after[0], str(page.after[1]))
        return {
            "recordings": [_summary(each) for each in page.recordings],
            "nextToken": self._paging.token(name, query, then),
        }

    async def play_recording(self, context: RequestContext, request: Json) -> Json:
        recording_id, name = request["recordingId"], context.operation.name
        at = self._paging.position(name, recording_id, request.get("nextToken"))
        place = None if at is None else Place(at[0], int(at[1]))
        try:
            sound = await self._recordings.sound(request["connectInstanceId"], recording_id, place)
        except RecordingDamagedError as error:
            raise ConflictError(error.message) from error
        after = None if sound.after is None else (sound.after.number, str(sound.after.offset))
        return {
            "sound": b64encode(sound.interleaved).decode("ascii"),
            "samples": sound.samples,
            "whole": sound.whole,
            "nextToken": self._paging.token(name, recording_id, after),
        }


def _summary(listed: ListedRecording) -> Json:
    recording = listed.recording
    return {
        "recordingId": recording.recording_id,
        "contactId": listed.contact_id,
        "campaignId": listed.campaign_id,
        "askedTime": recording.asked_at,
        "startTime": recording.started_at,
        "stopTime": recording.stopped_at,
        "suspensions": [{"startTime": since, "stopTime": until} for since, until in recording.suspensions],
        "unrecorded": recording.unrecorded,
        "samples": listed.samples,
        "damaged": listed.damaged,
    }
