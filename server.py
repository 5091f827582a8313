"""Nuanxian: the command line and the composition root.

python server.py run [--config FILE] [--lan]   start everything (make run)
python server.py check [--config FILE]         name each mistake of the settings with its line
python server.py messages | jobs | speech | media   one process alone, as `run` starts them
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from composition.certificate import local_address, local_certificate
from composition.children import end_with
from composition.first_start import embedded_settings_file, passwords_of
from composition.foundation import Foundation, lay_foundation, make_folders
from composition.logs import configure_logs
from vocabulary.errors import ConfigurationRefused, NuanxianError
from vocabulary.settings import Settings
from vocabulary.settings_file import load_settings

Work = Callable[[Foundation, asyncio.Event], Awaitable[None]]
CHILDREN = ("messages", "jobs", "speech", "media")
JOBS_NICE = 15  # design §3


def main() -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(prog="server.py", description="暖线 Nuanxian, a service-hotline server")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("run", "check", *CHILDREN):
        command = commands.add_parser(name)
        command.add_argument("--config", type=Path, default=None, help="settings file (TOML)")
        command.add_argument("--lan", action="store_true", help="bind the local network, not only this machine")
        command.add_argument("--with-server", type=int, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.with_server is not None:
        end_with(options.with_server)
    try:
        settings, file = read_settings(options.config, lan=options.lan)
        configure_logs(settings.log_level)
        run_command(options.command, settings, file, lan=options.lan)
    except ConfigurationRefused as refused:
        print("\n".join(refused.mistakes), file=sys.stderr)
        return 2
    except (NuanxianError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def run_command(command: str, settings: Settings, file: Path, *, lan: bool) -> None:
    """Each process imports only its own rooms: they start together on two cores."""
    match command:
        case "check":
            print(f"{file}: 没有发现问题 (no mistakes)")
        case "run":
            uvloop.run(run_server(settings, file, lan=lan))
        case "speech":
            from composition.speech import run_speech

            run_speech(settings)
        case "media":
            from composition.telephony import run_media

            run_media(settings)
        case "messages":
            from composition.messages import run_messages

            uvloop.run(run_child(settings, run_messages))
        case "jobs":
            from composition.jobs import run_jobs

            os.nice(JOBS_NICE)
            asyncio.run(run_child(settings, run_jobs))


def read_settings(config: Path | None, *, lan: bool) -> tuple[Settings, Path]:
    """The settings and their file; without one, the embedded ones of the data folder."""
    file = (config or embedded_settings_file(Path(os.environ.get("NUANXIAN_DATA_FOLDER", "var")))).resolve()
    environment = dict(os.environ)
    if lan:
        environment.setdefault("NUANXIAN_SIP__BIND", '"0.0.0.0"')
        environment.setdefault("NUANXIAN_SIP__ADVERTISED_ADDRESS", f'"{local_address()}"')
        environment.setdefault("NUANXIAN_API__BIND", '"0.0.0.0"')
    return load_settings(file, environment), file


async def run_server(settings: Settings, file: Path, *, lan: bool) -> None:
    """Start, tell people, wait for SIGTERM or Ctrl-C, stop."""
    from composition.hotline import Hotline
    from composition.welcome import welcome

    stopping = stop_on_signals()
    passwords = passwords_of(settings)
    certificate = local_certificate(make_folders(settings).data) if lan else None
    base = await lay_foundation(settings, migrate=True)
    arguments = ["--config", str(file)] + (["--lan"] if lan else [])
    hotline = Hotline(base, passwords, arguments, certificate)
    try:
        started = await hotline.start()
        print(welcome(settings, passwords, started, file, secure=lan), flush=True)
        await stopping.wait()
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await hotline.stop()


async def run_child(settings: Settings, work: Work) -> None:
    """One process beside the server; the schema is up to date already."""
    stopping = stop_on_signals()
    base = await lay_foundation(settings, migrate=False)
    try:
        await work(base, stopping)
    finally:
        await base.store.close()


def stop_on_signals() -> asyncio.Event:
    """Set when the process is asked to stop."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


if __name__ == "__main__":
    sys.exit(main())
