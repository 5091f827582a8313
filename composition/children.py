"""The processes beside the server: started with it, started again with back-off when they die, stopped with it."""

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vocabulary.clock import Clock

log = logging.getLogger(__name__)
PROGRAM = (sys.executable, str(Path(__file__).resolve().parent.parent / "server.py"))
_PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds.

    Attributes:
        first_s, most_s: pause before a restart; doubles each time.
        steady_s: a process that lived so long begins again at ``first_s``.
        stop_s: how long it may take to stop by itself.
    """

    first_s: float = 0.5
    most_s: float = 30.0
    steady_s: float = 60.0
    stop_s: float = 8.0


class Child:
    """One process of ours, e.g. ``python server.py speech``.

    Args:
        name: the subcommand; stands in the log.
        arguments: what follows it.
        program: takes the subcommand and ``--with-server PID``.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        clock: Clock,
        patience: Patience | None = None,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self.name = name
        self._program = program
        self._arguments = arguments
        self._clock = clock
        self._patience = patience or Patience()
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def start(self) -> None:
        """Begin to keep it running."""
        self._task = asyncio.create_task(self._keep_running(), name=f"child {self.name}")

    async def stop(self) -> None:
        """Ask it to stop, and end it if it does not."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(self._patience.stop_s):
                await process.wait()
        except TimeoutError:
            log.warning("process did not stop, killed", extra={"child": self.name})
            process.kill()
            await process.wait()

    async def _keep_running(self) -> None:
        pause_s = self._patience.first_s
        while True:
            began_s = self._clock.monotonic_s()
            try:
                code = await self._live_once()
            except OSError as error:  # no memory, no handles: the machine may recover
                code = f"not started: {error.strerror}"
            lived_s = self._clock.monotonic_s() - began_s
            if lived_s >= self._patience.steady_s:
                pause_s = self._patience.first_s
            log.error("process ended, started again", extra={"child": self.name, "code": code, "pause_s": pause_s})
            self.restarts += 1
            await self._clock.sleep(pause_s)
            pause_s = min(pause_s * 2, self._patience.most_s)

    async def _live_once(self) -> int | str:
        """Start it and wait for its end; the exit status."""
        self._process = await asyncio.create_subprocess_exec(
            *self._program,
            self.name,
            *self._arguments,
            "--with-server",
            str(os.getpid()),
            stdin=asyncio.subprocess.DEVNULL,
        )
        return await self._process.wait()


def end_with(server: int) -> None:
    """Ask the kernel to end this process with the server that started it, also when that one is killed.

    Otherwise the next start's processes would run beside those of the last.

    Args:
        server: process id of the server; nothing is left to do if it is gone already.
    Raises:
        SystemExit: it is gone.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != server:
        raise SystemExit(1)
