"""What a Play command sends, packet by packet."""

from collections.abc import Sequence

from telephony.media.core.g711 import ALAW_SILENCE


class Playlist:
    """Files one after the other, with a gap between them, once or for ever.

    Args:
        files: A-law, one byte a sample; empty ones are passed over.
        gap_samples: silence between files and between rounds, none after the last.
    Attributes:
        played_samples: of the files, gaps not counted.
    """

    __slots__ = ("_at", "_file", "_files", "_gap", "_gap_left", "_index", "_repeat", "played_samples")

    def __init__(self, files: Sequence[bytes], *, repeat: bool = False, gap_samples: int = 0) -> None:
        self._files = [file for file in files if file]
        self._repeat = repeat
        self._gap = gap_samples
        self._index = 0
        self._at = 0
        self._gap_left = 0
        self._file = self._files[0] if self._files else b""
        self.played_samples = 0

    def add(self, files: Sequence[bytes]) -> None:
        """Append files to a list that is not ``finished``."""
        self._files += [file for file in files if file]

    @property
    def finished(self) -> bool:
        """Whether everything was taken."""
        return not self._file

    def take(self, samples: int) -> bytes:
        """The next packet, filled up with silence at the end; ask only while not ``finished``."""
        at = self._at
        end = at + samples
        if end < len(self._file) and not self._gap_left:
            self._at = end
            self.played_samples += samples
            return self._file[at:end]
        return self._across(samples)

    def _across(self, samples: int) -> bytes:
        """A packet that meets a gap or the end of a file."""
        out = b""
        while len(out) < samples and self._file:
            if self._gap_left:
                silence = min(self._gap_left, samples - len(out))
                self._gap_left -= silence
                out += bytes((ALAW_SILENCE,)) * silence
                continue
            piece = self._file[self._at : self._at + samples - len(out)]
            self._at += len(piece)
            self.played_samples += len(piece)
            out += piece
            if self._at >= len(self._file):
                self._next_file()
        return out.ljust(samples, bytes((ALAW_SILENCE,)))

    def _next_file(self) -> None:
        self._at = 0
        self._index += 1
        if self._index < len(self._files):
            self._gap_left = self._gap
        elif self._repeat:
            self._index = 0
            self._gap_left = self._gap
        else:
            self._file = b""
            return
        self._file = self._files[self._index]
