"""What is never pushed: names of our own, and what `.gitignore` and `.assizeignore` say.

Both files have git's form and count for the folder that they are in; where they disagree,
`.assizeignore` wins, and a deeper folder's files win over those above.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pathspec import GitIgnoreSpec

RULE_FILES: Final = (".gitignore", ".assizeignore")
"""In this order: the last pattern that matches decides."""
STATE_FOLDER: Final = ".assize"
"""In the folder's root: what was last pulled or pushed."""
_GIT: Final = ".git"


def is_reserved(path: str) -> bool:
    """Tell whether a path is neither pushed nor pulled, whatever the rules say.

    SECURITY: a file that an agent left at `.git/hooks` would be run by the next git command here.
    """
    names = path.split("/")
    return names[0].casefold() == STATE_FOLDER or any(name.casefold() == _GIT for name in names)


@dataclass(frozen=True, slots=True)
class Ignored:
    """The rules that count in one folder."""

    levels: tuple[tuple[str, GitIgnoreSpec], ...] = ()
    """Folder (with a slash at its end, or empty) and its rules; the outermost first."""

    def below(self, prefix: str, lines: Sequence[str]) -> "Ignored":
        """Return the rules that count in a folder with rule files of its own.

        Raises:
            ValueError: A line is no pattern.
        """
        if not lines:
            return self
        return Ignored((*self.levels, (prefix, GitIgnoreSpec.from_lines(lines))))

    def covers(self, path: str, *, is_folder: bool) -> bool:
        """Tell whether the rules leave a path out."""
        for prefix, spec in reversed(self.levels):
            below = path[len(prefix) :] + ("/" if is_folder else "")
            decided = spec.check_file(below).include
            if decided is not None:
                return decided
        return False
