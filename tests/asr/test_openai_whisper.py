"""The reference engine: weights are converted exactly; the engine itself is tried where it is installed."""

import struct
from pathlib import Path

import numpy as np
import pytest

from asr.openai_whisper import checkpoint, read_ctranslate2
from tests.asr.clips import audio_of

pytestmark = pytest.mark.unit


def tiny(width: int = 4) -> dict[str, np.ndarray]:
    """The variables of a one-layer Whisper, each filled with its own number."""
    names = [
        "encoder/position_encodings/encodings",
        "decoder/position_encodings/encodings",
        "decoder/embeddings/weight",
    ]
    names += [f"encoder/{conv}/{part}" for conv in ("conv1", "conv2") for part in ("weight", "bias")]
    given: dict[str, np.ndarray] = {name: np.full((width, width), at, np.float16) for at, name in enumerate(names)}
    for side in ("encoder", "decoder"):
        blocks = ["self_attention"] + (["attention"] if side == "decoder" else [])
        for norm in [f"{side}/layer_norm", *(f"{side}/layer_0/{b}/layer_norm" for b in [*blocks, "ffn"])]:
            given[f"{norm}/gamma"], given[f"{norm}/beta"] = np.ones(width, np.float16), np.zeros(width, np.float16)
        sizes = {"self_attention/linear_0": 3, "self_attention/linear_1": 1, "ffn/linear_0": 1, "ffn/linear_1": 1}
        if side == "decoder":
            sizes |= {"attention/linear_0": 1, "attention/linear_1": 2, "attention/linear_2": 1}
        for name, parts in sizes.items():
            rows = np.repeat(np.arange(parts), width)
            given[f"{side}/layer_0/{name}/weight"] = np.tile(rows[:, None], (1, width)).astype(np.float16)
            given[f"{side}/layer_0/{name}/bias"] = rows.astype(np.float16)
    given["encoder/num_heads"] = np.array(2, np.int8)
    return given


def test_the_joined_matrices_are_parted_in_their_order() -> None:
    found = checkpoint(tiny())
    state = found["model_state_dict"]
    parts = [float(state[f"decoder.blocks.0.attn.{name}.weight"][0, 0]) for name in ("query", "key", "value")]
    assert parts == [0.0, 1.0, 2.0]
    assert "decoder.blocks.0.attn.key.bias" not in state
    assert float(state["decoder.blocks.0.cross_attn.value.bias"][0]) == 1.0
    assert found["dims"]["n_audio_head"] == 2
    assert found["dims"]["n_text_layer"] == 1


def test_a_quantised_model_is_refused() -> None:
    with pytest.raises(ValueError, match="quantised"):
        checkpoint(tiny() | {"encoder/conv1/weight_scale": np.ones(1)})


def test_a_model_file_is_read_variable_by_variable(tmp_path: Path) -> None:
    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    body = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, 1)
    body += text("a/weight") + struct.pack("<B", 2) + struct.pack("<II", 1, 2) + struct.pack("<BI", 4, 4)
    body += np.array([1.5, -2], np.float16).tobytes()
    path = tmp_path / "model.bin"
    path.write_bytes(body)
    assert read_ctranslate2(path)["a/weight"].tolist() == [[1.5, -2.0]]


@pytest.mark.filterwarnings("ignore")  # whisper and torch leave files open
def test_it_hears_what_the_default_engine_hears(tmp_path: Path) -> None:
    pytest.importorskip("whisper", reason="openai-whisper is not installed (extra whisper-reference)")
    from asr.openai_whisper import OpenaiWhisper

    found = OpenaiWhisper(cache=tmp_path).recognise(audio_of("s40_b.wav"))
    assert "服务态度很好" in found.text
    assert found.segments
