"""The installation's own secrets: made at the first start, kept in one file that only its owner may read."""

import base64
import binascii
import json
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from store.errors import SecretsRefused

FILE_NAME = "secrets.json"


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """Keys of this installation; without them its encrypted fields and keyed hashes are lost, so back them up.

    Attributes:
        field_keys: for ``FieldCipher``.
        phone_key: for ``PhoneKeyer``.
        token_key: under which API tokens and sign-in sessions are hashed.
    """

    field_keys: dict[str, bytes]
    phone_key: bytes
    token_key: bytes

    def __repr__(self) -> str:
        return f"Secrets({len(self.field_keys)} field keys)"


def load_or_create(folder: Path) -> Secrets:
    """The secrets of the folder; made there, with mode 0600, if there are none. Two starts at once agree on one.

    Raises:
        SecretsRefused: the file is open to others, or not what was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    if not path.exists():
        _create(path)
    return _load(path)


def _create(path: Path) -> None:
    content = {
        "field_keys": {"k1": _text(os.urandom(32))},
        "phone_key": _text(os.urandom(32)),
        "token_key": _text(os.urandom(32)),
    }
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):  # another process was first: its secrets count
        os.link(draft, path)
    draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def _load(path: Path) -> Secrets:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise SecretsRefused(f"{path} may be read by others (mode {mode:04o}): chmod 600 {path}")
    try:
        content = json.loads(path.read_text("ascii"))
        secrets = Secrets(
            {key_id: _bytes(key) for key_id, key in content["field_keys"].items()},
            _bytes(content["phone_key"]),
            _bytes(content["token_key"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise SecretsRefused(f"{path} does not hold the secrets it should: restore it from a backup") from error
    if not secrets.field_keys or any(
        len(key) != 32 for key in (*secrets.field_keys.values(), secrets.phone_key, secrets.token_key)
    ):
        raise SecretsRefused(f"{path} holds keys of the wrong length: restore it from a backup")
    return secrets


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
