"""evalctl.toml: found beside or above the working directory, checked, overridden by the environment."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalctl.core.errors import ConfigError, nearest

FILE_NAME = "evalctl.toml"

#: Section -> key -> type. The one list that validation, errors and the template follow.
KEYS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "lake": {"uri": str},
    "rubrics": {"paths": list},
    "ingest": {"source": str, "project": str},
    "redact": {"entities": list},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Redact:
    """What ingest masks before the first byte is written."""

    entities: tuple[str, ...] = ("email", "phone", "card", "ssn", "iban", "secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings as resolved: file, then environment; flags come on top in the CLI.

    ``root`` is the folder of evalctl.toml, or the working directory where there is none; relative
    paths in the file are relative to it.
    """

    root: Path
    file: Path | None = None
    lake: str = ""
    rubrics: tuple[Path, ...] = ()
    source: str = "default"
    project: str | None = None
    redact: Redact | None = None


def load_config(start: Path | None = None) -> Config:
    """Read the nearest evalctl.toml at or above ``start`` (default: the working directory).

    Raises:
        ConfigError: the file is not TOML, or has a key that does not exist or a value of a wrong type.
    """
    here = (start or Path.cwd()).resolve()
    file = next((d / FILE_NAME for d in (here, *here.parents) if (d / FILE_NAME).is_file()), None)
    raw = _read(file) if file else {}
    root = file.parent if file else here
    lake = os.environ.get("EVALCTL_LAKE") or _lake_uri(raw, root)
    paths = raw.get("rubrics", {}).get("paths") or ["rubrics"]
    ingest = raw.get("ingest", {})
    redact = raw.get("redact")
    return Config(
        root=root,
        file=file,
        lake=lake,
        rubrics=tuple(root / str(path) for path in paths),
        source=ingest.get("source", "default"),
        project=ingest.get("project"),
        redact=None if redact is None else _redact(redact),
    )


def _lake_uri(raw: dict[str, Any], root: Path) -> str:
    uri = raw.get("lake", {}).get("uri", ".evalctl/lake")
    return uri if "://" in uri else str(root / uri)


def _redact(raw: dict[str, Any]) -> Redact:
    return Redact(entities=tuple(raw["entities"])) if "entities" in raw else Redact()


def _read(file: Path) -> dict[str, Any]:
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    for section, body in raw.items():
        _check_section(file, section, body)
    return raw


def _check_section(file: Path, section: str, body: Any) -> None:
    if section not in KEYS:
        raise ConfigError(f"{file}: no section [{section}]{nearest(section, KEYS)}")
    if not isinstance(body, dict):
        raise ConfigError(f"{file}: {section} must be a section: write [{section}]")
    for key, value in body.items():
        if key not in KEYS[section]:
            raise ConfigError(
                f"{file}: [{section}] has no key '{key}'{nearest(key, KEYS[section])}"
            )
        if not isinstance(value, KEYS[section][key]):
            wanted = KEYS[section][key]
            name = wanted.__name__ if isinstance(wanted, type) else "value of another type"
            raise ConfigError(f"{file}: [{section}] {key} must be a {name}, not {value!r}")
