"""Looks at a folder: what stands at each path, and what a workspace could not hold.

Sizes are looked at before anything is read. Every file is read anew each time: nothing that is
remembered can be wrong.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from assize.checkout.forest import LINK_MODE
from assize.checkout.ignoring import RULE_FILES, Ignored, is_reserved
from assize.checkout.places import (
    FOLDER_FLAGS,
    Signature,
    chunks_of,
    opened_file,
    signature,
    signature_at,
)
from assize.model.effects import FileState, FileType
from assize.trees import (
    DEPTH_MOST,
    MODE_BITS,
    PATH_MOST_BYTES,
    fault_of_name,
    fault_of_target,
)

RULES_MOST_BYTES: Final = 1024 * 1024
UNREAD: Final = "unread"
"""In place of a digest: the content is none that anybody knows."""
_SET_ID: Final = stat.S_ISUID | stat.S_ISGID
_KINDS: Final = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

Wanted = Callable[[str, int], bool]
"""Tells of a file's path and size whether to read it; it may raise to stop the scan."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that a workspace cannot hold, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What stands in a folder."""

    states: dict[str, FileState] = field(default_factory=dict)
    signatures: dict[str, Signature] = field(default_factory=dict)
    """What each file and link looked like when it was read."""
    faults: list[Fault] = field(default_factory=list)


@dataclass(slots=True)
class _Level:
    """A folder that is being looked at."""

    opened: int
    prefix: str
    rules: Ignored
    depth: int
    names: Iterator[bytes]


class Scanner:
    """Looks at one folder once."""

    def __init__(
        self,
        *,
        wanted: Wanted,
        known: Collection[str] = (),
        only_known: bool = False,
        seen: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Prepare. Paths in `known` are looked at even where rules ignore them.

        With `only_known` nothing else is looked at. `seen` is told how many bytes were read.
        """
        self._wanted = wanted
        self._known = frozenset(known)
        self._only_known = only_known
        self._seen = seen
        self._scan = Scan()

    def scan(self, root: int) -> Scan:
        """Look at the folder that a descriptor is of.

        Raises:
            OSError: The root cannot be read.
        """
        waiting = [self._level(os.dup(root), "", Ignored(), 0)]
        try:
            while waiting:
                level = waiting[-1]
                name = next(level.names, None)
                if name is None:
                    os.close(waiting.pop().opened)
                elif (below := self._entry(level, name)) is not None:
                    waiting.append(below)
        finally:
            for level in waiting:
                os.close(level.opened)
        return self._scan

    def _level(self, opened: int, prefix: str, ignored: Ignored, depth: int) -> "_Level":
        rules = ignored if self._only_known else self._with_rules(opened, prefix, ignored)
        # SECURITY: as bytes, so that a name that is no UTF-8 stays itself.
        names = sorted(os.fsencode(each.name) for each in os.scandir(opened))
        return _Level(opened, prefix, rules, depth, iter(names))

    def _with_rules(self, opened: int, prefix: str, ignored: Ignored) -> Ignored:
        lines: list[str] = []
        for name in RULE_FILES:
            if signature_at(opened, name) is None:
                continue
            try:
                lines += _rules(opened, name)
                ignored.below(prefix, lines)
            except (OSError, ValueError) as error:
                # Without its rules, what they keep back would be pushed.
                why = f"its rules cannot be used: {error}"
                self._scan.faults.append(Fault(prefix + name, why))
                return ignored
        return ignored.below(prefix, lines)

    def _entry(self, level: "_Level", name: bytes) -> "_Level | None":
        """Look at one name; return the folder that it is."""
        path = level.prefix + name.decode("utf-8", "surrogateescape")
        found = os.stat(name, dir_fd=level.opened, follow_symlinks=False)
        is_folder = stat.S_ISDIR(found.st_mode)
        if is_reserved(path) or self._passed_over(path, level.rules, is_folder=is_folder):
            return None
        below, why = None, _fault_of_place(path, name, level.depth)
        try:
            if not why and is_folder:
                below = self._enter(level, path, name, found)
            elif not why:
                why = self._state(level.opened, path, name, found)
        except OSError as error:
            why = f"cannot be read: {error.strerror}"
        if why:
            self._scan.faults.append(Fault(path, why))
            self._scan.states[path] = FileState(FileType.FILE, 0, digest=UNREAD)
            self._scan.signatures[path] = signature(found)
        return below

    def _enter(self, level: "_Level", path: str, name: bytes, found: os.stat_result) -> "_Level":
        opened = os.open(name, FOLDER_FLAGS, dir_fd=level.opened)
        self._scan.states[path] = FileState(FileType.FOLDER, found.st_mode & MODE_BITS)
        return self._level(opened, f"{path}/", level.rules, level.depth + 1)

    def _passed_over(self, path: str, rules: Ignored, *, is_folder: bool) -> bool:
        if path in self._known:
            return False
        return self._only_known or rules.covers(path, is_folder=is_folder)

    def _state(self, parent: int, path: str, name: bytes, found: os.stat_result) -> str:
        """Note what stands at a path; return why a workspace cannot hold it."""
        kind = stat.S_IFMT(found.st_mode)
        if kind == stat.S_IFLNK:
            return self._link(parent, path, name, found)
        if kind == stat.S_IFREG:
            return self._file(parent, path, name, found)
        return f"is {_KINDS.get(kind, 'no file')}, which a workspace cannot hold"

    def _link(self, parent: int, path: str, name: bytes, found: os.stat_result) -> str:
        target = os.fsencode(os.readlink(name, dir_fd=parent))
        if why := fault_of_target(target):
            return why
        self._scan.states[path] = FileState(FileType.SYMLINK, LINK_MODE, target=target.decode())
        self._scan.signatures[path] = signature(found)
        return ""

    def _file(self, parent: int, path: str, name: bytes, found: os.stat_result) -> str:
        if found.st_mode & _SET_ID:
            return "has a set-user-id or set-group-id bit, which a workspace cannot hold"
        digest = UNREAD
        if self._wanted(path, found.st_size):
            digest = self._digest(parent, name, found)
        if not digest:
            return "changed while it was read"
        self._scan.states[path] = FileState(
            FileType.FILE, found.st_mode & MODE_BITS, found.st_size, digest
        )
        self._scan.signatures[path] = signature(found)
        return ""

    def _digest(self, parent: int, name: bytes, found: os.stat_result) -> str:
        """Return the digest of a file's content; empty if it is not the file that was found."""
        hashed = hashlib.sha256()
        with opened_file(parent, os.fsdecode(name)) as opened:
            for chunk in chunks_of(opened):
                hashed.update(chunk)
                self._seen(len(chunk))
            same = signature(os.fstat(opened)) == signature(found)
        return hashed.hexdigest() if same else ""


def _rules(opened: int, name: str) -> list[str]:
    with opened_file(opened, name) as file:
        text = b""
        for chunk in chunks_of(file):
            text += chunk
            if len(text) > RULES_MOST_BYTES:
                raise ValueError(f"it has more than {RULES_MOST_BYTES} bytes")
    return text.decode().splitlines()


def _fault_of_place(path: str, name: bytes, depth: int) -> str:
    if why := fault_of_name(name):
        return f"its name {why}"
    if depth >= DEPTH_MOST:
        return f"is deeper than {DEPTH_MOST} folders"
    if len(path.encode("utf-8", "surrogateescape")) > PATH_MOST_BYTES:
        return f"its path is longer than {PATH_MOST_BYTES} bytes"
    return ""
