"""modules.conf: what Asterisk loads, and nothing else.

Decides which modules those are. Whatever is not here nobody can use: among others there is no way to let strangers in
(res_pjsip_endpoint_identifier_anonymous), to subscribe or to send messages, no AMI user, no shell and no second
dialplan; and no way past Asterisk for sound, where it would hear no keys (bridge_native_rtp). One is there to say no:
without res_pjsip_refer a REFER is not answered, and whoever waits for an answer in vain may end the call.

Time is kept by res_timing_pthread. With res_timing_timerfd, whoever is woken up late has missed beats for good: what is
listened in on lags behind by so much until half a second of it is dropped, and a prompt is late to its end. Here the
beats are made up for. It goes by the wall clock, which is to be slewed: while a step has set it back there are none.
"""

from __future__ import annotations

from typing import Final

SIP: Final = (
    "res_pjproject res_sorcery_config res_sorcery_memory res_sorcery_astdb res_pjsip res_pjsip_session "
    "res_pjsip_pubsub chan_pjsip res_pjsip_acl res_pjsip_authenticator_digest res_pjsip_caller_id "
    "res_pjsip_dtmf_info res_pjsip_empty_info res_pjsip_endpoint_identifier_ip "
    "res_pjsip_endpoint_identifier_user res_pjsip_header_funcs res_pjsip_nat res_pjsip_dlg_options "
    "res_pjsip_outbound_authenticator_digest res_pjsip_outbound_registration res_pjsip_refer res_pjsip_registrar "
    "res_pjsip_rfc3326 res_pjsip_sdp_rtp res_rtp_asterisk res_srtp"
)
SOUND: Final = (
    "codec_alaw codec_ulaw codec_g722 codec_gsm codec_resample format_gsm format_pcm format_sln format_wav "
    "res_timing_pthread res_musiconhold bridge_simple bridge_softmix"
)
ARI: Final = (
    "res_http_websocket res_websocket_client chan_websocket res_stasis res_stasis_answer res_stasis_device_state "
    "res_stasis_playback res_stasis_recording res_stasis_snoop res_ari_model res_ari res_ari_applications "
    "res_ari_asterisk res_ari_bridges res_ari_channels res_ari_endpoints res_ari_events res_ari_playbacks"
)
DIALPLAN: Final = (
    "pbx_config app_amd app_exec app_playtones app_softhangup app_stasis app_waitforsilence func_callerid func_channel "
    "func_dialplan func_global func_lock func_pjsip_aor func_pjsip_contact func_timeout"
)
LOADED: Final = tuple(f"{SIP} {SOUND} {ARI} {DIALPLAN}".split())


def modules() -> str:
    """The file."""
    return "[modules]\nautoload = no\n" + "".join(f"load = {name}.so\n" for name in LOADED)
