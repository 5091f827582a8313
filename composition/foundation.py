"""What every process of an installation stands on: settings, clock, store, folders."""

import hashlib
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

from store.opening import Store, open_store
from vocabulary.clock import Clock, ShiftedClock, SystemClock
from vocabulary.settings import Settings

log = logging.getLogger(__name__)
MAX_SOCKET_PATH = 90  # the kernel takes 107 bytes


@dataclass(frozen=True, slots=True)
class Folders:
    """Where an installation keeps its files.

    Attributes:
        data: the data folder, absolute.
        sockets: Unix sockets between our processes.
        spool: fresh recordings, on the same disk as the stored ones.
    """

    data: Path
    sockets: Path
    spool: Path

    @property
    def media_socket(self) -> Path:
        """Where the media worker listens."""
        return self.sockets / "media.sock"

    @property
    def speech_socket(self) -> Path:
        """Where the speech worker listens."""
        return self.sockets / "speech.sock"


@dataclass(frozen=True, slots=True)
class Foundation:
    """See the module's head."""

    settings: Settings
    clock: Clock
    store: Store
    folders: Folders


async def lay_foundation(settings: Settings, *, migrate: bool) -> Foundation:
    """Open everything.

    Args:
        migrate: bring the schema up to date; True in the process that starts the others.
    """
    folders = make_folders(settings)
    clock = make_clock(settings)
    place = settings.store.recordings
    store = await open_store(
        url=f"sqlite:///{folders.data / 'nuanxian.db'}" if settings.store.url == "sqlite" else settings.store.url,
        secrets_folder=folders.data,
        recordings_place=folders.data / "recordings" if place == "folder" else place,
        clock=clock,
        migrate=migrate,
    )
    return Foundation(settings, clock, store, folders)


def make_folders(settings: Settings) -> Folders:
    """The installation's folders, made if they are not there, closed to others."""
    data = settings.data_folder.resolve()
    folders = Folders(data, _sockets_folder(data), data / "spool")
    for folder in (folders.data, folders.sockets, folders.spool):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    return folders


def make_clock(settings: Settings) -> Clock:
    """The machine's clock, or a demonstration's shifted one, which says so."""
    if settings.clock.offset_file is None:
        return SystemClock()
    log.warning("the clock is shifted by a file: for demonstrations only")
    return ShiftedClock(settings.clock.offset_file)


def _sockets_folder(data: Path) -> Path:
    """A folder whose paths are short enough for Unix sockets."""
    folder = data / "run"
    if len(str(folder)) + len("/speech.sock") <= MAX_SOCKET_PATH:
        return folder
    name = hashlib.sha256(str(data).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"nuanxian-{name}"
