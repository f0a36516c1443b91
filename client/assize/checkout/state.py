"""What a folder was when it last was the same as a snapshot: `.assize/state.json`.

`.assize` also has what is being pulled, until it is whole. It is never pushed or pulled itself.
"""

import fcntl
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from assize.checkout.ignoring import STATE_FOLDER
from assize.checkout.places import FOLDER_FLAGS, chunks_of, opened_file
from assize.errors import Conflict, InvalidRequest
from assize.model.effects import FileState, FileType

FORMAT: Final = "assize.checkout.v1"
ASIDE: Final = "aside"
_STATE: Final = "state.json"
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Known:
    """The snapshot that a folder was last the same as."""

    workspace: str
    snapshot: str
    root_mode: int
    entries: Mapping[str, FileState]
    """By path; without what is never pulled."""


class Folder:
    """A folder and its `.assize`, held for one push or pull."""

    def __init__(self, root: int, own: int, aside: int) -> None:
        self.root = root
        """Descriptor of the folder."""
        self.aside = aside
        """Descriptor of the folder in `.assize` where files are made before they get their name."""
        self._own = own

    def known(self) -> Known | None:
        """Return what the folder was last the same as; None if it never was.

        Raises:
            InvalidRequest: The file is not what was written there.
        """
        try:
            with opened_file(self._own, _STATE) as file:
                return _read(b"".join(chunks_of(file)))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InvalidRequest(
                f"{STATE_FOLDER}/{_STATE} cannot be used ({error}): move {STATE_FOLDER} away and "
                "pull into an empty folder"
            ) from error

    def remember(self, known: Known) -> None:
        """Note what the folder is the same as now; as a whole or not at all."""
        aside = uuid.uuid4().hex
        opened = os.open(aside, _WRITE, 0o600, dir_fd=self._own)
        with os.fdopen(opened, "wb") as file:
            file.write(_written(known))
            file.flush()
            os.fsync(file.fileno())
        os.rename(aside, _STATE, src_dir_fd=self._own, dst_dir_fd=self._own)

    def clear_aside(self) -> None:
        """Remove what was made aside and is not needed."""
        for each in list(os.scandir(self.aside)):
            os.unlink(each.name, dir_fd=self.aside)


@contextmanager
def held(path: Path) -> Iterator[Folder]:
    """Hold a folder for one push or pull.

    Raises:
        InvalidRequest: It cannot be opened, or `.assize` in it is no folder.
        Conflict: Another push or pull holds it.
    """
    opened: list[int] = []
    try:
        try:
            # The folder itself may be reached by a link: that is the caller's own choice.
            root = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            opened.append(root)
            opened.append(own := _made(root, STATE_FOLDER))
            opened.append(aside := _made(own, ASIDE))
        except OSError as error:
            raise InvalidRequest(f"the folder {path} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            text = f"another push or pull of {path} is under way; wait for it"
            raise Conflict(text) from error
        yield Folder(root, own, aside)
    finally:
        for each in reversed(opened):
            os.close(each)


def _made(parent: int, name: str) -> int:
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=parent)
    return os.open(name, FOLDER_FLAGS, dir_fd=parent)


def _written(known: Known) -> bytes:
    entries = [
        [path, state.type.value, state.mode, state.size_bytes, state.digest, state.target]
        for path, state in known.entries.items()
    ]
    document = {
        "format": FORMAT,
        "workspace": known.workspace,
        "snapshot": known.snapshot,
        "root_mode": known.root_mode,
        "entries": entries,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _read(data: bytes) -> Known:
    document = json.loads(data)
    if document["format"] != FORMAT:
        raise ValueError(f"its format is {document['format']!r}, not {FORMAT!r}")
    entries = {
        str(path): FileState(FileType(kind), int(mode), int(size), str(digest), str(target))
        for path, kind, mode, size, digest, target in document["entries"]
    }
    return Known(
        str(document["workspace"]),
        str(document["snapshot"]),
        int(document["root_mode"]),
        MappingProxyType(entries),
    )
