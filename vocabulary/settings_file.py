"""Reads the settings file, names each mistake with its line and what is allowed, and applies the environment."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vocabulary.errors import ConfigurationRefused
from vocabulary.settings import Settings

ENVIRONMENT_PREFIX = "NUANXIAN_"
_TABLE = re.compile(r"\s*(\[{1,2})\s*([A-Za-z0-9_.\-]+)\s*\]{1,2}")
_KEY = re.compile(r"\s*\"?([A-Za-z0-9_\-]+)\"?\s*[=.]")


def load_settings(file: Path | None, environment: Mapping[str, str]) -> Settings:
    """Read, override, check.

    Args:
        file: the TOML file; None for the defaults alone.
        environment: ``NUANXIAN_SIP__PORT=5070`` overrides ``port`` of ``[sip]``; a double underscore parts the names.
            Values are read as TOML where they are TOML, else as text.
    Raises:
        ConfigurationRefused: each mistake with its line and what is allowed.
    """
    text = ""
    if file is not None:
        try:
            text = file.read_text("utf-8")
        except OSError as error:
            raise ConfigurationRefused([f"{file}: cannot be read: {error.strerror}"]) from error
        except UnicodeDecodeError as error:
            raise ConfigurationRefused([f"{file}: is not UTF-8 text (byte {error.start})"]) from error
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationRefused([f"{file}: {error}"]) from error
    overridden = _override(content, environment)
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        raise ConfigurationRefused([_sentence(file, text, overridden, item) for item in error.errors()]) from error


def _override(content: dict[str, Any], environment: Mapping[str, str]) -> set[tuple[str, ...]]:
    paths: set[tuple[str, ...]] = set()
    for name, value in sorted(environment.items()):
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        path = tuple(name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__"))
        try:
            parsed: Any = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            parsed = value
        place = content
        for step in path[:-1]:
            inner = place.setdefault(step, {})
            if not isinstance(inner, dict):
                raise ConfigurationRefused([f"{name}: {step} is not a section that one variable can override"])
            place = inner
        place[path[-1]] = parsed
        paths.add(path)
    return paths


def _sentence(file: Path | None, text: str, overridden: set[tuple[str, ...]], item: Any) -> str:
    """One mistake for people: where, which key, what is wrong, what was found."""
    path = tuple(item["loc"])
    names = ".".join(str(step) for step in path) or "(whole file)"
    if path in overridden:
        where = ENVIRONMENT_PREFIX + "__".join(str(step) for step in path).upper()
    else:
        line = line_of(text, path)
        where = f"{file}:{line}" if file and line else str(file or "defaults")
    message = item["msg"].removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        message = f"no such setting; allowed here: {', '.join(_allowed(path[:-1]))}"
    found = item.get("input")
    secret = any(isinstance(step, str) and ("password" in step or step == "url") for step in path)  # of a database
    shown = "" if isinstance(found, dict | list) or secret else f" (found {found!r})"
    return f"{where}: {names}: {message}{shown}"


def _allowed(path: tuple[Any, ...]) -> list[str]:
    model: Any = Settings
    for step in path:
        if isinstance(step, int):
            continue
        annotation = model.model_fields[step].annotation
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        model = next((c for c in candidates if hasattr(c, "model_fields")), None)
        if model is None:
            return []
    return list(model.model_fields)


def line_of(text: str, path: tuple[Any, ...]) -> int | None:
    """The line (from 1) on which a key stands, or the nearest enclosing table; None if neither is in the text.

    Args:
        text: the TOML file.
        path: keys and list indices as pydantic reports them, e.g. ``("trunks", 1, "port")``.
    """
    best: int | None = None
    depth = 0
    table: tuple[Any, ...] = ()
    seen: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _TABLE.match(line):
            steps: list[Any] = list(header.group(2).split("."))
            if header.group(1) == "[[":
                seen[header.group(2)] = seen.get(header.group(2), -1) + 1
                steps.append(seen[header.group(2)])
            table = tuple(steps)
            here = table
        elif key := _KEY.match(line):
            here = (*table, key.group(1))
        else:
            continue
        if here == path[: len(here)] and len(here) > depth:
            best, depth = number, len(here)
    return best
