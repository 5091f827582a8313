"""The reference implementation behind the port: fp32, 30 s window, pulls torch; an extra, never part of a run.

Without a path it uses the same weights as the default engine, converted exactly (only a reordering).
"""

import logging
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from asr.chinese_text import simplified
from asr.errors import RecogniserMissing
from asr.guards import collapse_repeats, refusal
from asr.recogniser import NOTHING, Audio, Hypothesis, Recognition, Segment
from asr.weights import BASE, locate

log = logging.getLogger(__name__)

_DTYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)


class OpenaiWhisper:
    """See recogniser.Recogniser.

    Args:
        model: ``whisper-base``, a ``.pt`` file, or one of openai-whisper's names (which downloads).
        cache: where the converted weights are kept.
        threads: of torch.
        guarded: apply the guards; False only to compare engines.
    Raises:
        RecogniserMissing: openai-whisper or the weights are not here.
    """

    backend = "openai-whisper"

    def __init__(self, model: str = BASE, *, cache: Path, threads: int = 1, guarded: bool = True) -> None:
        try:
            import torch
            import whisper
        except ImportError as error:
            raise RecogniserMissing(self.backend, "pip install 'nuanxian[whisper-reference]'") from error
        torch.set_num_threads(threads)
        self.model = model if model == BASE else Path(model).stem
        self._guarded = guarded
        source = str(_converted(cache)) if model == BASE else model
        try:
            self._whisper: Any = whisper.load_model(source, device="cpu")
        except (RuntimeError, OSError) as error:
            raise RecogniserMissing(self.backend, f"{model} cannot be loaded: {error}") from error

    def recognise(self, audio: Audio, *, alternatives: int = 1) -> Recognition:
        """See Recogniser.recognise; it has one reading only."""
        if not len(audio):
            return NOTHING
        result = self._whisper.transcribe(
            audio,
            language="zh",
            beam_size=5,
            temperature=0.0,
            condition_on_previous_text=False,
            fp16=False,
            no_speech_threshold=None,
            logprob_threshold=None,
            compression_ratio_threshold=None,
        )
        segments: list[Segment] = []
        dropped: str | None = None
        for part in result["segments"]:
            text = simplified(str(part["text"]))
            why = refusal(text, float(part["no_speech_prob"])) if self._guarded else None
            if why is None and text:
                segments.append(Segment(collapse_repeats(text), float(part["start"]), float(part["end"])))
            dropped = dropped or why
        text = collapse_repeats("".join(part.text for part in segments))
        score = sum(float(part["avg_logprob"]) * len(part["tokens"]) for part in result["segments"])
        return Recognition(text, tuple(segments), (Hypothesis(text, score),) if text else (), dropped)


def _converted(cache: Path) -> Path:
    import torch

    target = cache / "whisper-base.pt"
    if not target.is_file():
        state = checkpoint(read_ctranslate2(locate(BASE, cache) / "model.bin"))
        state["model_state_dict"] = {name: torch.from_numpy(each) for name, each in state["model_state_dict"].items()}
        temporary = target.with_suffix(".part")
        torch.save(state, temporary)
        temporary.rename(target)
    return target


def read_ctranslate2(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Every variable of a CTranslate2 ``model.bin``, by name."""
    data, at = path.read_bytes(), 0

    def take(code: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from(f"<{code}", data, at)
        at += struct.calcsize(f"<{code}")
        return int(value)

    def name() -> str:
        nonlocal at
        size = take("H")
        at += size
        return data[at - size : at - 1].decode()

    take("I"), name(), take("I")
    variables: dict[str, npt.NDArray[Any]] = {}
    for _ in range(take("I")):
        key = name()
        shape = [take("I") for _ in range(take("B"))]
        dtype, size = _DTYPES[take("B")], take("I")
        variables[key] = np.frombuffer(data, dtype, size // np.dtype(dtype).itemsize, at).reshape(shape)
        at += size
    return variables


def checkpoint(source: dict[str, npt.NDArray[Any]]) -> dict[str, Any]:
    """openai-whisper's ``dims`` and ``model_state_dict`` (numpy, float32) of a float CTranslate2 model.

    Raises:
        ValueError: the model is quantised.
    """
    if any(name.endswith("weight_scale") for name in source):
        raise ValueError("a quantised model cannot be converted; take a float16 one")
    given = {name: value.astype(np.float32) for name, value in source.items() if value.ndim}
    state = {
        "encoder.positional_embedding": given["encoder/position_encodings/encodings"],
        "decoder.positional_embedding": given["decoder/position_encodings/encodings"],
        "decoder.token_embedding.weight": given["decoder/embeddings/weight"],
    }
    for conv in ("conv1", "conv2"):
        for part in ("weight", "bias"):
            state[f"encoder.{conv}.{part}"] = given[f"encoder/{conv}/{part}"]
    layers = {side: _count_layers(given, side) for side in ("encoder", "decoder")}
    for side, count in layers.items():
        _norm(state, given, f"{side}/layer_norm", "encoder.ln_post" if side == "encoder" else "decoder.ln")
        for number in range(count):
            _layer(state, given, side, number)
    return {"dims": _dimensions(given, source, layers), "model_state_dict": state}


_Given = dict[str, npt.NDArray[Any]]


def _count_layers(given: _Given, side: str) -> int:
    numbers = [name.split("/")[1][6:] for name in given if name.startswith(f"{side}/layer_")]
    return 1 + max(int(number) for number in numbers if number.isdigit())


def _norm(state: _Given, given: _Given, source: str, target: str) -> None:
    state[f"{target}.weight"], state[f"{target}.bias"] = given[f"{source}/gamma"], given[f"{source}/beta"]


def _linear(state: _Given, given: _Given, source: str, targets: tuple[str, ...]) -> None:
    """One stored matrix, split evenly over the targets; keys have no bias in Whisper."""
    for kind in ("weight", "bias"):
        for target, part in zip(targets, np.split(given[f"{source}/{kind}"], len(targets)), strict=True):
            if not (kind == "bias" and target.endswith(".key")):
                state[f"{target}.{kind}"] = part.copy()


def _layer(state: _Given, given: _Given, side: str, number: int) -> None:
    source, target = f"{side}/layer_{number}", f"{side}.blocks.{number}"
    attention, cross = f"{target}.attn", f"{target}.cross_attn"
    _norm(state, given, f"{source}/self_attention/layer_norm", f"{target}.attn_ln")
    projections = (f"{attention}.query", f"{attention}.key", f"{attention}.value")
    _linear(state, given, f"{source}/self_attention/linear_0", projections)
    _linear(state, given, f"{source}/self_attention/linear_1", (f"{attention}.out",))
    if side == "decoder":
        _norm(state, given, f"{source}/attention/layer_norm", f"{target}.cross_attn_ln")
        _linear(state, given, f"{source}/attention/linear_0", (f"{cross}.query",))
        _linear(state, given, f"{source}/attention/linear_1", (f"{cross}.key", f"{cross}.value"))
        _linear(state, given, f"{source}/attention/linear_2", (f"{cross}.out",))
    _norm(state, given, f"{source}/ffn/layer_norm", f"{target}.mlp_ln")
    _linear(state, given, f"{source}/ffn/linear_0", (f"{target}.mlp.0",))
    _linear(state, given, f"{source}/ffn/linear_1", (f"{target}.mlp.2",))


def _dimensions(given: _Given, source: _Given, layers: dict[str, int]) -> dict[str, int]:
    width, mels = given["encoder/conv1/weight"].shape[:2]
    heads = int(source["encoder/num_heads"])
    return {
        "n_mels": mels,
        "n_vocab": given["decoder/embeddings/weight"].shape[0],
        "n_audio_ctx": 1500,
        "n_audio_state": width,
        "n_audio_head": heads,
        "n_audio_layer": layers["encoder"],
        "n_text_ctx": 448,
        "n_text_state": width,
        "n_text_head": heads,
        "n_text_layer": layers["decoder"],
    }
