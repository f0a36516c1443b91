"""Which file names a request may use."""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from assize_server.core.bounds import MOST_PATH_BYTES
from assize_server.core.excerpt import one_line

RESERVED_NAMES: Final = frozenset({"__pycache__"})
"""A poisoned cache would run instead of the source beside it."""
RESERVED_PREFIX: Final = ".assize"


def path_fault(path: str) -> str | None:
    """Return why a path is no relative POSIX path of a file, None if it is one."""
    if not path:
        return "a path is missing"
    if not path.isprintable():
        return f"a path has printable characters only, got {path[:MOST_PATH_BYTES]!a}"
    if (size := len(path.encode())) > MOST_PATH_BYTES:
        return f"a path has at most {MOST_PATH_BYTES} bytes, this one {size}"
    if path.startswith("/"):
        return f"a path is relative, got {path!a}"
    if "\\" in path:
        return f"a path has no backslash, got {path!a}; separate folders with /"
    if not unicodedata.is_normalized("NFC", path):
        return f"a path is in Unicode's normal form C, got {path!a}"
    return _parts_fault(path)


def _parts_fault(path: str) -> str | None:
    for part in path.split("/"):
        if part in {"", ".", ".."}:
            return f"a path has no part {part!r}, got {path!a}"
        if part in RESERVED_NAMES or part.startswith(RESERVED_PREFIX):
            return f"the name {part!a} is reserved"
    return None


def clashes(paths: Iterable[str], taken: Iterable[str] = ()) -> Iterator[tuple[int, str]]:
    """Yield the index of each path that meets an earlier or a taken one, and how."""
    files = set(taken)
    folders = {folder for path in files for folder in _folders(path)}
    for index, path in enumerate(paths):
        above = _folders(path)
        if path in files:
            yield index, f"{one_line(path)} is given twice"
        elif path in folders:
            yield index, f"{one_line(path)} is a file here and a folder elsewhere"
        elif as_file := next((folder for folder in above if folder in files), None):
            yield index, f"{one_line(as_file)} is a folder here and a file elsewhere"
        files.add(path)
        folders.update(above)


def _folders(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
