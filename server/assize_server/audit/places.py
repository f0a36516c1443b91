"""Places outside the service where checkpoints are published.

A place must be one that whoever holds the service's machine cannot rewrite: a mount of another
host, a repository that is pushed elsewhere, a command that hands the note to somebody. Written as
one text, `ASSIZE_CHECKPOINTS`:

| text | what happens |
|---|---|
| `file:PATH` | the file is replaced by the newest checkpoint |
| `folder:PATH` | each checkpoint is a file of its own, never written again |
| `git:PATH` | the file `checkpoint` of a repository is replaced and committed |
| `command:TEXT` | the command, split like a shell would and run without one, reads it from stdin |

Everything here blocks; call it in a thread.
"""

import contextlib
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from assize.audit.checkpoints import NOTE_MOST_BYTES
from assize.counts import counted
from assize_sandbox.errors import SandboxError

COMMAND_SECONDS: Final = 60.0
GIT_FILE: Final = "checkpoint"
_TOLD_MOST: Final = 300
_AUTHOR: Final = ("-c", "user.name=assize", "-c", "user.email=assize@localhost")


class PlaceUnusable(SandboxError):
    """A checkpoint cannot be published there, or the text names no place."""


class Place(Protocol):
    """Where checkpoints go."""

    def publish(self, note: str, size: int) -> None:
        """Publish the checkpoint of a log of `size` entries. Again is as good as once.

        Raises:
            PlaceUnusable: It could not be published.
        """
        ...

    def newest(self) -> str | None:
        """Return the last checkpoint that is there, or None where that cannot be asked.

        Raises:
            PlaceUnusable: The place cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class FilePlace:
    """One file, replaced as a whole."""

    path: Path
    """The file."""

    def publish(self, note: str, size: int) -> None:
        """Replace the file."""
        with _told(self.path):
            _replace(self.path, note)

    def newest(self) -> str | None:
        """Return the file's content."""
        with _told(self.path):
            return _text(self.path) if self.path.exists() else None


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder with a file for each checkpoint."""

    folder: Path
    """The folder, which must be there."""

    def publish(self, note: str, size: int) -> None:
        """Write one more file; one that is there must say the same."""
        path = self.folder / f"{size:020}.note"
        with _told(path):
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            except FileExistsError:
                self._compare(path, note)
                return
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())

    def newest(self) -> str | None:
        """Return the file of the largest log."""
        with _told(self.folder):
            files = sorted(self.folder.glob("*.note"))
            return _text(files[-1]) if files else None

    @staticmethod
    def _compare(path: Path, note: str) -> None:
        # Another key may have signed the same state: what counts is the text above the signature.
        if _text(path).partition("\n\n")[0] != note.partition("\n\n")[0]:
            raise PlaceUnusable(
                f"{path} is there already, and is of another log",
                remedy="verify the log (assize audit verify); name another folder for a new log",
            )


@dataclass(frozen=True, slots=True)
class GitPlace:
    """A git repository; its hooks or its keeper push it elsewhere."""

    folder: Path
    """The work tree, which must be there."""

    def publish(self, note: str, size: int) -> None:
        """Commit the checkpoint, if it is another one."""
        path = self.folder / GIT_FILE
        with _told(path):
            _replace(path, note)
            self._git("add", "--", GIT_FILE)
            if self._git("status", "--porcelain", "--", GIT_FILE):
                message = f"Checkpoint of {counted(size, 'entry', 'entries')}"
                self._git(*_AUTHOR, "commit", "--quiet", "-m", message, "--", GIT_FILE)

    def newest(self) -> str | None:
        """Return the checkpoint that was committed last."""
        with _told(self.folder):
            if not self._git("rev-list", "--all", "-n", "1", "--", GIT_FILE):
                return None
            return self._git("show", f"HEAD:{GIT_FILE}")

    def _git(self, *arguments: str) -> str:
        return _run(("git", "-C", str(self.folder), *arguments), "")


@dataclass(frozen=True, slots=True)
class CommandPlace:
    """A command that hands the checkpoint on."""

    command: tuple[str, ...]
    """The program and its arguments."""

    def publish(self, note: str, size: int) -> None:
        """Run the command with the note on its standard input; it must end with 0."""
        with _told(self.command[0]):
            _run(self.command, note)

    def newest(self) -> str | None:
        """Return None: a command tells nothing."""
        return None


def place_of(text: str) -> Place:
    """Return the place that a text names.

    Raises:
        PlaceUnusable: It names none, or its folder is not there.
    """
    kind, _, rest = text.partition(":")
    try:
        words = tuple(shlex.split(rest))
    except ValueError:
        words = ()
    match kind:
        case "file" if rest:
            return FilePlace(Path(rest))
        case "folder" if Path(rest).is_dir():
            return FolderPlace(Path(rest))
        case "git" if (Path(rest) / ".git").exists():
            return GitPlace(Path(rest))
        case "command" if words:
            return CommandPlace(words)
    raise PlaceUnusable(
        f"{text!r:.200} names no place for checkpoints",
        remedy="file:PATH, folder:PATH and git:PATH (which must be there), or command:TEXT",
    )


def _run(command: tuple[str, ...], stdin: str) -> str:
    ended = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=COMMAND_SECONDS,
        check=False,
    )
    if ended.returncode:
        told = (ended.stderr or ended.stdout).strip()[-_TOLD_MOST:]
        raise PlaceUnusable(
            f"{shlex.join(command):.200} ended with {ended.returncode}: {told}",
            remedy="run it by hand as the service's user",
        )
    return ended.stdout


@contextlib.contextmanager
def _told(where: object) -> Iterator[None]:
    try:
        yield
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError) as error:
        raise PlaceUnusable(
            f"{where}: {error}", remedy="the service's user must be able to write there"
        ) from error


def _replace(path: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=".checkpoint-", delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
        file.flush()
        os.fchmod(file.fileno(), 0o644)
        os.fsync(file.fileno())
    Path(file.name).replace(path)


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(NOTE_MOST_BYTES + 1).decode("utf-8")
