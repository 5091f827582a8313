"""Calls through a real media worker process, on real sockets: what the server asks for and what is heard."""

import asyncio
import itertools
from pathlib import Path

import pytest

from telephony.media import (
    AudioArrived,
    DigitReceived,
    DigitsSent,
    LegClosed,
    LegRefused,
    PlayEnded,
    RecordingFailed,
    RecordingFinished,
    RtpTimedOut,
)
from telephony.media.core.g711 import ALAW_SILENCE
from tests.fakes.rtp_phone import Heard, tone, tone_seconds
from vocabulary.audio_frame import AudioFile

from .conftest import Events, Hotline, channels, two

pytestmark = pytest.mark.journey


def prompt(folder: Path, hz: int = 1000, seconds: float = 0.4) -> AudioFile:
    path = folder / f"{hz}-{seconds}.alaw"
    path.write_bytes(tone(hz, int(seconds * 8000)))
    return AudioFile(path)


def assert_unbroken(heard: list[Heard]) -> None:
    """One SSRC, each sequence number once and in order, timestamps that never go back or leap."""
    assert len({packet.ssrc for packet in heard}) == 1
    for before, after in itertools.pairwise(heard):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        assert 0 <= (after.timestamp - before.timestamp) & 0xFFFFFFFF <= 1600


class TestABridge:
    async def test_passes_tones_both_ways_at_once(self, hotline: Hotline) -> None:
        a, b = await two(hotline)
        await asyncio.gather(a.phone.say(400, 0.6), b.phone.say(700, 0.6))
        await a.phone.until(lambda _: tone_seconds(a.phone.audio(), 700) >= 0.54)
        await b.phone.until(lambda _: tone_seconds(b.phone.audio(), 400) >= 0.54)
        assert_unbroken(a.phone.heard)
        assert_unbroken(b.phone.heard)

    async def test_passes_packets_on_unchanged_between_like_codecs(self, hotline: Hotline) -> None:
        a, b = await two(hotline)
        a.phone.send(bytes(range(160)))
        await b.phone.until(lambda heard: any(packet.payload == bytes(range(160)) for packet in heard))

    async def test_converts_between_pcma_and_pcmu(self, hotline: Hotline) -> None:
        a, b = await two(hotline, b={"codec": "pcmu", "payload_type": 0})
        await asyncio.gather(a.phone.say(400, 0.5), b.phone.say(700, 0.5, payload_type=0))
        await b.phone.until(lambda _: tone_seconds(b.phone.audio(0), 400, ulaw=True) >= 0.44)
        await a.phone.until(lambda _: tone_seconds(a.phone.audio(8), 700) >= 0.44)
        assert {packet.payload_type for packet in b.phone.heard} == {0}

    async def test_repacks_between_30_ms_and_20_ms(self, hotline: Hotline) -> None:
        a, b = await two(hotline, a={"ptime_ms": 30})
        await asyncio.gather(a.phone.say(400, 0.6, ptime_ms=30), b.phone.say(700, 0.6))
        await b.phone.until(lambda _: tone_seconds(b.phone.audio(), 400) >= 0.5)
        await a.phone.until(lambda _: tone_seconds(a.phone.audio(), 700) >= 0.5)
        assert {len(packet.payload) for packet in b.phone.heard} == {160}
        assert {len(packet.payload) for packet in a.phone.heard} == {240}
        assert_unbroken(a.phone.heard)

    async def test_rewrites_payload_types_of_keys_and_reports_them(self, hotline: Hotline) -> None:
        a, b = await two(hotline, b={"event_payload_type_out": 97, "event_payload_type_in": 98})
        await a.phone.say(400, 0.1)
        await a.phone.press("5")
        digit = await a.events.first(DigitReceived)
        assert (digit.digit, digit.stopped_play) == ("5", None)
        await b.phone.until(lambda heard: sum(packet.payload_type == 97 for packet in heard) == 7)
        keys = [packet for packet in b.phone.heard if packet.payload_type == 97]
        assert len({packet.timestamp for packet in keys}) == 1
        assert [packet.marker for packet in keys] == [True] + [False] * 6
        await b.phone.press("9", payload_type=98)
        await b.events.first(DigitReceived)
        assert [event.digit for event in b.events.of(DigitReceived)] == ["9"]

    async def test_a_mute_party_is_replaced_by_silence_so_the_stream_never_stops(self, hotline: Hotline) -> None:
        a, b = await two(hotline)
        await a.phone.say(400, 0.3)
        b.phone.heard.clear()
        await b.phone.until(lambda heard: len(heard) >= 10)
        assert b.phone.heard[-1].payload == bytes([ALAW_SILENCE]) * 160

    async def test_a_prompt_is_heard_instead_of_the_other_party_and_then_the_party_again(
        self, hotline: Hotline, tmp_path: Path
    ) -> None:
        a, b = await two(hotline)
        talking = asyncio.create_task(a.phone.say(400, 1.2))
        await b.phone.until(lambda _: tone_seconds(b.phone.audio(), 400) >= 0.1)
        hotline.worker.play("b", [prompt(tmp_path, 1000, 0.4)])
        ended = await b.events.first(PlayEnded)
        assert (ended.finished, ended.played_s) == (True, 0.4)
        await talking
        await b.phone.until(lambda _: tone_seconds(b.phone.audio()[-4800:], 400) >= 0.3)
        assert tone_seconds(b.phone.audio(), 1000) == pytest.approx(0.4, abs=0.03)
        assert_unbroken(b.phone.heard)

    async def test_parted_legs_live_on_and_hear_silence(self, hotline: Hotline) -> None:
        a, b = await two(hotline)
        await a.phone.say(400, 0.1)
        await b.phone.until(lambda _: tone_seconds(b.phone.audio(), 400) > 0)
        hotline.worker.unbridge("a")
        await hotline.worker.counters("a")
        b.phone.heard.clear()
        await a.phone.say(400, 0.2)
        await b.phone.until(lambda heard: len(heard) >= 8)
        assert tone_seconds(b.phone.audio(), 400) == 0


class TestPlaying:
    async def test_files_are_played_at_20_ms_and_reported(self, hotline: Hotline, tmp_path: Path) -> None:
        a = await hotline.line("a")
        await a.phone.until(lambda heard: len(heard) > 2)  # silence flows before
        number = hotline.worker.play("a", [prompt(tmp_path, 1000, 0.3), prompt(tmp_path, 600, 0.3)], gap_s=0.1)
        ended = await a.events.first(PlayEnded)
        assert (ended.play, ended.finished, ended.digit) == (number, True, None)
        assert ended.played_s == pytest.approx(0.6)
        assert tone_seconds(a.phone.audio(), 1000) == pytest.approx(0.3, abs=0.03)
        assert tone_seconds(a.phone.audio(), 600) == pytest.approx(0.3, abs=0.03)
        assert_unbroken(a.phone.heard)

    async def test_a_key_stops_it_and_tells_how_far_it_got(self, hotline: Hotline, tmp_path: Path) -> None:
        a = await hotline.line("a")
        number = hotline.worker.play("a", [prompt(tmp_path, 1000, 0.5)], repeat=True, stop_on="12")
        await a.phone.until(lambda _: tone_seconds(a.phone.audio(), 1000) >= 0.6)
        await a.phone.press("32")
        ended = await a.events.first(PlayEnded)
        assert (ended.digit, ended.finished) == ("2", False)
        assert ended.played_s >= 0.6
        assert [(d.digit, d.stopped_play) for d in a.events.of(DigitReceived)] == [("3", None), ("2", number)]

    async def test_stop_ends_it_at_once(self, hotline: Hotline, tmp_path: Path) -> None:
        a = await hotline.line("a")
        hotline.worker.play("a", [prompt(tmp_path, 1000, 5.0)])
        await a.phone.until(lambda _: tone_seconds(a.phone.audio(), 1000) >= 0.1)
        hotline.worker.stop_playing("a")
        ended = await a.events.first(PlayEnded)
        assert not ended.finished and 0.1 <= ended.played_s < 1.0

    async def test_a_new_play_ends_the_old_one(self, hotline: Hotline, tmp_path: Path) -> None:
        a = await hotline.line("a")
        first = hotline.worker.play("a", [prompt(tmp_path, 1000, 5.0)])
        second = hotline.worker.play("a", [prompt(tmp_path, 600, 0.1)])
        await a.events.first(PlayEnded, lambda event: event.play == second)
        assert [(event.play, event.finished) for event in a.events.of(PlayEnded)] == [(first, False), (second, True)]

    async def test_a_missing_file_is_named_and_the_call_goes_on(self, hotline: Hotline, tmp_path: Path) -> None:
        a = await hotline.line("a")
        missing = AudioFile(tmp_path / "missing.alaw")
        hotline.worker.play("a", [missing, prompt(tmp_path, 1000, 0.1)])
        ended = await a.events.first(PlayEnded)
        assert ended.missing == [str(missing.path)] and not ended.finished
        assert ended.played_s == pytest.approx(0.1)

    async def test_pcmu_legs_hear_prompts_in_pcmu(self, hotline: Hotline, tmp_path: Path) -> None:
        a = await hotline.line("a", codec="pcmu", payload_type=0)
        hotline.worker.play("a", [prompt(tmp_path, 1000, 0.2)])
        await a.events.first(PlayEnded)
        assert tone_seconds(a.phone.audio(0), 1000, ulaw=True) == pytest.approx(0.2, abs=0.03)


class TestKeys:
    async def test_digits_go_out_as_telephone_events(self, hotline: Hotline) -> None:
        a = await hotline.line("a", event_payload_type_out=100)
        hotline.worker.send_digits("a", "1#")
        await a.events.first(DigitsSent)
        keys = [packet for packet in a.phone.heard if packet.payload_type == 100]
        assert [packet.payload[0] for packet in keys if packet.marker] == [1, 11]
        assert len({packet.timestamp for packet in keys}) == 2
        assert sum(bool(packet.payload[1] & 0x80) for packet in keys) == 6
        assert_unbroken(a.phone.heard)

    async def test_digits_go_out_as_tones_where_there_are_no_telephone_events(self, hotline: Hotline) -> None:
        a = await hotline.line("a", event_payload_type_out=None)
        hotline.worker.send_digits("a", "5")
        await a.events.first(DigitsSent)
        assert {packet.payload_type for packet in a.phone.heard} == {8}
        assert any(packet.payload != bytes([ALAW_SILENCE]) * 160 for packet in a.phone.heard)


class TestTheLine:
    async def test_the_first_source_is_latched_and_another_is_ignored(self, hotline: Hotline) -> None:
        a, b = await two(hotline)
        stranger = await hotline.line("stranger")
        stranger.phone.worker_port = a.phone.worker_port
        await a.phone.say(400, 0.1)
        await a.events.first(AudioArrived)
        await stranger.phone.say(900, 0.2)
        await a.phone.say(400, 0.1)
        counters = await hotline.worker.counters("a")
        assert counters.foreign == 10
        assert counters.packets_in == 10
        assert tone_seconds(b.phone.audio(), 900) == 0

    async def test_a_phone_behind_nat_is_answered_where_it_speaks_from(self, hotline: Hotline) -> None:
        a = await hotline.line("a", remote_port=9)
        await a.phone.say(400, 0.1)
        await a.phone.until(lambda heard: len(heard) >= 5)

    async def test_malformed_and_unknown_packets_are_counted_and_harm_nobody(self, hotline: Hotline) -> None:
        a, b = await two(hotline)
        for junk in (b"\0", b"x", b"\xff" * 200, b"\x80\x08short", b"\x90" + bytes(12)):
            a.phone.send_raw(junk)
        a.phone.send(b"unknown", payload_type=96)
        a.phone.send(b"ev", payload_type=101)
        await a.phone.say(400, 0.3)
        await b.phone.until(lambda _: tone_seconds(b.phone.audio(), 400) >= 0.24)
        counters = await hotline.worker.counters("a")
        assert (counters.malformed, counters.unknown_payload) == (6, 1)
        assert hotline.deaths == []

    async def test_lost_and_repeated_packets_are_counted(self, hotline: Hotline) -> None:
        a = await hotline.line("a")
        await a.phone.say(400, 0.1)
        a.phone.sequence += 3
        a.phone.timestamp += 480
        await a.phone.say(400, 0.1)
        a.phone.sequence -= 1
        a.phone.send(tone(0, 160))
        await a.phone.until(lambda heard: len(heard) > 12)
        counters = await hotline.worker.counters("a")
        assert (counters.lost, counters.duplicates) == (3, 1)
        assert counters.packets_out >= len(a.phone.heard)

    async def test_a_dead_line_is_reported_once_and_again_after_it_lived(self, hotline: Hotline) -> None:
        a = await hotline.line("a", rtp_timeout_s=0.3)
        timed_out = await a.events.first(RtpTimedOut)
        assert timed_out.silent_s == pytest.approx(0.3, abs=0.25)
        await a.phone.say(400, 0.1)
        await a.events.first(AudioArrived)
        await a.events.first(RtpTimedOut, lambda event: event is not timed_out)

    async def test_a_held_line_may_be_silent(self, hotline: Hotline) -> None:
        a = await hotline.line("a", rtp_timeout_s=0.3)
        b = await hotline.line("b", rtp_timeout_s=0.6)
        hotline.worker.hold("a", True)
        await b.events.first(RtpTimedOut)
        assert a.events.of(RtpTimedOut) == []
        hotline.worker.hold("a", False)
        await a.events.first(RtpTimedOut)

    async def test_nothing_is_sent_where_nothing_may_be_heard(self, hotline: Hotline) -> None:
        a = await hotline.line("a", send=False)
        b = await hotline.line("b")
        await b.phone.until(lambda heard: len(heard) > 5)
        assert a.phone.heard == []
        a.configure()
        await a.phone.until(lambda heard: len(heard) > 2)

    async def test_closing_a_leg_says_its_counters_and_frees_its_port(self, hotline: Hotline) -> None:
        a = await hotline.line("a")
        await a.phone.say(400, 0.1)
        free = (await hotline.worker.report()).free_ports
        hotline.worker.close_leg("a")
        closed = await a.events.first(LegClosed)
        assert closed.counters.packets_in == 5
        report = await hotline.worker.report()
        assert (report.legs, report.free_ports) == (0, free + 1)
        assert hotline.worker.leg_count == 0

    async def test_an_identifier_in_use_is_refused(self, hotline: Hotline) -> None:
        await hotline.line("a")
        with pytest.raises(LegRefused):
            await hotline.worker.open_leg("a", Events())


class TestRecording:
    async def test_both_tones_are_in_their_channels_and_the_length_is_right(
        self, hotline: Hotline, tmp_path: Path
    ) -> None:
        a, b = await two(hotline, b={"codec": "pcmu", "payload_type": 0})
        hotline.worker.record("a", "rec-1")
        began_s = asyncio.get_running_loop().time()
        await asyncio.gather(a.phone.say(400, 1.5), b.phone.say(700, 1.5, payload_type=0))
        hotline.worker.unbridge("a")
        hotline.worker.play("a", [prompt(tmp_path, 1000, 0.4)])
        await a.events.first(PlayEnded)
        hotline.worker.stop_recording("rec-1")
        lasted_s = asyncio.get_running_loop().time() - began_s
        done = await hotline.recordings.first(RecordingFinished)
        assert (done.recording, done.leg, done.complete) == ("rec-1", "a", True)
        assert done.path == str(hotline.spool / "rec-1.wav")
        assert done.duration_s == pytest.approx(lasted_s, abs=0.2)
        left, right = channels(done.path)
        assert len(left) == len(right) == int(done.duration_s * 8000)
        assert tone_seconds(left, 400) == pytest.approx(1.5, abs=0.08)
        assert tone_seconds(right, 700) == pytest.approx(1.5, abs=0.08)
        assert tone_seconds(right, 1000) == pytest.approx(0.4, abs=0.08)
        assert tone_seconds(left, 700) == tone_seconds(right, 400) == 0
        assert list(hotline.spool.glob("*.part")) == []

    async def test_it_ends_with_its_leg(self, hotline: Hotline) -> None:
        a = await hotline.line("a")
        hotline.worker.record("a", "rec-1")
        await a.phone.say(400, 0.3)
        hotline.worker.close_leg("a")
        done = await hotline.recordings.first(RecordingFinished)
        assert done.duration_s == pytest.approx(0.3, abs=0.2)

    async def test_loss_leaves_its_gap(self, hotline: Hotline) -> None:
        a = await hotline.line("a")
        hotline.worker.record("a", "rec-1")
        await a.phone.say(400, 0.2)
        a.phone.sequence += 5
        a.phone.timestamp += 800
        await a.phone.say(400, 0.2)
        hotline.worker.stop_recording("rec-1")
        left, _ = channels((await hotline.recordings.first(RecordingFinished)).path)
        begin = left.index(tone(400, 160)[1:])
        assert tone_seconds(left[begin + 1600 : begin + 2400], 400) == 0

    async def test_an_impossible_one_is_reported_as_failed(self, hotline: Hotline) -> None:
        await hotline.line("a")
        for leg, recording in (("nobody", "r1"), ("a", "../escape")):
            hotline.worker.record(leg, recording)
            failed = await hotline.recordings.first(RecordingFailed, lambda event, r=recording: event.recording == r)
            assert failed.reason
