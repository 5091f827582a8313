"""What the server and a media worker say to each other, over ``vocabulary.framing`` on a Unix stream socket.

Commands go to the worker; facts come back. Legs, recordings and streams carry identifiers that the server chose.
Only OpenLeg, AskLeg and AskWorker are answered, by the same ``request`` number; the rest is fire and forget, and a
command about a leg that is gone is ignored. Audio is 8 000 Hz; files are A-law, one byte a sample, without header.
"""

from typing import Literal

import msgspec

Codec = Literal["pcma", "pcmu"]

# ------------------------------------------------------------------ commands


class OpenLeg(msgspec.Struct, tag="open", frozen=True):
    """Bind an even RTP port for a leg. Answered by LegOpened or LegRefusedFact."""

    request: int
    leg: str


class ConfigureLeg(msgspec.Struct, tag="configure", frozen=True, kw_only=True):
    """What offer and answer agreed; may come again after a re-INVITE. The leg sends from now on.

    Attributes:
        remote_host: numeric address from the peer's SDP. Packets go there until the peer is heard from elsewhere.
        remote_port: RTP port from the peer's SDP.
        codec: what this leg sends; PT 0 and PT 8 are both understood when received.
        payload_type: RTP payload type of ``codec`` towards the peer (8 or 0 as a rule).
        event_payload_type_out: telephone-event payload type the peer wants; None if it understands none.
        event_payload_type_in: telephone-event payload type we announced; None if we announced none.
        ptime_ms: length of the packets the peer wants; 10 to 120, a multiple of 10.
        send: False for a direction in which the peer must hear nothing (inactive, or it only sends).
        receive: False where the peer sends nothing (inactive, or it only listens): no RTP time-out then.
        rtp_timeout_s: silence of the line after which RtpTimedOut is reported, once; 0 for never.
    """

    leg: str
    remote_host: str
    remote_port: int
    codec: Codec = "pcma"
    payload_type: int = 8
    event_payload_type_out: int | None = 101
    event_payload_type_in: int | None = 101
    ptime_ms: int = 20
    send: bool = True
    receive: bool = True
    rtp_timeout_s: float = 30.0


class Play(msgspec.Struct, tag="play", frozen=True, kw_only=True):
    """Play files one after the other; what played before ends unfinished. PlayEnded follows exactly once.

    On a bridged leg the party hears the files instead of the other leg while they play.

    Attributes:
        play: number the server chose, repeated in PlayEnded.
        repeat: begin again after the last file, until StopPlaying, a key or the leg's end.
        gap_s: silence between files and between rounds.
        stop_on: keys that stop it, e.g. "1" or "0123456789*#".
    """

    leg: str
    play: int
    files: list[str]
    repeat: bool = False
    gap_s: float = 0.0
    stop_on: str = ""


class StopPlaying(msgspec.Struct, tag="stop", frozen=True):
    """Stop what plays on the leg, within one frame."""

    leg: str


class BridgeLegs(msgspec.Struct, tag="bridge", frozen=True):
    """Let two legs hear each other; an older bridge of either is undone."""

    a: str
    b: str


class UnbridgeLeg(msgspec.Struct, tag="unbridge", frozen=True):
    """Part the leg from the one it is bridged with; both live on and hear silence."""

    leg: str


class StartRecording(msgspec.Struct, tag="record", frozen=True):
    """Record a leg in stereo: left what it says, right all that is sent to it. Ends with the leg or StopRecording.

    Attributes:
        recording: becomes the file's name, so only letters, digits, "-" and "_".
    """

    leg: str
    recording: str


class StopRecording(msgspec.Struct, tag="record_stop", frozen=True):
    """Finish a recording; RecordingFinished or RecordingFailed follows exactly once."""

    recording: str


class Listen(msgspec.Struct, tag="listen", frozen=True):
    """Send the leg's received audio to a speech worker as ``StreamAudio`` frames; a new one replaces an old one.

    Attributes:
        speech_socket: path of the speech worker's Unix socket. Absent or slow: frames are dropped and counted.
    """

    leg: str
    stream: str
    speech_socket: str


class Unlisten(msgspec.Struct, tag="unlisten", frozen=True):
    """Stop sending the leg's audio to the speech worker (StreamClosed is sent there)."""

    leg: str


class SendDigits(msgspec.Struct, tag="digits", frozen=True):
    """Send keys (0-9 * # A-D) to the far side by RFC 4733, one after the other; other characters are skipped.

    Towards a leg without telephone-event they go as tones in the audio.

    Attributes:
        digit_s: how long each key is held.
        gap_s: silence after each.
    """

    leg: str
    digits: str
    digit_s: float = 0.1
    gap_s: float = 0.08


class HoldLeg(msgspec.Struct, tag="hold", frozen=True):
    """While held, the leg's RTP time-out is suspended; it starts afresh when held ends."""

    leg: str
    held: bool


class CloseLeg(msgspec.Struct, tag="close", frozen=True):
    """End the leg: its playing, recording, listening and bridge end, the port is freed, LegClosed follows."""

    leg: str


class AskLeg(msgspec.Struct, tag="ask_leg", frozen=True):
    """Answered by LegReport, with all counters zero for an unknown leg."""

    request: int
    leg: str


class AskWorker(msgspec.Struct, tag="ask_worker", frozen=True):
    """Answered by WorkerReport."""

    request: int


Command = (
    OpenLeg
    | ConfigureLeg
    | Play
    | StopPlaying
    | BridgeLegs
    | UnbridgeLeg
    | StartRecording
    | StopRecording
    | Listen
    | Unlisten
    | SendDigits
    | HoldLeg
    | CloseLeg
    | AskLeg
    | AskWorker
)

# --------------------------------------------------------------------- facts


class LegCounters(msgspec.Struct, frozen=True, kw_only=True):
    """What happened on one leg's RTP since it was opened.

    Attributes:
        packets_in, bytes_in: accepted RTP packets and their payload bytes.
        packets_out, bytes_out: sent.
        lost: sequence numbers never received (RFC 3550 §A.3), net of late arrivals.
        late: packets that came after a later one.
        duplicates: packets that came twice; dropped.
        jitter_ms: interarrival jitter (RFC 3550 §A.8).
        malformed: datagrams that are no RTP; dropped.
        foreign: datagrams from another source than the one latched; dropped.
        unknown_payload: payload types that were not agreed; dropped.
        listen_dropped: frames the speech worker could not take.
    """

    packets_in: int = 0
    bytes_in: int = 0
    packets_out: int = 0
    bytes_out: int = 0
    lost: int = 0
    late: int = 0
    duplicates: int = 0
    jitter_ms: float = 0.0
    malformed: int = 0
    foreign: int = 0
    unknown_payload: int = 0
    listen_dropped: int = 0


class LegOpened(msgspec.Struct, tag="opened", frozen=True):
    """The leg's RTP port is bound and receives."""

    request: int
    leg: str
    port: int


class LegRefusedFact(msgspec.Struct, tag="refused", frozen=True):
    """The leg was not opened, and why (no free port, identifier in use)."""

    request: int
    leg: str
    reason: str


class AudioArrived(msgspec.Struct, tag="audio", frozen=True):
    """The first valid RTP packet of the leg came, or the first after an RTP time-out."""

    leg: str


class PlayEnded(msgspec.Struct, tag="played", frozen=True, kw_only=True):
    """A Play ended.

    Attributes:
        played_s: seconds of the files that went out, over all rounds; gaps not counted.
        finished: whether all of it did.
        digit: the key that stopped it, None otherwise.
        missing: files that could not be read and were skipped.
    """

    leg: str
    play: int
    played_s: float
    finished: bool
    digit: str | None = None
    missing: list[str] = []


class DigitReceived(msgspec.Struct, tag="digit", frozen=True):
    """A key was pressed on the leg, reported once at its first packet.

    Attributes:
        digit: 0-9 * # A-D.
        stopped_play: the Play that this key stopped; None if none.
    """

    leg: str
    digit: str
    stopped_play: int | None = None


class DigitsSent(msgspec.Struct, tag="digits_sent", frozen=True):
    """All keys of the SendDigits commands so far went out."""

    leg: str


class RtpTimedOut(msgspec.Struct, tag="rtp_timed_out", frozen=True):
    """Nothing was received for ``rtp_timeout_s``; the leg lives on until the server ends it."""

    leg: str
    silent_s: float


class RecordingFinished(msgspec.Struct, tag="recorded", frozen=True, kw_only=True):
    """A stereo A-law WAV lies under its final name.

    Attributes:
        leg: "" for a file that a former run of the server left.
        path: absolute.
        complete: False if the worker died and the file was mended.
    """

    recording: str
    leg: str
    path: str
    duration_s: float
    complete: bool = True


class RecordingFailed(msgspec.Struct, tag="record_failed", frozen=True, kw_only=True):
    """The recording could not be written (disk full, folder away); the call goes on.

    Attributes:
        reason: for the log and the alert.
        path: what could be kept, mended, under its final name; "" if nothing.
        duration_s: of what was kept.
    """

    recording: str
    leg: str
    reason: str
    path: str = ""
    duration_s: float = 0.0


class LegClosed(msgspec.Struct, tag="closed", frozen=True):
    """The answer to CloseLeg."""

    leg: str
    counters: LegCounters


class LegReport(msgspec.Struct, tag="leg_report", frozen=True):
    """Counters of a living leg."""

    request: int
    leg: str
    counters: LegCounters


class WorkerReport(msgspec.Struct, tag="worker_report", frozen=True, kw_only=True):
    """The worker's own state.

    Attributes:
        cpu_s: processor time since start.
        tick_late_max_ms: the latest a 20 ms tick began since the last report.
        ticks_skipped: ticks left out since start because the process was held up for more than 100 ms.
        chunks_waiting: recording chunks the writer thread has not taken yet.
    """

    request: int
    legs: int
    recordings: int
    free_ports: int
    cpu_s: float
    tick_late_max_ms: float
    ticks_skipped: int
    chunks_waiting: int


class LegLost(msgspec.Struct, tag="lost", frozen=True):
    """The leg's worker died and the leg with it. Made by the client, never on the wire."""

    leg: str
    reason: str


Fact = (
    LegOpened
    | LegRefusedFact
    | AudioArrived
    | PlayEnded
    | DigitReceived
    | DigitsSent
    | RtpTimedOut
    | RecordingFinished
    | RecordingFailed
    | LegClosed
    | LegReport
    | WorkerReport
)

LegEvent = AudioArrived | PlayEnded | DigitReceived | DigitsSent | RtpTimedOut | LegClosed | LegLost
"""What a leg's owner is told, in order. LegClosed and LegLost are the last word on a leg."""

RecordingEvent = RecordingFinished | RecordingFailed
"""How a recording ended; each started recording gets exactly one."""
