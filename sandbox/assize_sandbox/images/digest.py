"""What a tree of files is, as one SHA-256.

Over the relative path, type, permissions and content of every entry, in the order of the paths'
bytes. Times and owners do not count: two copies of one tree have the same digest.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path


def tree_digest(root: Path) -> str:
    """Return the digest of everything below `root`, in hex."""
    found = hashlib.sha256()
    for path in sorted(below(root), key=os.fsencode):
        status = path.lstat()
        is_link = stat.S_ISLNK(status.st_mode)
        content = link_digest(path) if is_link else file_digest(path, status.st_mode)
        # A link has no permissions of its own.
        mode = "link" if is_link else f"{status.st_mode:o}"
        # No path holds a NUL, and the rest has no newline: two trees never write the same bytes.
        name = os.fsencode(path.relative_to(root))
        found.update(b"\0".join((name, mode.encode(), content.encode())) + b"\n")
    return found.hexdigest()


def combined(parts: Mapping[str, str]) -> str:
    """Return one digest for several, each with its name, in hex."""
    lines = (f"{name}\0{part}\n" for name, part in sorted(parts.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def below(root: Path) -> Iterator[Path]:
    """Yield every entry below `root`, following no link."""
    for folder, folders, files in os.walk(root):
        yield from (Path(folder, name) for name in (*folders, *files))


def link_digest(path: Path) -> str:
    """Return the digest of where a link points to."""
    return hashlib.sha256(os.fsencode(path.readlink())).hexdigest()


def file_digest(path: Path, mode: int = stat.S_IFREG) -> str:
    """Return the digest of a file's content; empty for a folder."""
    if not stat.S_ISREG(mode):
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
