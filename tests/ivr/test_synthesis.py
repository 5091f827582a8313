"""Rendered prompts fit a telephone line, and only what changed is rendered again."""

from pathlib import Path

import numpy as np
import pytest

from ivr.prompts import MUSIC, Prompts
from ivr.synthesis import LEVEL_DBFS, SOUNDS, Renderer, encode_alaw, hold_music, levelled, resampled, tone

pytestmark = pytest.mark.unit


def wave(hertz: float, rate_hz: int, seconds: float = 1.0) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate_hz)) / rate_hz)


def loudness(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples[800:-800] ** 2)))


@pytest.mark.parametrize(
    ("hertz", "passes"), [(50, False), (150, False), (400, True), (1000, True), (3300, True), (5000, False)]
)
def test_only_the_band_of_a_telephone_passes(hertz: float, passes: bool) -> None:
    kept = loudness(resampled(wave(hertz, 24_000), 24_000)) / loudness(wave(hertz, 24_000))
    assert (kept > 0.9) if passes else (kept < 0.05)


def test_every_prompt_is_equally_loud_and_never_clips() -> None:
    for gain in (0.01, 0.5, 3.0):
        out = levelled(gain * wave(800, 8000))
        active = out[np.abs(out) > 0.02 * np.abs(out).max()]
        assert 20 * np.log10(np.sqrt(np.mean(active**2))) == pytest.approx(LEVEL_DBFS, abs=0.5)
        assert np.abs(out).max() <= 0.9


def test_silence_before_and_after_a_sentence_is_trimmed() -> None:
    out = levelled(np.concatenate([np.zeros(8000), wave(800, 8000), np.zeros(16_000)]))
    assert len(out) / 8000 == pytest.approx(1.16, abs=0.03)


def test_silence_stays_silence() -> None:
    assert not levelled(np.zeros(100)).any()
    assert set(encode_alaw(np.zeros(3))) == {0xD5}


def test_the_music_loops_without_a_seam_and_is_softer_than_speech() -> None:
    music = hold_music()
    assert abs(music[0] - music[-1]) < 0.05
    assert np.sqrt(np.mean(music**2)) < 10 ** (LEVEL_DBFS / 20)


def test_a_tone_keeps_its_cadence() -> None:
    ringing = tone((1.0, 4.0))
    assert len(ringing) == 5 * 8000
    assert not ringing[8000:].any()
    assert np.abs(np.fft.rfft(ringing[:8000])).argmax() == 450


def test_what_was_rendered_is_not_wanted_again_until_its_text_changes(tmp_path: Path) -> None:
    renderer = Renderer(tmp_path, "voice")
    renderer.keep("a.hello", "您好", wave(500, 8000))
    renderer.keep(MUSIC, "", SOUNDS[MUSIC]())
    assert Renderer(tmp_path, "voice").wanted({"a.hello": "您好"}) == []
    assert renderer.wanted({"a.hello": "你好"}) == ["a.hello"]
    assert Prompts(tmp_path, {"a.hello": "您好"}).stale() == []
    (tmp_path / "a.hello.alaw").write_bytes(b"")
    assert renderer.wanted({"a.hello": "您好"}) == ["a.hello"]


def test_a_prompt_that_nobody_says_any_more_is_removed(tmp_path: Path) -> None:
    renderer = Renderer(tmp_path, "voice")
    renderer.keep("a.old", "旧", wave(500, 8000))
    renderer.forget_except(set())
    assert list(tmp_path.glob("*.alaw")) == []
    assert Renderer(tmp_path, "voice").index == {}
