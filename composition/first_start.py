"""The first start without a settings file: accounts, random passwords (mode 0600, shown once) and a file to edit."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from vocabulary.errors import ConfigurationRefused
from vocabulary.settings import Settings

PASSWORDS = "passwords.json"
SETTINGS = "nuanxian.toml"
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"

EMBEDDED = """# Written at the first start. nuanxian.example.toml holds every setting with its default.
# Check a change with:  python server.py check --config THIS_FILE

[[accounts]]
username = "8001"
seat = true

[[accounts]]
username = "8002"
seat = true

# The softphone that plays a user outside: it calls 96556 as 13800001234 and rings for every number that is called.
[[accounts]]
username = "user"

[[trunks]]
name = "simulated"
kind = "sim"
lines = [ { account = "user", number = "13800001234" } ]

[leak]
duty_chain = [ { name = "班长", number = "13800009001" }, { name = "抢修调度", number = "13800009002" } ]
"""


@dataclass(frozen=True, slots=True)
class Passwords:
    """The random passwords of this installation.

    Attributes:
        accounts: SIP account → password.
        fresh: accounts whose password was made just now, so it is to be shown.
    """

    accounts: dict[str, str]
    fresh: frozenset[str]


def embedded_settings_file(data_folder: Path) -> Path:
    """The settings file that ``make run`` uses; written at the first start."""
    file = data_folder / SETTINGS
    if not file.exists():
        data_folder.mkdir(parents=True, exist_ok=True)
        file.write_text(EMBEDDED, "utf-8")
    return file


def passwords_of(settings: Settings) -> Passwords:
    """Every account's password: the settings' own, else a random one kept in the data folder.

    Raises:
        ConfigurationRefused: the file of passwords is open to others, or is not what was written.
    """
    file = settings.data_folder / PASSWORDS
    kept = _read(file)
    made: dict[str, str] = {}
    for account in settings.accounts:
        if account.password is None and account.username not in kept:
            made[account.username] = _password()
    if made:
        kept |= made
        _write(file, kept)
    accounts = {each.username: each.password or kept[each.username] for each in settings.accounts}
    return Passwords(accounts, frozenset(made))


def _password() -> str:
    """16 characters of 31: 79 bits, easy to type on a phone."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(16))


def _read(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    if file.stat().st_mode & 0o077:
        raise ConfigurationRefused([f"{file}: holds passwords and is open to others; chmod 600 {file}"])
    try:
        content = json.loads(file.read_text("ascii"))
        if not isinstance(content, dict):
            raise ValueError("no table of passwords")
    except ValueError as error:
        raise ConfigurationRefused([f"{file}: is damaged ({error}); delete it for new passwords"]) from error
    return {str(name): str(password) for name, password in content.items()}


def _write(file: Path, content: dict[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as opened:
        json.dump(content, opened, indent=2)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)
