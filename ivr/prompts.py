"""Prompts: files rendered once, kept with their text and hash; no synthesis ever runs during a call.

The texts stand in ``ivr/dialogues/*.toml``, a table for each dialogue: key ``greeting`` in table ``[reception]`` is the
prompt ``reception.greeting`` (``greeting`` alone also finds it while only one table has it). ``python -m ivr.synthesis
render`` writes ``data/prompts/reception.greeting.alaw`` and the index. Variable parts are recorded pieces.
"""

import hashlib
import json
import logging
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from vocabulary.audio_frame import AudioFile

log = logging.getLogger(__name__)

PROMPTS_FOLDER = Path(__file__).resolve().parent.parent / "data" / "prompts"
TEXTS_FOLDER = Path(__file__).resolve().parent / "dialogues"
INDEX_FILE = "index.json"
NEUTRAL = "system.please_wait"
"""Said instead of a prompt that is missing."""
TONE = "tone.attention"
"""Played when even that is missing."""
MUSIC = "music.hold"


@dataclass(frozen=True, slots=True)
class Stale:
    """A prompt whose file does not say what the dialogues say.

    Attributes:
        key: its name.
        reason: ``not rendered``, ``text changed``, ``file missing`` or ``file altered``.
    """

    key: str
    reason: str


def read_texts(folder: Path = TEXTS_FOLDER) -> dict[str, str]:
    """Every prompt's text by its full key, from all ``*.toml`` of a folder.

    Raises:
        ValueError: a text is not a string, or a key stands in two files.
    """
    texts: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")):
        for table, entries in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for name, text in entries.items():
                if not isinstance(text, str):
                    raise ValueError(f"{path.name}: [{table}] {name} is not a text")
                if texts.setdefault(f"{table}.{name}", text) != text:
                    raise ValueError(f"{path.name}: [{table}] {name} stands twice")
    return texts


def text_hash(text: str) -> str:
    """SHA-256 of a prompt's text: what a rendered file is checked against."""
    return hashlib.sha256(text.encode()).hexdigest()


class Prompts:
    """All prompts of an installation.

    Args:
        folder: holds ``index.json`` and the A-law files; a site may put its own recordings there.
        texts: what the prompts should say, by full key; None reads the dialogues' files.
    """

    def __init__(self, folder: Path = PROMPTS_FOLDER, texts: dict[str, str] | None = None) -> None:
        self._folder = folder
        self._texts = read_texts() if texts is None else texts
        self._index: dict[str, dict[str, str]] = {}
        try:
            self._index = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            log.error("no prompts are rendered", extra={"folder": str(folder)})
        self._alias = _unique_names([*self._index, *self._texts])
        self._missed: set[str] = set()

    @property
    def keys(self) -> Sequence[str]:
        """Full keys of every rendered prompt."""
        return list(self._index)

    def file(self, key: str) -> AudioFile:
        """The prompt's file; a missing one is replaced by a neutral sentence or a tone, and logged once."""
        full = key if key in self._index or key in self._texts else self._alias.get(key, key)
        found = self._existing(full)
        if found is not None:
            return found
        if full not in self._missed:
            self._missed.add(full)
            log.error("a prompt is missing, a neutral one is played", extra={"key": full})
        substitute = self._existing(NEUTRAL) or self._existing(TONE)
        if substitute is None:
            raise FileNotFoundError(f"{self._folder} holds neither {full} nor {NEUTRAL} nor {TONE}")
        return AudioFile(substitute.path, self._texts.get(full, substitute.text))

    def has(self, key: str) -> bool:
        """Whether the prompt itself, not a substitute, can be played."""
        return self._existing(key if key in self._index else self._alias.get(key, key)) is not None

    def pieces(self, value: date | int | str) -> list[AudioFile]:
        """A variable part from recorded pieces.

        Args:
            value: a date is said as month and day; a number (0–9 999) as a number; digits in a string one by one
                (1 as 幺, as telephone numbers are); any other string as a matter of the master data (漏水, 不热 …),
                an unknown one as 您反映的事项.
        """
        if isinstance(value, date):
            return [self.file(f"piece.month_{value.month}"), self.file(f"piece.day_{value.day}")]
        if isinstance(value, int):
            return [self.file(key) for key in number_pieces(value)]
        if value.isdigit() and value.isascii():
            return [self.file("piece.digit_yao" if digit == "1" else f"piece.digit_{digit}") for digit in value]
        key = self._matter_key(value)
        return [self.file(key if key is not None else "matter.unknown")]

    def stale(self) -> list[Stale]:
        """Prompts to render again; logged at start, and a reason for a test to fail."""
        found = [Stale(key, reason) for key, text in self._texts.items() if (reason := self._staleness(key, text))]
        for each in found:
            log.warning("a prompt is stale", extra={"key": each.key, "reason": each.reason})
        return found

    def _staleness(self, key: str, text: str) -> str | None:
        entry = self._index.get(key)
        if entry is None:
            return "not rendered"
        if entry["text_sha256"] != text_hash(text):
            return "text changed"
        path = self._folder / entry["file"]
        if not path.is_file():
            return "file missing"
        return None if hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"] else "file altered"

    def _existing(self, key: str) -> AudioFile | None:
        entry = self._index.get(key)
        if entry is None or not (self._folder / entry["file"]).is_file():
            return None
        return AudioFile((self._folder / entry["file"]).resolve(), entry["text"])

    def _matter_key(self, matter: str) -> str | None:
        for key, entry in self._index.items():
            if key.startswith("matter.") and (entry["text"] == matter or key == f"matter.{matter}"):
                return key
        return None


def number_pieces(value: int) -> list[str]:
    """Keys of the pieces that say a number as Mandarin does: 12 十二, 105 一百零五, 1010 一千零一十."""
    if not 0 <= value <= 9999:
        raise ValueError(f"{value} is not between 0 and 9999")
    if value < 10:
        return [f"piece.digit_{value}"]
    keys: list[str] = []
    gap = False
    for unit, name in ((1000, "piece.thousand"), (100, "piece.hundred"), (10, "piece.ten"), (1, "")):
        digit = value // unit % 10
        if digit == 0:
            gap = bool(keys)
            continue
        if gap:
            keys.append("piece.digit_0")
            gap = False
        if not (unit == 10 and digit == 1 and not keys):
            keys.append(f"piece.digit_{digit}")
        if name:
            keys.append(name)
    return keys


def _unique_names(keys: Sequence[str]) -> dict[str, str]:
    names: dict[str, set[str]] = {}
    for key in keys:
        names.setdefault(key.partition(".")[2], set()).add(key)
    return {name: full.pop() for name, full in names.items() if len(full) == 1}
