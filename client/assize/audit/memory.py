"""Checkpoints that are kept outside the service: those it published, and the last one verified.

A folder holds a note in each file; hidden files (a repository's `.git`) are left alone.
"""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from assize.audit.checkpoints import NOTE_MOST_BYTES, MalformedCheckpoint, opened
from assize.audit.verification import Remembered
from assize.errors import InvalidRequest
from assize.public_keys import PublicKey

FILES_MOST: Final = 100_000
SUFFIX: Final = ".note"


def default_folder() -> Path:
    """Return where verified checkpoints are kept: `assize/checkpoints` of the user's settings."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "assize" / "checkpoints"


def published(path: Path) -> tuple[Remembered, ...]:
    """Return the checkpoints of a file or folder, all of which must be this log's.

    Raises:
        InvalidRequest: It cannot be read, or there is none.
    """
    files = _files(path) if path.is_dir() else [path]
    found = tuple(Remembered(str(file), _text(file)) for file in files)
    if not found:
        raise InvalidRequest(f"{path}: there is no checkpoint in this folder")
    return found


def recalled(folder: Path, keys: Sequence[PublicKey], origin: str = "") -> tuple[Remembered, ...]:
    """Return what earlier verifications kept of the log of these keys, under whatever name.

    And what they kept of the log of that name, whoever signed it: else a log that is signed by
    another key from some day on would be one that nobody has seen before.

    Raises:
        InvalidRequest: The folder cannot be read.
    """
    files = _files(folder) if folder.is_dir() else []
    notes = ((file, _text(file)) for file in files if file.suffix == SUFFIX)
    return tuple(
        Remembered(str(file), note, verified=True)
        for file, note in notes
        if _is_of(note, keys) or file.name == _name(origin)
    )


def remember(folder: Path, note: str, keys: Sequence[PublicKey]) -> None:
    """Keep the note of a log that was verified, in place of the one before.

    Raises:
        InvalidRequest: It cannot be written.
        MalformedCheckpoint: No key of these signed it.
    """
    origin = opened(note, keys).origin
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(folder / _name(origin))
    except OSError as error:
        raise InvalidRequest(f"{folder}: {error.strerror or error}") from error


def _name(origin: str) -> str:
    return f"{hashlib.sha256(origin.encode()).hexdigest()[:32]}{SUFFIX}"


def _is_of(note: str, keys: Sequence[PublicKey]) -> bool:
    try:
        opened(note, keys)
    except MalformedCheckpoint:
        return False
    return True


def _files(folder: Path) -> list[Path]:
    try:
        files = sorted(
            path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")
        )
    except OSError as error:
        raise InvalidRequest(f"{folder}: {error.strerror or error}") from error
    if len(files) > FILES_MOST:
        raise InvalidRequest(f"{folder}: {len(files)} files, at most {FILES_MOST} are read")
    return files


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(NOTE_MOST_BYTES + 1).decode("utf-8", "replace")
    except OSError as error:
        raise InvalidRequest(f"{path}: {error.strerror or error}") from error
