"""What Asterisk 2.0.0 says of its own REST interface, as far as the adapter needs it.

Written by scripts/make_ari_model.py; a change here is lost. Members that a version does not name are passed over, and
those that it may leave out have a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias


@dataclass(frozen=True, slots=True)
class ApplicationReplaced:
    """Notification that another WebSocket has taken over for an application."""

    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class AsteriskInfo:
    """Asterisk system information."""

    build: BuildInfo | None = None
    system: SystemInfo | None = None
    config: ConfigInfo | None = None
    status: StatusInfo | None = None


@dataclass(frozen=True, slots=True)
class Bridge:
    """The merging of media from one or more channels."""

    id: str
    technology: str
    bridge_type: str
    bridge_class: str
    creator: str
    name: str
    channels: tuple[str, ...]
    creationtime: str
    video_mode: str | None = None
    video_source_id: str | None = None
    bridgevars: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class BuildInfo:
    """Info about how Asterisk was built."""

    os: str
    kernel: str
    options: str
    machine: str
    date: str
    user: str


@dataclass(frozen=True, slots=True)
class CallerID:
    """Caller identification."""

    name: str
    number: str


@dataclass(frozen=True, slots=True)
class Channel:
    """A specific communication connection between Asterisk and an Endpoint."""

    id: str
    protocol_id: str
    name: str
    state: str
    caller: CallerID
    connected: CallerID
    accountcode: str
    dialplan: DialplanCEP
    creationtime: str
    language: str
    channelvars: dict[str, Any] | None = None
    caller_rdnis: str | None = None
    tenantid: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelCreated:
    """Notification that a channel has been created."""

    channel: Channel
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelDestroyed:
    """Notification that a channel has been destroyed."""

    cause: int
    cause_txt: str
    channel: Channel
    tech_cause: int | None = None
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelDtmfReceived:
    """DTMF received on a channel."""

    digit: str
    duration_ms: int
    channel: Channel
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelEnteredBridge:
    """Notification that a channel has entered a bridge."""

    bridge: Bridge
    channel: Channel | None = None
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelHangupRequest:
    """A hangup was requested on the channel."""

    channel: Channel
    cause: int | None = None
    tech_cause: int | None = None
    soft: bool | None = None
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelHold:
    """A channel initiated a media hold."""

    channel: Channel
    musicclass: str | None = None
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelLeftBridge:
    """Notification that a channel has left a bridge."""

    bridge: Bridge
    channel: Channel
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelStateChange:
    """Notification of a channel's state change."""

    channel: Channel
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelUnhold:
    """A channel initiated a media unhold."""

    channel: Channel
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class ConfigInfo:
    """Info about Asterisk configuration."""

    name: str
    default_language: str
    setid: SetId
    max_channels: int | None = None
    max_open_files: int | None = None
    max_load: float | None = None


@dataclass(frozen=True, slots=True)
class Dial:
    """Dialing state has changed."""

    peer: Channel
    dialstatus: str
    caller: Channel | None = None
    forward: str | None = None
    forwarded: Channel | None = None
    dialstring: str | None = None
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class DialplanCEP:
    """Dialplan location (context/extension/priority)."""

    context: str
    exten: str
    priority: int
    app_name: str
    app_data: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An external device that may offer/accept calls to/from Asterisk."""

    technology: str
    resource: str
    channel_ids: tuple[str, ...]
    state: str | None = None


@dataclass(frozen=True, slots=True)
class LiveRecording:
    """A recording that is in progress."""

    name: str
    format: str
    target_uri: str
    state: str
    duration: int | None = None
    talking_duration: int | None = None
    silence_duration: int | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """Detailed information about a remote peer that communicates with Asterisk."""

    peer_status: str
    cause: str | None = None
    address: str | None = None
    port: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True)
class PeerStatusChange:
    """The state of a peer associated with an endpoint has changed."""

    endpoint: Endpoint
    peer: Peer
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class Playback:
    """Object representing the playback of media to a channel."""

    id: str
    media_uri: str
    target_uri: str
    state: str
    next_media_uri: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class PlaybackFinished:
    """Event showing the completion of a media playback operation."""

    playback: Playback
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class RESTResponse:
    """REST over Websocket Response."""

    transaction_id: str
    request_id: str
    status_code: int
    reason_phrase: str
    uri: str
    content_type: str | None = None
    message_body: str | None = None
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingFailed:
    """Event showing failure of a recording operation."""

    recording: LiveRecording
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingFinished:
    """Event showing the completion of a recording operation."""

    recording: LiveRecording
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    """Event showing the start of a recording operation."""

    recording: LiveRecording
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class SetId:
    """Effective user/group id."""

    user: str
    group: str


@dataclass(frozen=True, slots=True)
class StasisEnd:
    """Notification that a channel has left a Stasis application."""

    channel: Channel
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class StasisStart:
    """Notification that a channel has entered a Stasis application."""

    args: tuple[str, ...]
    channel: Channel
    replace_channel: Channel | None = None
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class StatusInfo:
    """Info about Asterisk status."""

    startup_time: str
    last_reload_time: str


@dataclass(frozen=True, slots=True)
class SystemInfo:
    """Info about Asterisk."""

    version: str
    entity_id: str


@dataclass(frozen=True, slots=True)
class Variable:
    """The value of a channel variable."""

    value: str


Event: TypeAlias = (
    ApplicationReplaced
    | ChannelCreated
    | ChannelDestroyed
    | ChannelDtmfReceived
    | ChannelEnteredBridge
    | ChannelHangupRequest
    | ChannelHold
    | ChannelLeftBridge
    | ChannelStateChange
    | ChannelUnhold
    | Dial
    | PeerStatusChange
    | PlaybackFinished
    | RecordingFailed
    | RecordingFinished
    | RecordingStarted
    | RESTResponse
    | StasisEnd
    | StasisStart
)


EVENTS: Final[Mapping[str, type[Event]]] = {
    each.__name__: each
    for each in (
        ApplicationReplaced,
        ChannelCreated,
        ChannelDestroyed,
        ChannelDtmfReceived,
        ChannelEnteredBridge,
        ChannelHangupRequest,
        ChannelHold,
        ChannelLeftBridge,
        ChannelStateChange,
        ChannelUnhold,
        Dial,
        PeerStatusChange,
        PlaybackFinished,
        RecordingFailed,
        RecordingFinished,
        RecordingStarted,
        RESTResponse,
        StasisEnd,
        StasisStart,
    )
}
"""By the name that they have on the wire."""


OPERATIONS: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("DELETE", "/applications/{applicationName}/subscription"): frozenset({"eventSource"}),
    ("DELETE", "/asterisk/config/dynamic/{configClass}/{objectType}/{id}"): frozenset(),
    ("DELETE", "/asterisk/logging/{logChannelName}"): frozenset(),
    ("DELETE", "/asterisk/modules/{moduleName}"): frozenset(),
    ("DELETE", "/bridges/{bridgeId}"): frozenset(),
    ("DELETE", "/bridges/{bridgeId}/moh"): frozenset(),
    ("DELETE", "/bridges/{bridgeId}/videoSource"): frozenset(),
    ("DELETE", "/channels/{channelId}"): frozenset({"reason_code", "reason"}),
    ("DELETE", "/channels/{channelId}/hold"): frozenset(),
    ("DELETE", "/channels/{channelId}/moh"): frozenset(),
    ("DELETE", "/channels/{channelId}/mute"): frozenset({"direction"}),
    ("DELETE", "/channels/{channelId}/ring"): frozenset(),
    ("DELETE", "/channels/{channelId}/silence"): frozenset(),
    ("DELETE", "/playbacks/{playbackId}"): frozenset(),
    ("DELETE", "/recordings/live/{recordingName}"): frozenset(),
    ("DELETE", "/recordings/live/{recordingName}/mute"): frozenset(),
    ("DELETE", "/recordings/live/{recordingName}/pause"): frozenset(),
    ("DELETE", "/recordings/stored/{recordingName}"): frozenset(),
    ("GET", "/applications"): frozenset(),
    ("GET", "/applications/{applicationName}"): frozenset(),
    ("GET", "/asterisk/config/dynamic/{configClass}/{objectType}/{id}"): frozenset(),
    ("GET", "/asterisk/info"): frozenset({"only"}),
    ("GET", "/asterisk/logging"): frozenset(),
    ("GET", "/asterisk/modules"): frozenset(),
    ("GET", "/asterisk/modules/{moduleName}"): frozenset(),
    ("GET", "/asterisk/ping"): frozenset(),
    ("GET", "/asterisk/variable"): frozenset({"variable"}),
    ("GET", "/bridges"): frozenset(),
    ("GET", "/bridges/{bridgeId}"): frozenset(),
    ("GET", "/bridges/{bridgeId}/variable"): frozenset({"variable"}),
    ("GET", "/bridges/{bridgeId}/variables"): frozenset({"variables"}),
    ("GET", "/channels"): frozenset(),
    ("GET", "/channels/{channelId}"): frozenset(),
    ("GET", "/channels/{channelId}/rtp_statistics"): frozenset(),
    ("GET", "/channels/{channelId}/variable"): frozenset({"variable"}),
    ("GET", "/channels/{channelId}/variables"): frozenset({"variables"}),
    ("GET", "/endpoints"): frozenset(),
    ("GET", "/endpoints/{tech}"): frozenset(),
    ("GET", "/endpoints/{tech}/{resource}"): frozenset(),
    ("GET", "/events"): frozenset({"app", "subscribeAll"}),
    ("GET", "/playbacks/{playbackId}"): frozenset(),
    ("GET", "/recordings/live/{recordingName}"): frozenset(),
    ("GET", "/recordings/stored"): frozenset(),
    ("GET", "/recordings/stored/{recordingName}"): frozenset(),
    ("GET", "/recordings/stored/{recordingName}/file"): frozenset(),
    ("POST", "/applications/{applicationName}/subscription"): frozenset({"eventSource"}),
    ("POST", "/asterisk/logging/{logChannelName}"): frozenset({"configuration"}),
    ("POST", "/asterisk/modules/{moduleName}"): frozenset(),
    ("POST", "/asterisk/variable"): frozenset({"variable", "value"}),
    ("POST", "/bridges"): frozenset({"type", "bridgeId", "name", "variables"}),
    ("POST", "/bridges/{bridgeId}"): frozenset({"type", "name", "variables"}),
    ("POST", "/bridges/{bridgeId}/addChannel"): frozenset(
        {"channel", "role", "absorbDTMF", "mute", "inhibitConnectedLineUpdates"}
    ),
    ("POST", "/bridges/{bridgeId}/moh"): frozenset({"mohClass"}),
    ("POST", "/bridges/{bridgeId}/play"): frozenset(
        {"media", "announcer_format", "lang", "offsetms", "skipms", "playbackId"}
    ),
    ("POST", "/bridges/{bridgeId}/play/{playbackId}"): frozenset(
        {"media", "announcer_format", "lang", "offsetms", "skipms"}
    ),
    ("POST", "/bridges/{bridgeId}/record"): frozenset(
        {
            "name",
            "format",
            "recorder_format",
            "maxDurationSeconds",
            "maxSilenceSeconds",
            "ifExists",
            "beep",
            "terminateOn",
        }
    ),
    ("POST", "/bridges/{bridgeId}/removeChannel"): frozenset({"channel"}),
    ("POST", "/bridges/{bridgeId}/variable"): frozenset({"variable", "value", "report_events"}),
    ("POST", "/bridges/{bridgeId}/variables"): frozenset({"variables"}),
    ("POST", "/bridges/{bridgeId}/videoSource/{channelId}"): frozenset(),
    ("POST", "/channels"): frozenset(
        {
            "endpoint",
            "extension",
            "context",
            "priority",
            "label",
            "app",
            "appArgs",
            "callerId",
            "timeout",
            "variables",
            "channelId",
            "otherChannelId",
            "originator",
            "formats",
        }
    ),
    ("POST", "/channels/create"): frozenset(
        {"endpoint", "app", "appArgs", "channelId", "otherChannelId", "originator", "formats", "variables"}
    ),
    ("POST", "/channels/externalMedia"): frozenset(
        {
            "channelId",
            "app",
            "variables",
            "external_host",
            "encapsulation",
            "transport",
            "connection_type",
            "format",
            "direction",
            "data",
            "transport_data",
        }
    ),
    ("POST", "/channels/{channelId}"): frozenset(
        {
            "endpoint",
            "extension",
            "context",
            "priority",
            "label",
            "app",
            "appArgs",
            "callerId",
            "timeout",
            "variables",
            "otherChannelId",
            "originator",
            "formats",
        }
    ),
    ("POST", "/channels/{channelId}/answer"): frozenset(),
    ("POST", "/channels/{channelId}/continue"): frozenset({"context", "extension", "priority", "label"}),
    ("POST", "/channels/{channelId}/dial"): frozenset({"caller", "timeout"}),
    ("POST", "/channels/{channelId}/dtmf"): frozenset({"dtmf", "before", "between", "duration", "after"}),
    ("POST", "/channels/{channelId}/hold"): frozenset(),
    ("POST", "/channels/{channelId}/moh"): frozenset({"mohClass"}),
    ("POST", "/channels/{channelId}/move"): frozenset({"app", "appArgs"}),
    ("POST", "/channels/{channelId}/mute"): frozenset({"direction"}),
    ("POST", "/channels/{channelId}/play"): frozenset({"media", "lang", "offsetms", "skipms", "playbackId"}),
    ("POST", "/channels/{channelId}/play/{playbackId}"): frozenset({"media", "lang", "offsetms", "skipms"}),
    ("POST", "/channels/{channelId}/progress"): frozenset(),
    ("POST", "/channels/{channelId}/record"): frozenset(
        {"name", "format", "maxDurationSeconds", "maxSilenceSeconds", "ifExists", "beep", "terminateOn"}
    ),
    ("POST", "/channels/{channelId}/redirect"): frozenset({"endpoint"}),
    ("POST", "/channels/{channelId}/ring"): frozenset(),
    ("POST", "/channels/{channelId}/silence"): frozenset(),
    ("POST", "/channels/{channelId}/snoop"): frozenset({"spy", "whisper", "app", "appArgs", "snoopId"}),
    ("POST", "/channels/{channelId}/snoop/{snoopId}"): frozenset({"spy", "whisper", "app", "appArgs"}),
    ("POST", "/channels/{channelId}/transfer_progress"): frozenset({"states"}),
    ("POST", "/channels/{channelId}/variable"): frozenset({"variable", "value", "report_events"}),
    ("POST", "/channels/{channelId}/variables"): frozenset({"variables"}),
    ("POST", "/endpoints/refer"): frozenset({"to", "from", "refer_to", "to_self", "variables"}),
    ("POST", "/endpoints/{tech}/{resource}/refer"): frozenset({"from", "refer_to", "to_self", "variables"}),
    ("POST", "/events/claim"): frozenset({"channelId", "application"}),
    ("POST", "/events/user/{eventName}"): frozenset({"application", "source", "variables"}),
    ("POST", "/playbacks/{playbackId}/control"): frozenset({"operation"}),
    ("POST", "/recordings/live/{recordingName}/mute"): frozenset(),
    ("POST", "/recordings/live/{recordingName}/pause"): frozenset(),
    ("POST", "/recordings/live/{recordingName}/stop"): frozenset(),
    ("POST", "/recordings/stored/{recordingName}/copy"): frozenset({"destinationRecordingName"}),
    ("PUT", "/applications/{applicationName}/eventFilter"): frozenset({"filter"}),
    ("PUT", "/asterisk/config/dynamic/{configClass}/{objectType}/{id}"): frozenset({"fields"}),
    ("PUT", "/asterisk/logging/{logChannelName}/rotate"): frozenset(),
    ("PUT", "/asterisk/modules/{moduleName}"): frozenset(),
    ("PUT", "/endpoints/sendMessage"): frozenset({"to", "from", "body", "variables"}),
    ("PUT", "/endpoints/{tech}/{resource}/sendMessage"): frozenset({"from", "body", "variables"}),
}
"""The parameters of each operation, by method and path; those in the path are left away."""
