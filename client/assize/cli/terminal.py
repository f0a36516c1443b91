r"""Makes text of unknown origin safe to show on a terminal.

SECURITY: names, outputs and messages of a verdict are shaped by the code under test. An escape
sequence could repaint FAILED as PASSED, a bidi control could reorder a line, and a line feed could
begin a line that looks like ours. All of them are shown as `\x1b`, `\u202e`, `\n`. So is what is
there and not seen, or seen as something else: blanks that are no space, marks that change what is
before them, and the parts of a letter that another text has as one.
"""

import unicodedata
from typing import Final

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})
"""Control, format (bidi and zero-width among them), what no font agrees on, surrogate, two kinds of
line end, and blanks, of which the space is shown."""
_MARKS: Final = frozenset({"Me", "Mn"})
_MARKS_MOST: Final = 3
"""One upon the other; more of them reach into other lines."""
_BLANK: Final = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180F, 0x2800, 0x3164, 0xFFA0),
            *range(0x180B, 0x180E),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)
"""Letters, marks and a pattern of Braille that show nothing: Unicode's Default_Ignorable_Code_Point
as far as no category names them, and U+2800."""
_JAMO: Final = range(0x1160, 0x1200)
"""Parts of Hangul syllables."""


def one_line(text: str) -> str:
    """Return `text` as one line of visible characters."""
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.is_normalized("NFC", text)
    shown, marks = list[str](), _MARKS_MOST
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in _MARKS else 0 if category[0] in "LM" else _MARKS_MOST
        seen = _is_seen(character, category) and (category not in _MARKS or marks <= _MARKS_MOST)
        if seen and (composed or not _is_part(character, category)):
            shown.append(character)
        else:
            shown.append(character.encode("unicode_escape").decode("ascii"))
    return "".join(shown)


def lines(text: str) -> list[str]:
    """Return the lines of `text`, each of visible characters and tabs as four spaces."""
    parts = text.replace("\r\n", "\n").split("\n")
    if parts[-1] == "":
        parts.pop()
    return [one_line(part.replace("\t", "    ")) for part in parts]


def _is_seen(character: str, category: str) -> bool:
    return character == " " or (category not in _UNSEEN and character not in _BLANK)


def _is_part(character: str, category: str) -> bool:
    """Tell whether a character may be what keeps a text from its composed form (NFC)."""
    if category in _MARKS or ord(character) in _JAMO:
        return True
    return not unicodedata.is_normalized("NFC", character)
