"""evalctl.json: what makes a folder a lake, and the salt that is decided once."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from evalctl import __version__
from evalctl.core.errors import UserError
from evalctl.core.schema import LAKE_FORMAT
from evalctl.lake.places import filesystem, is_local

FILE = "evalctl.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """What evalctl.json says."""

    format: int
    salt: bytes


def read_birth(uri: str) -> Birth:
    """Read evalctl.json of a lake.

    Raises:
        UserError: there is no lake, its evalctl.json is damaged, or its format is newer than ours.
    """
    try:
        text = _text(uri)
    except FileNotFoundError:
        raise _no_lake(uri) from None
    except OSError as error:
        raise UserError(
            f"{uri}/{FILE} cannot be read: {error.strerror or 'check its permissions'}"
        ) from None
    return _parse(uri, text)


def create_birth(uri: str) -> Birth:
    """Read evalctl.json, writing it first where there is none; of several processes one decides.

    Raises:
        UserError: as ``read_birth``; or the folder holds other things, or cannot be written.
    """
    if is_local(uri):
        _write_once(Path(uri))
    else:
        _write_remote(uri)
    return read_birth(uri)


def _text(uri: str) -> bytes:
    if is_local(uri):  # without pyarrow, whose import is a third of what showing one trace takes
        return Path(uri, FILE).read_bytes()
    system, root = filesystem(uri)
    with system.open_input_stream(f"{root}/{FILE}") as stream:
        return bytes(stream.read())


def _parse(uri: str, text: bytes) -> Birth:
    try:
        raw: dict[str, Any] = json.loads(text)
        born = Birth(format=int(raw["format"]), salt=bytes.fromhex(raw["salt"]))
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{uri}/{FILE} is damaged: restore it from a backup, or start a new lake"
        ) from None
    if born.format > LAKE_FORMAT:
        raise UserError(
            f"{uri} is a lake of format {born.format}, and evalctl {__version__} reads up to"
            f" {LAKE_FORMAT}: upgrade evalctl-lake"
        )
    return born


def _no_lake(uri: str) -> UserError:
    if is_local(uri) and Path(uri).exists():
        return UserError(
            f"{uri} is not a lake (it has no {FILE}): make one with evalctl ingest FOLDER, or check --lake"
        )
    return UserError(f"no lake at {uri}: make one with evalctl ingest FOLDER, or check --lake")


def _new() -> bytes:
    born = {"format": LAKE_FORMAT, "salt": secrets.token_hex(16), "created_by": __version__}
    return json.dumps(born).encode()


def _write_once(folder: Path) -> None:
    """Write a whole file beside, then link it: the name appears once, complete, for one process."""
    final = folder / FILE
    if final.exists():
        return
    draft = folder / f".{FILE}.{uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_others(folder)
        draft.write_bytes(_new())
        try:
            final.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    except OSError as error:
        raise UserError(f"cannot create a lake at {folder}: {error.strerror}") from None


def _refuse_others(folder: Path) -> None:
    names = {entry.name for entry in folder.iterdir() if not entry.name.startswith(".")}
    if names and FILE not in names:
        raise UserError(
            f"{folder} is neither empty nor a lake (it has no {FILE}): choose another folder for --lake"
        )


def _write_remote(uri: str) -> None:
    """Write evalctl.json to an object store; pyarrow has no put-if-absent, so the first look decides."""
    from pyarrow.fs import FileType

    system, root = filesystem(uri)
    if system.get_file_info(f"{root}/{FILE}").type == FileType.NotFound:
        with system.open_output_stream(f"{root}/{FILE}") as stream:
            stream.write(_new())
