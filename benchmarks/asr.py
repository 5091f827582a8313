"""How well speech is recognised: ``python -m benchmarks.asr DIR [--backend B] [--model M] [--against openai-whisper]``.

DIR holds ``manifest.jsonl`` and mono WAV clips. The shipped path is measured: voice detection, endpointing, engine,
guards, and the answer classifier for clips with a ``state``. ``rtf`` is wall time of running speech over its length.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from asr.audio import read_channel, wav_shape
from asr.chinese_text import comparable, distance
from asr.endpointing import ANSWER, RECORDING, Endpointing
from asr.engines import Backend, EngineChoice, load
from asr.recogniser import Audio, Recogniser
from asr.voice_activity import SpeechSplitter, Utterance
from asr.weights import BASE
from ivr.answer_classifier import DialogueState, Intent, classify, settled


@dataclass
class Tally:
    """What was counted so far."""

    errors: int = 0
    characters: int = 0
    speech_s: float = 0.0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    phantom: int = 0
    right: int = 0
    wrong: int = 0
    unsure: int = 0

    @property
    def cer(self) -> float:
        return round(self.errors / max(1, self.characters), 4)

    @property
    def rtf(self) -> float:
        return round(self.wall_s / max(0.001, self.speech_s), 4)


def whole(path: Path) -> Audio:
    return np.concatenate(list(read_channel(path, wav_shape(path), 0)))


def cut(path: Path, rules: Endpointing) -> list[Audio]:
    splitter = SpeechSplitter(rules)
    found = [event for block in read_channel(path, wav_shape(path), 0) for event in splitter.feed(block)]
    return [each.audio for each in [*found, *splitter.finish()] if isinstance(each, Utterance)]


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def text_of(tally: Tally, clip: Path, hear: Callable[[Path], str], *, speech: bool) -> str:
    wall, cpu = time.perf_counter(), cpu_s()
    text = hear(clip)
    if speech:
        tally.wall_s += time.perf_counter() - wall
        tally.cpu_s += cpu_s() - cpu
        tally.speech_s += wav_shape(clip).duration_s
    return text


def count_text(tally: Tally, row: dict[str, Any], text: str) -> None:
    heard = comparable(text)
    if row["kind"] == "nonspeech":
        tally.phantom += len(heard)
        return
    wanted = comparable(row["text"])
    tally.errors += distance(wanted, heard)
    tally.characters += len(wanted)


def count_answer(tally: Tally, row: dict[str, Any], clip: Path, engine: Recogniser) -> None:
    state = DialogueState(row["state"])
    utterances = cut(clip, replace(ANSWER, silence_s=0.0))
    readings = engine.recognise(utterances[0], alternatives=8).hypotheses if utterances else ()
    answer = classify(readings, state)
    if answer.intent is None and answer.safety is None:
        tally.unsure += 1
    elif answer.intent and settled(answer.intent, state) is settled(Intent(row["intent"]), state):
        tally.right += 1
    else:
        tally.wrong += 1
        sys.stderr.write(f"wrong: {row['file']} {row['text']}: {answer}\n")


def measure(rows: list[dict[str, Any]], folder: Path, engine: Recogniser) -> Tally:
    tally = Tally()

    def hear(clip: Path) -> str:
        return "，".join(engine.recognise(audio).text for audio in cut(clip, RECORDING))

    for number, row in enumerate(rows, 1):
        clip = folder / row["file"]
        count_text(tally, row, text_of(tally, clip, hear, speech=row["kind"] != "nonspeech"))
        if row.get("state"):
            count_answer(tally, row, clip, engine)
        sys.stderr.write(f"\r{number}/{len(rows)} cer {tally.cer}")
    sys.stderr.write("\n")
    return tally


def measure_other(rows: list[dict[str, Any]], folder: Path, engine: Recogniser) -> Tally:
    tally = Tally()
    for row in rows:
        if row["kind"] != "nonspeech":
            clip = folder / row["file"]
            text = text_of(tally, clip, lambda path: engine.recognise(whole(path)).text, speech=True)
            count_text(tally, row, text)
            sys.stderr.write(f"\rother cer {tally.cer}")
    sys.stderr.write("\n")
    return tally


def other_engine(name: str, options: argparse.Namespace) -> Recogniser:
    if name == Backend.OPENAI_WHISPER.value:
        from asr.openai_whisper import OpenaiWhisper

        return OpenaiWhisper(BASE, cache=options.cache, threads=options.threads, guarded=False)
    return load(EngineChoice(Backend(name), options.model, options.cache, options.threads))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.asr")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--backend", default="faster-whisper", choices=[each.value for each in Backend])
    parser.add_argument("--model", default=BASE)
    parser.add_argument("--against", choices=[each.value for each in Backend])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=Path("var/models"))
    options = parser.parse_args()
    lines = (options.folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    engine = load(EngineChoice(Backend(options.backend), options.model, options.cache, options.threads))
    engine.recognise(np.zeros(16_000, np.float32))  # the first decode pays for allocations
    ours = measure(rows, options.folder, engine)
    result: dict[str, Any] = {
        "items": len(rows),
        "cer": ours.cer,
        "rtf": ours.rtf,
        "phantom_chars": ours.phantom,
        "answers_right": ours.right,
        "answers_wrong": ours.wrong,
        "answers_unsure": ours.unsure,
        "backend": engine.backend,
        "model": engine.model,
        "threads": options.threads,
        "cpu_rtf": round(ours.cpu_s / max(0.001, ours.speech_s), 4),
    }
    if options.against:
        other = measure_other(rows, options.folder, other_engine(options.against, options))
        result |= {"other_cer": other.cer, "other_rtf": other.rtf, "other_backend": options.against}
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    main()
