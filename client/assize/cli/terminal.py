r"""Makes text of unknown origin safe to show on a terminal.

SECURITY: names, outputs and messages of a verdict are shaped by the code under test. An escape
sequence could repaint FAILED as PASSED, a bidi control could reorder a line, and a line feed could
begin a line that looks like ours. All of them are shown as `\x1b`, `\u202e`, `\n`.
"""

import unicodedata
from typing import Final

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control, format (bidi and zero-width among them), surrogate, and two kinds of line end."""


def one_line(text: str) -> str:
    """Return `text` as one line of visible characters."""
    return "".join(_shown(character) for character in text)


def lines(text: str) -> list[str]:
    """Return the lines of `text`, each of visible characters and tabs as four spaces."""
    parts = text.replace("\r\n", "\n").split("\n")
    if parts[-1] == "":
        parts.pop()
    return [one_line(part.replace("\t", "    ")) for part in parts]


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN:
        return character
    return character.encode("unicode_escape").decode("ascii")
