"""Prompt files in memory, read once."""

from collections import OrderedDict
from pathlib import Path


class PromptFiles:
    """The files used last, up to a size.

    A file is read on the media loop the first time it is played: prompts are small and local, and this happens once
    for each. A changed file (size or time) is read again.

    Args:
        limit_bytes: of all files together.
    """

    def __init__(self, limit_bytes: int = 64 * 1024 * 1024) -> None:
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._files: OrderedDict[str, tuple[tuple[int, int], bytes]] = OrderedDict()

    def read(self, path: str) -> bytes:
        """A file's audio.

        Raises:
            OSError: it cannot be read.
        """
        status = Path(path).stat()
        version = (status.st_mtime_ns, status.st_size)
        known = self._files.get(path)
        if known and known[0] == version:
            self._files.move_to_end(path)
            return known[1]
        audio = Path(path).read_bytes()
        if known:
            self._bytes -= len(known[1])
        self._files[path] = (version, audio)
        self._files.move_to_end(path)
        self._bytes += len(audio)
        while self._bytes > self._limit_bytes and len(self._files) > 1:
            _, (_, oldest) = self._files.popitem(last=False)
            self._bytes -= len(oldest)
        return audio
