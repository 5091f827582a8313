"""The processes beside the server, tried with tiny programs in their place."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from composition.children import Child, Patience
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.unit
ROOT = Path(__file__).resolve().parents[2]
IMPORT = f"import os, sys, time; sys.path.insert(0, {str(ROOT)!r}); from composition.children import end_with"
PATIENCE = Patience(first_s=1.0, most_s=4.0, steady_s=60.0, stop_s=5.0)
Kept = Callable[..., Child]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def kept(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Kept]:
    """``kept("print(1)")``: a started child whose program is that text; stopped with the test."""
    made: list[Child] = []

    def start(text: str, *, patience: Patience = PATIENCE, python: str = sys.executable) -> Child:
        program = tmp_path / "program.py"
        program.write_text(text)
        made.append(Child("jobs", ["--config", "x"], clock, patience, (python, str(program))))
        made[-1].start()
        return made[-1]

    yield start
    for each in made:
        await each.stop()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


def resting(child: Child, clock: FakeClock, restarts: int) -> bool:
    """It ended so often, and waits before its next start."""
    return child.restarts == restarts and clock.sleepers == 1


async def test_a_program_that_ends_is_started_again_after_ever_longer_pauses(kept: Kept, clock: FakeClock) -> None:
    child = kept("raise SystemExit(3)")
    for restarts, pause_s in enumerate((1.0, 2.0, 4.0, 4.0), 1):
        await until(partial(resting, child, clock, restarts))
        clock.advance(pause_s - 0.1)
        await clock.settle()
        assert clock.sleepers == 1, f"it did not wait {pause_s} s before its start number {restarts + 1}"
        clock.advance(0.2)
    await until(lambda: child.restarts == 5)


async def test_one_that_lived_long_is_started_again_at_once(kept: Kept, clock: FakeClock, tmp_path: Path) -> None:
    child = kept("import time; time.sleep(60)")
    for restarts in (1, 2, 3):
        await until(lambda: child.pid is not None)
        clock.advance(PATIENCE.steady_s)
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        await until(partial(resting, child, clock, restarts))
        clock.advance(PATIENCE.first_s)


async def test_one_that_cannot_be_started_is_tried_again(kept: Kept, clock: FakeClock, tmp_path: Path) -> None:
    child = kept("", python=str(tmp_path / "not there"))
    await until(lambda: child.restarts == 1 and clock.sleepers == 1)
    clock.advance(PATIENCE.first_s)
    await until(lambda: child.restarts == 2)


async def test_it_is_told_its_arguments_and_whose_it_is(kept: Kept, tmp_path: Path) -> None:
    told = tmp_path / "told"
    kept(f"import sys, time; open({str(told)!r} + '.part', 'w').write(' '.join(sys.argv[1:]))\n"
         f"import os; os.rename({str(told)!r} + '.part', {str(told)!r}); time.sleep(60)")  # fmt: skip
    await until(told.exists)
    assert told.read_text() == f"jobs --config x --with-server {os.getpid()}"


async def test_stopping_ends_it_and_starts_no_other(kept: Kept) -> None:
    child = kept("import time; time.sleep(60)")
    await until(lambda: child.pid is not None)
    await child.stop()
    assert child.pid is None and child.restarts == 0


async def test_one_that_does_not_heed_sigterm_is_killed(kept: Kept, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    text = f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open({str(ready)!r}, 'w')\n"
    child = kept(text + "time.sleep(60)", patience=Patience(stop_s=0.3))
    await until(ready.exists)
    await child.stop()
    assert child.pid is None


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent death signal is Linux's")
def test_a_child_ends_with_the_server_that_was_killed(tmp_path: Path) -> None:
    grandchild = f"{IMPORT}; end_with(int(sys.argv[1])); print(os.getpid(), flush=True); time.sleep(60)"
    start = f"subprocess.Popen([sys.executable, '-c', {grandchild!r}, str(os.getpid())])"
    server = f"import os, subprocess, sys, time; {start}; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", server], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip().isdigit()
        process.kill()
        assert process.stdout.read() == b"", "the pipe closes only when the grandchild has ended too"


def test_a_child_whose_server_is_gone_already_does_not_begin() -> None:
    done = subprocess.run([sys.executable, "-c", f"{IMPORT}; end_with(1 << 30)"], timeout=30)
    assert done.returncode == 1
